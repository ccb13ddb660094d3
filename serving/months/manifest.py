"""The manifest of an edition, and the checksums by which its files are known to be what was published."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from features.atomic_files import write_text
from features.checksums import checksum
from features.messages import UserError
from features.stored_files import read_stored_json
from features.stored_format import UNMARKED_FORMAT, check_format
from models.traffic_light.rule import RuleSentences

MANIFEST, _MANIFEST_CHECKSUM = "manifest.json", "manifest.sha256"
EDITION_FORMAT = 2
"""The format of an edition that this release writes. 1 is that of releases up to 0.2.0."""
_MANIFESTS_IN_MEMORY = 64


class DamagedMonthError(UserError):
    """A file of a published month is missing, or is not what was published. The message says which, and what to do."""


@dataclass(frozen=True)
class Manifest:
    """Where a published month comes from: who made it when, from what, how many loans, and the files' checksums.

    Its fields are the keys of `manifest.json`.

    rules: the sentences of the rules in force, county_policy: what was in force of the policy table, so that the
    month is read later in the words of its time. contract_terms: what binds the loans granted up to then, by day.
    label: what the probabilities are of, `horizon_months` and `bad_after_days`; None without a model.
    lights: loans and outstanding principal (yuan) by light. explained_again: rows whose reasons LightGBM itself gave,
    since those of the pattern tables did not add up. inputs: the digest of the run's inputs. before: the day and
    edition of the month it is compared with. parts: rows and seconds of each task. seconds: of the run by stage.
    workers: how many processes computed, or the cluster's address. completeness: what each table and bank had
    delivered (features.completeness). incomplete: where that was not all, the `reason` for publishing and the
    `findings`; None where it was. loan_checks: how many loans fail each check on the whole loan.
    fund_history: what became of bad loans (models.fund_curves.FundHistory). insurance_claims: in twelve months `filed`,
    `claimed` and `paid` (yuan). shadow: whether the model moved no light, since none has passed the gate.
    visits: lit loans beside the budget of visits, and the thresholds that would use it up
    (models.budget_use.BudgetUse); None in months published before it was counted. county_figures: by county, the
    figures that rules compared with, by name; empty where none did. moved_aliases: aliases that MLflow gave to another
    version than the one in use (models.mlflow_aliases.MovedAlias); None where that was not checked. news: of a day of
    news what it says (serving.batch.news_run); None for a month. format: the version of the edition's form.
    """

    as_of: str
    edition: int
    scored_at: str
    scored_by: str
    model_version: str
    policy_version: str
    data_version: str
    model_refused: str | None
    label: Mapping[str, int] | None
    rules: Mapping[str, RuleSentences]
    county_policy: Mapping[str, Any]
    rows: int
    lights: Mapping[str, Mapping[str, float]]
    checksums: Mapping[str, str]
    explained_again: int = 0
    inputs: str = ""
    before: tuple[str, int] | None = None
    parts: Sequence[Mapping[str, Any]] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)
    workers: int | str = 1
    completeness: Mapping[str, Any] = field(default_factory=dict)
    incomplete: Mapping[str, Any] | None = None
    loan_checks: Mapping[str, int] = field(default_factory=dict)
    contract_terms: Sequence[Mapping[str, Any]] = ()
    fund_history: Mapping[str, Any] | None = None
    insurance_claims: Mapping[str, float] | None = None
    shadow: bool = False
    visits: Mapping[str, Any] | None = None
    county_figures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    moved_aliases: Sequence[Mapping[str, Any]] | None = field(default_factory=list)
    news: Mapping[str, Any] | None = None
    format: int = UNMARKED_FORMAT

    @property
    def digest(self) -> str:
        """A short hash of the checksums; it keeps caches of same-numbered editions of two data folders apart."""
        return hashlib.sha256(json.dumps(sorted(self.checksums.items())).encode()).hexdigest()[:8]


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of an edition, and its checksum beside it."""
    content = json.dumps(asdict(manifest), indent=1, ensure_ascii=False)
    write_text(content, folder / MANIFEST)
    write_text(hashlib.sha256(content.encode()).hexdigest(), folder / _MANIFEST_CHECKSUM)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an edition.

    Raises UserError where it is missing, cut, not what was published, or of a newer release.
    """
    try:
        status = (folder / MANIFEST).stat()
    except OSError:
        return _manifest(folder, 0, 0)
    return _manifest(folder, status.st_mtime_ns, status.st_size)


@lru_cache(_MANIFESTS_IN_MEMORY)
def _manifest(folder: Path, *_: int) -> Manifest:
    """The manifest of an edition. The further arguments are the file's time and size, so that a change is seen."""
    manifest = read_stored_json(folder / MANIFEST, lambda stored: _manifest_of(stored, folder))
    stored = folder / _MANIFEST_CHECKSUM
    if stored.exists() and stored.read_bytes() != checksum(folder / MANIFEST).encode():
        raise DamagedMonthError(
            f"{manifest.as_of} 的 manifest.json 已损坏（{folder.name}）；请从备份恢复。",
            f"The manifest.json of {manifest.as_of} is damaged ({folder.name}); restore it from a backup.",
        )
    return manifest


def _manifest_of(stored: Mapping[str, Any], folder: Path) -> Manifest:
    """The manifest of stored values; a newer release's may have keys that this one does not know."""
    check_format(stored.get("format", UNMARKED_FORMAT), EDITION_FORMAT, folder)
    return Manifest(**stored)
