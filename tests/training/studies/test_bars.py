"""What the bars are measured by: the AUC over all futures, intervals, pooled differences, and marks of missed bars."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.training.evaluation.frames import evaluated_loans_of
from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.ceiling import Ceiling
from training.evaluation.report import Estimate, EvaluationSettings, PopulationAtCapacity
from training.studies.bar_rows import BarRow, missed_rows, pooled_difference, pooled_misses
from training.studies.bars import (
    StudyCounty,
    calibration_error,
    cleared_loans,
    expected_auc,
    jeffreys_interval_holds,
    re_fall_lines,
    tenths_in_range,
)
from training.studies.learning_curve import CurvePoint, least_bad_to_learn_from

LOANS = evaluated_loans_of([0.9] * 40 + [0.1] * 160, [1] * 40 + [0] * 160, ([1] * 18 + [0] * 2) * 2 + [0] * 160)
POPULATION = population_at_capacity(LOANS, EvaluationSettings(draws=10))
HAZARDS = np.array([0.0, 0.1, 0.3, 0.9])
SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def test_who_ranks_by_the_true_hazards_reaches_the_ceiling_and_nobody_goes_beyond() -> None:
    loans = np.repeat(HAZARDS, (10 * SHARES).astype(int))
    ceiling = Ceiling(HAZARDS, SHARES).auc
    assert expected_auc(loans, loans) == pytest.approx(ceiling)
    chance = np.random.default_rng(1)
    assert all(expected_auc(chance.permutation(loans), loans) < ceiling for _ in range(20))


@pytest.mark.parametrize(("foretold", "within"), [(0.02, True), (0.2, False)])
def test_an_interval_holds_what_is_foretold_where_it_is_near_what_came(foretold: float, within: bool) -> None:
    assert jeffreys_interval_holds(np.full(100, foretold), np.repeat([True, False], [2, 98])) is within


def test_the_calibration_error_is_the_mean_distance_of_ten_parts_as_large_as_each_other() -> None:
    foretold, bad = np.repeat([0.1, 0.6], [90, 10]), np.repeat([True, False, True], [9, 81, 10])
    assert calibration_error(foretold, bad) == pytest.approx((0.8 + 8 * 0.1 + 0.4) / 10)


def test_a_tenth_lies_in_the_range_where_its_mean_hazard_does() -> None:
    foretold = np.repeat(np.arange(1, 11) / 20, 10)
    hazard = foretold + np.where(foretold > 0.4, 0.1, 0.0) + np.tile([-0.04, 0.04], 50)
    rows = pl.DataFrame({"probability": foretold, "low": foretold - 0.02, "high": foretold + 0.02, "hazard": hazard})
    assert tenths_in_range(rows) == 8


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
    county = StudyCounty(sample, {}, POPULATION, POPULATION, "blend")
    cleared = pl.concat(cleared_loans(county, seed) for seed in (1, 2))
    assert cleared["household_id"].n_unique() == 6
    page = "\n".join(re_fall_lines(cleared))
    assert "| under 3 | 4 | 50.0% | 12.3% - 87.7% | 20.0% | 20.0% | 14.5% |" in page
    assert "| 3-6 | 0 |  | 0.0% - 100.0% |  |  | 15.0% |" in page
    assert "| over 12 | 2 | 0.0% |" in page


@pytest.mark.parametrize(
    ("value", "low", "high", "missed", "cell"),
    [
        (0.5, 0.5, 2.0, False, "0.5"),
        (0.49, 0.5, 2.0, True, "0.49 ✗"),
        (2.1, 0.5, 2.0, True, "2.1 ✗"),
        (float("nan"), 0.5, None, True, "nan ✗"),
        ("", None, 1.0, True, " ✗"),
        ("blend", None, None, False, "blend"),
    ],
)
def test_a_missed_bar_is_marked(
    value: float | str, low: float | None, high: float | None, missed: bool, cell: str
) -> None:
    row = BarRow("measure", value, "bar", low, high)
    assert (row.missed, row.cell) == (missed, cell)


def test_every_missed_bar_is_told_with_its_county() -> None:
    rows = {1: [BarRow("recall", 0.7), BarRow("times", 1.4, ">= 1.5", low=1.5)], 2: [BarRow("times", 1.6, low=1.5)]}
    assert list(missed_rows(rows, 5000)) == ["5000 households, seed 1: times is 1.4, asked >= 1.5"]


def with_difference(value: float, low: float, high: float, bad: int) -> PopulationAtCapacity:
    """A population whose rules' recall lies by so much below the model's."""
    rules = replace(POPULATION.contenders["rules"], less_model=Estimate(-value, -high, -low))
    return replace(POPULATION, bad=bad, contenders={**POPULATION.contenders, "rules": rules})


def test_differences_are_pooled_by_bad_loans_and_their_variances_add_up() -> None:
    pooled = pooled_difference([with_difference(0.1, 0.0, 0.2, 100), with_difference(0.3, 0.2, 0.4, 300)], "rules")
    half = np.hypot(0.25 * 0.1, 0.75 * 0.1)
    assert (pooled.value, pooled.low, pooled.high) == pytest.approx((0.25, 0.25 - half, 0.25 + half))


@pytest.mark.parametrize(("low", "misses"), [(0.01, 0), (-0.01, 1)])
def test_an_opponent_that_is_not_beaten_beyond_the_interval_is_a_missed_bar(low: float, misses: int) -> None:
    population = with_difference(0.1, low, 0.2 - low, 100)
    only_rules = replace(population, contenders={name: population.contenders[name] for name in ("model", "rules")})
    assert len(list(pooled_misses([only_rules], 5000))) == misses


def test_a_county_stays_with_the_rules_below_the_least_part_from_which_the_model_beats_them_throughout() -> None:
    def points(*lows: float) -> list[CurvePoint]:
        return [
            CurvePoint(100 * 2**number, with_difference(0.1, low, 0.2 - low, 50)) for number, low in enumerate(lows)
        ]

    assert least_bad_to_learn_from({1: points(0.05, -0.01, 0.02, 0.03)}) == 400
    assert least_bad_to_learn_from({1: points(0.05, -0.01)}) is None
