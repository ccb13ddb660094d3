"""The one door to the features: one row for each loan, as of a day, from the rows delivered by then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from graphlib import TopologicalSorter

import polars as pl

from features.catalog import FEATURES, KEPT
from features.declare import Feature, Window
from features.delivered_tables import Rows
from features.snapshot.as_of import Evening
from features.snapshot.latest_versions import Known
from features.snapshot.loan_book import bad_on
from features.snapshot.peer_groups import NEIGHBOURLY, Community, community_of, with_shares_of_others
from features.snapshot.sources import NEIGHBOURS, Source
from features.units import YUAN

IDENTITY = ("loan_id", "household_id", "county_code", "township_code", "village_code")
BAD_AFTER_DAYS = 30
_HOUSEHOLDS_AT_ONCE = 50_000
"""Read and computed together: memory stays flat however many there are."""


class Population(StrEnum):
    """Which loans: all open ones, or the cohort (open and, by what was known, not gone bad)."""

    OPEN = "open"
    COHORT = "cohort"


def features_at(
    as_of: date,
    rows: Rows,
    loans: Population = Population.OPEN,
    bad_after_days: int = BAD_AFTER_DAYS,
    around: Community | None = None,
) -> pl.DataFrame:
    """Features of the open loans (or the cohort) at the end of `as_of`, sorted by loan_id.

    Columns: IDENTITY, `has_gone_bad`, then every feature that is not a step, in the catalogue's order; numbers
    as Float64, codes as String, missing as null. Rows known or happened later change nothing.
    around: for the rows of one household alone, what its village, township, bank and product looked like
    (`community_at` of all rows); or, where its rows are not as they were in that, the others alone
    (`Community.without`).
    """
    own = [_own_facts(evening_at(as_of, block), bad_after_days) for block in rows.blocks(_HOUSEHOLDS_AT_ONCE)]
    frame = own[0] if len(own) == 1 else pl.concat(own).sort("loan_id")
    return rows.computed(_among_others(frame, around).filter(~pl.col("has_gone_bad") | (loans is Population.OPEN)))


def features_of(evening: Evening, around: Community, bad_after_days: int = BAD_AFTER_DAYS) -> pl.DataFrame:
    """The same of the open loans of one household's evening.

    What follows from each source is kept with the evening: asked again, or with more rows (`Evening.with_more`), only
    what these touch is computed.
    """
    frame = _kept_facts(evening, bad_after_days)
    return evening.known.rows.computed(_among_others(frame, around))


def _among_others(frame: pl.DataFrame, around: Community | None) -> pl.LazyFrame:
    """With what follows from the others' loans, and from all features together."""
    whole = with_shares_of_others(frame.lazy(), _around(frame, around))
    for formulas in (_OF_OTHERS, *_DERIVED):
        whole = whole.with_columns(formulas)
    return whole.select(_LEAVING)


def _around(frame: pl.DataFrame, around: Community | None) -> Community:
    if around is None:
        return community_of(frame)
    return around if around.whole else around.joined_by(frame)


def community_at(as_of: date, rows: Rows, bad_after_days: int = BAD_AFTER_DAYS) -> Community:
    """What `features_at` needs to know of the others to compute one household alone."""
    evenings = (evening_at(as_of, block) for block in rows.blocks(_HOUSEHOLDS_AT_ONCE))
    blocks = (_with_gone_bad(each.open_loans, each, bad_after_days).select(NEIGHBOURLY) for each in evenings)
    return community_of(pl.concat(block.collect() for block in blocks))


def evening_at(as_of: date, rows: Rows) -> Evening:
    """What of these rows was known at the end of `as_of` about the households that still borrow."""
    return Evening(Known(rows, as_of, only_borrowing=True), as_of)


def _own_facts(evening: Evening, bad_after_days: int) -> pl.DataFrame:
    """For each open loan, what follows from the rows of its own household, sorted by loan_id."""
    frame = _population(evening, bad_after_days).with_columns(_whether_delivered(tables, evening) for tables in _NEEDED)
    for observed in _OBSERVED:
        frame = observed.joined(frame, evening)
    facts = (value for each in _OBSERVED for value in each.filled)
    return evening.known.rows.computed(frame.select(*_WHOSE, *facts).sort("loan_id"))


def _kept_facts(evening: Evening, bad_after_days: int) -> pl.DataFrame:
    """The same, sorted by loan_id, laid together from pieces that are kept."""

    def opened() -> pl.DataFrame:
        name = f"open loans, bad after {bad_after_days} days"
        return evening.known.held(name, lambda: _population(evening, bad_after_days).sort("loan_id"))

    beside = (observed.beside(opened, evening) for observed in _OBSERVED)
    return pl.concat([opened().select(_WHOSE), *beside], how="horizontal")


def _population(evening: Evening, bad_after_days: int) -> pl.LazyFrame:
    loans = evening.open_loans.select(*IDENTITY, "loan", "household")
    return _with_gone_bad(loans, evening, bad_after_days)


def _with_gone_bad(loans: pl.LazyFrame, evening: Evening, bad_after_days: int) -> pl.LazyFrame:
    """The loans with `has_gone_bad`."""
    found = loans.join(bad_on(evening.book, bad_after_days), on="loan", how="left", maintain_order="left")
    return found.with_columns(pl.col("bad_on").is_not_null().alias("has_gone_bad"))


def _whether_delivered(tables: tuple[str, ...], evening: Evening) -> pl.Expr:
    """Nothing known is not nothing: where a county has not delivered a table by then, no row of it is not none."""
    evening.known.pieces.looked_at(*tables)
    counties = (evening.known.rows.counties_with(table, evening.as_of) for table in tables)
    return _in_all(*counties).alias(_delivered(tables))


def _delivered(tables: tuple[str, ...]) -> str:
    """The column that says whether a loan's county has delivered these tables."""
    return " and ".join((*tables, "delivered"))


@cache
def _in_all(*counties: tuple[str, ...]) -> pl.Expr:
    """Whether a loan's county is in all of these; null where its county is not known."""
    return pl.all_horizontal(pl.col("county_code").is_in(each) for each in counties)


@dataclass(frozen=True, eq=False)
class _Observed:
    """The features of one source, and the formulas that compute them, built once.

    windows: which rows each holds; some: whether it holds any; filled: the features, also where it holds none.
    """

    source: Source
    seen: Callable[[Evening], pl.LazyFrame]
    windows: tuple[pl.Expr, ...]
    values: tuple[pl.Expr, ...]
    some: tuple[pl.Expr, ...]
    filled: tuple[pl.Expr, ...]

    @staticmethod
    def of(source: Source, seen: Callable[[Evening], pl.LazyFrame], features: Sequence[Feature]) -> _Observed:
        every = {feature.window.name: feature.window for feature in features}.values()
        windows = tuple(window.holds.alias(window.name) for window in every if window.holds is not None)
        some = () if source.one_row else tuple(_holds_some(window).alias(_some(source, window)) for window in every)
        filled = (_filled(feature, source) for feature in features)
        return _Observed(source, seen, windows, tuple(map(_value, features)), some, tuple(filled))

    def joined(self, frame: pl.LazyFrame, evening: Evening) -> pl.LazyFrame:
        """The loans with these values, and whether any row was found."""
        if not evening.known.rows.empty.isdisjoint(self.source.tables):
            return frame.with_columns(_nothing(self))
        return frame.join(self.found(evening), on=self.source.by, how="left", maintain_order="left")

    def beside(self, opened: Callable[[], pl.DataFrame], evening: Evening) -> pl.DataFrame:
        """The features alone of the open loans, in their order, kept with the evening."""

        def found() -> pl.LazyFrame:
            needed = (self.source.tables,) if self.source.tables else ()
            loans = opened().lazy().with_columns(_whether_delivered(tables, evening) for tables in needed)
            return self.joined(loans, evening).select(self.filled)

        return evening.known.held(f"features of {self.source.name}", found)

    def found(self, evening: Evening) -> pl.LazyFrame:
        """One row for each loan or household that has any, with its number."""
        by, seen = self.source.by, self.seen(evening)
        rows = seen.with_columns(self.windows) if self.windows else seen
        return rows.select(by, *self.values) if self.source.one_row else rows.group_by(by).agg(*self.values, *self.some)


@cache
def _nothing(observed: _Observed) -> tuple[pl.Expr, ...]:
    """What is found where a table it needs holds no row, in the types it is found in elsewhere."""
    schema = observed.found(evening_at(date.max, Rows({}, {}, frozenset()))).collect_schema()
    return tuple(pl.lit(None, kind).alias(name) for name, kind in schema.items() if name != observed.source.by)


def _value(feature: Feature) -> pl.Expr:
    """Sums of money to the fen, so that no order of rows or threads can move them."""
    value = feature.value.round(2) if feature.unit is YUAN else feature.value
    return value.alias(feature.name)


def _holds_some(window: Window) -> pl.Expr:
    """Of the rows of one loan or household, of which there is one at least."""
    return pl.len() > 0 if window.holds is None else pl.col(window.name).any()


def _some(source: Source, window: Window) -> str:
    return f"{source.name} {window.name}"


def _filled(feature: Feature, source: Source) -> pl.Expr:
    """A feature of each loan; where none of its rows is found, what is said then."""
    value = pl.col(feature.name)
    if source.one_row or (feature.when_empty is None and feature.window.holds is None):
        return value
    found = pl.when(pl.col(_some(source, feature.window))).then(value)
    if feature.when_empty is None:
        return found.alias(feature.name)
    delivered = pl.col(_delivered(source.tables)) if source.tables else pl.lit(True)
    return found.when(delivered).then(pl.lit(feature.when_empty)).alias(feature.name)


def _by_source() -> list[_Observed]:
    features = list(FEATURES.values())
    sources = {feature.source.name: feature.source for feature in features if feature.source}
    return [
        _Observed.of(source, source.frame, [feature for feature in features if feature.source is source])
        for _, source in sorted(sources.items())
        if source.frame
    ]


def _derived_in_order() -> list[list[pl.Expr]]:
    """Formulas of derived features in steps, each made of the steps before it."""
    order = TopologicalSorter({name: feature.inputs for name, feature in FEATURES.items()})
    order.prepare()
    steps = []
    while order.is_active():
        ready = order.get_ready()
        steps.append([FEATURES[name].value.alias(name) for name in ready if FEATURES[name].inputs])
        order.done(*ready)
    return [step for step in steps if step]


def _as_kept(feature: Feature) -> pl.Expr:
    column = pl.col(feature.name)
    return column if feature.is_code else column.cast(pl.Float64)


_OBSERVED = _by_source()
_NEEDED = dict.fromkeys(each.source.tables for each in _OBSERVED if each.source.tables)
_WHOSE = [*map(pl.col, IDENTITY), pl.col("has_gone_bad")]
_OF_OTHERS = [_value(feature) for feature in FEATURES.values() if feature.source is NEIGHBOURS]
_DERIVED = _derived_in_order()
_LEAVING = [*_WHOSE, *(_as_kept(feature) for feature in KEPT)]
