"""Measures on tables small enough to check by hand, and what holds for every table."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.console import lines_for_reader
from tests.training.evaluation.frames import evaluated_loans_of
from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.conclusions import budget_conclusion, signs_conclusion
from training.evaluation.evaluate import evaluate_loans
from training.evaluation.fairness import suppressed_cells
from training.evaluation.light_quadrants import light_quadrants, swap_sets
from training.evaluation.page import report_html
from training.evaluation.refits import shuffle_labels
from training.evaluation.report import EvaluationSettings
from training.evaluation.true_probability import (
    calibration_curve,
    clipped_jeffreys_interval,
    expected_calibration_error,
    light_outcomes,
)
from training.output import candidate_lines, light_outcome_lines, summary_lines

FEW = EvaluationSettings(draws=20)
SIX = evaluated_loans_of([0.9, 0.8, 0.6, 0.3, 0.2, 0.1], [0, 2, 0, 1, 0, 0], [1, 0, 1, 1, 0, 0])


def test_at_two_visits_model_and_rules_find_one_of_three_each() -> None:
    found = population_at_capacity(SIX, FEW)
    assert (found.visits, found.bad, found.money) == (2, 3, 8000)
    assert {name: of.recall.value for name, of in found.contenders.items()} == {"model": 1 / 3, "rules": 1 / 3}
    assert {name: of.money.value for name, of in found.contenders.items()} == {"model": 1000, "rules": 4000}
    assert found.contenders["model"].precision.value == 1 / 2


TEN = evaluated_loans_of(
    [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05], [2, 1, 1, 1, 1, 1, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0, 0, 1, 0, 0]
)


def test_within_a_ceiling_all_are_compared_at_its_visits_and_a_sentence_says_what_it_leaves_out() -> None:
    report = evaluate_loans(replace(TEN, most_lit=0.3), FEW)
    assert (report.everyone.visits, report.everyone.contenders["model"].found) == (6, 3)
    assert report.at_budget is not None
    assert (report.at_budget.visits, report.at_budget.contenders["model"].found) == (3, 2)
    [sentence] = budget_conclusion(report)
    assert sentence in report.conclusions
    assert sentence.en.startswith(
        "Budget of visits: the rules would light 6 loans (60%), the budget is 3 (30%); at the rules' visits the model "
        "finds 3 of 4 bad loans (recall 75%), within the budget 2 (recall 50%): the budget leaves out 1."
    )
    assert "规则会点亮 6 笔（60%），预算为 3 笔（30%）" in sentence.zh
    assert sentence.en in "\n".join(lines_for_reader(summary_lines(report)))
    assert "within the budget of visits" in report_html(report, "en")


@pytest.mark.parametrize("most_lit", [0.6, 1.0])
def test_a_ceiling_that_the_rules_keep_within_is_not_told(most_lit: float) -> None:
    report = evaluate_loans(replace(TEN, most_lit=most_lit), FEW)
    assert report.at_budget is None
    assert budget_conclusion(report) == ()
    assert report.everyone == evaluate_loans(TEN, FEW).everyone


def test_a_loan_lit_100_days_before_it_goes_bad_is_90_days_ahead() -> None:
    lead = population_at_capacity(SIX, FEW).lead["model"]
    assert (lead.bad, lead.caught, lead.median_days, lead.ahead["90"]) == (3, 1, 100, 1)


def test_the_four_corners_hold_every_loan_once() -> None:
    told = {(each.first, each.second): (each.loans, each.bad, each.money) for each in light_quadrants(SIX)}
    assert told == {
        ("green", "green"): (2, 0, 0),
        ("green", "lit"): (2, 2, 4000),
        ("lit", "green"): (1, 1, 4000),
        ("lit", "lit"): (1, 0, 0),
    }


def test_a_challenger_swaps_in_what_it_ranks_higher() -> None:
    challenger = evaluated_loans_of([0.9, 0.1, 0.6, 0.3, 0.2, 0.8], [0, 2, 0, 1, 0, 0], [1, 0, 1, 1, 0, 0])
    swapped = swap_sets(SIX, challenger)
    assert (swapped.swapped_in.loans, swapped.swapped_out.loans) == (1, 1)
    with pytest.raises(ValueError, match="other loans"):
        swap_sets(SIX, SIX.subset(SIX.bad))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=40))
@settings(deadline=None, max_examples=25)
def test_a_perfect_score_finds_all_the_visits_allow(loans: list[tuple[bool, bool]]) -> None:
    lit, bad = ([int(each[side]) for each in loans] for side in (0, 1))
    found = (
        population_at_capacity(evaluated_loans_of([float(each) for each in bad], lit, bad), FEW)
        .contenders["model"]
        .recall.value
    )
    assert found == (pytest.approx(min(1, sum(lit) / sum(bad))) if sum(bad) else None)


def test_households_are_drawn_whole() -> None:
    alone = evaluated_loans_of([0.9, 0.1] * 20, [1, 0] * 20, [1, 0, 0, 1] * 10)
    one = evaluated_loans_of([0.9, 0.1] * 20, [1, 0] * 20, [1, 0, 0, 1] * 10, [0] * 40)
    wide, none = (population_at_capacity(each, FEW).contenders["model"].recall for each in (alone, one))
    assert wide.low is not None
    assert wide.low < wide.value < wide.high  # type: ignore[operator]
    assert none.low == none.high == none.value


def test_each_light_tells_what_went_bad_over_what_was_foretold() -> None:
    yellow, green = sorted(light_outcomes(SIX, FEW), key=lambda outcome: outcome.foretold, reverse=True)
    assert [(each.light, each.loans, each.bad) for each in (green, yellow)] == [("green", 3, 1), ("yellow", 3, 2)]
    assert [green.foretold, yellow.foretold] == pytest.approx([0.6, 2.3])
    assert [green.ratio.value, yellow.ratio.value] == pytest.approx([1 / 0.6, 2 / 2.3])
    assert green.ratio.low is not None
    assert green.ratio.low <= 1 / 0.6 <= (green.ratio.high or 0)
    assert any("ratio 1.67 [" in line for line in lines_for_reader(light_outcome_lines(evaluate_loans(SIX, FEW))))


def test_the_calibration_error_is_the_mean_distance_of_the_bins() -> None:
    curve = calibration_curve(np.array([0.1, 0.1, 0.5, 0.5]), np.array([False, False, True, True]), 2)
    assert [(point.loans, point.observed) for point in curve] == [(2, 0.0), (2, 1.0)]
    assert expected_calibration_error(curve) == pytest.approx(0.3)


def test_jeffreys_interval_is_the_published_one() -> None:
    assert clipped_jeffreys_interval(0, 10)[0] == 0.0
    assert clipped_jeffreys_interval(10, 10)[1] == 1.0
    assert clipped_jeffreys_interval(1, 10) == pytest.approx((0.0110, 0.3813), abs=2e-4)


@pytest.mark.parametrize(
    ("counts", "told"),
    [([10, 10], {0, 1}), ([9, 10, 50], {2}), ([9, 9, 50], {2}), ([4, 5, 50], set()), ([9, 50], set())],
)
def test_a_small_group_is_hidden_and_never_told_by_the_total(counts: list[int], told: set[int]) -> None:
    assert set(range(len(counts))) - suppressed_cells(counts, 10) == told


def test_shuffled_labels_stay_in_their_month_with_their_days() -> None:
    frame = shuffle_labels(SIX.frame, np.random.default_rng(1))
    assert frame["bad"].sum() == 3
    assert ((frame["bad"] == 1) == frame["bad_on"].is_not_null()).all()
    assert frame["loan_id"].equals(SIX.frame["loan_id"])


def test_the_page_says_the_conclusions_in_both_languages_and_needs_nothing_beside_it() -> None:
    report = evaluate_loans(SIX, FEW)
    assert "At 2 visits".lower() in report_html(report, "en").lower()
    assert "走访 2 笔" in report_html(report, "zh")
    assert re.findall(r'(?:src|href)="(?!#)', report_html(report, "zh").replace("xlink:", "")) == []
    assert report_html(report, "zh") == report_html(evaluate_loans(SIX, FEW), "zh")
    assert json.loads(json.dumps(report.as_dict()))["everyone"]["visits"] == 2


def test_what_the_model_is_made_of_and_thinned_rows_are_told() -> None:
    spec = {"candidate": "blend", "losses": {"blend": 0.1, "additive": 0.2}, "rows_apart": 3, "good_rows_apart": 4}
    _, first, _, second, _, third = lines_for_reader(candidate_lines({"spec": spec}))
    assert "candidate: blend (log loss: blend 0.10000, additive 0.20000)" in first
    assert "one row of 3" in second
    assert "one of 4 others, weight 4" in third
    assert "the model itself: all rows" in third
    assert list(candidate_lines({})) == []


@pytest.mark.parametrize(
    ("signs_cost", "told"), [(None, False), ([-0.002, 0.001, 0.004], False), ([0.0004, 0.0021, 0.0038], True)]
)
def test_what_signs_cost_is_told_where_it_lies_beyond_the_interval(signs_cost: list[float] | None, told: bool) -> None:
    sentences = signs_conclusion(signs_cost)
    assert bool(sentences) == told
    assert all("lower by 0.0021 (0.0004 to 0.0038)" in sentence.en for sentence in sentences)
