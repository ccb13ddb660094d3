"""Labels: which loans of a cohort went bad within the plan's horizon, by all data of the ledger."""

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
        >>> from features.snapshot.loan_life import LifeRules
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
