"""Delivered rows, table by table: every version and every day, as the ledger or a caller holds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import zip_longest

import polars as pl

from features.contract.declarations import Table
from features.contract.tables import TABLES

PLACED = "day placed"
"""The column that says from when a row is known to be of somebody known."""
Linked = Mapping[str, frozenset[str]]
FirstKnown = Mapping[str, Mapping[str, date]]


_FEW = 100
"""Rows that Python has looked through sooner than polars has begun."""
_AS_WRITTEN = pl.QueryOptFlags.none()


def kept_schema(table: Table) -> dict[str, pl.DataType]:
    """A table's columns as kept: the contract's, and the household that every row belongs to."""
    return table.schema if table.name == "prices" else table.schema | {"household_id": pl.String()}


@dataclass(frozen=True)
class Rows:
    """The tables that features are computed from, in the columns kept; a table nobody delivered is an empty one.

    known_from: for each table and county, the first day on which anything of it was known there.
    revised: the tables in which some fact has more than one version.
    held: whether they are in memory; else they are read from files as a stream.
    linked: households that share a fact with another, since a version of it gave it to the other.
    empty: tables known to hold no row.
    looked_at: which households (by household_id) are meant, None for all; rows of those linked to them are there
    besides.
    """

    frames: Mapping[str, pl.LazyFrame]
    known_from: FirstKnown
    revised: frozenset[str]
    held: bool = False
    linked: Linked = field(default_factory=dict)
    looked_at: pl.Expr | None = None
    empty: frozenset[str] = frozenset()

    def __getitem__(self, table: str) -> pl.LazyFrame:
        frame = self.frames.get(table)
        return pl.LazyFrame(schema=kept_schema(TABLES[table])) if frame is None else frame

    def computed(self, query: pl.LazyFrame) -> pl.DataFrame:
        """What a query made of these rows finds.

        Over rows held, finding a better order takes longer than it saves, and so does handing each join to polars'
        threads and back: `collect_all` hands over the whole query.
        """
        if not self.held:
            return query.collect(engine="in-memory")
        [found] = pl.collect_all([query], engine="in-memory", optimizations=_AS_WRITTEN)
        return found

    def counties_with(self, table: str, known_by: date) -> tuple[str, ...]:
        """The counties in which anything of a table was known by a day."""
        return tuple(sorted(county for county, day in self.known_from.get(table, {}).items() if day <= known_by))

    def of_household(self, household: str) -> Rows:
        """One household's own rows, with the prices; what the county had delivered stays known."""
        mine = self._of(pl.col("household_id") == household, self.linked.get(household, frozenset()))
        held = pl.collect_all(mine.frames.values(), engine="in-memory" if self.held else "streaming")
        frames = dict(zip(mine.frames, held, strict=True))
        revised = frozenset(name for name in self.revised if _has_several_versions(name, frames[name]))
        empty = frozenset(name for name, frame in frames.items() if frame.is_empty())
        lazily = {name: frame.lazy() for name, frame in frames.items()}
        return replace(mine, frames=lazily, held=True, revised=revised, empty=empty)

    def blocks(self, households: int) -> list[Rows]:
        """The rows of so many households after so many others, by identifier, so that few are in memory at once."""
        if self.held and self.looked_at is not None:  # one household's: few by themselves
            return [self]
        names = self.computed(self["loans"].select(pl.col("household_id").unique().sort())).to_series()
        if len(names) <= households:
            return [self]
        starts = [names[start] for start in range(0, len(names), households)]
        return [self._between(start, end) for start, end in zip_longest(starts, starts[1:])]

    def _between(self, start: str, end: str | None) -> Rows:
        def within(name: str) -> bool:
            return name >= start and (end is None or name < end)

        linked = {other for name, others in self.linked.items() if within(name) for other in others}
        from_start = pl.col("household_id") >= start
        return self._of(from_start if end is None else from_start & (pl.col("household_id") < end), linked)

    def _of(self, looked_at: pl.Expr, linked: Collection[str]) -> Rows:
        kept = looked_at | pl.col("household_id").is_in(sorted(linked)) if linked else looked_at
        frames = {name: frame if name == "prices" else frame.filter(kept) for name, frame in self.frames.items()}
        meant = looked_at if self.looked_at is None else looked_at & self.looked_at
        return replace(self, frames=frames, looked_at=meant)

    def with_more(self, added: Mapping[str, pl.DataFrame], county: str | None) -> Rows:
        """These rows and more of the same county, as if delivered besides; in memory from then on.

        added: in the columns kept. A row with the key and known_on of one that is here takes its place.
        """
        frames, revised = dict(self.frames), set(self.revised)
        known_from = {name: dict(days) for name, days in self.known_from.items()}
        for name, rows in added.items():
            version, key = [*TABLES[name].key, "known_on"], list(TABLES[name].key)
            here = self.computed(self[name].select(rows.columns).cast(pl.Schema(rows.schema)))
            kept = here.filter(~_are_in(here, rows, version))
            frames[name] = pl.concat([kept, rows]).lazy()
            if _are_in(kept, rows, key).any():
                revised.add(name)
            days = known_from.setdefault(name, {})
            if county is not None and rows.height:
                days[county] = min(days.get(county, date.max), *rows["known_on"])
        empty = self.empty.difference(name for name, rows in added.items() if rows.height)
        return replace(self, frames=frames, revised=frozenset(revised), known_from=known_from, empty=empty)

    @staticmethod
    def of(tables: Mapping[str, pl.DataFrame]) -> Rows:
        """Rows held in memory, in the contract's columns; each is told the household it belongs to."""
        frames: dict[str, pl.LazyFrame] = {}
        for name, table in TABLES.items():
            if name in tables:
                frame = tables[name].lazy().select(table.names).cast(pl.Schema(table.schema))
                frames[name] = _with_household(frame, table, frames)
        revised = {name for name, frame in tables.items() if _has_several_versions(name, frame)}
        linked = symmetric(pair for name in revised for pair in sharing(name, frames[name].collect()))
        return Rows(frames, _known_from(frames), frozenset(revised), held=True, linked=linked)


def _are_in(some: pl.DataFrame, others: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """Whether each row's values in these columns are those of one of the others; of few rows sooner than a join."""
    there = set(others.select(columns).rows())
    return pl.Series([row in there for row in some.select(columns).rows()], dtype=pl.Boolean)


def _has_several_versions(table: str, rows: pl.DataFrame) -> bool:
    """Whether some fact has."""
    if rows.height < _FEW:
        return len(set(zip(*(rows[name] for name in TABLES[table].key), strict=True))) < rows.height
    return bool(rows.select(TABLES[table].key).is_duplicated().any())


def sharing(table: str, versions: pl.DataFrame, by: str = "household_id") -> list[tuple[str, str]]:
    """Pairs of households (or what else `by` tells) that have had the same fact, a version in one, another in the
    other."""
    key = list(TABLES[table].key)
    if "household_id" in key or by not in versions.columns:
        return []
    had = versions.select(*key, by).unique()
    shared = had.filter(had.select(key).is_duplicated())
    pairs = shared.join(shared, on=key).select(one=by, other=f"{by}_right")
    return pairs.filter(pl.col("one") < pl.col("other")).unique().sort("one", "other").rows()


def symmetric(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """For each household of the pairs, those it is paired with."""
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in pairs:
        found[one].add(other)
        found[other].add(one)
    return {name: frozenset(others) for name, others in found.items()}


def _with_household(frame: pl.LazyFrame, table: Table, parents: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    if table.parent is None or "household_id" in table.names:
        return frame
    parent, by = table.parent
    known = parents.get(parent, pl.LazyFrame(schema={by: pl.String(), "household_id": pl.String()}))
    return frame.join(known.select(by, "household_id").unique(by, keep="last"), on=by, how="left")


def _known_from(frames: Mapping[str, pl.LazyFrame]) -> dict[str, dict[str, date]]:
    """A household's county is the one that knew it first, as in the ledger."""
    households = frames.get("households", pl.LazyFrame(schema=kept_schema(TABLES["households"])))
    homes = households.sort("known_on").unique("household_id", keep="first")
    county = homes.select("household_id", pl.col("village_code").str.head(6).alias("county"))
    found = {}
    for name, frame in frames.items():
        if name != "prices":
            placed = with_day_placed(frame, TABLES[name], frames).join(county, on="household_id")
            found[name] = dict(placed.group_by("county").agg(pl.col(PLACED).min()).collect().rows())
    return found


def with_day_placed(rows: pl.LazyFrame, table: Table, kept: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """With the day from which a row, its loan or policy and its household are all known: until then it is nobody's."""
    days = ["known_on"]
    for parent, by in (table.parent, ("households", "household_id")) if table.parent else ():
        if parent in kept and parent not in days:
            rows = rows.join(kept[parent].group_by(by).agg(pl.col("known_on").min().alias(parent)), on=by, how="left")
            days.append(parent)
    return rows.with_columns(pl.max_horizontal(days).alias(PLACED))
