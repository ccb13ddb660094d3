"""The lives of random ledgers: they have all that is hard, and the referee overlooks no evening."""

from datetime import date, timedelta

import pytest

from tests.oracle.dues import dues, is_rest, loan_rows, moved, principal_asked, schedule_in_force, scheduled
from tests.oracle.knowledge import Tables, as_known, fen
from tests.oracle.lives import LifeRules, days_of_change, life, seen_on
from tests.oracle.random_ledger import random_ledger

pytestmark = pytest.mark.no_cover  # the referee alone, which is no part of what is measured


def traits(tables: Tables, as_of: date) -> set[str]:
    """What the loans of a ledger have gone through by as_of."""
    known, rules, found = as_known(tables, as_of), LifeRules(), set[str]()
    for loan in known["loans"]:
        rows = loan_rows(known, loan)
        past, number = life(rows, as_of, rules), schedule_in_force(rows, as_of)
        found |= {past.status, f"bad {min(len(past.spells), 2)} times"}
        found |= {"performing, then bad" for spell in past.spells[:-1] if spell.performing_on}
        found |= {str(event["kind"]) for event in rows.events} | ({"renewed by a loan"} if rows.renewals else set())
        found |= {"reversal" for row in rows.payments if row["principal_paid"] < 0 or row["interest_paid"] < 0}
        if number is None:
            found.add("no schedule")
            continue
        schedule = rows.schedules[number]
        found |= {"rest"} if is_rest(rows, number, rules) else set()
        found |= {"moved" for row in schedule if moved(rows, number, row["due_on"], as_of) != row["due_on"]}
        found |= {"less principal asked"} if principal_asked(schedule) < rows.principal else set()
        found |= {"state's part" for due in dues(rows, as_of, rules) if due.state_interest > 0}
        asked = zip(scheduled(rows, as_of, rules), schedule, strict=True)
        found |= {"less interest asked" for (_, _, interest), row in asked if interest < fen(row["interest_due"])}
    withdrawn = any(event["withdrawn"] for event in tables.get("loan_events", []))
    return found | ({"withdrawn"} if withdrawn else set())


def test_random_ledgers_have_all_that_makes_a_life_hard() -> None:
    found = set[str]().union(*(traits(random_ledger(seed, 20), date(2025, 9, 30)) for seed in range(6)))
    assert found == {
        *("performing", "probation", "bad", "bad 0 times", "bad 1 times", "bad 2 times", "performing, then bad"),
        *("extended", "renewed", "settled", "compensated", "written_off", "withdrawn", "renewed by a loan"),
        *("reversal", "no schedule", "rest", "moved", "less principal asked", "state's part", "less interest asked"),
    }


@pytest.mark.parametrize("seed", range(2))
def test_nothing_changes_on_an_evening_that_the_life_does_not_look_at(seed: int) -> None:
    as_of, rules = date(2025, 6, 30), LifeRules()
    known = as_known(random_ledger(seed, 6), as_of)
    for loan in known["loans"]:
        rows, day = loan_rows(known, loan), loan["originated_on"]
        changes = days_of_change(rows)
        while day < as_of:
            day += timedelta(days=1)
            if day not in changes:
                today, before = seen_on(rows, day, rules), seen_on(rows, day - timedelta(days=1), rules)
                assert (today.closed, today.oldest_open) == (before.closed, before.oldest_open)
                assert day not in today.days_due
