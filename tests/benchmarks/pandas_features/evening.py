"""The ledger as of a day: which files count, and which version of a fact."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import pandas as pd

from features.contract.declarations import CellKind, ContractTable
from features.contract.tables import TABLES
from features.ledger.ledger import Ledger
from tests.benchmarks.pandas_features.days import dates
from tests.benchmarks.pandas_features.grouped import ratio

_TYPES = {CellKind.DATE: "int64", CellKind.WHOLE: "int64"} | dict.fromkeys(
    (CellKind.MONEY, CellKind.NUMBER, CellKind.RATE, CellKind.SHARE, CellKind.POINTS), "float64"
)
_REPEATING = ("bank", "village_code")


@dataclass(frozen=True)
class Evening:
    """The ledger's files, read as of a day."""

    ledger: Path
    as_of: date

    def known(self, table: str, owners: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """The newest known version of every fact of some loans or households: their identifiers and numbers."""
        by, number = owners.columns
        key = TABLES[table].version_key
        if by not in key:  # a correction may have given the fact to another: the newest first, then whose it is
            return self.newest_of(table, self._versions(table, by, *columns), key).merge(owners, on=by).drop(columns=by)
        return self.newest_of(
            table, self.versions(table, owners, *columns), [number if name == by else name for name in key]
        )

    def versions(self, table: str, owners: pd.DataFrame, *columns: str) -> pd.DataFrame:
        """Every known version of every fact of some loans or households, by their numbers."""
        by = owners.columns[0]
        return self._versions(table, by, *columns).merge(owners, on=by).drop(columns=by)

    def in_order(self, table: str, owners: pd.DataFrame, day: str, *columns: str) -> pd.DataFrame:
        """The same, sorted by whose they are and by day."""
        return self.known(table, owners, day, *columns).sort_values([owners.columns[1], day])

    def newest(self, table: str, *columns: str) -> pd.DataFrame:
        """The newest known version of every fact of everybody."""
        return self.newest_of(table, self._versions(table, *columns), TABLES[table].version_key)

    def _versions(self, table: str, *columns: str) -> pd.DataFrame:
        """All known versions; with what chooses among them, where some fact has several."""
        choosing = (*TABLES[table].key, "known_on") if self.is_revised(table) else ()
        return self._read(TABLES[table], list(dict.fromkeys([*columns, *choosing])))

    def newest_of(self, table: str, versions: pd.DataFrame, key: Sequence[str]) -> pd.DataFrame:
        """The rows with the latest known_on of each key; nothing to choose in a table that was never revised."""
        if not self.is_revised(table):
            return versions
        return versions[versions["known_on"] == versions.groupby(list(key))["known_on"].transform("max")]

    def is_revised(self, table: str) -> bool:
        """Whether some fact of a table has several versions."""
        return any(part["revises"] for part in self._parts_of(table))

    @cached_property
    def prices(self) -> pd.DataFrame:
        """By product: the newest known `price`, and `change` against twelve months before its month."""
        read = self.newest("prices", "product", "month", "price")
        past = read[read["month"] <= 0].sort_values("month").astype({"product": "str"})
        past["month"] = dates(self.as_of, past["month"])
        before = past.assign(month=past["month"] + pd.DateOffset(years=1)).rename(columns={"price": "before"})
        newest = past.drop_duplicates("product", keep="last")
        paired = newest.merge(before[["product", "month", "before"]], on=["product", "month"], how="left")
        return paired.assign(change=ratio(paired["price"], paired["before"]) - 1).set_index("product")

    def counties_with(self, table: str) -> list[str]:
        """Where anything of a table was known by then."""
        today = self.as_of.isoformat()
        return [part["county"] for part in self._parts_of(table) if part["known_from"] <= today]

    def _read(self, table: ContractTable, columns: list[str]) -> pd.DataFrame:
        """The rows known by as_of; codes as categories, days counted from as_of."""
        counties = sorted({part["county"] for part in self._parts_of(table.name)})
        paths = [path for county in counties for path in self._files.file_paths(table.name, county)]
        if not paths:
            return _nothing(table)[columns]
        frame: pd.DataFrame = pd.read_parquet(
            cast("Any", paths),
            engine="pyarrow",
            columns=columns,
            filters=[("known_on", "<=", self.as_of)],
            read_dictionary=[one.name for one in table.columns if one.codes or one.name in _REPEATING],
            to_pandas_kwargs={"date_as_object": False},
        )
        days = {one.name: one.kind for one in table.columns if one.kind is CellKind.DATE and one.name in columns}
        return frame.assign(**{day: (frame[day] - pd.Timestamp(self.as_of)).dt.days for day in days})

    def _parts_of(self, table: str) -> list[dict[str, Any]]:
        """The files that count, in the order they were delivered in."""
        return [part for part in self._parts if part["table"] == table]

    @cached_property
    def _files(self) -> Ledger:
        """Both sides read the same files."""
        return Ledger(self.ledger)

    @cached_property
    def _parts(self) -> list[dict[str, Any]]:
        commits = sorted((self.ledger / "commits").glob("*.json"))
        return [part for path in commits for part in json.loads(path.read_text("utf-8"))["parts"]]


def _nothing(table: ContractTable) -> pd.DataFrame:
    """No rows of a table that was not delivered."""
    types = {"household_id": "str"} | {one.name: _TYPES.get(one.kind, "str") for one in table.columns}
    return pd.DataFrame({name: pd.Series(dtype=kind) for name, kind in types.items()})
