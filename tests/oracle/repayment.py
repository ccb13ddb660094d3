"""One loan at as_of: what fell due, what was paid, how late, whether it is open. `known`: as_known then."""

from datetime import date, timedelta

from tests.oracle.knowledge import (
    Row,
    Tables,
    fen,
    in_window,
    last_day_of_following_month,
    rows_of,
    whole_months_since,
    yuan,
)


def schedule_of(known: Tables, loan_id: str, schedule_no: int) -> list[Row]:
    rows = rows_of(known, "instalments", "loan_id", loan_id)
    return sorted((row for row in rows if row["schedule_no"] == schedule_no), key=lambda row: row["due_on"])


def schedule_in_force(known: Tables, loan_id: str) -> list[Row]:
    numbers = [row["schedule_no"] for row in rows_of(known, "instalments", "loan_id", loan_id)]
    return schedule_of(known, loan_id, max(numbers)) if numbers else []


def payments_of(known: Tables, loan_id: str) -> list[Row]:
    return rows_of(known, "payments", "loan_id", loan_id)


def payment_days(payments: list[Row]) -> list[date]:
    return sorted(payment["paid_on"] for payment in payments)


def paid_by(payments: list[Row], column: str, day: date) -> int:
    return sum(fen(payment[column]) for payment in payments if payment["paid_on"] <= day)


def due_upto(schedule: list[Row], column: str, k: int) -> int:
    return sum(fen(instalment[column]) for instalment in schedule[: k + 1])


def covered_on(schedule: list[Row], payments: list[Row], k: int) -> date | None:
    """The first day cumulative principal and interest paid both reach what was due up to instalment k."""
    principal, interest = due_upto(schedule, "principal_due", k), due_upto(schedule, "interest_due", k)
    if principal == 0 and interest == 0:
        return date.min
    for day in payment_days(payments):
        enough_principal = paid_by(payments, "principal_paid", day) >= principal
        if enough_principal and paid_by(payments, "interest_paid", day) >= interest:
            return day
    return None


def days_late(schedule: list[Row], payments: list[Row], k: int, as_of: date) -> int:
    covered = covered_on(schedule, payments, k)
    due_on: date = schedule[k]["due_on"]
    return max(((covered or as_of) - due_on).days, 0)


def days_past_due(known: Tables, loan_id: str, as_of: date) -> int:
    schedule, payments = schedule_in_force(known, loan_id), payments_of(known, loan_id)
    for k, instalment in enumerate(schedule):
        if instalment["due_on"] <= as_of and covered_on(schedule, payments, k) is None:
            return int((as_of - instalment["due_on"]).days)
    return 0


def overdue(known: Tables, loan_id: str, as_of: date, part: str) -> int:
    """In fen; part is principal or interest."""
    due = 0
    for instalment in schedule_in_force(known, loan_id):
        if instalment["due_on"] <= as_of:
            due += fen(instalment[part + "_due"])
    return max(due - paid_by(payments_of(known, loan_id), part + "_paid", as_of), 0)


def overdue_amount(known: Tables, loan_id: str, as_of: date) -> int:
    return overdue(known, loan_id, as_of, "principal") + overdue(known, loan_id, as_of, "interest")


def outstanding_principal(known: Tables, loan: Row, as_of: date) -> int:
    return fen(loan["principal"]) - paid_by(payments_of(known, loan["loan_id"]), "principal_paid", as_of)


def is_open(known: Tables, loan: Row, as_of: date) -> bool:
    for event in rows_of(known, "loan_events", "loan_id", loan["loan_id"]):
        if event["kind"] in ("settled", "compensated", "written_off"):
            return False
    return bool(loan["originated_on"] <= as_of) and outstanding_principal(known, loan, as_of) > 0


def loans_open(known: Tables, as_of: date) -> list[Row]:
    loans = [loan for loan in known["loans"] if is_open(known, loan, as_of)]
    return sorted(loans, key=lambda loan: str(loan["loan_id"]))


def maturity_in_force(known: Tables, loan: Row) -> date:
    """The promise made last; of two made and heard of on the same days, the later maturity."""
    events = rows_of(known, "loan_events", "loan_id", loan["loan_id"])
    promises = [event for event in events if event["new_matures_on"] is not None]
    promises.sort(key=lambda event: (event["occurred_on"], event["known_on"], event["new_matures_on"]))
    maturity: date = promises[-1]["new_matures_on"] if promises else loan["matures_on"]
    return maturity


def days_to_maturity(known: Tables, loan: Row, as_of: date) -> int:
    return (maturity_in_force(known, loan) - as_of).days


def days_late_in_window(known: Tables, loan_id: str, as_of: date, months: int) -> list[int]:
    schedule, payments = schedule_in_force(known, loan_id), payments_of(known, loan_id)
    due = [k for k, instalment in enumerate(schedule) if in_window(instalment["due_on"], as_of, months)]
    return [days_late(schedule, payments, k, as_of) for k in due]


def paid_share_12m(known: Tables, loan_id: str, as_of: date, payers: tuple[str, ...] | None) -> float | None:
    due = paid = 0
    for instalment in schedule_in_force(known, loan_id):
        if in_window(instalment["due_on"], as_of, 12):
            due += fen(instalment["principal_due"]) + fen(instalment["interest_due"])
    for payment in payments_of(known, loan_id):
        if in_window(payment["paid_on"], as_of, 12) and (payers is None or payment["payer"] in payers):
            paid += fen(payment["principal_paid"]) + fen(payment["interest_paid"])
    return paid / due if due > 0 else None


def due_between(known: Tables, loan_id: str, after: date, until: date) -> int:
    """In fen, principal and interest of instalments due in (after, until]."""
    due = 0
    for instalment in schedule_in_force(known, loan_id):
        if after < instalment["due_on"] <= until:
            due += fen(instalment["principal_due"]) + fen(instalment["interest_due"])
    return due


def due_next(known: Tables, loan_id: str, as_of: date, months: int) -> int:
    return due_between(known, loan_id, as_of, last_day_of_following_month(as_of, months))


def loan_until(known: Tables, loan: Row, as_of: date) -> date:
    """The day repayment_cover looks to: maturity, at least as_of and at most 365 days on."""
    return as_of + timedelta(days=min(max(days_to_maturity(known, loan, as_of), 0), 365))


def repayment_features(known: Tables, loan: Row, as_of: date) -> dict[str, float | None]:
    loan_id = loan["loan_id"]
    late_6m = days_late_in_window(known, loan_id, as_of, 6)
    late_12m = days_late_in_window(known, loan_id, as_of, 12)
    return {
        "days_past_due": days_past_due(known, loan_id, as_of),
        "overdue_principal": yuan(overdue(known, loan_id, as_of, "principal")),
        "overdue_interest": yuan(overdue(known, loan_id, as_of, "interest")),
        "overdue_amount": yuan(overdue_amount(known, loan_id, as_of)),
        "outstanding_principal": yuan(outstanding_principal(known, loan, as_of)),
        "days_to_maturity": days_to_maturity(known, loan, as_of),
        "months_on_book": whole_months_since(loan["originated_on"], as_of),
        "days_late_max_6m": max(late_6m, default=0),
        "days_late_max_12m": max(late_12m, default=0),
        "late_instalments_12m": sum(1 for days in late_12m if days > 0),
        "paid_share_12m": paid_share_12m(known, loan_id, as_of, None),
        "borrower_paid_share_12m": paid_share_12m(known, loan_id, as_of, ("borrower",)),
        "due_next_3m": yuan(due_next(known, loan_id, as_of, 3)),
        "due_next_6m": yuan(due_next(known, loan_id, as_of, 6)),
    }
