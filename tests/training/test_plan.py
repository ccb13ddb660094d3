"""The plan: all its faults at once, an embargo as long as the horizon, and a default that fits the data."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import pytest

from features.messages import UserError
from models.boosting import TreeParams
from training.plan import Plan
from training.plan_files import default_plan, load_plan

SHIPPED = Path("training/plans/nano_loans.toml")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_plan_is_the_one_of_the_nano_loans() -> None:
    plan = load_plan(SHIPPED)
    assert (plan.bad_after_days, plan.horizon_months, plan.reporting_lag_days) == (7, 2, 0)
    assert plan.month_ends.fit[-1] == date(2016, 11, 30)
    assert plan.month_ends.judgement == (date(2017, 3, 31), date(2017, 4, 30))


def test_a_plan_that_ships_goes_by_its_name() -> None:
    assert load_plan(Path("nano_loans")) == load_plan(SHIPPED)


def test_all_faults_of_a_plan_are_reported_at_once(tmp_path: Path) -> None:
    text = """
        horizon_months = 0
        bad_after_day = 30
        [month_ends]
        fit = [2024-01-31]
        policy = []
        judgement = [2025-01-31]
    """
    with pytest.raises(UserError) as refusal:
        load_plan(written(tmp_path, text))
    for fault in ("horizon_months", "bad_after_day", "month_ends.fit", "month_ends.policy"):
        assert fault in refusal.value.message.en


@pytest.mark.parametrize(
    ("policy", "judgement", "fault"),
    [
        ("2024-07-31", "2025-01-31", None),
        ("2024-06-30", "2025-01-31", "policy begins 2024-06-30, before the labels of fit end"),
        ("2024-07-31", "2024-12-31", "judgement begins 2024-12-31, before the labels of policy end"),
        ("2024-07-30", "2025-01-31", "2024-07-30 is not a month end"),
    ],
)
def test_a_fold_begins_when_the_labels_before_it_have_ended(
    tmp_path: Path, policy: str, judgement: str, fault: str | None
) -> None:
    text = (
        f"[month_ends]\nfit = {{first = 2023-01-31, last = 2024-01-31}}\npolicy = [{policy}]\njudgement = [{judgement}]"
    )
    if fault is None:
        assert len(load_plan(written(tmp_path, text)).month_ends.fit) == 13
        return
    with pytest.raises(UserError, match=fault):
        load_plan(written(tmp_path, text))


@pytest.mark.parametrize(("first", "second"), [("2023-02-28", "2023-01-31"), ("2023-02-28", "2023-02-28")])
def test_month_ends_out_of_order_are_a_fault(tmp_path: Path, first: str, second: str) -> None:
    text = f"[month_ends]\nfit = [{first}, {second}]\npolicy = [2024-01-31]\njudgement = [2025-01-31]"
    with pytest.raises(UserError, match=r"month_ends\.fit are not in order, or name a day twice"):
        load_plan(written(tmp_path, text))


def test_every_fold_may_be_written_as_first_and_last(tmp_path: Path) -> None:
    span = "{first = 2023-01-31, last = 2023-03-31}"
    text = f"[month_ends]\nfit = {span}\npolicy = {span.replace('2023', '2024')}\njudgement = [2025-01-31]"
    ends = load_plan(written(tmp_path, text)).month_ends
    assert [len(days) for _, days in ends] == [3, 3, 1]


@pytest.mark.parametrize(
    ("chosen", "fault"),
    [
        ('by = "cost"\nvisit_yellow = -1', "visit_yellow"),
        ('by = "capacity"\neach = "village"\nred_in_100 = 1\nlit_in_100 = 2', "each"),
        ('by = "mood"', "chosen"),
    ],
)
def test_a_way_of_choosing_thresholds_that_is_none_is_a_fault(tmp_path: Path, chosen: str, fault: str) -> None:
    text = SHIPPED.read_text("utf-8") + f"\n[light_policy.chosen]\n{chosen}\n"
    with pytest.raises(UserError, match=fault):
        load_plan(written(tmp_path, text))


def test_shares_of_households_have_to_sum_to_one(tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8").replace("judgement = 0.3", "judgement = 0.4")
    with pytest.raises(UserError, match="do not sum to 1"):
        load_plan(written(tmp_path, text))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        load_plan(written(tmp_path, "month_ends = ["))


@pytest.mark.parametrize(
    ("until", "last_judged", "len_fit"),
    [(date(2025, 12, 31), date(2025, 5, 31), 27), (date(2025, 12, 30), date(2025, 4, 30), 26)],
)
def test_without_a_plan_the_newest_mature_months_judge(until: date, last_judged: date, len_fit: int) -> None:
    plan = default_plan(date(2021, 1, 1), until)
    assert plan.month_ends.judgement[-1] == last_judged
    assert plan.is_mature(last_judged, until)
    assert [len(days) for _, days in plan.month_ends] == [len_fit, 6, 10]


def test_too_short_a_history_is_refused_with_a_sentence() -> None:
    with pytest.raises(UserError, match="too short to train on"):
        default_plan(date(2024, 6, 1), date(2025, 12, 31))


def test_a_label_is_mature_once_its_last_day_and_the_lag_have_passed() -> None:
    plan = default_plan(date(2021, 1, 1), date(2025, 12, 31))
    assert plan.label_end(date(2025, 4, 30)) == date(2025, 10, 31)
    assert plan.is_mature(date(2025, 4, 30), date(2025, 12, 1))
    assert not plan.is_mature(date(2025, 4, 30), date(2025, 11, 30))
    assert isinstance(plan, Plan)


OLD_KEYS = """[growth]
trees = 90
leaves = 7
depth = 3
learning_rate = 0.1
rows_in_leaf = 25
ridge = 4.0
column_share = 0.5
row_share = 0.9
random_cuts = false
"""
LIGHTGBM_KEYS = """[growth]
num_iterations = 90
num_leaves = 7
max_depth = 3
learning_rate = 0.1
min_data_in_leaf = 25
lambda_l2 = 4.0
feature_fraction = 0.5
bagging_fraction = 0.9
extra_trees = false
"""


def test_a_plan_names_parameters_of_trees_as_lightgbm_or_as_version_0_1_did(tmp_path: Path) -> None:
    shipped = SHIPPED.read_text("utf-8")
    plan = load_plan(written(tmp_path, f"{shipped}\n{LIGHTGBM_KEYS}"))
    assert plan == load_plan(written(tmp_path, f"{shipped}\n{OLD_KEYS}"))
    assert plan.tree_params == TreeParams(90, 7, 3, 0.1, 25, 4.0, 0.5, 0.9, extra_trees=False, seed=plan.seed)


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ("num_leaves = 7\nleaves = 8", "growth.leaves is unknown"),
        ("num_leaf = 7", "Did you mean 'num_leaves'"),
        ("leaves = 1", "growth.leaves = 1"),
        ("num_leaves = 1", "growth.num_leaves = 1"),
    ],
)
def test_a_parameter_of_trees_that_is_twice_there_or_wrong_is_a_fault(tmp_path: Path, keys: str, fault: str) -> None:
    with pytest.raises(UserError, match=fault):
        load_plan(written(tmp_path, SHIPPED.read_text("utf-8") + f"\n[growth]\n{keys}\n"))


def test_a_card_keeps_plan_and_parameters_under_the_keys_of_version_0_1(tmp_path: Path) -> None:
    plan = load_plan(written(tmp_path, SHIPPED.read_text("utf-8") + f"\n{LIGHTGBM_KEYS}"))
    stored = tomllib.loads(OLD_KEYS)["growth"]
    assert list(plan.to_card()["growth"].items()) == list(stored.items())
    assert list(plan.tree_params.to_card().items()) == [*stored.items(), ("seed", plan.seed)]
    assert Plan.model_validate(plan.to_card()) == plan
    assert TreeParams.from_card(plan.tree_params.to_card()) == plan.tree_params
