"""What the bars are measured by: the AUC over all futures, lead time, and intervals."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from training.evaluation.ceiling import Ceiling
from training.studies.bars import (
    StudyCounty,
    bars_page,
    calibration_error,
    cleared_loans,
    expected_auc,
    jeffreys_interval_holds,
    lead_days,
)

HAZARDS = np.array([0.0, 0.1, 0.3, 0.9])
SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def test_who_ranks_by_the_true_hazards_reaches_the_ceiling_and_nobody_goes_beyond() -> None:
    loans = np.repeat(HAZARDS, (10 * SHARES).astype(int))
    ceiling = Ceiling(HAZARDS, SHARES).auc
    assert expected_auc(loans, loans) == pytest.approx(ceiling)
    chance = np.random.default_rng(1)
    assert all(expected_auc(chance.permutation(loans), loans) < ceiling for _ in range(20))


def test_the_lead_counts_from_the_first_visit_of_a_loan_caught_in_several_months() -> None:
    january, february = date(2024, 1, 31), date(2024, 2, 29)
    frame = pl.DataFrame(
        {
            "loan_id": ["L1", "L2"] * 2,
            "as_of": [january, january, february, february],
            "probability": [0.9, 0.1] * 2,
            "rule_level": [0, 1] * 2,
            "bad": [1, 0] * 2,
            "bad_on": [date(2024, 5, 31), None] * 2,
        }
    )
    assert lead_days(frame).tolist() == [121.0]


@pytest.mark.parametrize(("foretold", "within"), [(0.02, True), (0.2, False)])
def test_an_interval_holds_what_is_foretold_where_it_is_near_what_came(foretold: float, within: bool) -> None:
    assert jeffreys_interval_holds(np.full(100, foretold), np.repeat([True, False], [2, 98])) is within


def test_the_calibration_error_is_the_mean_distance_of_ten_parts_as_large_as_each_other() -> None:
    foretold, bad = np.repeat([0.1, 0.6], [90, 10]), np.repeat([True, False, True], [9, 81, 10])
    assert calibration_error(foretold, bad) == pytest.approx((0.8 + 8 * 0.1 + 0.4) / 10)


def test_the_page_tells_re_falls_beside_what_was_foretold() -> None:
    sample = pl.DataFrame(
        {
            "household_id": ["H1", "H2", "H3", "H4"],
            "months_since_arrears": [1, 2, 20, None],
            "bad": [1, 0, 0, 1],
            "probability": [0.3, 0.1, 0.05, 0.9],
            "hazard": [0.25, 0.15, None, 0.8],
        }
    )
    cleared = pl.concat(cleared_loans(StudyCounty(sample, {}), seed) for seed in (1, 2))
    assert cleared["household_id"].n_unique() == 6
    page = bars_page({1: [("AUC", "", 0.5)], 2: [("AUC", "", 0.6)]}, cleared, 100, 60, 1)
    assert "| AUC |  | 0.5 | 0.6 |" in page
    assert "| under 3 | 4 | 50.0% | 12.3% - 87.7% | 20.0% | 20.0% | 14.5% |" in page
    assert "| 3-6 | 0 |  | 0.0% - 100.0% |  |  | 15.0% |" in page
    assert "| over 12 | 2 | 0.0% |" in page
