"""Migration: where each loan stood before and stands now, cures and falls anew, by hand on ten loans."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from features.messages import UserError
from serving.months.data_folder import DataFolder
from serving.portfolio.migration import (
    STATES_AFTER,
    STATES_BEFORE,
    MigrationPeriod,
    loan_migrations,
    migration_cells,
    migration_tables,
    migration_totals,
)
from serving.portfolio.report_period import ReportScope
from tests.serving.reports.conftest import FEBRUARY, JANUARY, MARCH

ALL = ReportScope()


@pytest.fixture(scope="module")
def loans(ten: DataFolder) -> pl.DataFrame:
    return loan_migrations(MigrationPeriod.between(ten, FEBRUARY, MARCH), ALL)


def test_every_loan_goes_from_where_it_stood_to_where_it_stands_or_how_it_ended(loans: pl.DataFrame) -> None:
    went = {
        loan: (before, after) for loan, before, after in loans.select("loan_id", "state_before", "state_after").rows()
    }
    assert went == {
        "A": ("green", "green"),
        "B": ("green", "settled"),
        "C": ("new", "green"),
        "D": ("green", "yellow"),
        "E": ("yellow", "green"),
        "F": ("yellow", "gone_bad"),
        "G": ("green", "renewed"),
        "H": ("new", "yellow"),
        "I": ("green", "compensated"),
        "J": ("reported_late", "green"),
    }


def test_money_is_what_was_owed_before_and_for_new_loans_what_is_owed_now(loans: pl.DataFrame) -> None:
    owed = dict(loans.select("loan_id", "principal").rows())
    assert (owed["A"], owed["B"], owed["C"]) == (9_500.0, 20_000.0, 30_000.0)


def test_a_light_that_went_out_is_cured_and_one_that_comes_back_has_fallen_again(loans: pl.DataFrame) -> None:
    flagged = {flag: loans.filter(flag)["loan_id"].to_list() for flag in ("cured", "worsened", "fell_again")}
    assert flagged == {"cured": ["E"], "worsened": ["D"], "fell_again": ["D"]}
    assert migration_totals(loans).row(0, named=True) == {
        "cured_loans": 1,
        "cured_principal": 50_000.0,
        "worsened_loans": 1,
        "worsened_principal": 40_000.0,
        "fell_again_loans": 1,
        "fell_again_principal": 40_000.0,
    }


def test_without_a_month_before_nobody_knows_who_fell_again(ten: DataFolder) -> None:
    row = migration_totals(loan_migrations(MigrationPeriod.between(ten, JANUARY, FEBRUARY), ALL)).row(0, named=True)
    assert (row["cured_loans"], row["fell_again_loans"], row["fell_again_principal"]) == (1, None, None)


def test_the_matrix_counts_each_loan_once_and_a_pair_that_does_not_occur_is_none(ten: DataFolder) -> None:
    in_loans, in_yuan, _ = migration_tables(MigrationPeriod.between(ten, FEBRUARY, MARCH), ALL)
    assert in_loans.frame["sum"].sum() == 10
    assert in_loans.frame.filter(pl.col("state_before") == "green")["yellow"].item() == 1
    assert in_loans.frame.filter(pl.col("state_before") == "red")["green"].item() == 0
    assert in_yuan.frame["sum"].sum() == pytest.approx(
        9_500 + 20_000 + 30_000 + 40_000 + 50_000 + 10_000 + 20_000 * 2 + 30_000 + 40_000
    )


def test_the_scope_of_a_bank_or_village_holds_its_loans_alone(ten: DataFolder) -> None:
    span = MigrationPeriod.between(ten, FEBRUARY, MARCH)
    assert loan_migrations(span, ReportScope(bank="X"))["loan_id"].to_list() == list("ABCDE")
    assert loan_migrations(span, ReportScope(area="990101100202"))["loan_id"].to_list() == list("FGHIJ")
    assert migration_cells(loan_migrations(span, ReportScope(bank="nobody"))).is_empty()


def test_every_state_has_words_in_both_languages() -> None:
    said = [*STATES_BEFORE.values(), *STATES_AFTER.values()]
    assert all(words.zh and words.en and words.zh != words.en for words in said)


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        (MARCH, MARCH, "not before"),
        (MARCH, FEBRUARY, "not before"),
        (None, JANUARY, "No month before"),
        (date(2023, 12, 31), MARCH, "not published"),
    ],
)
def test_two_months_that_do_not_follow_each_other_are_refused(
    ten: DataFolder, start: date | None, end: date, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        MigrationPeriod.between(ten, start, end)


def test_named_alone_the_newest_is_compared_with_the_one_before_it(ten: DataFolder) -> None:
    span = MigrationPeriod.between(ten, None, None)
    assert (span.earlier.as_of, span.later.as_of) == (FEBRUARY, MARCH)
