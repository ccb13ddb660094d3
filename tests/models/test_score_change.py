"""What changed between two months: parts that sum to the difference, whoever judged."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.bundle import Bundle
from models.score_change import CHANGE, ScoreChange, all_changes, largest_changes, score_change
from tests.models.frames import fitted_bundle, random_frame

THEN, NOW = random_frame(300, 21), random_frame(300, 22)
SAME_LIGHT = pl.Series([False] * THEN.height)


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return fitted_bundle()


@pytest.fixture(scope="module")
def other() -> Bundle:
    return fitted_bundle(9)


def changed(bundle: Bundle, now: pl.DataFrame, then: pl.DataFrame, judge_then: Bundle) -> ScoreChange:
    return score_change(bundle, bundle.explain(now), then, judge_then.explain(then).log_odds)


def test_the_parts_sum_to_the_difference_of_the_two_months(bundle: Bundle, other: Bundle) -> None:
    found = changed(bundle, NOW, THEN, other)
    moved = bundle.explain(NOW).log_odds - other.explain(THEN).log_odds
    assert np.abs(found.total - moved).max() < 1e-6
    whole = [all_changes(found, row)["contribution"].sum() for row in range(20)]
    assert np.abs(np.array(whole) - moved[:20]).max() < 1e-6


def test_the_models_part_is_what_another_model_says_of_the_same_facts(bundle: Bundle, other: Bundle) -> None:
    found = changed(bundle, THEN, THEN, other)
    assert np.abs(found.by_column).max() == 0
    listed = largest_changes(found, SAME_LIGHT).to_list()
    assert {change["kind"] for row in listed for change in row} == {"model"}


def test_nothing_moved_is_no_change(bundle: Bundle) -> None:
    found = changed(bundle, THEN, THEN, bundle)
    assert set(largest_changes(found, SAME_LIGHT).list.len()) == {0}


def test_another_light_with_the_same_score_is_the_policys(bundle: Bundle) -> None:
    found = changed(bundle, THEN, THEN, bundle)
    light = pl.Series([True] + [False] * (THEN.height - 1))
    first, second, *_ = largest_changes(found, light).to_list()
    assert [(each["kind"], each["feature"], each["contribution"]) for each in first] == [("policy", None, 0.0)]
    assert second == []


def test_another_light_with_another_score_is_not(bundle: Bundle) -> None:
    listed = largest_changes(changed(bundle, NOW, THEN, bundle), pl.Series([True] * THEN.height))
    assert "policy" not in {change["kind"] for row in listed.to_list() for change in row}


def test_a_fact_that_has_not_moved_is_not_told_though_its_part_may_have(bundle: Bundle) -> None:
    now = THEN.with_columns(pl.col("repayment_cover") + 1)
    listed = largest_changes(changed(bundle, now, THEN, bundle), SAME_LIGHT).to_list()
    assert {change["feature"] for row in listed for change in row} == {"repayment_cover"}


def test_a_code_is_told_by_its_code(bundle: Bundle) -> None:
    then, now = (THEN.with_columns(pl.lit(use).alias("declared_use")) for use in ("sheep", "trade"))
    [told, *_] = [each for each in largest_changes(changed(bundle, now, then, bundle), SAME_LIGHT).to_list() if each]
    assert (told[0]["before_code"], told[0]["after_code"]) == ("sheep", "trade")
    assert (told[0]["before"], told[0]["after"]) == (None, None)


def test_no_loans_have_no_changes(bundle: Bundle) -> None:
    none = THEN.clear()
    found = score_change(bundle, bundle.explain(none), none, np.zeros(0))
    assert largest_changes(found, SAME_LIGHT.clear()).dtype == pl.List(CHANGE)
