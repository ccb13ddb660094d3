"""One edition of a published month: its manifest, and its warnings, features and township medians."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from features.atomic_files import append_line
from features.checksums import is_intact
from features.messages import Bilingual, UserError
from features.months import COUNTY_ZONE
from features.snapshot.life_rules import BAD_AFTER_DAYS, LifeRules
from models.budget_use import BudgetUse
from models.county_policy.contract_terms import ContractTerms, DatedTerms
from models.county_policy.policy_table import stored_policy
from models.county_policy.sections import CountyPolicy
from models.fund_curves import FundCurves, FundHistory, no_fund_history
from serving.months.manifest import DamagedMonthError, Manifest, read_manifest
from serving.months.published_frames import rows_as_declared
from serving.months.row_store import open_row_store
from serving.schemas.basis import DamagedMonth, Incomplete, Versions

FRAME_KINDS = ("warnings", "features", "typical")
EDITION_PREFIX = "edition-"
DAY_PREFIX = "day="
"""Of the folder of a day of news (serving.months.news_days); months have one of their own."""
ROW_STORES_FOLDER = "opened"
"""Below the data folder: the row stores of editions. They can be deleted at any time and are written again on use."""
_KINDS_BY_LOAN = ("warnings", "features", "news", "news_features")
"""Kinds of frames with a row for each loan; the others hold nothing about a person."""
_SCOPE_COLUMNS = ("household_id", "loan_id", "bank", "village_code")
"""Columns that `LoanScope.within` reads."""
_MANIFESTS_IN_MEMORY = 64
PARTIAL_COPY = "partial_copy"
"""Marks the data folder of a worker elsewhere, which holds the files that its tasks read and no others."""
SAME_INPUTS = "same_inputs.txt"
"""Digests of further inputs that give the bytes of the edition, one a line; the manifest itself never changes."""


class LoanScope(Protocol):
    """The loans that exist for a reader, and whether the reader sees pseudonyms in the place of ids."""

    @property
    def has_all_loans(self) -> bool:
        """Whether no loan is left out."""

    def within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows that exist for the reader, of rows with `household_id`, `loan_id`, `bank` and `village_code`."""

    def households_within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The households that exist for the reader, of rows with `household_id`, `village_code` and `banks`."""

    def places_within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of the reader's area, of rows with `village_code`: for sums of places."""

    def loans_only(self) -> LoanScope:
        """The scope that leaves out the same loans and leaves ids as they are."""

    def pseudonyms_only(self) -> LoanScope | None:
        """The scope that replaces the same ids and leaves out no loan; None where ids are shown."""


@dataclass(frozen=True)
class PublishedMonth:
    """One edition of one month; its files never change, also while a newer edition is published.

    Every frame that it returns is restricted to its scope.

    Args:
        as_of: the month end.
        folder: the edition's folder.
        scope: the loans that exist for the reader; None for all.
        damaged: the newer month in whose place this one is read, since a file of that one is damaged.

    Every file is compared with the checksum of the manifest before it is read, and again once it has changed.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> month.manifest.rows == month.scan("warnings").collect().height
        True
        >>> month.rows("warnings", [2, 0], ["loan_id", "light"]).shape
        (2, 2)
    """

    as_of: date
    folder: Path
    scope: LoanScope | None = None
    damaged: DamagedMonth | None = None

    @property
    def manifest(self) -> Manifest:
        """The edition's manifest; raises UserError where it is missing, cut, or not what was published."""
        return read_manifest(self.folder)

    @property
    def published_on(self) -> date:
        """The day in the county on which the edition was scored."""
        return datetime.fromisoformat(self.manifest.scored_at).astimezone(COUNTY_ZONE).date()

    @property
    def policy(self) -> CountyPolicy:
        """The county's policy as it was in force."""
        return _policy(self.folder, self.manifest.digest)

    @property
    def life_rules(self) -> LifeRules:
        """The numbers by which a loan was late, bad and cured, of the month's model and policy."""
        return self.policy.life_rules(self.bad_after_days)

    @property
    def contract_terms(self) -> ContractTerms:
        """What binds the loans of the month by the day each was granted, as it was in force."""
        return _contract_terms(self.folder, self.manifest.digest)

    @property
    def fund_curves(self) -> FundCurves:
        """What becomes of bad loans, as counted when the month was published; by the policy where nothing was."""
        fund, history = self.policy.fund, self.manifest.fund_history
        if history is None:
            return FundCurves(no_fund_history(self.as_of, fund, self.bad_after_days), fund)
        return FundCurves(FundHistory.from_json(history), fund)

    @property
    def bad_after_days(self) -> int:
        """Days past due from which a loan was bad, of the model's label."""
        return int((self.manifest.label or {}).get("bad_after_days", BAD_AFTER_DAYS))

    @property
    def versions(self) -> dict[str, Any]:
        """The fields of `Versions`, which every answer about a person carries."""
        names = ("model_version", "policy_version", "data_version", "shadow")
        fields = {name: getattr(self.manifest, name) for name in names}
        return {"as_of": self.as_of, **fields, "incomplete": self.incomplete, "damaged": self.damaged}

    @property
    def incomplete(self) -> Incomplete | None:
        """What was missing when the month was published, and why it was published; None where nothing was missing."""
        stored = self.manifest.incomplete
        return Incomplete.model_validate(stored) if stored else None

    @property
    def notes(self) -> list[Bilingual]:
        """What a reader of any answer of the month has to know, as `Versions.notes` has it."""
        return Versions.model_validate(self.versions).notes

    @property
    def budget_use(self) -> BudgetUse | None:
        """The lit loans of all counties beside the budget of visits, as counted when the month was published.

        None where it was not counted, and for a reader for whom some loans do not exist.
        """
        stored = self.manifest.visits
        return BudgetUse.from_json(stored) if stored and (self.scope is None or self.scope.has_all_loans) else None

    @property
    def input_digests(self) -> frozenset[str]:
        """The digests of inputs, program included, that are known to give the bytes of this edition."""
        path = self.folder / SAME_INPUTS
        later = path.read_text("utf-8").split() if path.exists() else []
        return frozenset((self.manifest.inputs, *later))

    def note_inputs(self, digest: str) -> None:
        """Note beside the edition that inputs of another digest, a later program's, give its bytes, too."""
        if digest not in self.input_digests:
            append_line(self.folder / SAME_INPUTS, digest)

    @property
    def edition(self) -> int:
        """The edition's number, from 1."""
        return int(self.folder.name.removeprefix(EDITION_PREFIX))

    @property
    def fault(self) -> Bilingual | None:
        """What is damaged, and what to do; None where every file is there with the checksum that the manifest names."""
        try:
            for name in self.manifest.checksums:
                self._check_file(name)
        except UserError as error:
            return error.message
        return None

    @property
    def is_whole(self) -> bool:
        """Whether every file is there with the checksum that the manifest names."""
        return self.fault is None

    def without_scope(self) -> PublishedMonth:
        """The month without access restriction, for aggregates."""
        return replace(self, scope=None)

    def scan(self, kind: str, county: str | None = None) -> pl.LazyFrame:
        """The published rows of a kind, in the order of the files; a column that the edition does not have is null.

        Args:
            kind: `warnings` (columns of WARNINGS_SCHEMA), `features` (`loan_id`, `household_id`
                and the features of the catalogue) or `typical` (`township_code` and the township's medians); of the
                news of a day `news` (NEWS_SCHEMA) and `news_features`.
            county: read the file of this county alone; None for all.
        """
        rows = rows_as_declared(kind, pl.scan_parquet(self._files(kind, county), glob=False), self.as_of)
        return self.scope.within(rows) if self.scope and kind in _KINDS_BY_LOAN else rows

    def rows(self, kind: str, positions: Sequence[int], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a few loans, in the order of their positions; a column that the edition does not have is null.

        Args:
            kind: `warnings` or `features`, with the columns that `scan` names.
            positions: of the rows in the edition's files, `row_position` of the loan index.
            columns: those to return; None for all.
        """
        edition = f"{self.folder.name}-{self.manifest.digest}"
        copy = self.folder.parents[2] / ROW_STORES_FOLDER / self.folder.parent.name / edition / f"{kind}.arrow"
        needed = columns
        if self.scope and columns is not None:
            needed = list(dict.fromkeys((*columns, *_SCOPE_COLUMNS)))
        store = open_row_store(tuple(self._files(kind)), copy)
        stored = None if needed is None else [name for name in needed if name in store.columns]
        rows = rows_as_declared(kind, store.rows(positions, stored).lazy(), self.as_of, needed)
        rows = self.scope.within(rows) if self.scope else rows
        return (rows if columns is None else rows.select(columns)).collect()

    def stored_columns(self, kind: str) -> frozenset[str]:
        """The columns that the edition was written with; `scan` and `rows` have null in those added since."""
        return frozenset(pl.read_parquet_schema(self._files(kind)[0]))

    def _files(self, kind: str, county: str | None = None) -> list[Path]:
        """The files of a kind that the manifest lists, checked. Raises DamagedMonthError as `_check_file` does."""
        listed = sorted(name for name in self.manifest.checksums if name.startswith(f"{kind}/"))
        if (self.folder.parents[2] / PARTIAL_COPY).exists():
            listed = [name for name in listed if (self.folder / name).exists()]
        return [self._check_file(name) for name in listed if county is None or name == f"{kind}/{county}.parquet"]

    def _check_file(self, name: str) -> Path:
        """The path of a file that the manifest lists; raises DamagedMonthError where it is not what was published."""
        path = self.folder / name
        if not is_intact(path, self.manifest.checksums[name]):
            command = "watch" if self.folder.parent.name.startswith(DAY_PREFIX) else "score"
            raise DamagedMonthError(
                f"{self.as_of} 已发布的文件 {name} 缺失或已损坏；请从备份恢复，"
                f"或重新评灯（lights {command} --as-of {self.as_of}）。",
                f"The published file {name} of {self.as_of} is missing or damaged; restore it from a backup, or judge "
                f"the loans again (lights {command} --as-of {self.as_of}).",
            )
        return path


def unchecked_rows(folder: Path, kind: str, as_of: date) -> pl.LazyFrame:
    """The rows of an edition's files of a kind, whatever their checksums: for `lights replay`, which compares them.

    kind: as `PublishedMonth.scan` has it. as_of: the month end.
    """
    return rows_as_declared(kind, pl.scan_parquet(sorted((folder / kind).glob("*.parquet")), glob=False), as_of)


@lru_cache(_MANIFESTS_IN_MEMORY)
def _policy(folder: Path, _: str) -> CountyPolicy:
    """The county's policy of an edition."""
    return stored_policy(read_manifest(folder).county_policy)


@lru_cache(_MANIFESTS_IN_MEMORY)
def _contract_terms(folder: Path, digest: str) -> ContractTerms:
    """The contract terms of an edition; those of its policy where it keeps none."""
    stored = map(json.dumps, read_manifest(folder).contract_terms)
    policy = _policy(folder, digest)
    in_force = DatedTerms(since=policy.since, lending=policy.lending)
    return ContractTerms(tuple(map(DatedTerms.model_validate_json, stored)) or (in_force,))


def edition_numbers(folder: Path) -> list[int]:
    """The numbers of the editions below a month's folder, ascending; entries that are no edition are passed over."""
    names = (path.name.removeprefix(EDITION_PREFIX) for path in folder.glob(f"{EDITION_PREFIX}*"))
    return sorted(int(name) for name in names if name.isdecimal())
