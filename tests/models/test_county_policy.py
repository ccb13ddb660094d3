"""The policy table: what holds on which day, a county's rows laid over those that ship, every fault told at once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from features.contract.tables import TABLES, HardshipCause, PolicyKind
from features.messages import UserError
from models.code_labels import CAUSE_WORDS, INSURED_WORDS
from models.county_policy.credit_sections import Product
from models.county_policy.policy_table import (
    FILE,
    PolicyTable,
    parse_policy_table,
    policy_table_of,
    read_policy_file,
    shipped_policy_table,
    stored_policy,
)
from models.county_policy.rating_sections import HouseholdType
from models.traffic_light.rules import RULES

HEAD = "[[policy]]\nsince = 2024-07-01\nsource = 'county notice'\n"


def written(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / FILE
    path.write_text(head + "\n".join(lines), "utf-8")
    return path


def policy_table_at(path: Path) -> PolicyTable:
    return parse_policy_table(read_policy_file(path))


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        policy_table_at(path)
    return refused.value.message.en


def test_the_lending_limit_is_50000_to_2025_and_100000_from_2026() -> None:
    days = (date(2025, 12, 31), date(2026, 1, 1))
    assert [shipped_policy_table().in_force(day).lending.limit for day in days] == [50_000, 100_000]


def test_a_day_before_the_first_row_is_refused() -> None:
    with pytest.raises(UserError, match="begins on 2016-01-01"):
        shipped_policy_table().in_force(date(2015, 12, 31))


def test_a_countys_row_holds_from_its_day_and_leaves_everything_else_as_it_was(tmp_path: Path) -> None:
    table = policy_table_at(written(tmp_path, "[policy.fund]", "share = 0.8"))
    before, after = (table.in_force(day) for day in (date(2024, 6, 30), date(2024, 7, 1)))
    assert (before.fund.share, after.fund.share) == (0.7, 0.8)
    assert after.fund.model_copy(update={"share": 0.7}) == before.fund
    assert after.lending == before.lending


def test_what_a_county_has_changed_outlasts_a_later_row_that_ships(tmp_path: Path) -> None:
    held = policy_table_at(written(tmp_path, "[policy.fund]", "share = 0.8")).in_force(date(2026, 1, 31))
    assert (held.fund.share, held.lending.limit) == (0.8, 100_000)


def test_another_policy_is_another_version(tmp_path: Path) -> None:
    held = policy_table_at(written(tmp_path, "[policy.fund]", "share = 0.8"))
    versions = [held.in_force(day).version for day in (date(2024, 6, 30), date(2024, 7, 1), date(2026, 1, 1))]
    assert len(set(versions)) == 3


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("fund.shar = 0.8", "fund.shar is unknown. Did you mean 'share'?"),
        ("found.share = 0.8", "found is unknown. Did you mean 'fund'?"),
        ("fund.share = 1.1", "fund.share = 1.1: expected at most 1"),
        ("fund.share = '0.8'", "fund.share = '0.8': expected a number"),
        ("fund.share = true", "fund.share = True: expected a number"),
        ("fund.causes = ['ilness']", "fund.causes.0 = 'ilness': Did you mean 'illness'?"),
        ("groups.least_loans = 0", "groups.least_loans = 0: expected at least 1"),
        ("groups.yellow_above = 0.04", "groups: yellow_above 0.04 is above red_above 0.03"),
        ("actions.red.code = 'Visit them'", "actions.red.code = 'Visit them'"),
        ("actions.red.zh = ' '", "actions.red.zh = ' ': expected text, not nothing"),
        ("insurance.claim_within_days.sheepincome = 30", "sheepincome is unknown. Did you mean 'sheep_income'?"),
        ("insurance.claim_within_days.other = 30", "other needs a row in covers and one in claim_within_days"),
        ("ratings.631.weights.income = 31", "ratings.631.weights: the points of the items sum to 101, not to 100"),
        (
            "ratings.631.grades = [{code = 'good', from_points = 60, limit = 1, rate_discount = 0}]",
            "grades run from the best to the worst, which begins at 0; they begin at [60.0]",
        ),
        ("points.monitoring_line = 0.0", "points.monitoring_line = 0.0: expected more than 0"),
        ("points.income_full_at = inf", "points.income_full_at = inf: expected a"),
        ("grants.granted_to = 17", "grants: ages 18, 17, 65 do not rise"),
        ("classes.matrices = ['rule_2023', 'rule_2023']", "a matrix is named twice"),
        ("fund.share = 1" + 5000 * "0", "is no valid TOML"),
        ("lending.longest_months = 1" + 400 * "0", "lending.longest_months = 1000000"),
        ("lending.limit = 1\nlending.limit = 2", "is no valid TOML: Cannot overwrite a value"),
        ("借款 = 1", "is no valid TOML"),
        ("lending.limit = nan", "lending.limit = nan: expected a finite number"),
    ],
)
def test_a_wrong_number_is_named_with_its_place_and_what_was_expected(tmp_path: Path, line: str, said: str) -> None:
    assert said in refusal(written(tmp_path, line))


def test_all_faults_of_all_rows_are_told_at_once(tmp_path: Path) -> None:
    second = "[[policy]]\nsince = 2025-01-01\nlending.limit = -1\n[[policy]]\nsince = 'soon'\nsource = 'x'\n"
    said = refusal(written(tmp_path, "fund.share = 2", "groups.least_loans = 0", second))
    assert said.startswith("The policy table policy.toml is not taken; 5 faults")
    for fault in (
        "row 2: source is missing",
        "row of soon: since = 'soon': expected a day",
        "row of 2025-01-01: lending.limit = -1",
    ):
        assert fault in said


def test_a_refusal_is_told_in_chinese_too(tmp_path: Path) -> None:
    with pytest.raises(UserError) as refused:
        policy_table_at(written(tmp_path, "fund.shar = 1", "groups.least_loans = 0"))
    zh = refused.value.message.zh
    assert "fund.shar 没有这一项" in zh
    assert "是否为 'share'？" in zh
    assert "应不小于 1" in zh


@pytest.mark.parametrize(("code", "limit"), [("good", 1), ("poor", 2)], ids=["stands twice", "limit rises"])
def test_grades_stand_once_and_their_limits_fall(tmp_path: Path, code: str, limit: int) -> None:
    better = "{code = 'good', from_points = 60, limit = 1, rate_discount = 0}"
    worse = f"{{code = '{code}', from_points = 0, limit = {limit}, rate_discount = 0}}"
    assert "ratings.631: a " in refusal(written(tmp_path, f"ratings.631.grades = [{better}, {worse}]"))


def test_a_table_saved_by_a_windows_editor_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "fund.share = 0.8")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert policy_table_at(path).in_force(date(2024, 7, 1)).fund.share == 0.8
    path.write_bytes("# 县\n".encode("gb18030") + path.read_bytes())
    assert "save it as UTF-8" in refusal(path)


def test_two_rows_of_one_day_are_refused(tmp_path: Path) -> None:
    assert "row 2: another row begins on 2024-07-01, too" in refusal(written(tmp_path, HEAD))


@pytest.mark.parametrize(
    "text", ["", "policy = []", "policy = 3", "x = " + 3000 * "[", "[[policy]\n", "[[policies]]\nsince = 2024-01-01"]
)
def test_what_is_no_policy_table_is_refused(tmp_path: Path, text: str) -> None:
    assert "is not taken" in refusal(written(tmp_path, head=text))


def test_without_a_table_of_its_own_a_county_has_the_one_that_ships(tmp_path: Path) -> None:
    assert policy_table_of(tmp_path) is shipped_policy_table()
    written(tmp_path, "fund.share = 0.5")
    assert policy_table_of(tmp_path).in_force(date(2024, 7, 1)).fund.share == 0.5


def test_ratings_and_rule_r203_know_one_monitoring_line() -> None:
    [line] = [rule.conditions[0].bound for rule in RULES if rule.id == "R203"]
    assert {policy.points.monitoring_line for policy in shipped_policy_table().policies} == {line}


@pytest.mark.parametrize(
    ("named", "table", "column"),
    [
        (HardshipCause, "hardships", "cause"),
        (PolicyKind, "policies", "kind"),
        (Product, "loans", "product"),
        (HouseholdType, "households", "household_type"),
    ],
)
def test_the_codes_a_policy_may_name_are_the_contracts(named: Any, table: str, column: str) -> None:
    [codes] = [each.codes for each in TABLES[table].columns if each.name == column]
    assert get_args(named) == tuple(codes)


def test_every_cause_and_kind_of_insurance_has_its_words() -> None:
    assert set(CAUSE_WORDS) == set(get_args(HardshipCause))
    assert set(INSURED_WORDS) == set(get_args(PolicyKind))


def test_a_policy_that_was_stored_before_numbers_were_added_is_read_with_those_that_ship() -> None:
    today = shipped_policy_table().in_force(date(2025, 12, 31))
    stored = today.model_dump(mode="json")
    assert stored_policy(stored) == today
    ages = stored.pop("grants")
    before = {name: section for name, section in stored.items() if name not in ("arrears", "cure")}
    before["lending"] = {**before["lending"], **ages}
    before["fund"] = {**before["fund"], "loss_given_bad": 1.0}
    del before["fund"]["reaches_term"]
    assert stored_policy(before) == today
