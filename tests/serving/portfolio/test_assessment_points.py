"""Points, ranks and targets of the annual assessment, worked by hand."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from pydantic import ValidationError

from models.county_policy.policy_table import shipped_policy_table
from models.county_policy.sections import Assessment, Criterion
from models.group_light.evaluate_groups import GroupLevel
from serving.portfolio.assessment import ASSESSMENT_SCHEMA
from serving.portfolio.assessment_points import YearOfGroups, assessment_points, points_table

POLICY = shipped_policy_table().policies[-1].assessment


def year(*groups: tuple[str, int, float | None, float | None, float | None, float | None]) -> YearOfGroups:
    """code, lit, visited, recovered, lost and overdue shares of each group."""
    rows = [
        {"code": code, "lit": lit, "visited_share": visited, "recovered_share": recovered, "lost_share": lost}
        for code, lit, visited, recovered, lost, _ in groups
    ]
    schema = {name: column.dtype for name, column in ASSESSMENT_SCHEMA.columns.items()}
    overdue = pl.DataFrame(
        [(group[0], group[5]) for group in groups], {"code": pl.String, "overdue_share": pl.Float64}, orient="row"
    )
    return YearOfGroups(pl.DataFrame(rows, schema), overdue)


def points(policy: Assessment, *groups: Any) -> dict[str, tuple[int | None, float | None]]:
    return {
        code: (rank, earned)
        for code, rank, earned in assessment_points(year(*groups), policy).select("code", "rank", "points").rows()
    }


def test_at_the_targets_a_group_has_all_points_and_at_the_other_ends_none() -> None:
    found = points(POLICY, ("c/A", 20, 0.95, 0.6, 0.05, 0.01), ("c/B", 20, 0.0, 0.0, 0.3, 0.05))
    assert found == {"c/A": (1, 100.0), "c/B": (2, 0.0)}


def test_between_them_points_run_straight() -> None:
    # visited 30 x .475 / .95 = 15, recovered 30 x .3 / .6 = 15, lost 20 x .1 / .25 = 8, overdue 20 x .01 / .04 = 5
    assert points(POLICY, ("c/A", 20, 0.475, 0.3, 0.2, 0.04)) == {"c/A": (1, 43.0)}


def test_equal_points_share_a_rank_and_the_next_one_is_left_out() -> None:
    best, same = (0.95, 0.6, 0.05, 0.01), (0.475, 0.3, 0.2, 0.04)
    found = points(POLICY, ("c/A", 20, *same), ("c/B", 20, *best), ("c/C", 20, *same), ("c/D", 20, 0.0, 0.0, 0.3, 0.05))
    assert {code: rank for code, (rank, _) in found.items()} == {"c/B": 1, "c/A": 2, "c/C": 2, "c/D": 4}


def test_what_cannot_be_judged_does_not_count_and_the_rest_is_scaled() -> None:
    # without visits 15 + 8 + 5 of 70
    assert points(POLICY, ("c/A", 20, None, 0.3, 0.2, 0.04)) == {"c/A": (1, 40.0)}


def test_too_little_to_judge_and_too_few_loans_give_no_rank() -> None:
    found = points(POLICY, ("c/A", 20, None, None, 0.2, 0.04), ("c/B", 9, 0.95, 0.6, 0.05, 0.01))
    assert found == {"c/A": (None, None), "c/B": (None, 100.0)}


def test_a_bank_with_a_target_of_its_own_is_measured_by_it() -> None:
    own = Assessment.model_validate({**POLICY.model_dump(), "targets": {"A": {"visited": 0.475}}})
    group = ("c/A", 20, 0.475, 0.6, 0.05, 0.01)
    assert (points(POLICY, group)["c/A"][1], points(own, group)["c/A"][1]) == (85.0, 100.0)
    assert "A" in str(points_table(year(group), None, own, GroupLevel.BANK, {}).note)


def test_the_year_before_stands_beside() -> None:
    now, before = year(("c/A", 20, 0.95, 0.6, 0.05, 0.01)), year(("c/A", 20, 0.475, 0.3, 0.2, 0.04))
    row = points_table(now, before, POLICY, GroupLevel.BANK, {}).frame.row(0, named=True)
    assert (row["points"], row["points_before"], row["rank_before"]) == (100.0, 43.0, 1)


def test_weights_that_do_not_sum_to_100_and_equal_ends_are_refused() -> None:
    lighter = {**POLICY.model_dump(), "visited": {"weight": 29, "none_at": 0.0, "full_at": 0.9}}
    with pytest.raises(ValidationError, match="sum to 99, not to 100"):
        Assessment.model_validate(lighter)
    with pytest.raises(ValidationError, match=r"both 0\.5"):
        Criterion(weight=10, none_at=0.5, full_at=0.5)


@pytest.mark.parametrize("targets", [{"overdue": 0.06}, {"visited": 0.0}, {"lost": 0.3}])
def test_a_target_on_the_other_side_is_refused_for_it_would_turn_the_order_round(targets: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match="not beyond none_at on its side"):
        Assessment.model_validate({**POLICY.model_dump(), "targets": {"A": targets}})


def test_the_note_tells_targets_with_their_decimals() -> None:
    own = Assessment.model_validate({**POLICY.model_dump(), "targets": {"A": {"overdue": 0.015}}})
    note = points_table(year(("c/A", 20, 0.5, 0.3, 0.2, 0.04)), None, own, GroupLevel.BANK, {}).note
    assert note is not None
    assert "A: 逾期率 1.5%" in note.zh
    assert "A: Overdue 1.5%" in note.en


def test_the_assessment_is_no_part_of_the_policy_version() -> None:
    policy = shipped_policy_table().policies[-1]
    other = policy.assessment.model_copy(update={"least_loans": 99})
    assert policy.model_copy(update={"assessment": other}).version == policy.version
