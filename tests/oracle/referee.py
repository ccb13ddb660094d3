"""The referee: contract section 2 in plain loops, slow and obvious, to judge the fast implementation."""

from datetime import date, timedelta

from tests.oracle.household import household_features
from tests.oracle.knowledge import (
    Row,
    Tables,
    as_known,
    fen,
    last_day_of_following_month,
    rows_known,
    rows_of,
)
from tests.oracle.repayment import (
    covered_on,
    loans_open,
    paid_by,
    payment_days,
    payments_of,
    repayment_features,
    schedule_of,
)

__all__ = ["Tables", "bad_on", "cohort", "features", "label", "open_loans"]


def open_loans(tables: Tables, as_of: date) -> list[str]:
    return [loan["loan_id"] for loan in loans_open(as_known(tables, as_of), as_of)]


def features(tables: Tables, as_of: date) -> dict[str, dict[str, float | None]]:
    """Every feature of section 2 for every open loan; None is missing."""
    known = as_known(tables, as_of)
    return {
        loan["loan_id"]: repayment_features(known, loan, as_of) | household_features(known, loan, as_of)
        for loan in loans_open(known, as_of)
    }


def bad_on(tables: Tables, loan_id: str, bad_after_days: int, known_by: date | None) -> date | None:
    """The first day it is bad_after_days past due, compensated or written off; known_by None: by all data."""
    horizon = known_by or date.max
    known = as_known(tables, horizon)
    candidates = event_days(known, loan_id, ("compensated", "written_off"))
    for loan in rows_of(known, "loans", "loan_id", loan_id):
        for schedule_no in schedule_starts(tables, loan_id, horizon):
            candidates += days_gone_bad(tables, known, loan, schedule_no, bad_after_days, horizon)
    return min(candidates, default=None)


def days_gone_bad(
    tables: Tables, known: Tables, loan: Row, schedule_no: int, bad_after_days: int, horizon: date
) -> list[date]:
    """The days on which an instalment of the schedule, in force that day, was not covered in time."""
    loan_id = loan["loan_id"]
    schedule, payments = schedule_of(known, loan_id, schedule_no), payments_of(known, loan_id)
    settled = event_days(known, loan_id, ("settled",))
    repaid = principal_repaid_on(known, loan)
    days = []
    for k, instalment in enumerate(schedule):
        day = instalment["due_on"] + timedelta(days=bad_after_days)
        if day > horizon or in_force_on(tables, loan_id, horizon, day) != schedule_no:
            continue
        if any(settled_on <= day for settled_on in settled):
            continue
        if repaid is not None and instalment["due_on"] > repaid:
            continue
        covered = covered_on(schedule, payments, k)
        if covered is None or covered > day:
            days.append(day)
    return days


def schedule_starts(tables: Tables, loan_id: str, horizon: date) -> dict[int, date]:
    """The lowest schedule has always been in force; a higher one since the first of its rows became known."""
    starts: dict[int, date] = {}
    for row in rows_known(tables, "instalments", horizon):
        if row["loan_id"] == loan_id:
            starts[row["schedule_no"]] = min(starts.get(row["schedule_no"], date.max), row["known_on"])
    if starts:
        starts[min(starts)] = date.min
    return starts


def in_force_on(tables: Tables, loan_id: str, horizon: date, day: date) -> int:
    starts = schedule_starts(tables, loan_id, horizon)
    return max(schedule_no for schedule_no, start in starts.items() if start <= day)


def principal_repaid_on(known: Tables, loan: Row) -> date | None:
    payments = payments_of(known, loan["loan_id"])
    for day in payment_days(payments):
        if paid_by(payments, "principal_paid", day) >= fen(loan["principal"]):
            return day
    return None


def event_days(known: Tables, loan_id: str, kinds: tuple[str, ...]) -> list[date]:
    events = rows_of(known, "loan_events", "loan_id", loan_id)
    return [event["occurred_on"] for event in events if event["kind"] in kinds]


def cohort(tables: Tables, as_of: date, bad_after_days: int) -> list[str]:
    """Open loans that, by what was known at as_of, have not gone bad."""
    loans = open_loans(tables, as_of)
    return [loan_id for loan_id in loans if bad_on(tables, loan_id, bad_after_days, as_of) is None]


def label(tables: Tables, loan_id: str, as_of: date, horizon_months: int, bad_after_days: int) -> bool | None:
    """Whether it goes bad after as_of, to the end of the horizon; None: it was bad already, left out."""
    day = bad_on(tables, loan_id, bad_after_days, None)
    if day is not None and day <= as_of:
        return None
    return day is not None and day <= last_day_of_following_month(as_of, horizon_months)
