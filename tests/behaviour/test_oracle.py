"""The features against the naive referee, on random ledgers with everything that makes them hard."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import Population, features_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.numbered_tables import (
    NUMBER_COLUMNS,
    NUMBERED_TABLES,
    NumberedTables,
    identifiers_of,
    number_column,
    numbered_rows,
)
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import LifeRules
from features.snapshot.loan_book import LoanBook
from tests.oracle import referee
from tests.oracle.knowledge import Tables
from tests.oracle.random_ledger import random_ledger

pytestmark = pytest.mark.no_cover  # the referee takes twice as long where each of its lines is counted
SEEDS = range(30)
MONTH_ENDS = (date(2024, 3, 31), date(2024, 9, 30), date(2025, 6, 30))
YUAN = 0.005 + 1e-9


def rows_of(tables: Tables) -> DeliveredTables:
    return DeliveredTables.from_frames(
        {name: pl.DataFrame(rows, TABLES[name].schema, orient="row") for name, rows in tables.items()}
    )


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("as_of", MONTH_ENDS)
def test_every_feature_the_contract_defines_is_what_the_referee_says(seed: int, as_of: date) -> None:
    tables = random_ledger(seed, 20)
    found = {row["loan_id"]: row for row in features_at(as_of, rows_of(tables)).to_dicts()}
    expected = referee.features(tables, as_of)
    assert found.keys() == expected.keys()
    differing = [
        (loan, name, value, found[loan][name])
        for loan, values in expected.items()
        for name, value in values.items()
        if not same(value, found[loan][name])
    ]
    assert differing == []


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_by_number_have_the_same_features(seed: int) -> None:
    rows = rows_of(random_ledger(seed, 20))
    identifiers = {number: identifiers_of(number, rows.frames) for number in NUMBER_COLUMNS}
    by_number = {
        name: numbered_rows(
            TABLES[name], rows[name], identifiers[number_column(TABLES[name])], name in rows.revised_tables
        )
        for name in NUMBERED_TABLES
    }
    stored = replace(rows, numbered=NumberedTables(identifiers, by_number))
    for as_of in MONTH_ENDS:
        assert_frame_equal(features_at(as_of, stored), features_at(as_of, rows), check_exact=True)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_cohort_and_the_days_loans_went_bad_are_what_the_referee_says(seed: int) -> None:
    tables = random_ledger(seed, 20)
    rows = rows_of(tables)
    for as_of in MONTH_ENDS:
        cohort = features_at(as_of, rows, Population.COHORT)["loan_id"]
        assert sorted(cohort) == referee.cohort(tables, as_of, 30)
    loans = {row["loan_id"] for row in tables["loans"]}
    for days, known_by in ((30, None), (7, None), (30, date(2024, 9, 30))):
        expected = {loan: day for loan in loans if (day := referee.bad_on(tables, loan, days, known_by))}
        versions = LatestVersions(rows, known_by)
        book = LoanBook(versions, known_by or date(2200, 1, 1), LifeRules(days))
        first = book.lives.spells.group_by("loan").agg(pl.col("bad_on").min())
        found = versions.loans.collect().join(first, on="loan").select("loan_id", "bad_on")
        assert dict(found.rows()) == expected


def same(expected: float | None, found: float | None) -> bool:
    if expected is None or found is None:
        return expected is found
    return abs(expected - found) <= YUAN
