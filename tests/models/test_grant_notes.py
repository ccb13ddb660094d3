"""Notes on the grant, a borrower on each side of every bound."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from features.messages import UserError
from models.county_policy.policy_table import parse_policy_table, read_policy_file, shipped_policy_table
from models.grant_notes import LendingNote, grant_notes

POLICY = shipped_policy_table().in_force(date(2025, 12, 31))
ORDINARY = {
    "borrower_age": 45.0,
    "default_elsewhere": 0,
    "household_covered": 50_000.0,
    "covered_principal": 50_000.0,
    "annual_rate": 0.0395,
    "originated_on": date(2024, 3, 1),
    "matures_on": date(2027, 3, 1),
    "times_renewed": 1,
}


def noted(**facts: Any) -> dict[str, LendingNote]:
    return {note.code: note for note in grant_notes(ORDINARY | facts, POLICY.lending, POLICY.grants, POLICY.rates)}


@pytest.mark.parametrize(
    ("age", "code"),
    [
        (17, "age_outside"),
        (18, "age_granted"),
        (60, "age_granted"),
        (61, "age_included"),
        (65, "age_included"),
        (66, "age_outside"),
        (None, "age_unknown"),
    ],
)
def test_the_grant_goes_by_completed_years(age: int | None, code: str) -> None:
    notes = noted(borrower_age=age)
    assert [name for name in notes if name.startswith("age")] == [code]
    assert notes[code].breach == (code == "age_outside")


@pytest.mark.parametrize(("listed", "code"), [(0, "not_listed"), (1, "listed"), (None, "listing_unknown")])
def test_a_listing_elsewhere_is_a_note_and_no_breach(listed: int | None, code: str) -> None:
    assert not noted(default_elsewhere=listed)[code].breach


@pytest.mark.parametrize(
    ("fact", "within", "beyond", "code"),
    [
        ("household_covered", 50_000.0, 50_000.01, "above_limit"),
        ("matures_on", date(2027, 3, 1), date(2027, 3, 2), "long_term"),
        ("times_renewed", 1, 2, "renewed_often"),
        ("annual_rate", 0.0395, 0.0396, "rate_above_ceiling"),
        ("annual_rate", None, 0.05, "rate_above_ceiling"),
    ],
)
def test_what_goes_beyond_the_notice_is_a_breach(fact: str, within: Any, beyond: Any, code: str) -> None:
    assert code not in noted(**{fact: within})
    assert noted(**{fact: beyond})[code].breach


@pytest.mark.parametrize(
    ("granted_on", "matures_on", "ceiling"),
    [
        (date(2015, 10, 23), date(2016, 10, 23), None),
        (date(2019, 8, 19), date(2020, 8, 19), 0.0435),
        (date(2019, 8, 20), date(2020, 8, 20), 0.0425),
        (date(2024, 7, 21), date(2025, 7, 21), 0.0345),
        (date(2024, 7, 22), date(2025, 7, 22), 0.0335),
        (date(2024, 7, 22), date(2025, 7, 23), 0.0385),
        (date(2026, 6, 1), date(2027, 6, 1), 0.03),
    ],
    ids=["before the table", "benchmark", "prime rate", "day before", "first day", "a day more than a year", "newest"],
)
def test_a_loan_keeps_the_rate_ceiling_of_the_day_it_was_granted(
    granted_on: date, matures_on: date, ceiling: float | None
) -> None:
    dates: dict[str, Any] = {"originated_on": granted_on, "matures_on": matures_on}
    assert ("rate_above_ceiling" in noted(annual_rate=0.3, **dates)) == (ceiling is not None)
    if ceiling is not None:
        assert "rate_above_ceiling" not in noted(annual_rate=ceiling, **dates)
        assert "rate_above_ceiling" in noted(annual_rate=ceiling + 0.0001, **dates)


def test_a_loan_that_the_fund_does_not_cover_has_no_ceiling() -> None:
    assert "rate_above_ceiling" not in noted(annual_rate=0.3, covered_principal=0.0)


def test_the_note_on_the_rate_names_the_ceiling_and_its_first_day() -> None:
    words = noted(annual_rate=0.0545)["rate_above_ceiling"].words
    assert words.en.startswith("yearly rate of 5.45%, above the ceiling of 3.95% in force from 2024-02-20")
    assert {"5.45%", "3.95%", "2024-02-20"} <= set(re.findall(r"[\d.%-]+", words.zh))


def test_a_county_adds_one_ceiling_and_keeps_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    own = '[[policy]]\nsince = 2026-03-01\nsource = "notice"\n'
    path.write_text(own + "rates.ceilings.2026-02-20 = { one_year = 0.029, longer = 0.034 }\n", "utf-8")
    rates = parse_policy_table(read_policy_file(path)).in_force(date(2026, 3, 31)).rates
    for day, one_year in ((date(2026, 2, 19), 0.03), (date(2026, 2, 20), 0.029)):
        assert [ceiling.one_year for _, ceiling in filter(None, [rates.on(day)])] == [one_year]


@pytest.mark.parametrize(
    "line", ["2026-02-30 = { one_year = 0.03, longer = 0.03 }", "spring = { one_year = 0.03, longer = 0.03 }"]
)
def test_a_ceiling_without_a_real_day_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "policy.toml"
    path.write_text(f'[[policy]]\nsince = 2026-03-01\nsource = "notice"\n[policy.rates.ceilings]\n{line}\n', "utf-8")
    with pytest.raises(UserError, match=r"ceilings.*written 2025-01-31"):
        parse_policy_table(read_policy_file(path))
