"""The month before: its lights, its probabilities and its facts, as they were published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.catalog import MODEL_COLUMNS
from serving.months.repository import Month, Published

_LIGHTS = {
    "previous_light": ("light", pl.String),
    "previous_model_light": ("model_light", pl.String),
    "previous_probability": ("probability", pl.Float64),
}


@dataclass(frozen=True)
class Before:
    """What the newest month published before said of some loans.

    as_of: that month; None where there is none. lights: `loan_id`, `previous_light`, `previous_model_light`,
    `previous_probability`, and `place`, the loan's row in `facts`. facts: `loan_id` and what the model looks at; None
    where that month was computed without one of today's columns.
    """

    as_of: date | None
    lights: pl.DataFrame
    facts: pl.DataFrame | None

    def of(self, loans: pl.Series) -> pl.DataFrame:
        """`lights` of these loans, in their order; missing of those that were not there."""
        return loans.to_frame("loan_id").join(self.lights, on="loan_id", how="left", maintain_order="left")


def compared_with(published: Published, month: Month) -> Month | None:
    """The edition of the month before that a published month was compared with; None where there was none."""
    named = month.manifest.before
    return published.edition(date.fromisoformat(named[0]), named[1]) if named else None


def before_of(month: Month | None, loans: pl.Series, county: str | None = None) -> Before:
    """What the month before said of the loans named; county: where all of them lay then, where that is known."""
    if month is None:
        return _NO_MONTH
    mine = loans.rename("loan_id").to_frame().lazy()
    frames = (month.scan(kind, county).join(mine, on="loan_id", how="semi") for kind in ("warnings", "features"))
    return _before(month.as_of, *frames)


def before_of_few(month: Month | None, loans: pl.Series) -> Before:
    """The same of a handful of loans, found one by one."""
    if month is None:
        return _NO_MONTH
    mine = pl.col("loan_id").is_in(loans.implode())
    return _before(month.as_of, *(month.loans(kind, mine).lazy() for kind in ("warnings", "features")))


def _before(as_of: date, warnings: pl.LazyFrame, features: pl.LazyFrame) -> Before:
    lights = (pl.col(name).cast(dtype).alias(alias) for alias, (name, dtype) in _LIGHTS.items())
    names = [feature.name for feature in MODEL_COLUMNS]
    is_alike = set(names) <= set(features.collect_schema().names())
    facts = features.select("loan_id", *names).collect() if is_alike else None
    places = (_NO_FACTS if facts is None else facts.select("loan_id")).with_row_index("place")
    lit = warnings.select("loan_id", *lights).collect()
    return Before(as_of, lit.join(places, on="loan_id", how="left", maintain_order="left"), facts)


_NO_FACTS = pl.DataFrame(schema={"loan_id": pl.String})
_NO_MONTH = Before(
    None,
    pl.DataFrame(
        schema={"loan_id": pl.String, **{alias: dtype for alias, (_, dtype) in _LIGHTS.items()}, "place": pl.UInt32}
    ),
    None,
)
