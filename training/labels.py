"""Labels: which loans of a cohort went bad within the plan's horizon, by all data of the ledger."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.loan_book import LoanBook, first_bad_days
from training.plan import Plan

BAD_DATES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of a loan that has gone bad."),
        "bad_on": FrameColumn(pl.Date(), "Day on which it went bad (docs/reference/contract.md, section 2)."),
    }
)
LABELS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "bad_on": FrameColumn(pl.Date(), "Day on which the loan went bad, by all data; null where it has not."),
        "as_of": FrameColumn(pl.Date(), "Month end of the cohort."),
        "bad": FrameColumn(pl.Int8(), "1 where the loan goes bad after `as_of` and within the horizon, else 0."),
    },
    extra="the further columns of the cohort",
)


@returns(BAD_DATES_SCHEMA)
def bad_dates(rows: DeliveredTables, plan: Plan) -> pl.DataFrame:
    """The day on which each loan that has gone bad did so, by all data; a row a loan.

    rows: the delivered tables. plan: `bad_after_days` past due make a loan bad, as do compensation and write-off.
    """
    versions = LatestVersions(rows, known_by=None)
    bad_days = first_bad_days(LoanBook(versions), plan.bad_after_days)
    return versions.loans.join(bad_days, on="loan").select("loan_id", "bad_on").collect()


@returns(LABELS_SCHEMA)
def label_cohort(cohort: pl.DataFrame, bad: pl.DataFrame, as_of: date, plan: Plan) -> pl.DataFrame:
    """The cohort of one month end with its labels.

    Args:
        cohort: features of the loans at `as_of`, with `loan_id`.
        bad: `bad_dates` of the county.
        as_of: the month end.
        plan: the horizon in months.

    Returns:
        The cohort's rows in their order with `bad_on`, `as_of` and `bad`; without loans that, by data that came
        later, had gone bad by `as_of` already.

    Example:
        >>> from features.compute import Population, features_at
        >>> from features.ledger.ledger import Ledger
        >>> from training.plan_files import SHIPPED_PLANS, load_plan
        >>> plan, rows = load_plan(SHIPPED_PLANS / "demo.toml"), Ledger(data / "ledger").tables()
        >>> as_of = date(2024, 12, 31)
        >>> cohort = features_at(as_of, rows, Population.COHORT)
        >>> labels = label_cohort(cohort, bad_dates(rows, plan), as_of, plan)
        >>> labels.height <= cohort.height, set(labels["bad"]) <= {0, 1}
        (True, True)
    """
    with_dates = cohort.join(bad, on="loan_id", how="left", maintain_order="left")
    not_yet_bad = with_dates.filter(pl.col("bad_on").is_null() | (pl.col("bad_on") > as_of))
    within = (pl.col("bad_on") <= plan.label_end(as_of)).fill_null(False)
    return not_yet_bad.with_columns(pl.lit(as_of).alias("as_of"), within.cast(pl.Int8).alias("bad"))
