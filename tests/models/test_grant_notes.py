"""Notes on the grant, a borrower on each side of every bound."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models.county_policy.policy_table import shipped_policy_table
from models.grant_notes import LendingNote, grant_notes

POLICY = shipped_policy_table().in_force(date(2025, 12, 31))
ORDINARY = {
    "borrower_age": 45.0,
    "default_elsewhere": 0,
    "household_covered": 50_000.0,
    "originated_on": date(2024, 3, 1),
    "matures_on": date(2027, 3, 1),
    "times_renewed": 1,
}


def noted(**facts: Any) -> dict[str, LendingNote]:
    return {note.code: note for note in grant_notes(ORDINARY | facts, POLICY.lending, POLICY.grants)}


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
    ],
)
def test_what_goes_beyond_the_notice_is_a_breach(fact: str, within: Any, beyond: Any, code: str) -> None:
    assert code not in noted(**{fact: within})
    assert noted(**{fact: beyond})[code].breach
