"""The plan: all its faults at once, an embargo as long as the horizon, and a default that fits the data."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from features.messages import Refused
from training.plan import Plan
from training.plan_files import plan_for, plan_from

SHIPPED = Path("training/plans/nano_loans.toml")


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_shipped_plan_is_the_one_of_the_nano_loans() -> None:
    plan = plan_from(SHIPPED)
    assert (plan.bad_after_days, plan.horizon_months, plan.reporting_lag_days) == (7, 2, 0)
    assert plan.month_ends.fit[-1] == date(2016, 11, 30)
    assert plan.month_ends.judgement == (date(2017, 3, 31), date(2017, 4, 30))


def test_a_plan_that_ships_goes_by_its_name() -> None:
    assert plan_from(Path("nano_loans")) == plan_from(SHIPPED)


def test_all_faults_of_a_plan_are_reported_at_once(tmp_path: Path) -> None:
    text = """
        horizon_months = 0
        bad_after_day = 30
        [month_ends]
        fit = [2024-01-31]
        policy = []
        judgement = [2025-01-31]
    """
    with pytest.raises(Refused) as refusal:
        plan_from(written(tmp_path, text))
    for fault in ("horizon_months", "bad_after_day", "month_ends.fit", "month_ends.policy"):
        assert fault in refusal.value.words.en


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
        assert len(plan_from(written(tmp_path, text)).month_ends.fit) == 13
        return
    with pytest.raises(Refused, match=fault):
        plan_from(written(tmp_path, text))


@pytest.mark.parametrize(("first", "second"), [("2023-02-28", "2023-01-31"), ("2023-02-28", "2023-02-28")])
def test_month_ends_out_of_order_are_a_fault(tmp_path: Path, first: str, second: str) -> None:
    text = f"[month_ends]\nfit = [{first}, {second}]\npolicy = [2024-01-31]\njudgement = [2025-01-31]"
    with pytest.raises(Refused, match=r"month_ends\.fit are not in order, or name a day twice"):
        plan_from(written(tmp_path, text))


def test_every_fold_may_be_written_as_first_and_last(tmp_path: Path) -> None:
    span = "{first = 2023-01-31, last = 2023-03-31}"
    text = f"[month_ends]\nfit = {span}\npolicy = {span.replace('2023', '2024')}\njudgement = [2025-01-31]"
    ends = plan_from(written(tmp_path, text)).month_ends
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
    with pytest.raises(Refused, match=fault):
        plan_from(written(tmp_path, text))


def test_shares_of_households_have_to_sum_to_one(tmp_path: Path) -> None:
    text = SHIPPED.read_text("utf-8").replace("judgement = 0.3", "judgement = 0.4")
    with pytest.raises(Refused, match="do not sum to 1"):
        plan_from(written(tmp_path, text))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read"):
        plan_from(written(tmp_path, "month_ends = ["))


@pytest.mark.parametrize(
    ("until", "last_judged", "len_fit"),
    [(date(2025, 12, 31), date(2025, 5, 31), 27), (date(2025, 12, 30), date(2025, 4, 30), 26)],
)
def test_without_a_plan_the_newest_mature_months_judge(until: date, last_judged: date, len_fit: int) -> None:
    plan = plan_for(date(2021, 1, 1), until)
    assert plan.month_ends.judgement[-1] == last_judged
    assert plan.is_mature(last_judged, until)
    assert [len(days) for _, days in plan.month_ends] == [len_fit, 6, 10]


def test_too_short_a_history_is_refused_with_a_sentence() -> None:
    with pytest.raises(Refused, match="too short to train on"):
        plan_for(date(2024, 6, 1), date(2025, 12, 31))


def test_a_label_is_mature_once_its_last_day_and_the_lag_have_passed() -> None:
    plan = plan_for(date(2021, 1, 1), date(2025, 12, 31))
    assert plan.label_end(date(2025, 4, 30)) == date(2025, 10, 31)
    assert plan.is_mature(date(2025, 4, 30), date(2025, 12, 1))
    assert not plan.is_mature(date(2025, 4, 30), date(2025, 11, 30))
    assert isinstance(plan, Plan)
