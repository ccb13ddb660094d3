"""What makes a training run quick changes nothing that it finds."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_info, threadpool_limits

from features.ledger.ledger import Ledger
from models.county_policy.policy_table import policy_table_of
from models.traffic_light.rule_table import rule_table_of
from tests.conftest import County
from training import cohort, concurrent_fits, thinned_rows
from training.blas_threads import one_blas_thread
from training.candidates import ModelSpec, _recalibrate
from training.cohort import samples
from training.folds import Fold
from training.plan import SearchPlan
from training.plan_files import SHIPPED_PLANS, load_plan
from training.train import fit_model


def blas_threads() -> set[int]:
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_blas_has_one_thread_during_the_call_and_its_own_number_after_it() -> None:
    with threadpool_limits(2, "blas"):
        assert one_blas_thread(blas_threads)() == {1}
        assert blas_threads() == {2}


def test_samples_are_the_same_from_memory_and_from_files(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger, plan = Ledger(county.data / "ledger"), load_plan(SHIPPED_PLANS / "demo.toml")
    tables = rule_table_of(county.data), policy_table_of(county.data)
    in_memory = samples(ledger, plan, *tables, lambda *_: None, [Fold.POLICY])
    monkeypatch.setattr(cohort, "_MOST_ROWS_IN_MEMORY", 0)
    monkeypatch.setattr(concurrent_fits, "_FEWEST_ROWS", 0)  # and of two month ends at a time
    assert in_memory[Fold.POLICY].equals(samples(ledger, plan, *tables, lambda *_: None, [Fold.POLICY])[Fold.POLICY])


def test_tables_beyond_the_bound_stay_in_their_files(county: County) -> None:
    tables = Ledger(county.data / "ledger").tables()
    rows = sum(frame.collect().height for frame in tables.frames.values())
    assert not tables.read_into_memory(rows - 1).in_memory
    assert tables.read_into_memory(rows).in_memory
    assert tables.read_into_memory(rows)["loans"].collect().equals(tables["loans"].collect())


def test_the_registered_model_is_fitted_on_all_rows_where_others_are_thinned(
    county: County, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = load_plan(SHIPPED_PLANS / "demo.toml").model_copy(update={"search": SearchPlan(trials=1, origins=1)})
    tables = rule_table_of(county.data), policy_table_of(county.data)
    folds = samples(Ledger(county.data / "ledger"), plan, *tables, lambda *_: None)
    monkeypatch.setattr(thinned_rows, "_FEW_ROWS", 100)  # the county has few rows
    bundle, fit = fit_model(folds, plan, "", lambda *_: None), folds[Fold.FIT]
    spec = ModelSpec.from_card(bundle.card)
    assert bundle.card["spec"]["good_rows_apart"] > 1
    assert np.array_equal(bundle.score.log_odds(fit), spec.fit(fit, bundle.columns).log_odds(fit))
    assert not np.array_equal(bundle.score.log_odds(fit), spec.fit_thinned(fit, bundle.columns).log_odds(fit))


def test_scores_are_recalibrated_on_the_line_of_least_loss() -> None:
    random = np.random.default_rng(3)
    raw = random.normal(-3, 2, 4000)
    bad = (random.random(4000) < 1 / (1 + np.exp(-(0.6 * raw - 0.5)))).astype(float)
    line = LogisticRegression(C=1e6, tol=1e-10, max_iter=1000).fit(raw[:, None], bad)
    assert _recalibrate(raw, bad, None) == pytest.approx(line.decision_function(raw[:, None]), abs=1e-4)
