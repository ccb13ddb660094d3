"""The month before: its lights, its probabilities and its facts, as they were published."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.catalog import MODEL_COLUMNS
from serving.published import Month, Published

_LIGHTS = {
    "previous_light": ("light", pl.String),
    "previous_model_light": ("model_light", pl.String),
    "previous_probability": ("probability", pl.Float64),
}


@dataclass(frozen=True)
class Before:
    """What the newest month published before said of some loans.

    as_of: that month; None where there is none. lights: `loan_id`, `previous_light`, `previous_model_light`,
    `previous_probability`. facts: `loan_id` and what the model looks at; None where that month was computed without
    one of today's columns.
    """

    as_of: date | None
    lights: pl.DataFrame
    facts: pl.DataFrame | None


def compared_with(published: Published, month: Month) -> Month | None:
    """The edition of the month before that a published month was compared with; None where there was none."""
    named = month.manifest.before
    return published.edition(date.fromisoformat(named[0]), named[1]) if named else None


def before_of(month: Month | None, loans: pl.Series, county: str | None = None) -> Before:
    """What the month before said of the loans named; county: where all of them lay then, where that is known."""
    if month is None:
        return Before(None, pl.DataFrame(schema={"loan_id": pl.String, **_types()}), None)
    lights = (pl.col(name).cast(dtype).alias(alias) for alias, (name, dtype) in _LIGHTS.items())
    mine = loans.rename("loan_id").to_frame().lazy()
    found = month.scan("warnings", county).select("loan_id", *lights).join(mine, on="loan_id", how="semi")
    return Before(month.as_of, found.collect(), _facts(month, mine, county))


def _facts(month: Month, mine: pl.LazyFrame, county: str | None) -> pl.DataFrame | None:
    facts, names = month.scan("features", county), [feature.name for feature in MODEL_COLUMNS]
    if not set(names) <= set(facts.collect_schema().names()):
        return None
    return facts.select("loan_id", *names).join(mine, on="loan_id", how="semi").collect()


def _types() -> dict[str, type[pl.DataType]]:
    return {alias: dtype for alias, (_, dtype) in _LIGHTS.items()}
