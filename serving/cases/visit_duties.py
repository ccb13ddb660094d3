"""By when each yellow or red loan is to be visited, whether it was, and who hears of a visit that is late."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.sections import CaseWork
from models.light import Light
from serving.cases.kinds import EscalationLevel


class DutyState(StrEnum):
    """Where the visit to a yellow or red loan stands."""

    DONE = "done"
    PUT_OFF = "put_off"
    DUE = "due"
    OVERDUE = "overdue"


VISIT_DUTIES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "level": FrameColumn(pl.Int8(), "Its light: 1 yellow, 2 red."),
        "flagged_as_of": FrameColumn(pl.Date(), "Month end from which on it has had this light or a worse one."),
        "visit_due_on": FrameColumn(pl.Date(), "The working day by which the visit is due; later where it is put off."),
        "is_certain": FrameColumn(pl.Boolean(), "False where the holidays of a year on the way are not known yet."),
        "done_on": FrameColumn(pl.Date(), "The visit, or what else met the duty; null while it is open."),
        "duty": FrameColumn(pl.String(), "A DutyState."),
        "days_late": FrameColumn(pl.Int32(), "Working days past the day; 0 where it is not late."),
        "heard_by": FrameColumn(pl.String(), "township or county, who is to hear of it; null for nobody."),
    },
    extra="the columns of CASE_FACTS_SCHEMA",
)


@returns(VISIT_DUTIES_SCHEMA)
def visit_duties(spells: pl.DataFrame, facts: pl.DataFrame, policy: CaseWork, today: date) -> pl.DataFrame:
    """The duty to visit of each yellow or red loan, with what is recorded of its cases.

    A visit after the month end from which on the loan has been flagged meets the duty; for a yellow loan a call does,
    too, and for both a case that was closed since. A case that is put off moves the day. A visit that is late by
    `township_after` or `county_after` working days, or that somebody handed up, is for the township or county to hear.

    Args:
        spells: in the columns of FLAG_SPELLS_SCHEMA.
        facts: in the columns of CASE_FACTS_SCHEMA.
        policy: the numbers of case work in force, with the working days.
        today: the date in the county.

    Returns:
        One row for each row of `spells`, in its order.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from models.county_policy.policy_table import shipped_policy_table
        >>> from serving.cases.case_facts import CASE_FACTS_SCHEMA
        >>> from serving.cases.visit_duties import visit_duties
        >>> from serving.months.flag_spells import FLAG_SPELLS_SCHEMA
        >>> spell = ("L1", 2, date(2025, 12, 31), date(2026, 1, 5))
        >>> spells = pl.DataFrame([spell], FLAG_SPELLS_SCHEMA.dtypes, orient="row")
        >>> policy = shipped_policy_table().in_force(date(2025, 12, 31)).casework
        >>> duty = visit_duties(spells, CASE_FACTS_SCHEMA.empty(), policy, date(2026, 1, 12)).row(0, named=True)
        >>> duty["visit_due_on"], duty["duty"], duty["days_late"]
        (datetime.date(2026, 1, 8), 'overdue', 2)
    """
    rows = spells.join(_due_days(spells, policy), on=["level", "flagged_on"], how="left", maintain_order="left")
    rows = rows.join(facts, on="loan_id", how="left", maintain_order="left")
    is_open = (pl.col("case_state") == "open").fill_null(False)
    put_off_to = pl.when(is_open & (pl.col("snoozed_until") > pl.col("due"))).then("snoozed_until")
    since = pl.col("flagged_as_of")
    contacts = [
        pl.col("visited_on"),
        pl.when(pl.col("level") == Light.YELLOW).then("called_on"),
        pl.when(~is_open).then("closed_on"),
    ]
    done_on = pl.min_horizontal([pl.when(day > since).then(day) for day in contacts])
    rows = rows.with_columns(pl.coalesce(put_off_to, "due").alias("visit_due_on"), done_on.alias("done_on"))
    is_late = pl.col("done_on").is_null() & (pl.col("visit_due_on") < today)
    rows = rows.join(
        _days_late(rows["visit_due_on"], policy, today), on="visit_due_on", how="left", maintain_order="left"
    )
    days_late = pl.when(is_late).then("working_days").otherwise(0)
    return rows.with_columns(
        pl.when(pl.col("done_on").is_not_null())
        .then(pl.lit(DutyState.DONE.value))
        .when(is_late)
        .then(pl.lit(DutyState.OVERDUE.value))
        .when(is_open & (pl.col("snoozed_until") > today))
        .then(pl.lit(DutyState.PUT_OFF.value))
        .otherwise(pl.lit(DutyState.DUE.value))
        .alias("duty"),
        days_late.cast(pl.Int32).alias("days_late"),
        _heard_by(is_open, is_late, days_late, policy).alias("heard_by"),
    ).drop("due", "working_days", "flagged_on")


def _due_days(spells: pl.DataFrame, policy: CaseWork) -> pl.DataFrame:
    """The working day by which each light of each day of publication is visited: `due` and `is_certain`."""
    calendar = policy.working_days
    rows = []
    for level, published_on in spells.select("level", "flagged_on").unique().iter_rows():
        due = calendar.after(published_on, policy.visit_within(Light(level)) or 0)
        rows.append((level, published_on, due.day, due.is_certain))
    schema = {"level": pl.Int8, "flagged_on": pl.Date, "due": pl.Date, "is_certain": pl.Boolean}
    return pl.DataFrame(rows, schema, orient="row")


def _days_late(due_days: pl.Series, policy: CaseWork, today: date) -> pl.DataFrame:
    """The working days from each due day to today, as `working_days`."""
    calendar = policy.working_days
    rows = [(day, calendar.between(day, today)) for day in due_days.unique()]
    return pl.DataFrame(rows, {"visit_due_on": pl.Date, "working_days": pl.Int32}, orient="row")


def _heard_by(is_open: pl.Expr, is_late: pl.Expr, days_late: pl.Expr, policy: CaseWork) -> pl.Expr:
    """The higher of where somebody handed the open case up to, and where a late visit goes by the policy."""
    handed_up = pl.when(is_open).then("escalated_to")
    county, township = EscalationLevel.COUNTY.value, EscalationLevel.TOWNSHIP.value
    to_county = (handed_up == county).fill_null(False) | (is_late & (days_late >= policy.county_after))
    to_township = (handed_up == township).fill_null(False) | (is_late & (days_late >= policy.township_after))
    return pl.when(to_county).then(pl.lit(county)).when(to_township).then(pl.lit(township))
