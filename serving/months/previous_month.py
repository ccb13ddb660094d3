"""The previous month: the lights, probabilities and features of some loans as they were published then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from features.catalog import MODEL_COLUMNS
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.months.repository import MonthRepository

PREVIOUS_LIGHTS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "previous_light": FrameColumn(pl.String(), "Its light in the previous month; missing where it had none."),
        "previous_model_light": FrameColumn(pl.String(), "Its light by probability then."),
        "previous_probability": FrameColumn(pl.Float64(), "Its probability of going bad then."),
        "row_position": FrameColumn(pl.UInt32(), "Its row in `PreviousMonth.features`; missing where there is none."),
    }
)
_PUBLISHED_NAMES = {
    "previous_light": "light",
    "previous_model_light": "model_light",
    "previous_probability": "probability",
}


@dataclass(frozen=True)
class PreviousMonth:
    """What the previous published month says about some loans.

    as_of: that month; None where there is none. lights: the columns of PREVIOUS_LIGHTS_SCHEMA. features: `loan_id` and
    the columns that models read; None where that month was computed without one of today's columns. fault: why the
    month cannot be read; None where it can.
    """

    as_of: date | None
    lights: pl.DataFrame
    features: pl.DataFrame | None
    fault: Bilingual | None = None

    @returns(PREVIOUS_LIGHTS_SCHEMA)
    def lights_of(self, loans: pl.Series) -> pl.DataFrame:
        """A row for each of these loans, in their order; missing values for those that were not published then."""
        return loans.to_frame("loan_id").join(self.lights, on="loan_id", how="left", maintain_order="left")

    def with_later_model_lights(self, later: pl.DataFrame) -> PreviousMonth:
        """The month with lights by probability that news have told since; later: columns of LATER_LIGHTS_SCHEMA."""
        if later.is_empty():
            return self
        rows = self.lights.join(later, on="loan_id", how="full", coalesce=True, maintain_order="left_right")
        has_news = pl.col("loan_id").is_in(later["loan_id"].implode())
        light = pl.when(has_news).then("later_model_light").otherwise("previous_model_light")
        lights = rows.with_columns(light.alias("previous_model_light")).drop("later_model_light")
        return replace(self, lights=lights)


_NO_MONTH = PreviousMonth(None, PREVIOUS_LIGHTS_SCHEMA.empty(), None)


def comparison_month(repository: MonthRepository, month: PublishedMonth) -> PublishedMonth | None:
    """The edition of the previous month that a published month was compared with; None where there was none."""
    previous = month.manifest.before
    return repository.edition(date.fromisoformat(previous[0]), previous[1]) if previous else None


def unreadable_month(month: date, fault: Bilingual) -> PreviousMonth:
    """A previous month of which nothing can be told, since a file of it is damaged."""
    return PreviousMonth(month, PREVIOUS_LIGHTS_SCHEMA.empty(), None, fault)


def previous_month_of(month: PublishedMonth | None, loans: pl.Series, county: str | None = None) -> PreviousMonth:
    """What a month says about loans, by a scan of its files.

    Args:
        month: the previous month; None where there is none.
        loans: their ids.
        county: the county in whose file all of them are in that month; None where any file may have them.
    """
    if month is None:
        return _NO_MONTH
    ids = loans.rename("loan_id").to_frame().lazy()
    frames = (month.scan(kind, county).join(ids, on="loan_id", how="semi") for kind in ("warnings", "features"))
    return _previous_month(month, *frames)


def previous_month_of_few(month: PublishedMonth | None, loans: pl.Series) -> PreviousMonth:
    """What a month says about a handful of loans, by their rows in its row store."""
    if month is None:
        return _NO_MONTH
    condition = pl.col("loan_id").is_in(loans.implode())
    return _previous_month(month, *(loan_rows(month, kind, condition).lazy() for kind in ("warnings", "features")))


def _previous_month(month: PublishedMonth, warnings: pl.LazyFrame, features: pl.LazyFrame) -> PreviousMonth:
    """The previous month of the loans in `warnings` and `features`; without features where it did not have all."""
    dtypes = PREVIOUS_LIGHTS_SCHEMA.dtypes
    columns = (pl.col(name).cast(dtypes[alias]).alias(alias) for alias, name in _PUBLISHED_NAMES.items())
    names = [feature.name for feature in MODEL_COLUMNS]
    has_all_columns = set(names) <= month.stored_columns("features")
    model_columns = features.select("loan_id", *names).collect() if has_all_columns else None
    ids = pl.DataFrame(schema={"loan_id": pl.String}) if model_columns is None else model_columns.select("loan_id")
    lights = warnings.select("loan_id", *columns).collect()
    positions = ids.with_row_index("row_position")
    return PreviousMonth(
        month.as_of, lights.join(positions, on="loan_id", how="left", maintain_order="left"), model_columns
    )
