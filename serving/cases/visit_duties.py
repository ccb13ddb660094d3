"""By when each yellow or red loan is to be visited, whether it was, and who hears of a visit that is late."""

from __future__ import annotations

from datetime import date
from enum import StrEnum

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.sections import CaseWork
from models.light import Light
from models.working_days import WorkingDays
from serving.cases.kinds import EscalationLevel


class DutyState(StrEnum):
    """Where the visit to a yellow or red loan stands.

    called: a call met the duty of a yellow loan. closed: its case was closed.
    """

    VISITED = "visited"
    CALLED = "called"
    CLOSED = "closed"
    PUT_OFF = "put_off"
    DUE = "due"
    OVERDUE = "overdue"


DONE_STATES = (DutyState.VISITED.value, DutyState.CALLED.value, DutyState.CLOSED.value)
"""States in which the duty is met."""
VISIT_DUTIES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "level": FrameColumn(pl.Int8(), "Its light: 1 yellow, 2 red."),
        "flagged_as_of": FrameColumn(pl.Date(), "Month end from which on it has had this light or a worse one."),
        "visit_due_on": FrameColumn(pl.Date(), "The working day by which the visit is due; later where it is put off."),
        "is_certain": FrameColumn(pl.Boolean(), "False where the holidays of a year on the way are not known yet."),
        "duty": FrameColumn(pl.String(), "A DutyState."),
        "done_on": FrameColumn(pl.Date(), "The day of what met the duty; null while it is open."),
        "is_joint": FrameColumn(
            pl.Boolean(), "Whether bank and township have visited together since; null for yellow."
        ),
        "days_late": FrameColumn(pl.Int32(), "Working days past the day; 0 where it is not late."),
        "heard_by": FrameColumn(pl.String(), "township or county, who is to hear of it; null for nobody."),
    },
    extra="the columns of CASE_FACTS_SCHEMA",
)


@returns(VISIT_DUTIES_SCHEMA)
def visit_duties(spells: pl.DataFrame, facts: pl.DataFrame, policy: CaseWork, today: date) -> pl.DataFrame:
    """The duty to visit of each yellow or red loan, with what is recorded of its cases.

    A visit after the month end from which on the loan has been flagged meets the duty; for a yellow loan a call does,
    too, and for both a case that was closed since, unless the household could not be reached. A case that is put off
    moves the day. A visit that is late by `township_after` or `county_after` working days, or that somebody handed up,
    is for the township or county to hear.

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
    calendar = policy.working_days
    rows = spells.join(_due_days(spells, policy), on=["level", "flagged_on"], how="left", maintain_order="left")
    rows = rows.join(facts, on="loan_id", how="left", maintain_order="left")
    is_open = (pl.col("case_state") == "open").fill_null(False)
    put_off = rows.select(pl.col("snoozed_until").alias("put_off")).drop_nulls().unique()
    moved = put_off.with_columns(
        pl.Series("moved_to", [calendar.on_or_after(day) for day in put_off["put_off"]], pl.Date)
    )
    rows = rows.join(moved, left_on="snoozed_until", right_on="put_off", how="left", maintain_order="left")
    rows = rows.with_columns(_done_by()).with_columns(
        pl.max_horizontal("due", pl.when(is_open).then("moved_to")).alias("visit_due_on")
    )
    unmet = rows.filter(pl.col("duty").is_null())["visit_due_on"]
    late = _days_late(unmet, calendar, today)
    rows = rows.join(late, on="visit_due_on", how="left", maintain_order="left")
    is_unmet = pl.col("duty").is_null()
    days_late = pl.when(is_unmet).then(pl.col("working_days").fill_null(0)).otherwise(0).cast(pl.Int32)
    is_late = is_unmet & (days_late > 0)
    is_put_off = is_open & (pl.col("snoozed_until") > today).fill_null(False)
    return rows.with_columns(
        pl.coalesce(
            "duty",
            pl.when(is_late).then(pl.lit(DutyState.OVERDUE.value)),
            pl.when(is_put_off).then(pl.lit(DutyState.PUT_OFF.value)),
            pl.lit(DutyState.DUE.value),
        ).alias("duty"),
        pl.when(pl.col("level") == Light.RED)
        .then((pl.col("joint_on") > pl.col("flagged_as_of")).fill_null(False))
        .alias("is_joint"),
        (pl.col("is_certain") & (~is_late | pl.lit(calendar.is_known(today.year)))).alias("is_certain"),
        days_late.alias("days_late"),
        _heard_by(is_open, is_late, days_late, policy).alias("heard_by"),
    ).drop("due", "working_days", "flagged_on", "moved_to")


def _done_by() -> list[pl.Expr]:
    """What met the duty first, as `duty`, and its day, as `done_on`; null while it is open."""
    since = pl.col("flagged_as_of")
    met = {
        DutyState.VISITED: pl.when(pl.col("visited_on") > since).then("visited_on"),
        DutyState.CALLED: pl.when((pl.col("level") == Light.YELLOW) & (pl.col("called_on") > since)).then("called_on"),
        DutyState.CLOSED: pl.when(pl.col("closed_on") > since).then("closed_on"),
    }
    states = [pl.when(day.is_not_null()).then(pl.lit(state.value)) for state, day in met.items()]
    return [pl.coalesce(states).alias("duty"), pl.coalesce(list(met.values())).alias("done_on")]


def _due_days(spells: pl.DataFrame, policy: CaseWork) -> pl.DataFrame:
    """The working day by which each light of each day of publication is visited: `due` and `is_certain`."""
    calendar = policy.working_days
    rows = []
    for level, published_on in spells.select("level", "flagged_on").unique().iter_rows():
        due = calendar.after(published_on, policy.visit_within(Light(level)) or 0)
        rows.append((level, published_on, due.day, due.is_certain))
    schema = {"level": pl.Int8, "flagged_on": pl.Date, "due": pl.Date, "is_certain": pl.Boolean}
    return pl.DataFrame(rows, schema, orient="row")


def _days_late(due_days: pl.Series, calendar: WorkingDays, today: date) -> pl.DataFrame:
    """The working days from each day on which an open visit is due to today, as `working_days`."""
    rows = [(day, calendar.between(day, today)) for day in due_days.unique()]
    return pl.DataFrame(rows, {"visit_due_on": pl.Date, "working_days": pl.Int32}, orient="row")


def _heard_by(is_open: pl.Expr, is_late: pl.Expr, days_late: pl.Expr, policy: CaseWork) -> pl.Expr:
    """The higher of where somebody handed the open case up to, and where a late visit goes by the policy."""
    handed_up = pl.when(is_open).then("escalated_to")
    county, township = EscalationLevel.COUNTY.value, EscalationLevel.TOWNSHIP.value
    to_county = (handed_up == county).fill_null(False) | (is_late & (days_late >= policy.county_after))
    to_township = (handed_up == township).fill_null(False) | (is_late & (days_late >= policy.township_after))
    return pl.when(to_county).then(pl.lit(county)).when(to_township).then(pl.lit(township))
