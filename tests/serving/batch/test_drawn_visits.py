"""A trial of visits: off it changes no byte, on it changes the action of green loans near the threshold alone."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from serving.explain.sentences import columns_to_render, render_warnings
from serving.portfolio.action_list import action_rows
from tests.serving.provinces import Province

DRAWN = "trial_visit"


def with_policy(province: Province, folder: Path, numbers: str) -> Province:
    """A copy of the province with numbers of its own for the study of visits, its month scored."""
    copy = province.copied_to(folder)
    text = f'[[policy]]\nsince = 2020-01-01\nsource = "a test"\n[policy.visit_study]\n{numbers}\n'
    (copy.data / "policy.toml").write_text(text, "utf-8")
    copy.scored()
    return copy


@pytest.fixture(scope="module")
def alone(judged_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """The province as shipped, without a trial."""
    return with_policy(judged_province, tmp_path_factory.mktemp("alone") / "var", "drawn_share = 0.0")


@pytest.fixture(scope="module")
def trial(judged_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Half of the green loans from a fifth of the yellow threshold on are drawn."""
    return with_policy(judged_province, tmp_path_factory.mktemp("trial") / "var", "drawn_share = 0.5\ndrawn_from = 0.2")


def warnings(province: Province) -> pl.DataFrame:
    return province.month.scan("warnings").sort("loan_id").collect()


def test_other_numbers_of_the_study_change_no_byte_without_a_trial(
    judged_province: Province, alone: Province, tmp_path: Path
) -> None:
    other = with_policy(judged_province, tmp_path / "var", "margin = 0.1\nleast_bad = 50\ndrawn_from = 0.2\nseed = 9")
    assert other.files == alone.files


def test_a_draw_changes_actions_alone_and_of_green_performing_loans_near_the_threshold(
    alone: Province, trial: Province
) -> None:
    before, after = warnings(alone), warnings(trial)
    same = [name for name in before.columns if name not in ("action", "policy_version")]
    assert before.select(same).equals(after.select(same))
    drawn = after.filter(pl.col("action") == DRAWN)
    threshold = trial.store.models.champion.policy.yellow_from  # type: ignore[union-attr] # it has one
    near = after.filter(
        pl.col("light") == "green", pl.col("status") == "performing", pl.col("probability") >= 0.2 * threshold
    )
    assert 0.2 < drawn.height / near.height < 0.8
    assert set(drawn["loan_id"]) < set(near["loan_id"])
    others = ~pl.col("loan_id").is_in(drawn["loan_id"].implode())
    assert before.filter(others)["action"].equals(after.filter(others)["action"])


def test_whoever_reads_of_a_drawn_loan_is_told(trial: Province) -> None:
    month = trial.month
    rows = warnings(trial)
    features = month.scan("features").select(columns_to_render(month)).collect()
    told = {warning.loan_id: warning for warning in render_warnings(rows, features, month)}
    drawn = set(rows.filter(pl.col("action") == DRAWN)["loan_id"])
    assert {loan for loan, warning in told.items() if "drawn for the trial" in warning.action_en} == drawn
    assert all("抽中走访试验" in told[loan].action_zh for loan in drawn)
    listed = action_rows(rows, month, {})
    assert set(listed["loan_id"]) == drawn | set(rows.filter(pl.col("light") != "green")["loan_id"])
