"""The life of a loan, evening by evening: performing, bad, on probation, performing again; and all facts of a loan.

The rows known decide what an evening saw: a payment heard of late heals backwards, a corrected or withdrawn row never
was. A past evening sees the payments, events and schedules of that evening, none of a later day.
"""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from tests.oracle.dues import Due, LifeRules, LoanRows, dues, loan_rows, maturity, outstanding
from tests.oracle.knowledge import Tables, as_known, rows_of, whole_months_since, yuan
from tests.oracle.repayment import (
    LOST,
    covered_on,
    days_late,
    is_closed,
    is_open,
    oldest_open_due,
    repayment_features,
)

__all__ = ["Life", "LifeRules", "Spell", "life", "loan_facts", "next_bad_on"]

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Spell:
    """Once bad: since when, when nothing was in arrears any more, when it was performing again."""

    bad_on: date
    arrears_ended_on: date | None = None
    performing_on: date | None = None


@dataclass(frozen=True)
class Life:
    """The status on an evening and all spells up to it, the last one last."""

    status: str
    spells: tuple[Spell, ...]


@dataclass(frozen=True)
class Evening:
    """What an evening saw: whether the loan was closed, the day due of its oldest arrears, the days that ask it."""

    closed: bool
    oldest_open: date | None
    days_due: tuple[date, ...]


@dataclass
class Probation:
    """The counts of a probation: since when, dues paid on time since, whether a late one is still open."""

    since: date
    on_time: int = 0
    late_is_open: bool = False

    def see(self, day: date, evening: Evening) -> None:
        """Count one evening after the day arrears ended.

        Reading: a late due is one that is open on the evening of its due day or of any later day (a reversal opens it
        again); it is paid on the evening on which nothing that is due is open any more, by payment or by an extension
        or a new schedule; a due of that very day counts for neither, as on the day arrears end. A closed loan's dues
        do not count.
        """
        if evening.oldest_open is not None:
            self.late_is_open = True
        elif self.late_is_open:
            self.since, self.on_time, self.late_is_open = day, 0, False
        elif not evening.closed:
            self.on_time += evening.days_due.count(day)

    def is_served(self, day: date, rules: LifeRules) -> bool:
        """Whether both counts are full on the evening: an evening on which they are is of a performing loan."""
        months = whole_months_since(self.since, day)
        return not self.late_is_open and self.on_time >= rules.cure_instalments and months >= rules.cure_months


def days_of_change(rows: LoanRows) -> set[date]:
    """The days on whose evening anything can differ from the evening before, time going by aside."""
    days = {rows.drawn_on, rows.loan["matures_on"], *rows.starts.values(), *rows.renewals}
    days |= {row["due_on"] for schedule in rows.schedules.values() for row in schedule}
    days |= {row["paid_on"] for row in rows.payments}
    for event in rows.events:
        days |= {event["occurred_on"], event["new_matures_on"] or event["occurred_on"]}
    return days


def seen_on(rows: LoanRows, evening: date, rules: LifeRules) -> Evening:
    asked = dues(rows, evening, rules)
    days_due = tuple(due.due_on for due in asked if not due.asks_nothing)
    return Evening(is_closed(rows, evening, rules), oldest_open_due(rows, asked, evening, rules), days_due)


def is_lost_on(rows: LoanRows, day: date) -> bool:
    return any(event["kind"] in LOST and event["occurred_on"] == day for event in rows.events)


def life(rows: LoanRows, until: date, rules: LifeRules) -> Life:
    """The life from drawdown to the evening of `until`.

    Reading: a compensation or write-off of the evening on which the loan is repaid or settled makes it bad; one of a
    loan that was closed the evening before does not. A loan compensated or written off while bad stays in that spell.
    """
    spells, status, probation = list[Spell](), "performing", Probation(date.min)
    changes, was_closed, day = days_of_change(rows), False, rows.drawn_on
    while day <= until:
        if day in changes:
            evening = seen_on(rows, day, rules)
        lost = is_lost_on(rows, day) and not was_closed
        if status != "bad" and (lost or is_past_due(day, evening, rules)):
            status = "bad"
            spells.append(Spell(day))
        elif status == "bad" and evening.oldest_open is None and not lost:
            status, probation = "probation", Probation(day)
            spells[-1] = replace(spells[-1], arrears_ended_on=day)
        elif status == "probation":
            probation.see(day, evening)
        if lost:
            break
        if status == "probation" and probation.is_served(day, rules):
            status = "performing"
            spells[-1] = replace(spells[-1], performing_on=day)
        was_closed = evening.closed
        day += DAY
    return Life(status, tuple(spells))


def is_past_due(day: date, evening: Evening, rules: LifeRules) -> bool:
    oldest = evening.oldest_open
    return oldest is not None and (day - oldest).days >= rules.bad_after_days


def all_data(tables: Tables, loan_id: str) -> LoanRows:
    known = as_known(tables, date.max)
    return loan_rows(known, rows_of(known, "loans", "loan_id", loan_id)[0])


def whole_life(rows: LoanRows, rules: LifeRules) -> Life:
    """To the last evening on which it can go bad, though it lies after the day the data end."""
    return life(rows, max(days_of_change(rows)) + timedelta(days=rules.bad_after_days), rules)


def next_bad_on(rows: LoanRows, as_of: date, rules: LifeRules) -> date | None:
    """The first bad_on after as_of.

    Reading: it is not cut off where the data end; who uses it asks whether the label is mature.
    """
    spells = whole_life(rows, rules).spells
    return min((spell.bad_on for spell in spells if spell.bad_on > as_of), default=None)


def due_facts(rows: LoanRows, asked: list[Due], k: int, as_of: date, rules: LifeRules) -> dict[str, Any]:
    """One instalment; covered_on date.min: from the start. days_late is missing where it is not due yet."""
    covered = covered_on(rows, asked, k, as_of, rules)
    return {
        "due_on": asked[k].due_on,
        "principal": yuan(asked[k].principal),
        "interest": yuan(asked[k].interest),
        "state_interest": yuan(asked[k].state_interest),
        "covered_on": covered,
        "days_late": days_late(asked[k], covered, as_of) if asked[k].due_on <= as_of else None,
    }


def loan_facts(tables: Tables, loan_id: str, as_of: date, rules: LifeRules | None = None) -> dict[str, Any]:
    """All that section 2 says of one loan: by what was known at as_of, and of its label by all data.

    Amounts in yuan. `dues` as due_facts; `spells` as (bad_on, arrears_ended_on, performing_on); `next_bad_on` and
    `bad_by_all_data` are the label's.
    """
    rules = rules or LifeRules()
    known = as_known(tables, as_of)
    rows = loan_rows(known, rows_of(known, "loans", "loan_id", loan_id)[0])
    past, asked, everything = life(rows, as_of, rules), dues(rows, as_of, rules), all_data(tables, loan_id)
    last = past.spells[-1] if past.spells else None
    return repayment_features(rows, as_of, rules) | {
        "is_open": is_open(rows, as_of, rules),
        "outstanding_principal": yuan(outstanding(rows, as_of)),
        "maturity_in_force": maturity(rows, as_of),
        "dues": [due_facts(rows, asked, k, as_of, rules) for k in range(len(asked))],
        "status": past.status,
        "bad_since": last and last.bad_on,
        "arrears_ended_on": last and last.arrears_ended_on,
        "spells": [(spell.bad_on, spell.arrears_ended_on, spell.performing_on) for spell in past.spells],
        "times_bad": len(past.spells),
        "next_bad_on": next_bad_on(everything, as_of, rules),
        "bad_by_all_data": life(everything, as_of, rules).status == "bad",
    }
