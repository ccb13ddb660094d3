"""Re-falls: counted by months clean, with an interval that takes a household's rows as one draw."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from training.evaluation.re_falls import CLEAN_MONTHS, clustered_interval, re_falls
from training.evaluation.true_probability import clipped_jeffreys_interval


def test_loan_months_fall_into_the_range_of_their_whole_months() -> None:
    months = [0, 2, 3, 5, 6, 11, 12, 40, None]
    loans = pl.DataFrame(
        {
            "household_id": [f"H{number}" for number in range(len(months))],
            "months_since_arrears": months,
            "bad": [1, 0, 1, 1, 0, 0, 1, 0, 1],
        }
    )
    assert [(row.loans, row.bad, row.share) for row in re_falls(loans)] == [
        *((2, 1, 0.5), (2, 2, 1.0), (2, 0, 0.0), (2, 1, 0.5))
    ]
    assert [months.words for months in CLEAN_MONTHS] == ["under 3", "3-6", "6-12", "over 12"]


def test_with_one_row_a_household_the_interval_is_that_of_independent_draws() -> None:
    bad = np.repeat([1, 0], [20, 80])
    assert clustered_interval(bad, np.ones(100)) == pytest.approx(clipped_jeffreys_interval(20, 100), abs=1e-9)


def test_rows_that_go_together_tell_no_more_than_one() -> None:
    bad = np.repeat([1, 0], [20, 80])
    once, thrice = clustered_interval(bad, np.ones(100)), clustered_interval(3 * bad, np.full(100, 3))
    assert thrice == pytest.approx(once, abs=1e-9)


def test_without_rows_or_without_any_bad_the_interval_says_so() -> None:
    assert clustered_interval([], []) == (0.0, 1.0)
    low, high = clustered_interval([0, 0, 0], [4, 4, 4])
    assert (low, 0.3 < high < 0.8) == (0.0, True)
