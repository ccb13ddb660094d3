"""Bins fixed at training, the stability index, Jeffreys' interval, and ranking by outcomes or probabilities."""

from __future__ import annotations

import json

import numpy as np
import polars as pl
import pytest
from scipy.stats import beta
from sklearn.metrics import roc_auc_score

from models.drift_reference import SCORE, bins_of, drifts, psi, read_bins, reference_of
from models.jeffreys import jeffreys_interval
from models.ranking import recall, roc_auc
from models.raw_score import ModelColumn


def test_bins_hold_a_tenth_each_and_missing_values_have_their_own() -> None:
    bins = bins_of(pl.Series([*range(1, 101), None, None]))
    assert bins.edges[0] == pytest.approx(10.9)
    assert bins.shares == (*([10 / 102] * 10), 2 / 102)


def test_a_value_on_an_edge_belongs_below_it() -> None:
    bins = bins_of(pl.Series([0.0] * 9 + [1.0]))
    assert bins.edges == pytest.approx((0.0, 0.1), abs=0.11)
    assert bins.shares_of(pl.Series([bins.edges[0], np.nextafter(bins.edges[0], 1.0)]))[:2] == [0.5, 0.5]


def test_a_level_nobody_knew_counts_with_the_missing() -> None:
    bins = bins_of(pl.Series(["a", "b", "b", None]), ("a", "b", "c"))
    assert bins.shares == (0.25, 0.5, 0.0, 0.25)
    assert bins.shares_of(pl.Series(["z", None, "a", "a"])) == [0.5, 0.0, 0.0, 0.5]


def test_a_column_that_was_always_missing_has_two_bins() -> None:
    assert bins_of(pl.Series([None, None], dtype=pl.Float64)).shares == (0.0, 1.0)


def test_the_index_is_zero_for_the_same_shares_and_worked_out_by_hand_for_others() -> None:
    assert psi((0.5, 0.5), (0.5, 0.5)) == 0.0
    assert psi((0.5, 0.5), (0.25, 0.75)) == pytest.approx(0.25 * np.log(2) + 0.25 * np.log(1.5))
    assert np.isfinite(psi((1.0, 0.0), (0.0, 1.0)))


def test_a_reference_is_read_back_from_a_card_as_it_was() -> None:
    frame = pl.DataFrame({"income": [1.0, 2.0, None], "use": ["sheep", None, "sheep"]})
    columns = (ModelColumn("income", -1), ModelColumn("use", 0, ("sheep", "cattle")))
    kept = json.loads(json.dumps(reference_of(frame, columns, np.array([0.1, 0.2, 0.3]))))
    bins = read_bins(kept)
    assert (kept["rows"], list(bins)) == (3, ["income", "use", SCORE])
    assert bins["use"] == bins_of(frame["use"], ("sheep", "cattle"))
    assert psi(bins["income"].shares, bins["income"].shares_of(frame["income"])) == 0.0


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
