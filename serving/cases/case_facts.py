"""What is recorded of each loan's cases: state, who is responsible, next step, last visit, call and promise."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.months import COUNTY_ZONE
from serving.access.scope import Scope
from serving.cases.kinds import CaseEventKind, CaseOutcome
from serving.database.tables import Case, CaseEvent

_CASE_COLUMNS = {
    "loan_id": FrameColumn(pl.String(), "The loan."),
    "case_id": FrameColumn(pl.Int64(), "Number of its newest case."),
    "case_state": FrameColumn(pl.String(), "open or closed."),
    "responsible": FrameColumn(pl.String(), "Account that the open case is assigned to; null for nobody."),
    "next_step": FrameColumn(pl.String(), "What is planned next in the open case."),
    "next_step_on": FrameColumn(pl.Date(), "The day of the next step."),
    "snoozed_until": FrameColumn(pl.Date(), "The day to which the open case is put off."),
    "escalated_to": FrameColumn(pl.String(), "township or county, where somebody handed the open case up."),
}
CASE_FACTS_SCHEMA = FrameSchema(
    {
        **_CASE_COLUMNS,
        "promised_on": FrameColumn(pl.Date(), "The day of the newest promise in the open case."),
        "promised_yuan": FrameColumn(pl.Float64(), "The sum that it promises, yuan."),
        "promise_recorded_on": FrameColumn(pl.Date(), "The day in the county on which it was recorded."),
        "visited_on": FrameColumn(pl.Date(), "The newest visit in any case of the loan."),
        "joint_on": FrameColumn(pl.Date(), "The newest visit of bank and township together."),
        "called_on": FrameColumn(pl.Date(), "The newest call in any case of the loan."),
        "closed_on": FrameColumn(
            pl.Date(), "The day in the county on which a case was last closed, except as `unreachable`."
        ),
    }
)
_OF_OPEN_CASES = ("responsible", "next_step", "next_step_on", "snoozed_until", "escalated_to")
_DAYS = {"loan_id": pl.String, "day": pl.Date}
_PROMISE = {
    "loan_id": pl.String,
    "promised_on": pl.Date,
    "promised_yuan": pl.Float64,
    "promise_recorded_on": pl.Date,
}


@returns(CASE_FACTS_SCHEMA)
def case_facts(session: Session, scope: Scope, loans: Sequence[str] | None = None) -> pl.DataFrame:
    """A row for each loan with a case within a scope, sorted by loan_id, in the columns of CASE_FACTS_SCHEMA.

    No text is read but the next step's. loans: only these; None for all.
    """
    condition = scope.case_condition()
    if loans is not None:
        condition &= Case.loan_id.in_(loans)
    columns = (Case.loan_id, Case.number, Case.state, *(getattr(Case, name) for name in _OF_OPEN_CASES))
    rows = session.execute(select(*columns).where(condition).order_by(Case.id)).all()
    cases = pl.DataFrame([tuple(row) for row in rows], FrameSchema(_CASE_COLUMNS).dtypes, orient="row")
    is_open = pl.col("case_state") == "open"
    facts = cases.unique("loan_id", keep="last").sort("loan_id")
    facts = facts.with_columns(pl.when(is_open).then(pl.col(_OF_OPEN_CASES)))

    def newest_day(*conditions: ColumnElement[bool]) -> pl.DataFrame:
        query = select(Case.loan_id, func.max(CaseEvent.on_date)).join(CaseEvent, CaseEvent.case_id == Case.id)
        found = session.execute(query.where(condition, *conditions).group_by(Case.loan_id)).all()
        return pl.DataFrame([tuple(row) for row in found], _DAYS, orient="row")

    facts = facts.join(_last_promises(session, condition), on="loan_id", how="left", maintain_order="left")
    days = {
        "visited_on": newest_day(CaseEvent.kind == CaseEventKind.VISIT.value),
        "joint_on": newest_day(CaseEvent.kind == CaseEventKind.VISIT.value, CaseEvent.joint.is_(True)),
        "called_on": newest_day(CaseEvent.kind == CaseEventKind.CALL.value),
        "closed_on": _last_closings(session, condition),
    }
    for name, frame in days.items():
        facts = facts.join(frame.rename({"day": name}), on="loan_id", how="left", maintain_order="left")
    return facts


def _last_promises(session: Session, condition: ColumnElement[bool]) -> pl.DataFrame:
    """The newest promise of each open case: its day, sum, and day of recording."""
    columns = (Case.loan_id, CaseEvent.on_date, CaseEvent.amount, CaseEvent.at)
    query = select(*columns).join(CaseEvent, CaseEvent.case_id == Case.id)
    of_open_cases = (Case.state == "open", CaseEvent.kind == CaseEventKind.PROMISE.value)
    rows = session.execute(query.where(condition, *of_open_cases).order_by(CaseEvent.id)).all()
    promises = [(*row[:3], row.at.astimezone(COUNTY_ZONE).date()) for row in rows]
    return pl.DataFrame(promises, _PROMISE, orient="row").unique("loan_id", keep="last")


def _last_closings(session: Session, condition: ColumnElement[bool]) -> pl.DataFrame:
    """The day on which each loan's cases were last closed; one whose household could not be reached does not count."""
    query = select(Case.loan_id, CaseEvent.at).join(CaseEvent, CaseEvent.case_id == Case.id)
    is_closing = (CaseEvent.kind == CaseEventKind.OUTCOME.value, CaseEvent.outcome != CaseOutcome.UNREACHABLE.value)
    rows = session.execute(query.where(condition, *is_closing).order_by(CaseEvent.id)).all()
    days = [(loan_id, at.astimezone(COUNTY_ZONE).date()) for loan_id, at in rows]
    return pl.DataFrame(days, _DAYS, orient="row").unique("loan_id", keep="last")
