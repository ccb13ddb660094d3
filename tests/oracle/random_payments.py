"""Random payments: in time, late and late again, in parts, short by a fen, reversed, ahead of time, by the state."""

from datetime import date, timedelta

from tests.oracle.random_schedules import Dues, Paid, Terms
from tests.oracle.scribe import LAST_DAY, Scribe

DELAYS = {
    "punctual": (-3, 0, 0, 0, 0),
    "slow": (0, 1, 3, 10, 20, 29, 30),
    "relapsing": (0, 0, 0, 0, 0, 0, 33, 50),
    "struggling": (0, 15, 29, 30, 31, 45, 100, 200),
    "stops": (0, 30, 999, 999),
}
HABITS = (*DELAYS, "relapsing", "relapsing")
SHORT = (0.01, 0.01, 1.0, 1.01)


def random_payments(scribe: Scribe, terms: Terms, dues: Dues, delays: tuple[int, ...], since: date) -> Paid:
    """What is paid against the dues, none before `since`; who relapses pays whole, some dues late."""
    payments: Paid = []
    is_clean = delays == DELAYS["relapsing"]
    for due_on, principal, interest in dues:
        day = max(due_on + timedelta(days=scribe.random.choice(delays)), since)
        of_state = round(interest * terms.state_share, 2)
        asked = round(interest - of_state, 2)
        payments += [(day, principal, asked, "borrower")] if is_clean else in_parts(scribe, day, principal, asked)
        if of_state or (terms.subsidy_share and scribe.chance(0.3)):
            by_state = round(interest * (terms.subsidy_share or 0), 2)
            later = timedelta(days=scribe.random.choice((0, 0, 0, 10, 60, 999)))
            payments.append((max(due_on + later, since), 0.0, by_state, "subsidy"))
    return happened(payments)


def happened(payments: Paid) -> Paid:
    return sorted(payment for payment in payments if payment[0] <= LAST_DAY and (payment[1] or payment[2]))


def in_parts(scribe: Scribe, day: date, principal: float, interest: float) -> Paid:
    one = round(principal * scribe.random.random(), 2)
    rest, later = round(principal - one, 2), day + timedelta(days=scribe.random.choice((0, 5, 40)))
    another_payer = scribe.random.choice(("borrower", "insurance", "other"))
    short = scribe.random.choice(SHORT)
    more = round(principal + scribe.money(800), 2), round(interest + scribe.money(50), 2)
    whole: Paid = [(day, principal, interest, "borrower")]
    ways: tuple[Paid, ...] = (
        [(day, principal, 0.0, "borrower"), (later, 0.0, interest, "borrower")],
        [(day, one, interest, "borrower"), (later, rest, 0.0, "borrower")],
        [(day, one, 0.0, "borrower"), (day, rest, interest, another_payer)],
        [(day, one, interest, "borrower")],
        [(day, principal, round(interest * 0.5, 2), "borrower")],
        [(day, principal, max(round(interest - short, 2), 0.0), "borrower")],
        [(day, max(round(principal - short, 2), 0.0), interest, "borrower")],
        [(day, *more, "borrower")],
    )
    return whole if scribe.chance(0.6) else scribe.random.choice(ways)


def paid_ahead(scribe: Scribe, terms: Terms, payments: Paid) -> Paid:
    """Now and then principal is repaid ahead of time; mostly less interest is paid from then on."""
    if not scribe.chance(0.2) or not payments:
        return payments
    day = scribe.day(terms.originated_on + timedelta(days=5), max(payments[-1][0], terms.originated_on))
    ahead = round(terms.principal * scribe.random.choice((0.2, 0.5, 0.6)), 2)
    earlier, is_less = [payment for payment in payments if payment[0] < day], scribe.chance(0.8)
    left = max(round(terms.principal - ahead - sum(payment[1] for payment in earlier), 2), 0.0)
    then: Paid = [(day, ahead, 0.0, "borrower")]
    for paid_on, principal, interest, payer in payments[len(earlier) :]:
        principal = min(principal, left)
        accrued = round(interest * left / terms.principal, 2) if is_less else interest
        then.append((max(paid_on, day), principal, accrued, payer))
        left = round(left - principal, 2)
    return happened(earlier + then)


def drawn_again(scribe: Scribe, terms: Terms, payments: Paid) -> Paid:
    """A revolving loan: some or all of it repaid, and drawn again later."""
    if terms.product != "revolving":
        return payments
    day = scribe.day(terms.originated_on + timedelta(days=20), LAST_DAY)
    share = round(terms.principal * scribe.random.choice((0.3, 1.0, 1.0)), 2)
    again = day + timedelta(days=scribe.random.choice((0, 15, 60)))
    return happened([*payments, (day, share, 0.0, "borrower"), (again, -share, 0.0, "other")])


def with_reversals(scribe: Scribe, payments: Paid) -> Paid:
    """Entries taken back by a row of the opposite sign, mostly entered again, sooner or later."""
    reversals: Paid = []
    for paid_on, principal, interest, payer in payments:
        if scribe.chance(0.05):
            day = paid_on + timedelta(days=scribe.random.choice((0, 1, 15, 40)))
            reversals.append((day, -principal, -interest, payer))
            if scribe.chance(0.7):
                again = day + timedelta(days=scribe.random.choice((0, 1, 20, 60)))
                reversals.append((again, principal, interest, payer))
    return happened(payments + reversals)


def write_payments(scribe: Scribe, terms: Terms, payments: Paid) -> None:
    for number, (day, principal, interest, payer) in enumerate(payments):
        scribe.write(
            "payments",
            terms.county,
            scribe.heard(day),
            payment_id=f"{terms.loan_id}-{number:02}",
            loan_id=terms.loan_id,
            paid_on=day,
            principal_paid=principal,
            interest_paid=interest,
            payer=scribe.maybe(payer, 0.97) if payer != "subsidy" else payer,
        )
