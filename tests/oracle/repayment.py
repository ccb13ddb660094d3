"""One loan at as_of: what fell due, what was paid, how late, whether it is open. `known`: as_known then."""

from datetime import date, timedelta
from fractions import Fraction

from tests.oracle.dues import (
    Due,
    LifeRules,
    LoanRows,
    counts_after,
    dues,
    household_paid,
    loan_rows,
    maturity,
    outstanding,
)
from tests.oracle.knowledge import (
    Row,
    Tables,
    fen,
    in_window,
    last_day_of_following_month,
    whole_months_since,
    yuan,
)

LOST = ("compensated", "written_off")


def has_happened(rows: LoanRows, kinds: tuple[str, ...], evening: date) -> bool:
    return any(event["kind"] in kinds and event["occurred_on"] <= evening for event in rows.events)


def is_closed(rows: LoanRows, evening: date, rules: LifeRules) -> bool:
    """Repaid, settled or renewed: it is asked nothing on this evening.

    Reading: what was in arrears before is asked no longer either; a loan repaid is open again on the evening on which a
    reversal or a new drawing leaves more than arrears.least outstanding.
    """
    renewed = any(drawn_on <= evening for drawn_on in rows.renewals)
    repaid = outstanding(rows, evening) <= rules.least
    return renewed or repaid or has_happened(rows, ("settled", "renewed"), evening)


def is_open(rows: LoanRows, evening: date, rules: LifeRules) -> bool:
    ended = is_closed(rows, evening, rules) or has_happened(rows, LOST, evening)
    return rows.drawn_on <= evening and not ended


def loans_open(known: Tables, as_of: date, rules: LifeRules) -> list[Row]:
    loans = [loan for loan in known["loans"] if is_open(loan_rows(known, loan), as_of, rules)]
    return sorted(loans, key=lambda loan: str(loan["loan_id"]))


def due_upto(asked: list[Due], k: int) -> tuple[Fraction, Fraction]:
    """Cumulative principal and interest asked of the household, instalment k included."""
    principal = sum((due.principal for due in asked[: k + 1]), Fraction(0))
    return principal, sum((due.interest for due in asked[: k + 1]), Fraction(0))


def covered_on(rows: LoanRows, asked: list[Due], k: int, evening: date, rules: LifeRules) -> date | None:
    """The day from which on instalment k is covered, up to the evening; date.min where it was from the start.

    Reading: an instalment that asks nothing of the household is covered from the start, whatever is open before it; so
    is one that falls short by no more than arrears.least without any payment.
    """
    if asked[k].asks_nothing:
        return date.min
    after, since = counts_after(rows, evening, rules), None
    principal, interest = due_upto(asked, k)
    days = sorted({row["paid_on"] for row in rows.payments if after < row["paid_on"] <= evening})
    for day in [date.min, *days]:
        short_principal = principal - household_paid(rows, "principal_paid", day, after)
        short_interest = interest - household_paid(rows, "interest_paid", day, after)
        if short_principal > rules.least or short_interest > rules.least:
            since = None
        elif since is None:
            since = day
    return since


def days_late(due: Due, covered: date | None, as_of: date) -> int:
    return max(((covered or as_of) - due.due_on).days, 0)


def oldest_open_due(rows: LoanRows, asked: list[Due], evening: date, rules: LifeRules) -> date | None:
    """The day due of the oldest instalment that is due and not covered; none of a closed loan."""
    if is_closed(rows, evening, rules):
        return None
    for k, due in enumerate(asked):
        if due.due_on <= evening and covered_on(rows, asked, k, evening, rules) is None:
            return due.due_on
    return None


def days_past_due(rows: LoanRows, as_of: date, rules: LifeRules) -> int:
    oldest = oldest_open_due(rows, dues(rows, as_of, rules), as_of, rules)
    return 0 if oldest is None else (as_of - oldest).days


def overdue(rows: LoanRows, as_of: date, rules: LifeRules) -> tuple[Fraction, Fraction]:
    """Principal and interest overdue, each nought where it is no more than arrears.least."""
    if is_closed(rows, as_of, rules):
        return Fraction(0), Fraction(0)
    after = counts_after(rows, as_of, rules)
    fallen_due = [due for due in dues(rows, as_of, rules) if due.due_on <= as_of]
    principal, interest = due_upto(fallen_due, len(fallen_due))
    principal -= household_paid(rows, "principal_paid", as_of, after)
    interest -= household_paid(rows, "interest_paid", as_of, after)
    return more_than_least(principal, rules), more_than_least(interest, rules)


def more_than_least(amount: Fraction, rules: LifeRules) -> Fraction:
    return amount if amount > rules.least else Fraction(0)


def overdue_amount(rows: LoanRows, as_of: date, rules: LifeRules) -> Fraction:
    return sum(overdue(rows, as_of, rules), Fraction(0))


def subsidy_overdue(rows: LoanRows, as_of: date, rules: LifeRules) -> Fraction:
    """The state's part due less what the state paid.

    Reading: arrears.least does not hold for it; both columns of a payment by payer subsidy count; against a rest only
    those after it; with manner refund the state owes the bank nothing; nothing of a closed loan.
    """
    if is_closed(rows, as_of, rules):
        return Fraction(0)
    after = counts_after(rows, as_of, rules)
    due = sum((due.state_interest for due in dues(rows, as_of, rules) if due.due_on <= as_of), Fraction(0))
    for row in rows.payments:
        if row["payer"] == "subsidy" and after < row["paid_on"] <= as_of:
            due -= fen(row["principal_paid"]) + fen(row["interest_paid"])
    return max(due, Fraction(0))


def days_late_in_window(rows: LoanRows, as_of: date, months: int, rules: LifeRules) -> list[int]:
    asked = dues(rows, as_of, rules)
    fallen_due = [k for k, due in enumerate(asked) if in_window(due.due_on, as_of, months)]
    return [days_late(asked[k], covered_on(rows, asked, k, as_of, rules), as_of) for k in fallen_due]


def paid_share_12m(rows: LoanRows, as_of: date, payers: tuple[str, ...] | None, rules: LifeRules) -> float | None:
    """Paid in the window / the whole due in the window, the state's part included; payers None: by anyone.

    Reading: the interest due is what is asked (limited by the outstanding principal); payments that a rest took into
    account are left out; by anyone counts the state's payments, with manner refund too.
    """
    after, due, paid = counts_after(rows, as_of, rules), Fraction(0), 0
    for one in dues(rows, as_of, rules):
        if in_window(one.due_on, as_of, 12):
            due += one.principal + one.interest + one.state_interest
    for payment in rows.payments:
        in_time = in_window(payment["paid_on"], as_of, 12) and payment["paid_on"] > after
        if in_time and (payers is None or payment["payer"] in payers):
            paid += fen(payment["principal_paid"]) + fen(payment["interest_paid"])
    return float(paid / due) if due > 0 else None


def due_between(rows: LoanRows, as_of: date, until: date, rules: LifeRules) -> Fraction:
    """In fen, what is asked of the household in (as_of, until]."""
    coming = [due for due in dues(rows, as_of, rules) if as_of < due.due_on <= until]
    return sum((due.principal + due.interest for due in coming), Fraction(0))


def due_next(rows: LoanRows, as_of: date, months: int, rules: LifeRules) -> Fraction:
    return due_between(rows, as_of, last_day_of_following_month(as_of, months), rules)


def days_to_maturity(rows: LoanRows, as_of: date) -> int:
    return (maturity(rows, as_of) - as_of).days


def loan_until(rows: LoanRows, as_of: date) -> date:
    """The day repayment_cover looks to: maturity, at least as_of and at most 365 days on."""
    return as_of + timedelta(days=min(max(days_to_maturity(rows, as_of), 0), 365))


def repayment_features(rows: LoanRows, as_of: date, rules: LifeRules) -> dict[str, float | None]:
    late_6m = days_late_in_window(rows, as_of, 6, rules)
    late_12m = days_late_in_window(rows, as_of, 12, rules)
    overdue_principal, overdue_interest = overdue(rows, as_of, rules)
    return {
        "days_past_due": days_past_due(rows, as_of, rules),
        "overdue_principal": yuan(overdue_principal),
        "overdue_interest": yuan(overdue_interest),
        "overdue_amount": yuan(overdue_principal + overdue_interest),
        "subsidy_overdue": yuan(subsidy_overdue(rows, as_of, rules)),
        "outstanding_principal": yuan(outstanding(rows, as_of)),
        "days_to_maturity": days_to_maturity(rows, as_of),
        "months_on_book": whole_months_since(rows.drawn_on, as_of),
        "days_late_max_6m": max(late_6m, default=0),
        "days_late_max_12m": max(late_12m, default=0),
        "late_instalments_12m": sum(1 for days in late_12m if days > 0),
        "paid_share_12m": paid_share_12m(rows, as_of, None, rules),
        "borrower_paid_share_12m": paid_share_12m(rows, as_of, ("borrower",), rules),
        "due_next_3m": yuan(due_next(rows, as_of, 3, rules)),
        "due_next_6m": yuan(due_next(rows, as_of, 6, rules)),
    }
