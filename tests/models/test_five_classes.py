"""Both matrices at every bound and a day beyond it; the floors of other facts; the watch of restructured loans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import pytest

from models.five_classes.floors import ClassFacts, HeldClass, Restructured, loan_class
from models.five_classes.matrices import CLASS_WORDS, MATRICES
from models.five_classes.watch_period import WatchedDue, WatchRules, watch_ended_on

RULE_2023 = {
    0: "normal",
    1: "special_mention",
    90: "special_mention",
    91: "substandard",
    270: "substandard",
    271: "doubtful",
    360: "doubtful",
    361: "loss",
}
UNSECURED_SMALL = {
    0: "normal",
    1: "special_mention",
    30: "special_mention",
    31: "substandard",
    90: "substandard",
    91: "doubtful",
    360: "doubtful",
    361: "loss",
}


@pytest.mark.parametrize(("name", "table"), [("rule_2023", RULE_2023), ("unsecured_small", UNSECURED_SMALL)])
def test_a_class_begins_the_day_after_its_bound(name: str, table: dict[int, str]) -> None:
    assert {days: MATRICES[name].class_of(days) for days in table} == table


@pytest.mark.parametrize("name", MATRICES)
def test_a_matrix_never_gets_better_as_days_pass(name: str) -> None:
    order = list(CLASS_WORDS)
    ranks = [order.index(MATRICES[name].class_of(days)) for days in range(500)]
    assert ranks == sorted(ranks)
    assert set(ranks) == set(range(5))


CLEARED = date(2025, 3, 10)
EXTENDED = Restructured("extended", date(2025, 1, 31), again=False)
EXTENDED_AGAIN = Restructured("extended", date(2025, 1, 31), again=True)


@pytest.mark.parametrize(
    ("facts", "code", "reason"),
    [
        (ClassFacts(0), "normal", "nothing overdue, and nothing else that sets a floor"),
        (ClassFacts(1), "special_mention", "1 days past due"),
        (ClassFacts(0, use_changed=True), "special_mention", "use changed and not put right"),
        (ClassFacts(0, renews_unpaid=True), "special_mention", "renews a loan that was not repaid from own money"),
        (ClassFacts(0, restructured=EXTENDED), "special_mention", "extended in difficulty on 2025-01-31"),
        (ClassFacts(0, restructured=EXTENDED_AGAIN), "substandard", "restructured again while it was watched"),
        (ClassFacts(91, use_changed=True), "substandard", "91 days past due"),
        (ClassFacts(0, held=HeldClass("probation", 40, CLEARED)), "special_mention", "arrears ended on 2025-03-10"),
        (ClassFacts(0, held=HeldClass("probation", 91, CLEARED)), "substandard", "before the probation is served"),
        (ClassFacts(0, held=HeldClass("probation", 271, CLEARED)), "doubtful", "before the probation is served"),
        (ClassFacts(0, held=HeldClass("other_loan", 91, CLEARED)), "substandard", "another of its loans at this bank"),
        (ClassFacts(40, held=HeldClass("bad", 91, None)), "substandard", "not upgraded while arrears last"),
        (ClassFacts(91, held=HeldClass("bad", 91, None)), "substandard", "91 days past due"),
        (ClassFacts(0, is_assessable=False), "not_assessable", "repayment cannot be judged"),
        (ClassFacts(0, is_assessable=False, use_changed=True), "special_mention", "use changed and not put right"),
    ],
)
def test_a_class_is_the_worst_that_a_fact_allows_and_says_that_fact_first(
    facts: ClassFacts, code: str, reason: str
) -> None:
    judged = loan_class(facts, MATRICES["rule_2023"])
    assert judged.code == code
    assert reason in judged.reasons[0].en
    assert all(each.zh for each in judged.reasons)


def test_a_probation_keeps_the_class_that_its_own_matrix_gave() -> None:
    facts = ClassFacts(0, held=HeldClass("probation", 40, CLEARED))
    codes = {name: loan_class(facts, matrix).code for name, matrix in MATRICES.items()}
    assert codes == {"rule_2023": "special_mention", "unsecured_small": "substandard"}


@pytest.mark.parametrize("name", MATRICES)
def test_a_further_fact_never_betters_a_class(name: str) -> None:
    order = [*CLASS_WORDS, "not_assessable"]
    for days in (0, 1, 91, 271, 361):
        alone = loan_class(ClassFacts(days), MATRICES[name]).code
        further = (
            ClassFacts(days, use_changed=True),
            ClassFacts(days, renews_unpaid=True),
            ClassFacts(days, restructured=EXTENDED_AGAIN),
            ClassFacts(days, is_assessable=False),
        )
        for facts in further:
            assert order.index(loan_class(facts, MATRICES[name]).code) >= order.index(alone)


def test_a_loan_that_cannot_be_assessed_is_never_normal() -> None:
    judged = [loan_class(ClassFacts(days, is_assessable=False), MATRICES["rule_2023"]) for days in (0, 1, 91)]
    assert [each.code for each in judged] == ["not_assessable", "special_mention", "substandard"]
    assert judged[0].words.zh == "无法认定"
    assert all("无还款计划" in each.reasons[-1].zh for each in judged)


RULES = WatchRules(12, 2)
AGREED = date(2024, 3, 1)
JUNE, DECEMBER, NEXT_JUNE, LATER = date(2024, 6, 20), date(2024, 12, 20), date(2025, 6, 20), date(2025, 12, 20)


def ended(
    *dues: tuple[date, date | None], until: date, rules: WatchRules = RULES, needs: Iterable[date] = ()
) -> date | None:
    watched = [WatchedDue(*due) for due in dues]
    return watch_ended_on(watched, AGREED, until, rules, lambda day: day in set(needs))


def on_time(*days: date) -> list[tuple[date, date | None]]:
    return [(day, day) for day in days]


def test_a_watch_of_a_year_ends_a_year_after_the_first_due() -> None:
    dues = on_time(JUNE, DECEMBER, NEXT_JUNE)
    assert ended(*dues, until=date(2025, 6, 19)) is None
    assert ended(*dues, until=NEXT_JUNE) == NEXT_JUNE


def test_a_watch_without_a_second_due_runs_on() -> None:
    assert ended(*on_time(JUNE), until=date(2027, 1, 1)) is None
    assert ended(*on_time(JUNE, LATER), until=LATER) == LATER


def test_a_watch_has_not_begun_before_the_first_due() -> None:
    assert ended(*on_time(AGREED), until=date(2026, 1, 1)) is None


def test_a_late_due_begins_the_watch_anew_on_its_day() -> None:
    dues = [*on_time(JUNE), (DECEMBER, date(2024, 12, 21)), *on_time(NEXT_JUNE, LATER)]
    assert ended(*dues, until=date(2025, 12, 19)) is None
    assert ended(*dues, until=LATER) == LATER


def test_a_due_that_is_not_covered_keeps_the_watch_running() -> None:
    assert ended(*on_time(JUNE, DECEMBER), (NEXT_JUNE, None), until=date(2026, 6, 1)) is None


def test_a_need_at_the_end_begins_the_watch_anew() -> None:
    dues = on_time(JUNE, DECEMBER, NEXT_JUNE, LATER, date(2026, 6, 20))
    assert ended(*dues, until=date(2026, 6, 19), needs=[NEXT_JUNE]) is None
    assert ended(*dues, until=date(2026, 6, 20), needs=[NEXT_JUNE]) == date(2026, 6, 20)


def test_the_months_of_the_watch_are_the_policys() -> None:
    dues = on_time(JUNE, DECEMBER)
    assert ended(*dues, until=DECEMBER, rules=WatchRules(6, 2)) == DECEMBER
    assert ended(*dues, until=DECEMBER, rules=WatchRules(6, 0)) == DECEMBER
    assert ended(*dues, until=DECEMBER) is None
