"""Acknowledged findings: known with a reason until they move, or go away and come back."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from features.messages import Bilingual, UserError
from features.months import month_end_after
from serving.monitor.acknowledgements import acknowledge_findings, acknowledgements_in_force, record_findings
from serving.monitor.bounds import load_limits
from serving.monitor.finding import Finding

LIMITS = load_limits().acknowledged
JANUARY = date(2026, 1, 31)
AT = datetime(2026, 2, 3, 9, tzinfo=UTC)


def finding(value: float | None, bound: float = 0.25, subject: str = "savings") -> Finding:
    return Finding("drift", Bilingual("漂移", "drift"), value, bound, subject)


def month(back: int) -> date:
    return month_end_after(JANUARY, back)


def acknowledge(folder: Path, value: float | None, bound: float = 0.25) -> None:
    record_findings(folder, JANUARY, [finding(value, bound)])
    codes = ["drift:savings"]
    acknowledge_findings(folder, JANUARY, [finding(value, bound)], codes, "a new survey form", "li.wei", AT)


def is_acknowledged(folder: Path, as_of: date, value: float | None, bound: float = 0.25) -> bool:
    return bool(acknowledgements_in_force(folder, as_of, [finding(value, bound)], LIMITS))


def test_an_acknowledged_finding_says_who_when_and_why(tmp_path: Path) -> None:
    acknowledge(tmp_path, 0.4)
    (entry,) = acknowledgements_in_force(tmp_path, JANUARY, [finding(0.4)], LIMITS).values()
    assert (entry.by, entry.at, entry.reason) == ("li.wei", "2026-02-03T09:00:00+00:00", "a new survey form")


@pytest.mark.parametrize(
    ("value", "bound", "later", "stays"),
    [(0.4, 0.25, 0.6, True), (0.4, 0.25, 0.61, False), (0.4, 0.25, 0.19, False), (0.1, 0.3, 0.24, True)],
)
def test_it_stays_so_until_its_value_moves_by_half(
    tmp_path: Path, value: float, bound: float, later: float, stays: bool
) -> None:
    acknowledge(tmp_path, value, bound)
    assert is_acknowledged(tmp_path, month(1), later, bound) == stays


def test_a_finding_without_a_value_stays_and_one_that_gets_a_value_is_another(tmp_path: Path) -> None:
    acknowledge(tmp_path, None)
    assert is_acknowledged(tmp_path, month(3), None)
    assert not is_acknowledged(tmp_path, month(3), 1.0)


def test_one_that_goes_away_and_comes_back_is_open_again(tmp_path: Path) -> None:
    acknowledge(tmp_path, 0.4)
    record_findings(tmp_path, month(1), [finding(0.4)])
    assert is_acknowledged(tmp_path, month(2), 0.4)
    record_findings(tmp_path, month(2), [])
    assert not is_acknowledged(tmp_path, month(3), 0.4)


def test_a_month_before_and_another_finding_are_not_acknowledged_with_it(tmp_path: Path) -> None:
    acknowledge(tmp_path, 0.4)
    assert not is_acknowledged(tmp_path, month(-1), 0.4)
    assert not acknowledgements_in_force(tmp_path, month(1), [finding(0.4, subject="net_income")], LIMITS)


def test_a_code_that_the_month_does_not_have_is_refused_and_nothing_is_kept(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="drift:savings"):
        acknowledge_findings(tmp_path, JANUARY, [finding(0.4)], ["drift:savings", "drift:saving"], "known", "x", AT)
    assert not is_acknowledged(tmp_path, JANUARY, 0.4)
