"""The one door to the features: one row for each loan, as of a day, from the rows delivered by then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from graphlib import TopologicalSorter

import polars as pl

from features.catalog import FEATURES, KEPT
from features.declare import Feature
from features.rows import Rows
from features.seen.book import bad_on
from features.seen.community import NEIGHBOURLY, Community, community_of, shares_of_others
from features.seen.evening import Evening
from features.seen.known import Known
from features.seen.sources import NEIGHBOURS, Source
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
    (`community_at` of all rows).
    """
    own = [_own_facts(_evening(as_of, block), bad_after_days) for block in rows.blocks(_HOUSEHOLDS_AT_ONCE)]
    frame = pl.concat(own).sort("loan_id")
    shares = shares_of_others(frame, around or community_of(frame))
    frame = frame.hstack(shares.select(_OF_OTHERS))
    for formulas in _DERIVED:
        frame = frame.with_columns(formulas)
    return frame.filter(~pl.col("has_gone_bad") | (loans is Population.OPEN)).select(_LEAVING)


def community_at(as_of: date, rows: Rows) -> Community:
    """What `features_at` needs to know of the others to compute one household alone."""
    blocks = [_evening(as_of, block).open_loans.select(NEIGHBOURLY) for block in rows.blocks(_HOUSEHOLDS_AT_ONCE)]
    return community_of(pl.concat(blocks))


def _evening(as_of: date, rows: Rows) -> Evening:
    return Evening(Known(rows, as_of, only_borrowing=True), as_of)


def _own_facts(evening: Evening, bad_after_days: int) -> pl.DataFrame:
    """For each open loan, what follows from the rows of its own household."""
    frame = _population(evening, bad_after_days)
    for observed in _OBSERVED:
        frame = _where_delivered(observed.joined(frame, evening), observed, evening)
    return frame.drop("loan", "household")


def _population(evening: Evening, bad_after_days: int) -> pl.DataFrame:
    opened = evening.open_loans.select(*IDENTITY, "loan", "household")
    bad = bad_on(evening.book, bad_after_days)
    found = opened.join(bad, on="loan_id", how="left", maintain_order="left")
    return found.with_columns(pl.col("bad_on").is_not_null().alias("has_gone_bad")).drop("bad_on")


@dataclass(frozen=True)
class _Observed:
    """The features of one source, and the formulas that compute them, built once.

    counts: for each window, how many rows it holds; filled: what a feature is where its window holds none.
    """

    source: Source
    seen: Callable[[Evening], pl.DataFrame]
    features: tuple[Feature, ...]
    values: tuple[pl.Expr, ...]
    counts: tuple[pl.Expr, ...]
    filled: tuple[pl.Expr, ...]

    @staticmethod
    def of(source: Source, seen: Callable[[Evening], pl.DataFrame], features: tuple[Feature, ...]) -> _Observed:
        windows = {feature.window.name: feature.window for feature in features}
        counts = (
            (pl.len() if window.holds is None else window.holds.sum()).alias(f"rows {name}")
            for name, window in windows.items()
        )
        values, filled = (_value(feature) for feature in features), (_or_empty(feature) for feature in features)
        return _Observed(source, seen, features, tuple(values), tuple(counts), tuple(filled))

    def joined(self, frame: pl.DataFrame, evening: Evening) -> pl.DataFrame:
        """The loans with these features."""
        by, seen = self.source.by, self.seen(evening)
        if self.source.one_row:
            return frame.join(seen.select(by, *self.values), on=by, how="left", maintain_order="left")
        grouped = seen.lazy().group_by(by).agg(*self.values, *self.counts).collect(engine="in-memory")
        return frame.join(grouped, on=by, how="left", maintain_order="left").with_columns(self.filled).drop("^rows .*$")


def _value(feature: Feature) -> pl.Expr:
    """Sums of money to the fen, so that no order of rows or threads can move them."""
    value = feature.value.round(2) if feature.unit is YUAN else feature.value
    return value.alias(feature.name)


def _or_empty(feature: Feature) -> pl.Expr:
    has_rows = pl.col(f"rows {feature.window.name}").fill_null(0) > 0
    return pl.when(has_rows).then(pl.col(feature.name)).otherwise(pl.lit(feature.when_empty)).alias(feature.name)


def _where_delivered(frame: pl.DataFrame, observed: _Observed, evening: Evening) -> pl.DataFrame:
    """Missing in a county where a table it needs had not been delivered by then: nothing known is not nothing."""
    for table in observed.source.tables:
        counties = evening.known.rows.counties_with(table, evening.as_of)
        delivered = pl.col("county_code").is_in(counties)
        frame = frame.with_columns(
            pl.when(delivered).then(pl.col(each.name)).alias(each.name) for each in observed.features
        )
    return frame


def _by_source() -> list[_Observed]:
    features = list(FEATURES.values())
    sources = {feature.source.name: feature.source for feature in features if feature.source}
    return [
        _Observed.of(source, source.frame, tuple(feature for feature in features if feature.source is source))
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
_OF_OTHERS = [_value(feature) for feature in FEATURES.values() if feature.source is NEIGHBOURS]
_DERIVED = _derived_in_order()
_LEAVING = [*map(pl.col, IDENTITY), pl.col("has_gone_bad"), *(_as_kept(feature) for feature in KEPT)]
