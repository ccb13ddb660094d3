"""What a loan is asked for on an evening: the schedule in force, moved by extensions, the rest due on maturity.

Amounts are exact: whole fen as int or Fraction, never rounded on the way. An evening is a day that has ended: payments
with paid_on, events with occurred_on and schedules in force up to that day count, nothing later. What is known (and
so corrected, healed or withdrawn) is settled before, by `as_known`.
"""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from tests.oracle.knowledge import Row, Tables, fen, rows_of

# Reading: `arrears.least` takes the place of the tolerance of 0.005 yuan; amounts are compared exactly.


@dataclass(frozen=True)
class LifeRules:
    """The numbers of the policy and the plan: days until bad, the small sum in fen, what ends probation."""

    bad_after_days: int = 30
    least: int = 100
    cure_instalments: int = 2
    cure_months: int = 6


@dataclass(frozen=True)
class Due:
    """What falls due on one day, in fen: principal, the household's part of the interest, the state's part."""

    due_on: date
    principal: Fraction
    interest: Fraction
    state_interest: Fraction

    @property
    def asks_nothing(self) -> bool:
        """Whether nothing is asked of the household."""
        return self.principal == 0 and self.interest == 0


@dataclass(frozen=True)
class LoanRows:
    """The rows known of one loan, in order of their days.

    `starts` says from which day a schedule is in force; `renewals` are the drawdowns of loans that renew this one.
    """

    loan: Row
    schedules: dict[int, list[Row]]
    starts: dict[int, date]
    payments: list[Row]
    events: list[Row]
    renewals: list[date]

    @property
    def principal(self) -> int:
        return fen(self.loan["principal"])

    @property
    def drawn_on(self) -> date:
        drawn_on: date = self.loan["originated_on"]
        return drawn_on


def loan_rows(known: Tables, loan: Row) -> LoanRows:
    loan_id, schedules = loan["loan_id"], dict[int, list[Row]]()
    for row in sorted(rows_of(known, "instalments", "loan_id", loan_id), key=lambda row: row["due_on"]):
        schedules.setdefault(row["schedule_no"], []).append(row)
    # Reading: a schedule delivered again under its number is in force since its number first became known, with the
    # content of the newest delivery; that first day is also the day "when it became known" for rests and extensions.
    starts = {number: rows[0]["first_known_on"] for number, rows in schedules.items()}
    # Section 1: a payment before drawdown is set aside and repays nothing.
    payments = [
        row for row in rows_of(known, "payments", "loan_id", loan_id) if row["paid_on"] >= loan["originated_on"]
    ]
    events = rows_of(known, "loan_events", "loan_id", loan_id)
    renewals = [
        other["originated_on"] for other in rows_of(known, "loans", "renews_loan_id", loan_id) if other is not loan
    ]
    return LoanRows(
        loan,
        schedules,
        starts,
        sorted(payments, key=lambda row: row["paid_on"]),
        sorted(events, key=lambda row: row["occurred_on"]),
        sorted(renewals),
    )


def is_of_household(payment: Row) -> bool:
    """Whether the payment counts against what the household is asked; one by the state never does.

    Reading: a payment by payer subsidy counts against the state's part alone, its principal too: it leaves the
    outstanding principal as it was.
    """
    return bool(payment["payer"] != "subsidy")


def household_paid(rows: LoanRows, column: str, evening: date, after: date = date.min) -> int:
    """Paid by everybody but the state, reversals taken off, with paid_on in (after, evening]."""
    payments = [row for row in rows.payments if is_of_household(row) and after < row["paid_on"] <= evening]
    return sum(fen(payment[column]) for payment in payments)


def outstanding(rows: LoanRows, evening: date) -> int:
    return rows.principal - household_paid(rows, "principal_paid", evening)


def extensions(rows: LoanRows, evening: date) -> list[Row]:
    """Events that promise a new maturity, the newest promise last."""
    return [row for row in rows.events if row["new_matures_on"] is not None and row["occurred_on"] <= evening]


def maturity(rows: LoanRows, evening: date) -> date:
    """The maturity in force.

    Reading: the newest new_matures_on is that of the latest occurred_on, also when an earlier one was heard of later.
    """
    promises = [rows.loan["matures_on"], *(event["new_matures_on"] for event in extensions(rows, evening))]
    newest: date = promises[-1]
    return newest


def schedule_in_force(rows: LoanRows, evening: date) -> int | None:
    """The highest schedule that had become known by the evening; the first holds from drawdown."""
    if not rows.schedules:
        return None
    first = min(rows.schedules)
    return max(number for number in rows.schedules if number == first or rows.starts[number] <= evening)


def principal_asked(schedule: list[Row]) -> int:
    return sum(fen(row["principal_due"]) for row in schedule)


def asks_by(schedule: list[Row], day: date) -> bool:
    """Whether the schedule as delivered asks for anything by the day, of the household or the state."""
    return any(fen(row["principal_due"]) + fen(row["interest_due"]) > 0 for row in schedule if row["due_on"] <= day)


def is_rest(rows: LoanRows, number: int, rules: LifeRules) -> bool:
    """Whether a later schedule asks only for what was outstanding when it became known.

    Reading: where what it asks is within arrears.least of both the loan and the rest ("no principal has been repaid"),
    it is a rest if the next lower schedule, as delivered and not moved by an extension, asked for something by the day
    the later became known, that day included, and the later does not.
    """
    lower = [other for other in rows.schedules if other < number]
    if not lower:
        return False
    schedule, known_on = rows.schedules[number], rows.starts[number]
    asked = principal_asked(schedule)
    if abs(asked - outstanding(rows, known_on)) > rules.least:
        return False
    if abs(asked - rows.principal) > rules.least:
        return True
    return asks_by(rows.schedules[max(lower)], known_on) and not asks_by(schedule, known_on)


def counts_after(rows: LoanRows, evening: date, rules: LifeRules) -> date:
    """The day after which payments count against the schedule in force: against a rest only what came after it."""
    number = schedule_in_force(rows, evening)
    return rows.starts[number] if number is not None and is_rest(rows, number, rules) else date.min


def to_be_asked(rows: LoanRows, evening: date, rules: LifeRules) -> int:
    """The principal that the schedule in force has to ask for: all of it, or what was outstanding."""
    after = counts_after(rows, evening, rules)
    return rows.principal if after == date.min else outstanding(rows, after)


def average_outstanding(rows: LoanRows, first: date, last: date, evening: date) -> Fraction:
    """The mean of the outstanding principal over the evenings from `first` to the day before `last`.

    Reading: the day the period begins counts and its last day does not, each with its balance in the evening; days
    that have not come yet have the balance of this evening.
    """
    days = (last - first).days
    total = outstanding(rows, min(first, evening)) * days
    for payment in rows.payments:
        if is_of_household(payment) and first < payment["paid_on"] < last and payment["paid_on"] <= evening:
            total -= fen(payment["principal_paid"]) * (last - payment["paid_on"]).days
    return Fraction(total, days)


def interest_share(rows: LoanRows, first: date, last: date, evening: date, supposed: int) -> Fraction:
    """The share of interest_due that the outstanding principal of the period can accrue, from 0 to 1.

    Reading: no limit where the period has no day or the schedule supposes nothing outstanding; not below 0 where more
    has been paid than was lent.
    """
    if first >= last or supposed <= 0:
        return Fraction(1)
    return max(min(average_outstanding(rows, first, last, evening) / supposed, Fraction(1)), Fraction(0))


def is_newer(rows: LoanRows, number: int, extension: Row, old_maturity: date) -> bool:
    """Whether a schedule is newer than an extension and so needs no moving."""
    is_first = number == min(rows.schedules)
    if not is_first and rows.starts[number] >= extension["occurred_on"]:
        return True
    return bool(rows.schedules[number][-1]["due_on"] > old_maturity)


def moved(rows: LoanRows, number: int, due_on: date, evening: date) -> date:
    """The day on which an instalment is due after the extensions without a newer schedule.

    Reading: what is due exactly on the old maturity moves, principal and interest; an instalment on another day stays.
    """
    old_maturity: date = rows.loan["matures_on"]
    for extension in extensions(rows, evening):
        if due_on == old_maturity and not is_newer(rows, number, extension, old_maturity):
            due_on = extension["new_matures_on"]
        old_maturity = extension["new_matures_on"]
    return due_on


def scheduled(rows: LoanRows, evening: date, rules: LifeRules) -> list[tuple[date, Fraction, Fraction]]:
    """The instalments of the schedule in force: day due, principal and interest asked, the state's part in it.

    Reading: the period of an instalment begins with the instalment before it in its schedule, of the first with
    drawdown, or of a rest's first with the day the rest became known; an extension moves the due, not the period. The
    schedule supposes what it has to ask for less the principal of the instalments before.
    """
    number = schedule_in_force(rows, evening)
    if number is None:
        return []
    supposed, after = to_be_asked(rows, evening, rules), counts_after(rows, evening, rules)
    period_from, asked = max(rows.drawn_on, after), []
    for row in rows.schedules[number]:
        share = interest_share(rows, period_from, row["due_on"], evening, supposed)
        principal, interest = fen(row["principal_due"]), fen(row["interest_due"]) * share
        asked.append((moved(rows, number, row["due_on"], evening), Fraction(principal), interest))
        supposed, period_from = supposed - principal, row["due_on"]
    return asked


def state_share(rows: LoanRows) -> Fraction:
    """The share of the interest that the state owes the bank; with manner refund it owes the bank nothing."""
    if rows.loan["subsidy_manner"] == "refund" or rows.loan["subsidy_share"] is None:
        return Fraction(0)
    return Fraction(str(rows.loan["subsidy_share"]))


def dues(rows: LoanRows, evening: date, rules: LifeRules) -> list[Due]:
    """All that is asked by the schedule in force on the evening, in order of the days due.

    Reading: principal that no instalment asks for, however little, is due on the maturity in force; what falls due on
    one day is one instalment.
    """
    asked = scheduled(rows, evening, rules)
    unasked = to_be_asked(rows, evening, rules) - sum(principal for _, principal, _ in asked)
    if unasked > 0:
        asked.append((maturity(rows, evening), Fraction(unasked), Fraction(0)))
    of_state, days = state_share(rows), sorted({due_on for due_on, _, _ in asked})
    merged = []
    for day in days:
        principal = sum((principal for due_on, principal, _ in asked if due_on == day), Fraction(0))
        interest = sum((interest for due_on, _, interest in asked if due_on == day), Fraction(0))
        merged.append(Due(day, principal, interest * (1 - of_state), interest * of_state))
    return merged
