"""Candidates: each is fitted by its spec, the best on later months of other households is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from models.additive import AdditiveModel
from models.boosting import TreeParams, Trees
from models.raw_score import Blend, RawScore
from tests.training.test_search import COLUMNS, PLAN, sample
from training.candidates import Candidate, ModelSpec, choose_candidate, out_of_fold_scores
from training.evaluation.measures import auc

PARAMS = TreeParams(num_iterations=25, lambda_l2=5.0)
SPEC = ModelSpec(Candidate.BLEND, PARAMS, strength=0.01, weight=0.25)
SAMPLE = sample()
KINDS: dict[Candidate, type[RawScore]] = {
    Candidate.SIGNED_TREES: Trees,
    Candidate.FREE_TREES: Trees,
    Candidate.ADDITIVE: AdditiveModel,
    Candidate.BLEND: Blend,
}


@pytest.mark.parametrize("candidate", list(Candidate))
def test_each_recipe_makes_its_kind_and_ranks_what_it_has_not_seen(candidate: Candidate) -> None:
    score = replace(SPEC, candidate=candidate).fit(SAMPLE, COLUMNS)
    later = sample(seed=6)
    assert type(score) is KINDS[candidate]
    assert (auc(later["bad"].to_numpy().astype(bool), score.log_odds(later)) or 0) > 0.7


def test_a_recipe_is_read_from_a_card_as_it_was_written_and_old_cards_are_trees() -> None:
    card = {"growth": PARAMS.to_card(), "spec": SPEC.to_card()}
    assert ModelSpec.from_card(card) == SPEC
    assert ModelSpec.from_card({"growth": PARAMS.to_card()}) == ModelSpec(Candidate.SIGNED_TREES, PARAMS)


def test_the_chosen_candidate_has_the_least_loss_of_those_with_signs() -> None:
    choice = choose_candidate(SAMPLE, COLUMNS, PLAN, PARAMS)
    with_signs = {name: loss for name, loss in choice.losses.items() if name != Candidate.FREE_TREES}
    assert set(choice.losses) == set(Candidate)
    if choice.spec.candidate is not Candidate.FREE_TREES:
        assert choice.spec.candidate == min(with_signs, key=lambda name: with_signs[name])
    assert choose_candidate(SAMPLE, COLUMNS, PLAN, PARAMS) == choice


def test_an_outcome_that_is_a_sum_of_curves_is_left_to_the_additive_model() -> None:
    choice = choose_candidate(SAMPLE, COLUMNS, PLAN, TreeParams(num_iterations=3, learning_rate=0.01))
    assert choice.losses[Candidate.ADDITIVE] < choice.losses[Candidate.SIGNED_TREES]
    assert choice.spec.candidate in (Candidate.ADDITIVE, Candidate.BLEND)


def test_later_rows_of_which_none_went_bad_do_not_stop_the_choice() -> None:
    last = pl.col("as_of") >= PLAN.label_end(SAMPLE["as_of"].min())  # type: ignore[arg-type]
    quiet = SAMPLE.with_columns(pl.when(last).then(0).otherwise("bad").cast(pl.Int8).alias("bad"))
    assert set(choose_candidate(quiet, COLUMNS, PLAN, PARAMS).losses) == set(Candidate)


def test_each_row_is_scored_by_a_model_of_other_households() -> None:
    """A cell of its own tells a household whose loans all went bad; the model that scores it has not seen it."""
    apart = SAMPLE["household_id"] == SAMPLE["household_id"][0]
    savings = pl.when(apart).then(1e6).otherwise("savings")
    marked = SAMPLE.with_columns(savings.alias("savings"), pl.when(apart).then(1).otherwise("bad").alias("bad"))
    spec = ModelSpec(Candidate.ADDITIVE, PARAMS, strength=100.0)
    scored = out_of_fold_scores(marked, COLUMNS, PLAN, spec)
    assert (scored.height, int(scored["bad"].sum())) == (marked.height, int(marked["bad"].sum()))
    known = spec.fit(marked, COLUMNS).log_odds(marked)
    held_out = auc(scored["bad"].to_numpy() > 0, scored["raw"].to_numpy())
    assert (held_out or 1) < (auc(marked["bad"].to_numpy() > 0, known) or 0)


def test_signs_that_go_against_the_data_are_given_up_beyond_the_interval() -> None:
    """Days past due that protect: no model with signs can learn it."""
    days = pl.Series(np.random.default_rng(1).uniform(0, 5, SAMPLE.height))
    chance = pl.Series(np.random.default_rng(2).random(SAMPLE.height))
    turned = SAMPLE.with_columns(days.alias("days_past_due"), (chance > 0.3 + 0.14 * days).cast(pl.Int8).alias("bad"))
    choice = choose_candidate(turned, COLUMNS, PLAN, replace(PARAMS, feature_fraction=1.0, extra_trees=False))
    assert choice.signs_cost[0] > 0
    assert choice.spec.candidate is Candidate.FREE_TREES
