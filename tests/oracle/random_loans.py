"""Random loans with schedules, payments and events: paid in time, late, in parts, by others, early, never."""

from calendar import monthrange
from datetime import date, timedelta

from tests.oracle.scribe import LAST_DAY, Scribe

Dues = list[tuple[date, float, float]]
Paid = list[tuple[date, float, float, str]]
METHODS = (
    "bullet_quarterly_interest",
    "bullet_quarterly_interest",
    "bullet_all",
    "equal_instalment",
    "equal_principal",
)
DELAYS = {
    "punctual": (-3, 0, 0, 0, 0),
    "slow": (0, 1, 3, 10, 20, 29, 30),
    "struggling": (0, 15, 29, 30, 31, 45, 100, 200),
    "stops": (0, 30, 999, 999),
}


def months_after(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    year, month_of_year = month // 12, month % 12 + 1
    return date(year, month_of_year, min(day.day, monthrange(year, month_of_year)[1]))


def write_loan(
    scribe: Scribe,
    county: str,
    household_id: str,
    loan_id: str,
    renews: str | None = None,
    first_day: date = date(2023, 1, 1),
) -> None:
    originated_on = scribe.day(first_day, date(2025, 11, 30))
    months, method = scribe.random.choice((6, 12, 12, 24, 36)), scribe.random.choice(METHODS)
    principal = round(scribe.random.choice((5000.0, 20000.0, 50000.0, 1000 + scribe.money(30000))), 2)
    matures_on, rate = months_after(originated_on, months), 0.0 if scribe.chance(0.1) else 0.0345
    known_on = scribe.heard(originated_on) - timedelta(days=scribe.random.choice((0, 0, 0, 6)))
    scribe.write(
        "loans",
        county,
        known_on,
        loan_id=loan_id,
        household_id=household_id,
        renews_loan_id=renews,
        bank=scribe.random.choice(("bank_a", "bank_b")),
        product=scribe.maybe("microloan"),
        principal=principal,
        annual_rate=rate,
        originated_on=originated_on,
        matures_on=matures_on,
        repayment_method=method,
        declared_use=scribe.maybe(scribe.random.choice(("sheep", "cattle", "trade"))),
        subsidy_share=scribe.maybe(1.0),
    )
    dues = first_schedule(method, principal, rate, originated_on, months)
    write_schedule(scribe, county, loan_id, 1, known_on, dues)
    dues = extended(scribe, county, loan_id, matures_on, dues)
    payments = random_payments(scribe, originated_on, dues)
    write_payments(scribe, county, loan_id, ended(scribe, county, loan_id, principal, originated_on, dues, payments))
    write_use_checks(scribe, county, loan_id, originated_on)
    if renews is None and matures_on < date(2025, 11, 1) and scribe.chance(0.15):
        renewed = {"loan_id": loan_id, "occurred_on": matures_on, "kind": "renewed", "amount": principal}
        scribe.write("loan_events", county, scribe.heard(matures_on), **renewed)
        write_loan(scribe, county, household_id, loan_id + "R", loan_id, matures_on)


def first_schedule(method: str, principal: float, rate: float, originated_on: date, months: int) -> Dues:
    if method == "bullet_all":
        return [(months_after(originated_on, months), principal, round(principal * rate * months / 12, 2))]
    quarters = months // 3
    share = round(principal / quarters, 2) if method.startswith("equal") else 0.0
    dues, left = [], principal
    for quarter in range(1, quarters + 1):
        part = left if quarter == quarters else share
        dues.append((months_after(originated_on, 3 * quarter), round(part, 2), round(left * rate / 4, 2)))
        left -= part
    return dues


def write_schedule(scribe: Scribe, county: str, loan_id: str, number: int, known_on: date, dues: Dues) -> None:
    for due_on, principal, interest in dues:
        scribe.write(
            "instalments",
            county,
            known_on,
            loan_id=loan_id,
            schedule_no=number,
            due_on=due_on,
            principal_due=principal,
            interest_due=interest,
        )


def extended(scribe: Scribe, county: str, loan_id: str, matures_on: date, dues: Dues) -> Dues:
    """The last schedule; an extension comes with a schedule and an event, at times with only one of them."""
    for number in range(2, 2 + scribe.random.choice((0, 0, 0, 0, 1, 1, 2))):
        granted_on = matures_on + timedelta(days=scribe.random.choice((-90, -30, -10, 0, 15, 29, 30, 31, 45)))
        if granted_on > LAST_DAY:
            break
        matures_on = months_after(matures_on, scribe.random.choice((6, 12)))
        if scribe.chance(0.85):
            scribe.write(
                "loan_events",
                county,
                scribe.heard(granted_on),
                loan_id=loan_id,
                occurred_on=granted_on,
                kind="extended",
                new_matures_on=matures_on,
                amount=scribe.maybe(1000.0),
            )
        if scribe.chance(0.85):
            dues = later_schedule(scribe, dues, matures_on)
            write_schedule(scribe, county, loan_id, number, scribe.heard(granted_on), dues)
    return dues


def later_schedule(scribe: Scribe, dues: Dues, matures_on: date) -> Dues:
    """Whole, from the first instalment: all of it later, or only the last principal."""
    due_on, principal, interest = dues[-1]
    more = round(principal * 0.0345 / 2, 2)
    if scribe.chance(0.3):
        earlier = [(months_after(day, 3), due, due_interest) for day, due, due_interest in dues[:-1]]
        return [*earlier, (matures_on, principal, round(interest + more, 2))]
    return [*dues[:-1], (due_on, 0.0, interest), (matures_on, principal, more)]


def random_payments(scribe: Scribe, originated_on: date, dues: Dues) -> Paid:
    delays, payments = DELAYS[scribe.random.choice(tuple(DELAYS))], list[tuple[date, float, float, str]]()
    for due_on, principal, interest in dues:
        day = max(due_on + timedelta(days=scribe.random.choice(delays)), originated_on)
        payments += in_parts(scribe, day, principal, interest)
    return sorted(payment for payment in payments if payment[0] <= LAST_DAY and payment[1] + payment[2] > 0)


def in_parts(scribe: Scribe, day: date, principal: float, interest: float) -> Paid:
    part, later = (
        round(principal * scribe.random.random(), 2),
        day + timedelta(days=scribe.random.choice((0, 5, 40))),
    )
    rest = round(principal - part, 2)
    return scribe.random.choice(
        (
            [(day, principal, interest, "borrower")],
            [(day, principal, interest, "borrower")],
            [(day, principal, 0.0, "borrower"), (later, 0.0, interest, "subsidy")],
            [(day, part, interest, "borrower"), (later, rest, 0.0, "borrower")],
            [
                (day, part, 0.0, "borrower"),
                (day, rest, interest, scribe.random.choice(("borrower", "insurance", "other"))),
            ],
            [(day, part, interest, "borrower")],
            [(day, principal, round(interest * 0.5, 2), "borrower")],
            [
                (
                    day,
                    round(principal + scribe.money(800), 2),
                    round(interest + scribe.money(50), 2),
                    "borrower",
                )
            ],
        )
    )


def ended(
    scribe: Scribe,
    county: str,
    loan_id: str,
    principal: float,
    originated_on: date,
    dues: Dues,
    payments: Paid,
) -> Paid:
    """What is paid when the loan ends otherwise than by its schedule: early, or by others, or not at all."""
    kind = scribe.random.choice((None, None, None, None, "settled", "settled", "repaid", "compensated", "written_off"))
    last = dues[-1][0] + timedelta(days=0 if kind in ("settled", "repaid") else 120)
    day = scribe.day(originated_on + timedelta(days=20), last)
    if kind is None or day > LAST_DAY:
        return payments
    before = [payment for payment in payments if payment[0] < day]
    left = max(round(principal - sum(payment[1] for payment in before), 2), 0.0)
    if kind != "repaid":
        scribe.write("loan_events", county, scribe.heard(day), loan_id=loan_id, occurred_on=day, kind=kind, amount=left)
    if kind == "written_off":
        return before
    return [
        *before,
        (day, left, scribe.money(100), "compensation_fund" if kind == "compensated" else "borrower"),
    ]


def write_payments(scribe: Scribe, county: str, loan_id: str, payments: Paid) -> None:
    for number, (day, principal, interest, payer) in enumerate(payments):
        scribe.write(
            "payments",
            county,
            scribe.heard(day),
            payment_id=f"{loan_id}-{number:02}",
            loan_id=loan_id,
            paid_on=day,
            principal_paid=principal,
            interest_paid=interest,
            payer=scribe.maybe(payer, 0.97),
        )


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
