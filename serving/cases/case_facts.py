"""What is recorded of each loan's cases: state, who is responsible, next step, last visit, call and promise."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.months import COUNTY_ZONE
from serving.access.scope import Scope
from serving.cases.kinds import CaseEventKind
from serving.database.tables import Case, CaseEvent

_CASE_COLUMNS = {
    "loan_id": FrameColumn(pl.String(), "The loan."),
    "case_id": FrameColumn(pl.Int64(), "Number of its newest case."),
    "case_state": FrameColumn(pl.String(), "open or closed."),
    "responsible": FrameColumn(pl.String(), "Name of the account that the case is assigned to; null for nobody."),
    "next_step": FrameColumn(pl.String(), "What is planned next."),
    "next_step_on": FrameColumn(pl.Date(), "The day of the next step."),
    "snoozed_until": FrameColumn(pl.Date(), "The day to which the case is put off."),
    "escalated_to": FrameColumn(pl.String(), "township or county, where somebody handed the case up."),
    "closed_on": FrameColumn(pl.Date(), "The day in the county on which the case was closed."),
}
CASE_FACTS_SCHEMA = FrameSchema(
    {
        **_CASE_COLUMNS,
        "visited_on": FrameColumn(pl.Date(), "The newest visit in any case of the loan."),
        "called_on": FrameColumn(pl.Date(), "The newest call in any case of the loan."),
        "promised_on": FrameColumn(pl.Date(), "The newest day for which a payment was promised in any case of it."),
    }
)
_EVENT_COLUMNS = {
    "visited_on": CaseEventKind.VISIT,
    "called_on": CaseEventKind.CALL,
    "promised_on": CaseEventKind.PROMISE,
}


@returns(CASE_FACTS_SCHEMA)
def case_facts(session: Session, scope: Scope, loans: Sequence[str] | None = None) -> pl.DataFrame:
    """A row for each loan with a case within a scope, sorted by loan_id, in the columns of CASE_FACTS_SCHEMA.

    No text is read but the next step's. loans: only these; None for all.
    """
    columns = (
        *(Case.loan_id, Case.id, Case.state, Case.responsible, Case.next_step, Case.next_step_on),
        *(Case.snoozed_until, Case.escalated_to, Case.closed_at),
    )
    condition = scope.case_condition()
    if loans is not None:
        condition &= Case.loan_id.in_(loans)
    rows = [
        (*row[:-1], None if row.closed_at is None else row.closed_at.astimezone(COUNTY_ZONE).date())
        for row in session.execute(select(*columns).where(condition).order_by(Case.id))
    ]
    cases = pl.DataFrame(rows, FrameSchema(_CASE_COLUMNS).dtypes, orient="row")
    facts = cases.unique("loan_id", keep="last").sort("loan_id")
    newest = (
        select(Case.loan_id, CaseEvent.kind, func.max(CaseEvent.on_date))
        .join(CaseEvent, CaseEvent.case_id == Case.id)
        .where(condition, CaseEvent.kind.in_([kind.value for kind in _EVENT_COLUMNS.values()]))
        .group_by(Case.loan_id, CaseEvent.kind)
    )
    schema = {"loan_id": pl.String, "kind": pl.String, "on_date": pl.Date}
    events = pl.DataFrame([tuple(row) for row in session.execute(newest)], schema, orient="row")
    for name, kind in _EVENT_COLUMNS.items():
        days = events.filter(pl.col("kind") == kind.value).select("loan_id", pl.col("on_date").alias(name))
        facts = facts.join(days, on="loan_id", how="left", maintain_order="left")
    return facts
