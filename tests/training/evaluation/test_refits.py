"""What other fits tell, on the loans of a simulated county; and how far its model is from what its truth allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.catalog import FAMILIES
from features.ledger.ledger import Ledger
from features.messages import UserError
from models.boosting import TreeParams
from models.county_policy.policy_table import policy_table_of
from models.raw_score import Floats
from models.registry import ModelStore
from models.traffic_light.rule_table import rule_table_of
from tests.conftest import County
from training import concurrent_fits
from training.candidates import Candidate, ModelSpec
from training.cohort import samples
from training.evaluation.ceiling import Ceiling
from training.evaluation.ceiling_distance import ceiling_distance, simulated_ceiling
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.evaluated_loans import EvaluatedLoans, score_loans
from training.evaluation.refits import Scorer, ablation, permutation_test, refit_with, stability
from training.evaluation.report import EvaluationReport, EvaluationSettings
from training.folds import Fold
from training.plan import Plan

FIT = refit_with(ModelSpec(Candidate.SIGNED_TREES, TreeParams(num_iterations=15, num_leaves=7)))
Folds = tuple[pl.DataFrame, EvaluatedLoans]


@pytest.fixture(scope="module")
def folds(county: County) -> Folds:
    bundle = ModelStore(county.data / "models").bundle(1)
    plan = Plan.model_validate(bundle.card["plan"])
    wanted = [Fold.FIT, Fold.JUDGEMENT]
    found = samples(
        Ledger(county.data / "ledger"),
        plan,
        rule_table_of(county.data),
        policy_table_of(county.data),
        lambda *_: None,
        wanted,
    )
    return found[Fold.FIT], score_loans(bundle, found[Fold.JUDGEMENT], policy_table_of(county.data))


def test_shuffled_labels_teach_nothing_on_average(folds: Folds) -> None:
    found = permutation_test(*folds, FIT, seed=1, fits=2)
    assert found.fits == 2
    assert found.auc == pytest.approx(0.5, abs=0.05)


def test_a_model_that_knows_which_months_are_worse_is_no_leak(folds: Folds) -> None:
    """Shuffling within months leaves how many loans go bad in each: across months it ranks, within them nothing."""
    rates = dict(folds[1].frame.group_by("as_of").agg(pl.col("bad").mean()).rows())

    def fit(frame: pl.DataFrame, names: Sequence[str], seed: int) -> Scorer:  # noqa: ARG001 - as a fit is called
        def score(asked: pl.DataFrame) -> Floats:
            return np.array([rates[day] for day in asked["as_of"]])

        return score

    assert len(set(rates.values())) > 1
    assert permutation_test(*folds, fit, seed=1, fits=1).auc == 0.5


def test_a_column_that_carries_the_label_gives_itself_away(folds: Folds) -> None:
    def peeping(frame: pl.DataFrame, names: Sequence[str], seed: int) -> Scorer:  # noqa: ARG001 - as a fit is called
        def score(asked: pl.DataFrame) -> Floats:
            return asked["bad"].to_numpy().astype(np.float64)

        return score

    assert permutation_test(*folds, peeping, seed=1, fits=1).auc == 1.0


@pytest.mark.parametrize(("sees_labels", "scorings"), [(False, 2), (True, 200)])
def test_rows_are_scored_anew_only_where_a_model_sees_the_shuffled_labels(
    folds: Folds, sees_labels: bool, scorings: int
) -> None:
    frames = []

    def fit(frame: pl.DataFrame, names: Sequence[str], seed: int) -> Scorer:  # noqa: ARG001 - as a fit is called
        def score(asked: pl.DataFrame) -> Floats:
            frames.append(asked)
            return asked["bad" if sees_labels else "days_past_due"].to_numpy().astype(np.float64)

        return score

    assert permutation_test(*folds, fit, seed=1, fits=1).permutations == 200
    assert len(frames) == scorings


def test_every_family_is_left_out_once_after_all_together(folds: Folds) -> None:
    found = ablation(*folds, FIT, seed=1)
    assert found[0].family is None
    assert {each.family for each in found[1:]} <= {family.__name__.split(".")[-1] for family in FAMILIES}
    assert len(found) == len({each.family for each in found}) > 2
    assert all(each.auc and 0 < each.auc < 1 for each in found)
    assert len({each.auc for each in found}) > 2


def test_refits_are_the_same_whether_fitted_alone_or_two_at_a_time(
    folds: Folds, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_checks() -> tuple[object, ...]:
        return (
            permutation_test(*folds, FIT, seed=1, fits=3),
            ablation(*folds, FIT, seed=1),
            stability(*folds, FIT, (1, 2, 3)),
        )

    alone = all_checks()
    monkeypatch.setattr(concurrent_fits, "_FEWEST_ROWS", 0)
    assert all_checks() == alone


def test_the_same_seed_twice_changes_nothing_and_two_seeds_something(folds: Folds) -> None:
    same, other = stability(*folds, FIT, (1, 1)), stability(*folds, FIT, (1, 2))
    assert same.rank_correlation == pytest.approx(1)
    assert same.changing == 0
    assert other.rank_correlation < 1
    assert other.auc
    assert other.auc[0] < other.auc[1]
    with pytest.raises(ValueError, match="two seeds"):
        stability(*folds, FIT, (1,))


@pytest.fixture(scope="module")
def report(folds: Folds) -> EvaluationReport:
    return evaluate_loans(folds[1], EvaluationSettings(draws=10))


def test_a_model_is_measured_on_the_way_from_chance_to_the_best_there_is(report: EvaluationReport) -> None:
    best = Ceiling(np.array([0.0, 1.0]), np.array([0.9, 0.1]))
    found = ceiling_distance(best, report)
    assert found.best_auc == best.auc == pytest.approx(1.0)
    assert found.way == pytest.approx(2 * (found.auc - 0.5))
    assert found.best_recall == pytest.approx(min(1.0, 10 * report.everyone.visits / report.everyone.loans))


def test_the_ceiling_is_that_of_the_judged_months_alone(folds: Folds, report: EvaluationReport, tmp_path: Path) -> None:
    months = folds[1].frame.select("loan_id", "as_of").unique()
    chance = np.random.default_rng(1)
    true = np.where(chance.random(months.height) < 0.2, 0.5, 0.02)
    truth = months.with_columns(replicates=pl.lit(100, pl.Int64), went_bad=pl.Series(chance.binomial(100, true)))
    other = truth.with_columns(as_of=pl.lit("1999-12-31").str.to_date(), went_bad=pl.lit(100, pl.Int64))
    (tmp_path / "truth" / "hazards").mkdir(parents=True)
    hazards = pl.concat([truth, other]).with_columns(hazard=pl.col("went_bad") / pl.col("replicates"))
    hazards.write_parquet(tmp_path / "truth" / "hazards" / "1.parquet")
    assert simulated_ceiling(tmp_path, report).mean == pytest.approx(true.mean(), abs=0.01)


def test_an_inbox_without_truth_of_these_months_is_refused(county: County, report: EvaluationReport) -> None:
    with pytest.raises(UserError, match="no true hazards of the judged months"):
        simulated_ceiling(county.inbox, report)
