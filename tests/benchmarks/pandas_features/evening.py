"""The ledger as of a day: which files count, and which version of a fact."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.ledger import Ledger
from features.sources.tables import TABLES
from tests.benchmarks.pandas_features.days import dates
from tests.benchmarks.pandas_features.grouped import Array, marked, ratio
from tests.benchmarks.pandas_features.scan import Owners, frame_of, scanned

MOST_DAYS = 2**18
"""More than lie between any two days of the contract: a number and a day together make one sorted key."""


@dataclass(frozen=True)
class Evening:
    """The ledger's files, read as of a day."""

    ledger: Path
    as_of: date

    def known(self, table: str, owners: Owners, *columns: str) -> pd.DataFrame:
        """The newest known version of every fact of some loans or households."""
        return owned(self.newest_of(table, owners, self.versions(table, owners, *columns)), owners)

    def newest_of(self, table: str, owners: Owners, rows: pd.DataFrame) -> pd.DataFrame:
        """The newest of each fact among versions; it may be of a household linked to the owners."""
        if not self._is_revised(table):
            return rows
        return rows[_is_newest(rows, [owners.number if name == owners.by else name for name in TABLES[table].key])]

    def in_order(self, table: str, owners: Owners, day: str, *columns: str) -> pd.DataFrame:
        """The same of facts told by whose they are and their day, sorted by both."""
        return newest_in_order(self.versions(table, owners, day, *columns), owners.number, day)

    def versions(self, table: str, owners: Owners, *columns: str) -> pd.DataFrame:
        """All known versions, with when each was known, and the table's key where some fact has several."""
        return frame_of(self._scanned(table, columns, owners))

    def newest(self, table: str, *columns: str) -> pa.Table:
        """The newest known version of every fact of everybody, as Arrow has it."""
        read, key = self._scanned(table, columns), list(TABLES[table].key)
        if not self._is_revised(table):
            return read
        return read.filter(pa.array(_is_newest(frame_of(read.select([*key, "known_on"])), key)))

    @cached_property
    def prices(self) -> pd.DataFrame:
        """By product: the newest known `price`, and `change` against twelve months before its month."""
        read = frame_of(self.newest("prices", "product", "month", "price"))
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

    def linked_to(self, households: pa.Array) -> pa.Array:
        """Other households that have had a version of one of their facts."""
        pairs = [pair for commit in self._commits for pair in commit.get("linked", ())]
        named = pa.array(sorted({name for pair in pairs for name in pair}), households.type)
        mine = set(named.filter(pc.is_in(named, value_set=households)).to_pylist())
        others = {other for pair in pairs if mine.intersection(pair) for other in pair} - mine
        return pa.array(sorted(others), households.type)

    def _scanned(self, table: str, columns: tuple[str, ...], owners: Owners | None = None) -> pa.Table:
        key = TABLES[table].key if self._is_revised(table) else ()
        if owners and owners.linked and key and owners.by not in key:
            owners = replace(owners, ids=pa.concat_arrays([owners.ids, owners.linked]))
        names = list(dict.fromkeys([*columns, *key, "known_on"]))
        counties = sorted({part["county"] for part in self._parts_of(table)})
        paths = [path for county in counties for path in self._files.paths(table, county)]
        return scanned(TABLES[table], paths, names, self.as_of, owners)

    def _is_revised(self, table: str) -> bool:
        return any(part["revises"] for part in self._parts_of(table))

    def _parts_of(self, table: str) -> list[dict[str, Any]]:
        return [part for part in self._parts if part["table"] == table]

    @cached_property
    def _files(self) -> Ledger:
        """Both sides read the same files."""
        return Ledger(self.ledger)

    @cached_property
    def _parts(self) -> list[dict[str, Any]]:
        """The files that count, in the order they were delivered in."""
        return [part for commit in self._commits for part in commit["parts"]]

    @cached_property
    def _commits(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text("utf-8")) for path in sorted((self.ledger / "commits").glob("*.json"))]


def owned(rows: pd.DataFrame, owners: Owners) -> pd.DataFrame:
    """Without the rows of households linked to the owners."""
    return rows[rows[owners.number] < len(owners.ids)] if owners.linked else rows


def newest_in_order(rows: pd.DataFrame, number: str, day: str) -> pd.DataFrame:
    """Sorted by number and day; of each pair the version known last."""
    place = rows[number].to_numpy("int64") * MOST_DAYS + rows[day].to_numpy("int64")
    if (place[1:] > place[:-1]).all():
        return rows
    order = np.argsort(place * MOST_DAYS + rows["known_on"].to_numpy("int64"), kind="stable")
    place = place[order]
    return rows.take(order[np.append(place[1:] != place[:-1], True)])


def _is_newest(rows: pd.DataFrame, key: list[str]) -> Array:
    """Few facts have several versions: only those are sorted."""
    several = rows.duplicated(key, keep=False).to_numpy()
    candidates = rows.loc[several, [*key, "known_on"]].assign(place=np.flatnonzero(several))
    newest = candidates.sort_values("known_on").drop_duplicates(key, keep="last")["place"]
    return ~several | marked(newest, len(rows))
