"""Samples: labels as the referee sets them, folds that share no household, and measures that handle ties."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

from features.bad_spells import bad_spells
from features.compute import Population, features_at
from features.snapshot.life_rules import LifeRules
from models.county_policy.policy_table import shipped_policy_table
from tests.behaviour.test_oracle import rows_of
from tests.models.test_rule_cases import frame_of
from tests.oracle import referee
from tests.oracle.random_ledger import random_ledger
from training.evaluation.evaluated_loans import rating_scores
from training.evaluation.measures import auc, recall_at
from training.folds import Fold, rows_in_fold
from training.labels import label_cohort
from training.plan import Plan
from training.plan_files import default_plan

PLAN: Plan = default_plan(date(2021, 1, 1), date(2025, 12, 31))


@pytest.mark.parametrize("seed", range(20))
def test_labels_are_what_the_referee_says(seed: int) -> None:
    tables, as_of = random_ledger(seed, 20), date(2024, 9, 30)
    rows = rows_of(tables)
    cohort = features_at(as_of, rows, Population.COHORT)
    found = dict(label_cohort(cohort, bad_spells(rows, LifeRules()), as_of, PLAN).select("loan_id", "bad").rows())
    told = {loan: referee.label(tables, loan, as_of, 6, 30) for loan in referee.cohort(tables, as_of, 30)}
    assert found == {loan: int(bad) for loan, bad in told.items() if bad is not None}


def test_no_household_is_in_two_folds_and_all_are_in_one() -> None:
    frame = pl.DataFrame({"household_id": [f"H{number}" for number in range(3000)]})
    folds = [set(rows_in_fold(frame, fold, PLAN)["household_id"]) for fold in Fold]
    assert sum(map(len, folds)) == 3000
    assert set.union(*folds) == set(frame["household_id"])


def test_folds_have_about_the_shares_of_the_plan() -> None:
    frame = pl.DataFrame({"household_id": [f"H{number}" for number in range(20_000)]})
    shares = [rows_in_fold(frame, fold, PLAN).height / 20_000 for fold in Fold]
    assert shares == pytest.approx([0.5, 0.15, 0.1, 0.25], abs=0.02)


@pytest.mark.parametrize(
    ("scores", "bad", "visits", "recall"),
    [
        ([4, 3, 2, 1], [1, 0, 1, 0], 1, 0.5),
        ([4, 3, 2, 1], [1, 0, 1, 0], 3, 1.0),
        ([1, 1, 1, 1], [1, 0, 1, 0], 2, 0.5),
        ([2, 1, 1, 1], [0, 1, 0, 0], 2, 1 / 3),
        ([4, 3, 2, 1], [1, 0, 1, 0], 0, 0.0),
        ([4, 3, 2, 1], [0, 0, 0, 0], 2, None),
        ([2, 1], [1, 1], 9, 1.0),
    ],
)
def test_recall_counts_a_tie_at_the_edge_by_its_share(
    scores: list[float], bad: list[int], visits: int, recall: float | None
) -> None:
    assert recall_at(np.array(scores, float), np.array(bad, bool), visits) == pytest.approx(recall)


def test_a_month_with_one_outcome_has_no_auc() -> None:
    assert auc(np.array([False, False]), np.array([0.1, 0.2])) is None


@pytest.mark.parametrize("table", ["631", "1531"])
def test_ratings_rank_the_worst_household_first_and_the_unknown_last(table: str) -> None:
    points = {"low": 20.0, "high": 90.0, "unknown": None}
    frames = [
        frame_of({"integrity_points": each, "civility_points": each, "income_per_head": each and 100 * each})
        for each in points.values()
    ]
    sample = pl.concat(frames).with_columns(
        pl.Series("household_id", list(points)), pl.lit(date(2025, 6, 30)).alias("as_of")
    )
    scores = rating_scores(sample, shipped_policy_table())[f"rating_{table}"]
    assert [list(points)[place] for place in np.argsort(-scores)] == ["low", "high", "unknown"]


def test_a_contender_that_knows_of_nobody_has_no_figure() -> None:
    sample = frame_of({}).with_columns(
        pl.Series("household_id", ["H1"], pl.String), pl.lit(date(2025, 6, 30)).alias("as_of")
    )
    unknown, bad = (
        np.repeat(rating_scores(sample, shipped_policy_table())["rating_631"], 4),
        np.array([True, False, True, False]),
    )
    assert (auc(bad, unknown), recall_at(unknown, bad, 2)) == (None, None)
