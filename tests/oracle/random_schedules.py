"""Random schedules of a loan: whole, missing, without the last principal, later ones by extension, rests."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.scribe import LAST_DAY, Scribe

Dues = list[tuple[date, float, float]]
Paid = list[tuple[date, float, float, str]]


def months_after(day: date, months: int) -> date:
    month = day.year * 12 + day.month - 1 + months
    year, month_of_year = month // 12, month % 12 + 1
    return date(year, month_of_year, min(day.day, monthrange(year, month_of_year)[1]))


@dataclass(frozen=True)
class Terms:
    """What was agreed for a loan, and the county that delivers it."""

    county: str
    loan_id: str
    principal: float
    rate: float
    originated_on: date
    months: int
    method: str
    product: str | None
    subsidy_share: float | None
    subsidy_manner: str | None

    @property
    def matures_on(self) -> date:
        return months_after(self.originated_on, self.months)

    @property
    def state_share(self) -> float:
        """The share of the interest that the household is not asked for."""
        return 0.0 if self.subsidy_manner == "refund" else self.subsidy_share or 0.0


def first_schedule(scribe: Scribe, terms: Terms) -> Dues:
    if terms.method == "bullet_all":
        return [(terms.matures_on, terms.principal, round(terms.principal * terms.rate * terms.months / 12, 2))]
    step = 1 if terms.months <= 12 and scribe.chance(0.3) else 3
    times = terms.months // step
    share = round(terms.principal / times, 2) if terms.method.startswith("equal") else 0.0
    dues, left = [], terms.principal
    for time in range(1, times + 1):
        principal = left if time == times else share
        interest = round(left * terms.rate * step / 12, 2)
        dues.append((months_after(terms.originated_on, step * time), round(principal, 2), interest))
        left -= principal
    return dues


def as_delivered(scribe: Scribe, dues: Dues) -> Dues:
    """The bank's file: mostly as it is, at times without any row, without the last principal, or a fen short."""
    due_on, principal, interest = dues[-1]
    short = scribe.random.choice((0.01, 0.01, 1.0, 1.01, 500.0))
    return scribe.random.choices(
        (
            dues,
            [],
            [*dues[:-1], (due_on, 0.0, interest)],
            dues[:-1],
            [*dues[:-1], (due_on, round(max(principal - short, 0.0), 2), interest)],
        ),
        weights=(16, 1, 1, 1, 1),
    )[0]


def write_schedule(scribe: Scribe, terms: Terms, number: int, known_on: date, dues: Dues) -> None:
    for due_on, principal, interest in dues:
        scribe.write(
            "instalments",
            terms.county,
            known_on,
            loan_id=terms.loan_id,
            schedule_no=number,
            due_on=due_on,
            principal_due=principal,
            interest_due=interest,
        )


def extended(scribe: Scribe, terms: Terms, dues: Dues) -> Dues:
    """The dues agreed last; an extension comes with a schedule and an event, at times with only one of them."""
    matures_on = terms.matures_on
    for number in range(2, 2 + scribe.random.choice((0, 0, 0, 0, 1, 1, 2))):
        granted_on = matures_on + timedelta(days=scribe.random.choice((-90, -30, -10, 0, 15, 29, 30, 31, 45)))
        if granted_on > LAST_DAY:
            break
        matures_on = months_after(matures_on, scribe.random.choice((6, 12)))
        if scribe.chance(0.85):
            scribe.write(
                "loan_events",
                terms.county,
                scribe.heard(granted_on),
                loan_id=terms.loan_id,
                occurred_on=granted_on,
                kind="extended",
                new_matures_on=matures_on,
                amount=scribe.maybe(1000.0),
            )
        later = later_schedule(scribe, dues, matures_on)
        if scribe.chance(0.55):
            early = timedelta(days=scribe.random.choice((0, 0, 0, 3)))
            write_schedule(scribe, terms, number, scribe.heard(granted_on) - early, later)
            dues = later
        elif scribe.chance(0.7):
            dues = [*dues[:-1], (matures_on, *dues[-1][1:])]
    return dues


def later_schedule(scribe: Scribe, dues: Dues, matures_on: date) -> Dues:
    """Whole, from the first instalment: all of it later, or only the last principal."""
    due_on, principal, interest = dues[-1]
    more = round(principal * 0.0345 / 2, 2)
    if scribe.chance(0.3):
        earlier = [(months_after(day, 3), due, due_interest) for day, due, due_interest in dues[:-1]]
        earlier = [due for due in earlier if due[0] < matures_on]
        return [*earlier, (matures_on, principal, round(interest + more, 2))]
    return [*dues[:-1], (due_on, 0.0, interest), (matures_on, principal, more)]


def rest_schedule(scribe: Scribe, terms: Terms, dues: Dues, payments: Paid, known_on: date) -> Dues:
    """What is left when the bank reschedules, in parts or at the end; now and then the bank's sum is another."""
    left = terms.principal - sum(payment[1] for payment in payments if payment[3] != "subsidy")
    left = round(left * scribe.random.choice((1, 1, 1, 1, 1, 1, 0.9)) - scribe.random.choice((0, 0, 0.01)), 2)
    later = [due_on for due_on, _, _ in dues if due_on > known_on][: scribe.random.choice((1, 2, 6, 20))]
    days = [months_after(due_on, scribe.random.choice((0, 1))) for due_on in later] or [months_after(known_on, 6)]
    days = sorted(set(days))
    share = 0.0 if scribe.chance(0.4) else round(left / len(days), 2)
    parts = [share] * (len(days) - 1)
    parts.append(round(left - sum(parts), 2))
    rest: Dues = []
    for due_on, principal in zip(days, parts, strict=True):
        rest.append((due_on, max(principal, 0.0), round(max(left, 0.0) * terms.rate / 4, 2)))
        left -= principal
    return rest
