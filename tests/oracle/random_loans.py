"""Random loans with schedules, payments and events: extended, rescheduled, renewed, settled, compensated, lost."""

from datetime import date, timedelta

from tests.oracle.random_payments import (
    DELAYS,
    HABITS,
    drawn_again,
    paid_ahead,
    random_payments,
    with_reversals,
    write_payments,
)
from tests.oracle.random_schedules import (
    Dues,
    Paid,
    Terms,
    as_delivered,
    extended,
    first_schedule,
    rest_schedule,
    write_schedule,
)
from tests.oracle.scribe import LAST_DAY, Scribe

METHODS = (
    "bullet_quarterly_interest",
    "bullet_quarterly_interest",
    "bullet_all",
    "equal_instalment",
    "equal_principal",
)


def random_terms(scribe: Scribe, county: str, loan_id: str, originated_on: date) -> Terms:
    return Terms(
        county=county,
        loan_id=loan_id,
        principal=round(scribe.random.choice((5000.0, 20000.0, 50000.0, 1000 + scribe.money(30000))), 2),
        rate=0.0 if scribe.chance(0.1) else 0.0345,
        originated_on=originated_on,
        months=scribe.random.choice((6, 12, 12, 24, 36, 36)),
        method=scribe.random.choice(METHODS),
        product=scribe.maybe("revolving" if scribe.chance(0.1) else "microloan"),
        subsidy_share=scribe.random.choice((None, None, 0.0, 0.3, 0.5, 1.0)),
        subsidy_manner=scribe.random.choice((None, None, "direct", "refund")),
    )


def write_loan(
    scribe: Scribe,
    county: str,
    household_id: str,
    loan_id: str,
    renews: str | None = None,
    drawn_on: date | None = None,
) -> None:
    originated_on = drawn_on or scribe.day(date(2023, 1, 1), date(2025, 11, 30))
    terms = random_terms(scribe, county, loan_id, originated_on)
    known_on = scribe.heard(originated_on) - timedelta(days=scribe.random.choice((0, 0, 0, 6)))
    scribe.write(
        "loans",
        county,
        known_on,
        loan_id=loan_id,
        household_id=household_id,
        renews_loan_id=renews,
        bank=scribe.random.choice(("bank_a", "bank_b")),
        product=terms.product,
        principal=terms.principal,
        annual_rate=terms.rate,
        originated_on=originated_on,
        matures_on=terms.matures_on,
        repayment_method=terms.method,
        declared_use=scribe.maybe(scribe.random.choice(("sheep", "cattle", "trade"))),
        subsidy_share=terms.subsidy_share,
        subsidy_manner=terms.subsidy_manner,
    )
    dues = first_schedule(scribe, terms)
    write_schedule(scribe, terms, 1, known_on, as_delivered(scribe, dues))
    payments = rescheduled(scribe, terms, dues) if scribe.chance(0.15) else agreed(scribe, terms, dues)
    payments = drawn_again(scribe, terms, ended(scribe, terms, payments))
    write_payments(scribe, terms, with_reversals(scribe, payments))
    write_use_checks(scribe, county, loan_id, originated_on)
    renew(scribe, terms, household_id)


def agreed(scribe: Scribe, terms: Terms, dues: Dues) -> Paid:
    """Payments of a loan whose schedules are whole."""
    dues = extended(scribe, terms, dues)
    delays = DELAYS[scribe.random.choice(HABITS)]
    return paid_ahead(scribe, terms, random_payments(scribe, terms, dues, delays, terms.originated_on))


def rescheduled(scribe: Scribe, terms: Terms, dues: Dues) -> Paid:
    """Payments of a loan of which the bank delivers, at some time, only what is left, one or two times."""
    delays = DELAYS[scribe.random.choice(HABITS)]
    payments = random_payments(scribe, terms, dues, delays, terms.originated_on)
    for number in range(2, scribe.random.choice((3, 3, 4))):
        first = payments[-1][0] if number > 2 and payments else terms.originated_on
        known_on = scribe.day(first + timedelta(days=30), max(dues[-1][0], first))
        if known_on > LAST_DAY:
            break
        payments = [payment for payment in payments if payment[0] <= known_on]
        dues = rest_schedule(scribe, terms, dues, payments, known_on)
        write_schedule(scribe, terms, number, known_on, dues)
        since = known_on + timedelta(days=scribe.random.choice((0, 1, 1)))
        payments = sorted(payments + random_payments(scribe, terms, dues, delays, since))
    return payments


def ended(scribe: Scribe, terms: Terms, payments: Paid) -> Paid:
    """What is paid when the loan ends otherwise than by its schedule: early, or by others, or not at all."""
    kind = scribe.random.choice((None,) * 6 + ("settled", "settled", "repaid", "compensated", "written_off"))
    last = terms.matures_on + timedelta(days=0 if kind in ("settled", "repaid") else 120)
    day = scribe.day(terms.originated_on + timedelta(days=20), last)
    if kind is None or day > LAST_DAY:
        return payments
    earlier = [payment for payment in payments if payment[0] < day]
    of_household = sum(payment[1] for payment in earlier if payment[3] != "subsidy")
    left = max(round(terms.principal - of_household, 2), 0.0)
    if kind != "repaid":
        event = {"loan_id": terms.loan_id, "occurred_on": day, "kind": kind, "amount": left}
        scribe.write("loan_events", terms.county, scribe.heard(day), **event)
    if kind == "written_off" or (kind == "settled" and scribe.chance(0.3)):
        return earlier
    day += timedelta(days=scribe.random.choice((0, 0, 0, 2)))
    return [*earlier, (day, left, scribe.money(100), "compensation_fund" if kind == "compensated" else "borrower")]


def renew(scribe: Scribe, terms: Terms, household_id: str) -> None:
    """Now and then a new loan renews this one, told by an event, by the new loan, or by both, on one day or two."""
    if terms.loan_id.endswith("R") or not scribe.chance(0.15):
        return
    renewed_on = terms.matures_on + timedelta(days=scribe.random.choice((-40, 0, 0, 0, 10, 29, 30, 31, 45)))
    if renewed_on > date(2025, 11, 1):
        return
    way = scribe.random.choice(("event", "loan", "both"))
    if way != "loan":
        event = {"loan_id": terms.loan_id, "occurred_on": renewed_on, "kind": "renewed", "amount": terms.principal}
        scribe.write("loan_events", terms.county, scribe.heard(renewed_on), **event)
    drawn_on = renewed_on + timedelta(days=scribe.random.choice((0, 0, 3)))
    renews = None if way == "event" else terms.loan_id
    write_loan(scribe, terms.county, household_id, terms.loan_id + "R", renews, drawn_on)


def write_use_checks(scribe: Scribe, county: str, loan_id: str, originated_on: date) -> None:
    findings = ("as_declared", "partly_diverted", "diverted", "idle")
    for number in range(scribe.random.choice((0, 0, 1, 2))):
        checked_on = originated_on + timedelta(days=30 + 90 * number)
        scribe.write(
            "use_checks",
            county,
            scribe.heard(checked_on),
            loan_id=loan_id,
            checked_on=checked_on,
            finding=scribe.random.choice(findings),
        )
