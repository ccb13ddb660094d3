"""The one door to the features: one row for each loan, as of a day, from the rows delivered by then."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from graphlib import TopologicalSorter
from itertools import groupby

import polars as pl

from features.catalog import FEATURES, KEPT
from features.declare import Feature
from features.rows import Rows
from features.seen.book import CLOSING, bad_on
from features.seen.community import Community
from features.seen.evening import Evening
from features.seen.sources import Source
from features.seen.versions import newest_known
from features.units import YUAN

IDENTITY = ("loan_id", "household_id", "county_code", "township_code", "village_code")
BAD_AFTER_DAYS = 30


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
    evening = Evening(_still_borrowing(rows, as_of), as_of, around)
    frame = _population(evening, loans, bad_after_days)
    for source, features in _by_source():
        frame = _with_observed(frame, source, features, evening)
    for feature in _derived_in_order():
        frame = frame.with_columns(feature.value.alias(feature.name))
    return frame.select(*IDENTITY, "has_gone_bad", *(_as_kept(feature) for feature in KEPT)).collect()


def community_at(as_of: date, rows: Rows) -> Community:
    """What `features_at` needs to know of the others to compute one household alone."""
    return Evening(_still_borrowing(rows, as_of), as_of).community


def _still_borrowing(rows: Rows, as_of: date) -> Rows:
    """The rows of households with a loan that was not closed: no feature of an open loan looks at any other."""
    closed = newest_known(rows, "loan_events", as_of).filter(pl.col("kind").is_in(CLOSING)).select("loan_id")
    loans = newest_known(rows, "loans", as_of).join(closed, on="loan_id", how="anti")
    return rows.of_households(loans.select("household_id").unique().collect().lazy())


def _population(evening: Evening, loans: Population, bad_after_days: int) -> pl.LazyFrame:
    bad = bad_on(evening.book, bad_after_days).lazy()
    opened = evening.open_loans.select(*IDENTITY, "loan", "household").join(bad, on="loan_id", how="left")
    found = opened.with_columns(pl.col("bad_on").is_not_null().alias("has_gone_bad")).drop("bad_on")
    if loans is Population.COHORT:
        found = found.filter(~pl.col("has_gone_bad"))
    return found.sort("loan_id")


def _with_observed(frame: pl.LazyFrame, source: Source, features: list[Feature], evening: Evening) -> pl.LazyFrame:
    seen = source.frame(evening)
    if source.one_row:
        values = seen.select(source.by, *(feature.value.alias(feature.name) for feature in features))
        joined = frame.join(values, on=source.by, how="left", maintain_order="left")
    else:
        grouped = seen.group_by(source.by).agg(_aggregated(features))
        joined = frame.join(grouped, on=source.by, how="left", maintain_order="left")
        joined = joined.with_columns(_or_empty(feature) for feature in features).drop("^rows .*$")
    return joined.with_columns(_where_delivered(feature, source, evening) for feature in features)


def _where_delivered(feature: Feature, source: Source, evening: Evening) -> pl.Expr:
    """Missing in a county where a table it needs had not been delivered by then: nothing known is not nothing."""
    value = pl.col(feature.name)
    for table in source.tables:
        counties = evening.rows.counties_with(table, evening.as_of)
        value = pl.when(pl.col("county_code").is_in(counties)).then(value)
    return value.alias(feature.name)


def _aggregated(features: Iterable[Feature]) -> list[pl.Expr]:
    """Each feature's value, and for each window how many rows it holds."""
    windows = {feature.window.name: feature.window for feature in features}
    counts = [
        (pl.len() if window.holds is None else window.holds.sum()).alias(f"rows {name}")
        for name, window in windows.items()
    ]
    return [*(_value(feature) for feature in features), *counts]


def _value(feature: Feature) -> pl.Expr:
    """Sums of money to the fen, so that no order of rows or threads can move them."""
    value = feature.value.round(2) if feature.unit is YUAN else feature.value
    return value.alias(feature.name)


def _or_empty(feature: Feature) -> pl.Expr:
    has_rows = pl.col(f"rows {feature.window.name}").fill_null(0) > 0
    return pl.when(has_rows).then(pl.col(feature.name)).otherwise(pl.lit(feature.when_empty)).alias(feature.name)


def _by_source() -> list[tuple[Source, list[Feature]]]:
    observed = [(feature.source, feature) for feature in FEATURES.values() if feature.source]
    ordered = sorted(observed, key=lambda pair: pair[0].name)
    groups = [list(group) for _, group in groupby(ordered, key=lambda pair: pair[0].name)]
    return [(group[0][0], [feature for _, feature in group]) for group in groups]


def _derived_in_order() -> list[Feature]:
    """Derived features, each after those it is made of."""
    order = TopologicalSorter({name: feature.inputs for name, feature in FEATURES.items()}).static_order()
    return [FEATURES[name] for name in order if FEATURES[name].inputs]


def _as_kept(feature: Feature) -> pl.Expr:
    column = pl.col(feature.name)
    return column if feature.is_code else column.cast(pl.Float64)
