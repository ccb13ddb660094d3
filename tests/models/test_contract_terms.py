"""Terms that bind contracts: loans granted on both sides of a notice's first day keep what held on their own day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pytest
from pydantic import BaseModel

from models.county_policy.contract_terms import ContractTerms, DatedTerms
from models.county_policy.policy_table import parse_policy_table, read_policy_file, shipped_policy_table
from models.county_policy.section import Section
from models.county_policy.sections import CountyPolicy
from models.grant_notes import grant_notes

OLD, NEW = date(2025, 12, 31), date(2026, 1, 1)
AS_OF = date(2026, 6, 30)
TERMS = shipped_policy_table().contract_terms(AS_OF)


def covered(*loans: tuple[date, float], product: str = "microloan", terms: ContractTerms = TERMS) -> pl.DataFrame:
    """What is covered of the loans of one household, each drawn as the day it was granted and what it owes."""
    rows = [
        {"household_id": "H1", "originated_on": day, "product": product, "outstanding_principal": yuan}
        for day, yuan in loans
    ]
    return terms.covered_principal(pl.DataFrame(rows), ("microloan", "revolving"))


def notes(granted_on: date, household_covered: float, matures_on: date) -> dict[str, str]:
    facts = {
        "borrower_age": 45.0,
        "default_elsewhere": 0,
        "times_renewed": 0,
        "household_covered": household_covered,
        "covered_principal": household_covered,
        "annual_rate": 0.03,
        "originated_on": granted_on,
        "matures_on": matures_on,
    }
    policy = shipped_policy_table().in_force(AS_OF)
    found = grant_notes(facts, TERMS.of(granted_on).lending, policy.grants, policy.rates)
    return {note.code: note.words.en for note in found}


def test_a_loan_keeps_the_limit_of_the_day_it_was_granted() -> None:
    assert [TERMS.of(day).lending.limit for day in (OLD, NEW)] == [50_000, 100_000]


def test_terms_of_a_month_before_the_notice_do_not_know_it() -> None:
    earlier = shipped_policy_table().contract_terms(OLD)
    assert [each.lending.limit for each in earlier.dated] == [50_000]
    assert earlier.version != TERMS.version


def test_a_loan_older_than_the_table_has_its_first_terms() -> None:
    assert TERMS.of(date(2012, 5, 1)).lending.limit == 50_000


def test_a_row_that_binds_no_contract_begins_no_new_terms() -> None:
    assert [each.since for each in TERMS.dated] == [date(2016, 1, 1), NEW]


@pytest.mark.parametrize(
    ("loans", "amounts"),
    [
        ([(OLD, 80_000.0)], [50_000.0]),
        ([(NEW, 80_000.0)], [80_000.0]),
        ([(OLD, 50_000.0), (NEW, 50_000.0)], [50_000.0, 50_000.0]),
        ([(OLD, 80_000.0), (NEW, 40_000.0)], [50_000.0, 40_000.0]),
        ([(NEW, 90_000.0), (OLD, 30_000.0)], [70_000.0, 30_000.0]),
        ([(OLD, 60_000.0), (OLD, 40_000.0)], [30_000.0, 20_000.0]),
    ],
    ids=["old alone", "new alone", "top-up", "old beyond its limit", "old first in any order", "shared in proportion"],
)
def test_older_loans_are_covered_first_and_the_newer_notice_bounds_all(
    loans: list[tuple[date, float]], amounts: list[float]
) -> None:
    assert covered(*loans)["covered_principal"].to_list() == amounts


def test_what_counts_against_the_limit_exceeds_it_exactly_where_a_loan_is_cut() -> None:
    frame = covered((OLD, 80_000.0), (NEW, 50_000.01))
    assert frame["household_covered"].to_list() == [80_000.0, 100_000.01]
    assert frame["covered_principal"].to_list() == [50_000.0, 50_000.0]


def test_loans_of_other_products_are_not_covered() -> None:
    assert covered((NEW, 80_000.0), product="other")["covered_principal"].to_list() == [0.0]


def test_a_lower_limit_of_a_later_notice_takes_nothing_from_older_loans(tmp_path: Path) -> None:
    path = tmp_path / "policy.toml"
    path.write_text("[[policy]]\nsince = 2026-03-01\nsource = 'notice'\nlending.limit = 30000.0\n", "utf-8")
    terms = parse_policy_table(read_policy_file(path)).contract_terms(AS_OF)
    loans = ((NEW, 60_000.0), (date(2026, 3, 1), 10_000.0))
    assert covered(*loans, terms=terms)["covered_principal"].to_list() == [60_000.0, 0.0]


def test_the_note_on_the_amount_goes_by_the_notice_of_the_grant() -> None:
    due = date(2027, 6, 30)
    assert "above_limit" in notes(OLD, 80_000.0, due)
    assert "above_limit" not in notes(NEW, 80_000.0, due)
    assert "of the notice it was granted under" in notes(OLD, 80_000.0, due)["above_limit"]


def section_classes() -> dict[str, Any]:
    """Each section of the policy table with its class; of the ratings, the class of one."""
    return {
        name: each
        for name, field in CountyPolicy.model_fields.items()
        for each in (field.annotation, *get_args(field.annotation))
        if isinstance(each, type) and issubclass(each, BaseModel)
    }


def test_every_section_says_what_it_binds_and_its_numbers_are_found_by_the_day_of_the_grant() -> None:
    """Those that bind contracts are in the terms of each day, but for the ceilings of rates, which have days."""
    by_name = section_classes()
    assert set(by_name) == set(CountyPolicy.model_fields) - {"since", "source"}
    assert all(issubclass(section, Section) for section in by_name.values())
    binding = {name for name, section in by_name.items() if section.binds == "contract"}
    assert binding == (set(DatedTerms.model_fields) - {"since"}) | {"rates"} == {"lending", "rates"}
