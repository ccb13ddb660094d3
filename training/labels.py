"""Labels, by all data of the ledger: which loans went bad within the horizon, and what became of them by month."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.bad_spells import with_next_bad_on
from features.frame_schema import FrameColumn, FrameSchema, returns
from training.plan import Plan

LABELS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "bad_on": FrameColumn(pl.Date(), "Day on which the loan is bad next, by all data; null where it is not."),
        "as_of": FrameColumn(pl.Date(), "Month end of the cohort."),
        "bad": FrameColumn(pl.Int8(), "1 where the loan goes bad after `as_of` and within the horizon, else 0."),
    },
    extra="the further columns of the cohort",
)

PERSON_MONTHS_SCHEMA = FrameSchema(
    {
        "row_position": FrameColumn(pl.Int64(), "Position of the loan's row in the sample, from 0."),
        "month_ahead": FrameColumn(pl.Int64(), "1 for the month after `as_of`, 2 for the one after that, and so on."),
        "went_bad": FrameColumn(pl.Boolean(), "Whether the loan goes bad in the month."),
        "ended": FrameColumn(
            pl.Boolean(), "Whether it is repaid, settled or renewed in the month, without going bad before."
        ),
    }
)


@returns(LABELS_SCHEMA)
def label_cohort(cohort: pl.DataFrame, spells: pl.DataFrame, as_of: date, plan: Plan) -> pl.DataFrame:
    """The cohort of one month end with its labels.

    Args:
        cohort: features of the loans at `as_of`, with `loan_id`.
        spells: `bad_spells` of the county.
        as_of: the month end.
        plan: the horizon in months.

    Returns:
        The cohort's rows in their order with `bad_on`, `as_of` and `bad`; without loans that, by data that came
        later, were bad on `as_of`.

    Example:
        >>> from features.bad_spells import bad_spells
        >>> from features.compute import Population, features_at
        >>> from features.ledger.ledger import Ledger
        >>> from features.snapshot.life_rules import LifeRules
        >>> from training.plan_files import SHIPPED_PLANS, load_plan
        >>> plan, rows = load_plan(SHIPPED_PLANS / "demo.toml"), Ledger(data / "ledger").tables()
        >>> as_of = date(2024, 12, 31)
        >>> cohort = features_at(as_of, rows, Population.COHORT)
        >>> labels = label_cohort(cohort, bad_spells(rows, LifeRules()), as_of, plan)
        >>> labels.height <= cohort.height, set(labels["bad"]) <= {0, 1}
        (True, True)
    """
    labelled = with_next_bad_on(cohort, spells, as_of)
    within = (pl.col("bad_on") <= plan.label_end(as_of)).fill_null(False)
    return labelled.with_columns(pl.lit(as_of).alias("as_of"), within.cast(pl.Int8).alias("bad"))


@returns(PERSON_MONTHS_SCHEMA)
def person_months(sample: pl.DataFrame, months: int, until: date | None = None) -> pl.DataFrame:
    """The months ahead of each row in which its loan was open and not bad at their beginning, with what came of it.

    Months that are not over by the row's `followed_until`, or by `until`, are left out, so that recent month ends count
    for as many months as are certain.

    Args:
        sample: rows with `as_of`, `bad_on`, `ended_on` and `followed_until` (`training.cohort.samples`).
        months: the most months ahead.
        until: a day after which outcomes do not count: that on which a later fold begins.

    Returns:
        The columns of PERSON_MONTHS_SCHEMA, by row and month.

    Example:
        >>> days = {"as_of": date(2025, 1, 31), "bad_on": date(2025, 3, 2), "followed_until": date(2025, 6, 30)}
        >>> sample = pl.DataFrame({**days, "ended_on": None}, schema_overrides={"ended_on": pl.Date})
        >>> person_months(sample, 12).rows()
        [(0, 1, False, False), (0, 2, True, False)]
    """
    number = {
        name: pl.col(name).dt.year().cast(pl.Int64) * 12 + pl.col(name).dt.month()
        for name in ("as_of", "bad_on", "ended_on", "last")
    }
    last_day = pl.min_horizontal("followed_until", pl.lit(until, pl.Date))
    is_whole = pl.col("last") == pl.col("last").dt.month_end()
    goes_bad = (pl.col("bad_on") <= pl.col("ended_on")).fill_null(pl.col("bad_on").is_not_null())
    followed = sample.select("as_of", "bad_on", "ended_on", last_day.alias("last")).select(
        pl.int_range(pl.len(), dtype=pl.Int64).alias("row_position"),
        pl.when(goes_bad).then((number["bad_on"] - number["as_of"]).clip(1)).alias("bad_month"),
        pl.when(~goes_bad).then((number["ended_on"] - number["as_of"]).clip(1)).alias("end_month"),
        (number["last"] - number["as_of"] - (~is_whole).cast(pl.Int64)).clip(0, months).alias("followed_months"),
    )
    last_month = pl.min_horizontal("followed_months", "bad_month", "end_month")
    by_month = followed.with_columns(pl.int_ranges(1, last_month + 1, dtype=pl.Int64).alias("month_ahead"))
    return (
        by_month.filter(last_month > 0)
        .explode("month_ahead")
        .select(
            "row_position",
            "month_ahead",
            (pl.col("month_ahead") == pl.col("bad_month")).fill_null(False).alias("went_bad"),
            (pl.col("month_ahead") == pl.col("end_month")).fill_null(False).alias("ended"),
        )
    )
