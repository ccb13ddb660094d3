"""What came of cases: a frame for analysis, and officer against light, judged by the months that followed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from features.months import months_after
from serving.cases.kinds import Kind
from serving.cases.repository import events_of
from serving.database.tables import Case, CaseEvent
from serving.months.repository import Published

MONTHS_WATCHED, BAD_AFTER_DAYS = 6, 30
_SCHEMA: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "case_id": pl.Int64,
    "loan_id": pl.String,
    "as_of": pl.Date,
    "light": pl.String,
    "judgement": pl.String,
    "judged_by": pl.String,
    "visits": pl.Int64,
    "promised_on": pl.Date,
    "promised_amount": pl.Float64,
    "objections": pl.Int64,
    "outcome": pl.String,
    "closed_at": pl.Datetime("us", "UTC"),
}


def outcomes(session: Session) -> pl.DataFrame:
    """A row for each case: the light it was opened on, the officer's newest judgement, how it ended.

    No text is in it: what was written about a household stays in the case.
    """
    cases = session.scalars(select(Case).order_by(Case.id)).all()
    events = events_of(session, cases)
    return pl.DataFrame([_row(case, events[case.id]) for case in cases], _SCHEMA)


def overrides(judged: pl.DataFrame, published: Published) -> pl.DataFrame:
    """By light and judgement: how many, how many are known by now, how many went bad, and who was right how often.

    A light or a judgement other than green says risk. Known: the loan went bad (30 days past due) within six months
    after as_of in the published months, or these months are all published.
    """
    rows = judged.drop_nulls("judgement").with_columns(_went_bad(judged.drop_nulls("judgement"), published))
    risk = {name: pl.col(name) != "green" for name in ("light", "judgement")}
    right = {name: (said == pl.col("went_bad")) for name, said in risk.items()}
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


def _row(case: Case, events: Sequence[CaseEvent]) -> dict[str, object]:
    judged = [event for event in events if event.judgement]
    promised = [event for event in events if event.kind == Kind.PROMISE]
    ended = [event.outcome for event in events if event.outcome]
    return {
        "case_id": case.id,
        "loan_id": case.loan_id,
        "as_of": case.as_of,
        "light": case.light,
        "judgement": judged[-1].judgement if judged else None,
        "judged_by": judged[-1].by if judged else None,
        "visits": sum(event.kind == Kind.VISIT for event in events),
        "promised_on": promised[-1].on_date if promised else None,
        "promised_amount": promised[-1].amount if promised else None,
        "objections": sum(event.kind == Kind.OBJECTION for event in events),
        "outcome": ended[-1] if ended else None,
        "closed_at": case.closed_at,
    }


def _went_bad(rows: pl.DataFrame, published: Published) -> pl.Series:
    months = published.months()
    pairs = list(rows.select("loan_id", "as_of").iter_rows())
    first = min((as_of for _, as_of in pairs), default=date.max)
    bad = {month: _bad_loans(published, month) for month in months if month > first}
    found = [_fate(loan, as_of, bad, months) for loan, as_of in pairs]
    return pl.Series("went_bad", found, pl.Boolean)


def _fate(loan: str, as_of: date, bad: dict[date, set[str]], months: Sequence[date]) -> bool | None:
    watched = [months_after(as_of, ahead) for ahead in range(1, MONTHS_WATCHED + 1)]
    if any(loan in bad.get(month, ()) for month in watched):
        return True
    return False if set(watched) <= set(months) else None


def _bad_loans(published: Published, month: date) -> set[str]:
    late = published.month(month).scan("warnings").filter(pl.col("days_past_due") >= BAD_AFTER_DAYS)
    return set(late.select("loan_id").collect()["loan_id"])
