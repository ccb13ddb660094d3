"""Published months: editions that are whole, read without a lock; `serving/batch/publish.py` writes them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from features.messages import Refused
from models.county_policy.sections import CountyPolicy
from models.traffic_light.rule import SaidRule
from serving.months.data_folder import Store
from serving.months.loan_index import PLACE, holding
from serving.months.published_editions import listed
from serving.months.row_store import shelf

KINDS = ("warnings", "features", "typical")
EDITION = "edition-"
OPENED = "opened"
"""Below the data folder: copies of editions as the service reads them, lost without loss."""
_MANIFESTS_KEPT = 64


@dataclass(frozen=True)
class Manifest:
    """What a published month is: who made it when, from what, how many, and the checksums of its files.

    rules: the sentences of the rules in force, county_policy: what was in force of the policy table, so that the
    month says later what it said then.
    label: what the probabilities are of, `horizon_months` and `bad_after_days`; None where no model judged.
    lights: loans and outstanding principal (yuan) by light. explained_again: rows whose reasons LightGBM itself gave,
    since those of the pattern tables did not add up. inputs: a digest of all it was computed from. before: the day and
    edition of the month it is compared with. parts: what was computed at once, its rows and seconds. seconds: of the
    run as it ended, by stage. workers: how many processes computed, or the cluster's address.
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
    rules: Mapping[str, SaidRule]
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

    @property
    def digest(self) -> str:
        """Of the files: in a folder put together by hand an edition of the same number may be another one."""
        return hashlib.sha256(json.dumps(sorted(self.checksums.items())).encode()).hexdigest()[:8]


@dataclass(frozen=True)
class Month:
    """One edition of one month: an open one stays as it is while a newer edition is published."""

    as_of: date
    folder: Path

    @property
    def manifest(self) -> Manifest:
        return _manifest(self.folder)

    @property
    def policy(self) -> CountyPolicy:
        """The county's policy as it was in force."""
        return _policy(self.folder)

    @property
    def versions(self) -> dict[str, Any]:
        """What every answer about a person names."""
        names = ("model_version", "policy_version", "data_version")
        return {"as_of": self.as_of, **{name: getattr(self.manifest, name) for name in names}}

    @property
    def edition(self) -> int:
        return int(self.folder.name.removeprefix(EDITION))

    @property
    def is_whole(self) -> bool:
        """Whether every file is there as its manifest names it."""
        files = {self.folder / name: known for name, known in self.manifest.checksums.items()}
        return all(path.exists() and checksum(path) == known for path, known in files.items())

    @property
    def whole(self) -> Month:
        """The month whoever reads it: for what is told of many loans together."""
        return self

    def scan(self, kind: str, county: str | None = None) -> pl.LazyFrame:
        """`warnings`, `features` or `typical` of one county or of all."""
        return self._dated(kind, pl.scan_parquet(self._files(kind, county)))

    @property
    def index(self) -> pl.LazyFrame:
        """What lists are filtered and sorted by, in memory; `place` is where a loan's rows stand."""
        return self.holding(None)

    def holding(self, text: str | None) -> pl.LazyFrame:
        """Of the index, loans whose number, or whose household's, holds a text; all where none is given."""
        return holding(self, text)

    def rows(self, kind: str, places: Sequence[int], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The rows of a few loans, `warnings` or `features`, in the order of their places; columns: None for all."""
        edition = f"{self.folder.name}-{self.manifest.digest}"
        copy = self.folder.parents[2] / OPENED / self.folder.parent.name / edition / f"{kind}.arrow"
        found = shelf(tuple(self._files(kind)), copy).rows(places, columns)
        return self._dated(kind, found.lazy()).collect()

    def loans(self, kind: str, which: pl.Expr) -> pl.DataFrame:
        """The rows of those loans of which `which` holds in the index."""
        return self.rows(kind, self.index.filter(which).select(PLACE).collect().to_series().to_list())

    def household(self, kind: str, household: str) -> pl.DataFrame:
        return self.loans(kind, pl.col("household_id") == household)

    def _files(self, kind: str, county: str | None = None) -> list[Path]:
        return sorted((self.folder / kind).glob(f"{county or '*'}.parquet"))

    def _dated(self, kind: str, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.with_columns(pl.lit(self.as_of).alias("as_of")) if kind == "warnings" else rows


class Published:
    """The published months of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def months(self) -> list[date]:
        """Newest first."""
        return list(listed(self._store.warnings))

    def month(self, as_of: date | None = None) -> Month:
        """A published month; the newest where none is named.

        Raises Refused where it is not published.
        """
        editions = listed(self._store.warnings)
        months = list(editions)
        if not months:
            raise Refused("尚未发布任何月份; 请先运行 lights score。", "No month is published; run lights score first.")
        if as_of is not None and as_of not in months:
            raise Refused(
                f"{as_of} 尚未发布; 已发布: {', '.join(str(day) for day in months[:6])}",
                f"{as_of} is not published; published: {', '.join(str(day) for day in months[:6])}",
            )
        day = as_of or months[0]
        return self._store.seen(Month(day, editions[day]))

    def edition(self, as_of: date, number: int) -> Month:
        """A given edition of a month, also one that a newer one has taken the place of.

        Raises Refused where there is none.
        """
        folder = self._store.editions / f"as_of={as_of}"
        if not (folder / f"{EDITION}{number}" / "manifest.json").exists():
            there = sorted(int(path.name.removeprefix(EDITION)) for path in folder.glob(f"{EDITION}*"))
            raise Refused(
                f"{as_of} 没有第 {number} 版; 现有: {there}", f"{as_of} has no edition {number}; there are {there}."
            )
        return self._store.seen(Month(as_of, folder / f"{EDITION}{number}"))

    def standing(self, as_of: date) -> Month | None:
        """The edition that is published, if any."""
        return self.month(as_of) if as_of in self.months() else None

    def month_before(self, as_of: date) -> Month | None:
        """The newest published month before as_of."""
        earlier = [day for day in self.months() if day < as_of]
        return self.month(earlier[0]) if earlier else None


@lru_cache(_MANIFESTS_KEPT)
def _manifest(folder: Path) -> Manifest:
    """Of an edition, which never changes."""
    return Manifest(**json.loads((folder / "manifest.json").read_text("utf-8")))


@lru_cache(_MANIFESTS_KEPT)
def _policy(folder: Path) -> CountyPolicy:
    return CountyPolicy.model_validate_json(json.dumps(_manifest(folder).county_policy))


def checksum(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
