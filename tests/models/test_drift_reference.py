"""Bins fixed at training, the stability index, Jeffreys' interval, and ranking by outcomes or probabilities."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta, chi2
from sklearn.metrics import roc_auc_score

from models.drift_reference import (
    SCORE,
    Bins,
    ColumnProfile,
    bins_of,
    drifts,
    psi,
    psi_by_chance,
    read_reference,
    reference_of,
)
from models.jeffreys import jeffreys_interval
from models.ranking import recall, roc_auc
from models.raw_score import ModelColumn


def test_bins_hold_about_a_tenth_of_the_values_and_missing_ones_are_counted_apart() -> None:
    bins = bins_of(pl.Series([*range(1, 101), None, None]))
    assert bins.edges[0] == pytest.approx(10.9 * 1.025)
    assert sum(bins.shares) == pytest.approx(1)
    assert bins.missing == pytest.approx(2 / 102)
    assert bins_of(pl.Series(range(1000, 2000))).shares == pytest.approx([0.1] * 10, abs=0.06)


def test_a_value_on_an_edge_belongs_below_it() -> None:
    bins = bins_of(pl.Series([0.0] * 9 + [1.0]))
    assert bins.edges == pytest.approx((0.0, 0.1), abs=0.11)
    assert bins.shares_of(pl.Series([bins.edges[0], np.nextafter(bins.edges[0], 1.0)]))[:2] == [0.5, 0.5]


def test_terms_of_three_years_are_in_one_bin_whether_or_not_a_leap_day_lies_in_them() -> None:
    bins = bins_of(pl.Series([365.0] * 20 + [730.0] * 20 + [1095.0] * 60))
    assert bins.shares_of(pl.Series([1095.0, 1096.0])) == bins.shares_of(pl.Series([1095.0]))
    assert psi(bins.shares, bins.shares_of(pl.Series([366.0] * 20 + [731.0] * 20 + [1096.0] * 60))) == 0


def test_a_level_nobody_knew_counts_with_the_missing() -> None:
    bins = bins_of(pl.Series(["a", "b", "b", None]), ("a", "b", "c"))
    assert bins.shares == pytest.approx((1 / 3, 2 / 3, 0.0))
    assert bins.missing == 0.25
    assert bins.counts_of(pl.Series(["z", None, "a", "a"])) == [2, 0, 0]


def test_a_column_that_was_always_missing_has_no_shares() -> None:
    bins = bins_of(pl.Series([None, None], dtype=pl.Float64))
    assert (bins.shares, bins.missing) == ((0.0,), 1.0)


def test_the_index_is_zero_for_the_same_shares_and_worked_out_by_hand_for_others() -> None:
    assert psi((0.5, 0.5), (0.5, 0.5)) == 0.0
    assert psi((0.5, 0.5), (0.25, 0.75)) == pytest.approx(0.25 * np.log(2) + 0.25 * np.log(1.5))
    assert np.isfinite(psi((1.0, 0.0), (0.0, 1.0)))


def test_a_reference_is_read_back_from_a_card_as_it_was() -> None:
    frame = pl.DataFrame({"income": [1.0, 2.0, None], "use": ["sheep", None, "sheep"]})
    columns = (ModelColumn("income", -1), ModelColumn("use", 0, ("sheep", "cattle")))
    kept = json.loads(json.dumps(reference_of(frame, columns, np.array([0.1, 0.2, 0.3]))))
    bins = read_reference(kept).bins
    assert (kept["rows"], list(bins)) == (3, ["income", "use", SCORE])
    assert bins["use"] == bins_of(frame["use"], ("sheep", "cattle"))
    assert psi(bins["income"].shares, bins["income"].shares_of(frame["income"])) == 0.0


def cohorts(**columns: list[object]) -> pl.DataFrame:
    """Two month ends of two counties with two loans each; the first county delivers from the second month on."""
    days = [date(2021, 1, 31)] * 4 + [date(2021, 2, 28)] * 4
    return pl.DataFrame({"as_of": days, "county_code": ["A", "A", "B", "B"] * 2, **columns})


def test_months_before_a_table_was_delivered_are_no_part_of_the_reference() -> None:
    frame = cohorts(savings=[None, None, 1.0, 2.0, 3.0, None, 4.0, 5.0])
    bins = read_reference(reference_of(frame, (ModelColumn("savings", -1),), np.zeros(8))).bins["savings"]
    assert bins.missing == pytest.approx(1 / 6)


def test_scores_of_months_before_the_tables_were_delivered_are_no_part_of_the_reference() -> None:
    frame = cohorts(savings=[None, None, 1.0, 2.0, 3.0, None, 4.0, 5.0])
    scores = np.array([0.9, 0.9, *[0.1] * 6])
    bins = read_reference(reference_of(frame, (ModelColumn("savings", -1),), scores)).bins[SCORE]
    assert bins.shares_of(pl.Series([0.1])) == list(bins.shares)


def test_a_column_that_turns_with_the_year_has_bins_of_each_calendar_month() -> None:
    frame = cohorts(assets_age_months=[1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0])
    columns = (ModelColumn("assets_age_months", 0),)
    recent = frame.with_columns(pl.lit(0.0).alias(SCORE))
    kept = json.loads(json.dumps(reference_of(frame, columns, np.zeros(8), {"assets_age_months": 1.0}, recent)))
    reference = read_reference(kept)
    february = reference.by_month["assets_age_months"][2]
    assert february.shares_of(pl.Series([2.0])) == list(february.shares)
    assert reference.recent_by_month["assets_age_months"][2] == ColumnProfile(4, 0.0, list(february.shares))
    assert reference.is_complete


def test_a_reference_of_an_earlier_version_is_read_without_its_bin_of_missing_values() -> None:
    old = {"rows": 4, "bins": {"savings": {"edges": [1.0], "levels": [], "shares": [0.25, 0.25, 0.5]}}}
    reference = read_reference(old)
    assert reference.bins["savings"] == Bins((1.0,), (), (0.5, 0.5), None)
    assert (reference.is_complete, reference.importance, reference.by_month, reference.recent) == (False, {}, {}, {})
    assert drifts(old, pl.DataFrame({"savings": [0.0, 2.0, None]})) == {"savings": 0.0}


@pytest.mark.parametrize(("bins", "values"), [(2, 200), (10, 200), (10, 5000)])
def test_the_index_that_chance_gives_is_the_quantile_of_chi_squared(bins: int, values: int) -> None:
    assert psi_by_chance(bins, values) == pytest.approx(chi2.ppf(1 - 1 / 2000, bins - 1) / values, rel=0.05)


def test_the_index_grows_with_a_shift_and_is_told_of_the_columns_that_are_there() -> None:
    before = pl.DataFrame({"savings": [float(each) for each in range(100)], "gone": 1.0})
    kept = reference_of(before, (ModelColumn("savings", -1), ModelColumn("gone", 0)), np.zeros(100))
    moved = [drifts(kept, before.select(pl.col("savings") + by)) for by in (0, 20, 50)]
    assert [list(each) for each in moved] == [["savings"]] * 3
    assert moved[0]["savings"] == 0
    assert moved[2]["savings"] > moved[1]["savings"] > 0.25


@pytest.mark.parametrize(("found", "of"), [(0, 1), (1, 1), (0, 50), (50, 50), (3, 40), (20, 40), (900, 100_000)])
def test_the_interval_is_the_one_of_the_beta_distribution(found: int, of: int) -> None:
    a, b = found + 0.5, of - found + 0.5
    low = 0.0 if found == 0 else beta.ppf(0.025, a, b)
    high = 1.0 if found == of else beta.ppf(0.975, a, b)
    assert jeffreys_interval(found, of) == pytest.approx((low, high), abs=1e-10)


def test_ranking_by_outcomes_is_the_area_under_the_curve_ties_counted_half() -> None:
    chance = np.random.default_rng(1)
    scores = chance.random(500).round(1)
    bad = (chance.random(500) < scores).astype(np.float64)
    assert roc_auc(scores, bad) == pytest.approx(roc_auc_score(bad, scores))


def test_ranking_by_the_probabilities_is_what_comes_on_average() -> None:
    chance = np.random.default_rng(2)
    scores = chance.beta(1, 9, 400)
    drawn = [roc_auc(scores, (chance.random(400) < scores).astype(np.float64)) for _ in range(400)]
    assert roc_auc(scores, scores) == pytest.approx(np.mean([each for each in drawn if each]), abs=0.01)


def test_without_both_outcomes_there_is_no_rank_and_without_bad_ones_no_recall() -> None:
    ones = np.ones(3)
    assert roc_auc(ones, ones) is None
    assert roc_auc(ones, 0 * ones) is None
    assert recall(np.array([True, False, False]), 0 * ones) is None
    assert recall(np.array([True, False, False]), ones) == pytest.approx(1 / 3)
