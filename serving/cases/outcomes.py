"""Outcomes of cases: a frame for analysis, and how often officer and light were right where they differed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.months import month_end_after
from models.visit_effect.visited_loans import VISITS_SCHEMA
from serving.access.scope import Scope
from serving.cases.kinds import CaseEventKind
from serving.cases.repository import events_by_case
from serving.database.tables import Case, CaseEvent
from serving.months.repository import MonthRepository

MONTHS_WATCHED, BAD_AFTER_DAYS = 6, 30
CASE_OUTCOMES = FrameSchema(
    {
        "case_id": FrameColumn(pl.Int64(), "number of the case"),
        "loan_id": FrameColumn(pl.String(), "the loan it is on"),
        "as_of": FrameColumn(pl.Date(), "month end of the warning it was opened on"),
        "light": FrameColumn(pl.String(), "light of that warning"),
        "judgement": FrameColumn(pl.String(), "the officer's newest judgement as a light; null without one"),
        "judged_by": FrameColumn(pl.String(), "account name of that officer"),
        "visits": FrameColumn(pl.Int64(), "number of visits"),
        "promised_on": FrameColumn(pl.Date(), "day of the newest promised payment"),
        "promised_amount": FrameColumn(pl.Float64(), "amount of that promise, yuan"),
        "objections": FrameColumn(pl.Int64(), "number of the household's objections"),
        "outcome": FrameColumn(pl.String(), "how the case ended; null while it is open"),
        "closed_at": FrameColumn(pl.Datetime("us", "UTC"), "when it ended"),
    }
)
OVERRIDE_COUNTS = FrameSchema(
    {
        "light": FrameColumn(pl.String(), "the published light"),
        "judgement": FrameColumn(pl.String(), "the officer's judgement as a light"),
        "cases": FrameColumn(pl.UInt32(), "number of cases with a judgement"),
        "known": FrameColumn(pl.UInt32(), "number of these for which it is known by now whether the loan went bad"),
        "went_bad": FrameColumn(pl.UInt32(), "number of these that went bad"),
        "light_right": FrameColumn(
            pl.UInt32(), "number in which the light was right: not green, and the loan went bad"
        ),
        "officer_right": FrameColumn(pl.UInt32(), "number in which the officer's judgement was right"),
    }
)


@returns(CASE_OUTCOMES)
def case_outcomes(session: Session) -> pl.DataFrame:
    """A row for each case: the light it was opened on, the officer's newest judgement, and the outcome.

    Texts are left out: what was written about a household stays in the case.
    """
    cases = session.scalars(select(Case).order_by(Case.id)).all()
    events = events_by_case(session, cases)
    return pl.DataFrame([_outcome_row(case, events[case.id]) for case in cases], CASE_OUTCOMES.dtypes)


@returns(VISITS_SCHEMA)
def visit_days(session: Session) -> pl.DataFrame:
    """Loan and day of every visit, each pair once, sorted; nothing else of a case, and no text."""
    query = select(Case.loan_id, CaseEvent.on_date).join(CaseEvent, CaseEvent.case_id == Case.id)
    rows = session.execute(query.where(CaseEvent.kind == CaseEventKind.VISIT)).all()
    return pl.DataFrame([tuple(row) for row in rows], VISITS_SCHEMA.dtypes, orient="row").unique().sort(pl.all())


def outcome_counts(session: Session, scope: Scope, since: datetime) -> dict[str, int]:
    """How many cases of a scope ended since a moment, by outcome, the most frequent first."""
    query = (
        select(CaseEvent.outcome, func.count(Case.id.distinct()))
        .join(Case, CaseEvent.case_id == Case.id)
        .where(scope.case_condition(), CaseEvent.outcome.is_not(None), Case.closed_at >= since)
        .group_by(CaseEvent.outcome)
    )
    counts = {str(outcome): int(cases) for outcome, cases in session.execute(query)}
    return dict(sorted(counts.items(), key=lambda one: (-one[1], one[0])))


@returns(OVERRIDE_COUNTS)
def override_counts(outcomes: pl.DataFrame, months: MonthRepository) -> pl.DataFrame:
    """By light and judgement, how many cases there are, how many loans went bad, and how often each was right.

    outcomes: from `case_outcomes`. A light or judgement other than green foretells that the loan goes bad. The result
    is known where the loan went bad (30 days past due) within six months after as_of in the published months, or where
    all these months are published.
    """
    judged_cases = outcomes.drop_nulls("judgement")
    rows = judged_cases.with_columns(_went_bad(judged_cases, months))
    right = {name: (pl.col(name) != "green") == pl.col("went_bad") for name in ("light", "judgement")}
    return (
        rows.group_by("light", "judgement")
        .agg(
            pl.len().alias("cases"),
            pl.col("went_bad").is_not_null().sum().alias("known"),
            pl.col("went_bad").sum().alias("went_bad"),
            right["light"].sum().alias("light_right"),
            right["judgement"].sum().alias("officer_right"),
        )
        .sort("light", "judgement")
    )


def _outcome_row(case: Case, events: Sequence[CaseEvent]) -> dict[str, object]:
    judgements = [event for event in events if event.judgement]
    promises = [event for event in events if event.kind == CaseEventKind.PROMISE]
    outcomes = [event.outcome for event in events if event.outcome]
    return {
        "case_id": case.number,
        "loan_id": case.loan_id,
        "as_of": case.as_of,
        "light": case.light,
        "judgement": judgements[-1].judgement if judgements else None,
        "judged_by": judgements[-1].by if judgements else None,
        "visits": sum(event.kind == CaseEventKind.VISIT for event in events),
        "promised_on": promises[-1].on_date if promises else None,
        "promised_amount": promises[-1].amount if promises else None,
        "objections": sum(event.kind == CaseEventKind.OBJECTION for event in events),
        "outcome": outcomes[-1] if outcomes else None,
        "closed_at": case.closed_at,
    }


def _went_bad(judged_cases: pl.DataFrame, repository: MonthRepository) -> pl.Series:
    """For each case, whether its loan went bad within `MONTHS_WATCHED`; null while not all months are published."""
    months = repository.months()
    pairs = list(judged_cases.select("loan_id", "as_of").iter_rows())
    first = min((as_of for _, as_of in pairs), default=date.max)
    bad_loans: dict[date, set[str]] = {}
    for month in (each for each in months if each > first):
        overdue = repository.month(month).scan("warnings").filter(pl.col("days_past_due") >= BAD_AFTER_DAYS)
        bad_loans[month] = set(overdue.select("loan_id").collect()["loan_id"])

    def went_bad(loan: str, as_of: date) -> bool | None:
        watched = [month_end_after(as_of, ahead) for ahead in range(1, MONTHS_WATCHED + 1)]
        if any(loan in bad_loans.get(month, ()) for month in watched):
            return True
        return False if set(watched) <= set(months) else None

    return pl.Series("went_bad", [went_bad(loan, as_of) for loan, as_of in pairs], pl.Boolean)
