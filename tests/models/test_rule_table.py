"""A county's own rule table: taken in as it is meant, or refused with every fault and where it stands."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from features.messages import UserError
from models.county_policy.policy_table import shipped_policy_table
from models.traffic_light.decision_table import decision_table
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rule import Colour
from models.traffic_light.rule_table import (
    FILE,
    SHIPPED_RULE_TABLE,
    RuleTable,
    parse_rule_table,
    read_rule_file,
    rule_table_of,
)
from tests.models.test_rule_cases import frame_of

GOOD = {
    "id": '"R101"',
    "light": '"red"',
    "when": '[{feature = "principal_days_past_due", sign = ">=", bound = 3}]',
    "zh": '"本金已逾期 {principal_days_past_due}"',
    "en": '"principal overdue for {principal_days_past_due}"',
    "source": '"county notice 2026-3"',
    "since": "2026-01-01",
}


def written(folder: Path, *rows: dict[str, str]) -> Path:
    path = folder / FILE
    cells = (["[[rule]]", *(f"{name} = {value}" for name, value in row.items())] for row in rows)
    path.write_text("\n\n".join("\n".join(lines) for lines in cells), "utf-8")
    return path


def rule_table_at(path: Path) -> RuleTable:
    return parse_rule_table(read_rule_file(path))


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        rule_table_at(path)
    return refused.value.message.en


def test_a_table_means_what_it_says(tmp_path: Path) -> None:
    [rule] = rule_table_at(written(tmp_path, {**GOOD, "hard": "true", "until": "2027-01-01"})).rules
    assert (rule.id, rule.colour, rule.hard, rule.since, rule.until) == (
        "R101",
        Colour.RED,
        True,
        date(2026, 1, 1),
        date(2027, 1, 1),
    )
    lights = [evaluate_rules(frame_of({"principal_days_past_due": days}), (rule,))["rule_light"][0] for days in (2, 3)]
    assert lights == ["green", "red"]


def test_a_bound_may_be_a_multiple_of_the_countys_own_figure(tmp_path: Path) -> None:
    row = {
        **GOOD,
        "when": '[{feature = "income_per_head", sign = "<", bound = 0.6, county_quantile = 0.5}]',
        "zh": '"低于全县中位数 {county_income_per_head}"',
        "en": '"below the county\'s {county_income_per_head}"',
    }
    [rule] = rule_table_at(written(tmp_path, row)).rules
    [condition] = rule.conditions
    assert (condition.bound, condition.county_quantile) == (0.6, 0.5)
    said = decision_table((rule,), shipped_policy_table().in_force(rule.since).actions)
    assert "`income_per_head` < 0.6 × the county's quantile 0.5" in said


def test_a_row_holds_from_its_first_day_until_the_day_before_its_last(tmp_path: Path) -> None:
    table = rule_table_at(written(tmp_path, {**GOOD, "until": "2027-01-01"}))
    days = (date(2025, 12, 31), date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1))
    assert [len(table.in_force(day)) for day in days[1:3]] == [1, 1]
    for day in (days[0], days[3]):
        with pytest.raises(UserError, match=f"No rule is in force on {day}"):
            table.in_force(day)


def test_a_new_limit_is_a_new_row_of_the_same_id(tmp_path: Path) -> None:
    later = {**GOOD, "since": "2027-01-01", "when": GOOD["when"].replace("3", "1")}
    table = rule_table_at(written(tmp_path, {**GOOD, "until": "2027-01-01"}, later))
    bounds = [table.in_force(date(2027, 1, 1) - timedelta(days=days))[0].conditions[0].bound for days in (1, 0)]
    assert bounds == [3, 1]


def test_two_rows_of_an_id_that_hold_on_the_same_day_are_refused(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, GOOD, {**GOOD, "since": "2027-01-01"}))
    assert "R101: two rows hold from 2027-01-01 on; give the earlier one until = 2027-01-01" in said


@pytest.mark.parametrize(
    ("cell", "value", "said"),
    [
        ("id", '"101"', "id = '101': expected an id such as R101"),
        ("light", '"reed"', "expected one of note, yellow, red. Did you mean 'red'?"),
        ("light", "2", "light = 2: expected one of note, yellow, red"),
        ("when", "[]", "expected at least one condition"),
        ("when", '["principal_days_past_due >= 1"]', "expected {feature = ..., sign = ..., bound = ...}"),
        ("when", '[{feature = "repayment_cove", sign = "<", bound = 1}]', "Did you mean 'repayment_cover'?"),
        ("when", '[{feature = "borrower_sex", sign = ">", bound = 1}]', "none that a rule may compare"),
        ("when", '[{feature = "borrower_age", sign = ">", bound = 60}]', "none that a rule may compare"),
        ("when", '[{feature = ["bank"], sign = ">", bound = 1}]', "none that a rule may compare"),
        ("when", '[{feature = "bank", sign = ">", bound = 1}]', "none that a rule may compare"),
        ("when", '[{feature = "repayment_cover", sign = "=<", bound = 1}]', "sign '=<': expected one of >= > <= <"),
        ("when", '[{feature = "repayment_cover", sign = "<", bound = "1"}]', "bound '1': expected a number"),
        ("when", '[{feature = "repayment_cover", sign = "<", bound = true}]', "bound True: expected a number"),
        ("when", '[{feature = "repayment_cover", sign = "<", bound = nan}]', "bound nan: expected a number"),
        ("when", '[{feature = "repayment_cover", sgin = "<", bound = 1}]', "unknown 'sgin'. Did you mean 'sign'?"),
        (
            "when",
            '[{feature = "repayment_cover", sign = "<", bound = 1, county_quantile = 1}]',
            "county_quantile 1: expected a number between 0 and 1; 0.5 is the median",
        ),
        (
            "when",
            '[{feature = "principal_days_past_due", sign = ">", bound = 1, county_quantile = 0.5}]',
            "does not say the county's figure: write {county_principal_days_past_due}",
        ),
        ("zh", '" "', "expected the sentence in Chinese"),
        ("en", '"overdue {principal_days_past_deu}"', "Did you mean 'principal_days_past_due'?"),
        ("en", '"overdue {principal_days_past_due"', "row 1 (R101): "),
        ("en", '"late {}"', "Rule R101 speaks of ''"),
        ("en", '"late {principal_days_past_due:.2f}"', "its unit does: write {principal_days_past_due}"),
        ("zh", '"逾期 {principal_days_past_due!x}"', "its unit does: write {principal_days_past_due}"),
        ("zh", '"逾期 {x:{y}}"', "its unit does: write {x}"),
        ("when", '[{feature = "repayment_cover", sign = "<", bound = 1' + 400 * "0" + "}]", "expected a number"),
        ("id", '"R١٠١"', "expected an id such as R101"),
        ("source", "3", "expected the notice it comes from"),
        ("since", '"2026-01-01"', "expected a day such as 2026-01-01"),
        ("since", "2026-01-01T08:00:00", "expected a day such as 2026-01-01"),
        ("until", "2026-01-01", "ends on 2026-01-01, before it begins on 2026-01-01"),
        ("hard", '"yes"', "expected true or false"),
        ("untill", "2027-01-01", "unknown 'untill'. Did you mean 'until'?"),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_what_was_expected(
    tmp_path: Path, cell: str, value: str, said: str
) -> None:
    assert said in refusal(written(tmp_path, {**GOOD, cell: value}))


@pytest.mark.parametrize("cell", GOOD)
def test_a_missing_cell_is_named(tmp_path: Path, cell: str) -> None:
    row = {name: value for name, value in GOOD.items() if name != cell}
    assert f"{cell} is missing" in refusal(written(tmp_path, row))


def test_all_faults_of_all_rows_are_told_at_once(tmp_path: Path) -> None:
    said = refusal(written(tmp_path, {**GOOD, "light": '"blue"', "since": "1"}, GOOD, {**GOOD, "id": '"x"'}))
    assert said.startswith("The rule table rules.toml is not taken; 3 faults")
    assert [line[:8] for line in said.splitlines()[1:]] == ["  row 1 ", "  row 1 ", "  row 3 "]


def test_two_rows_of_an_id_that_begin_on_one_day_are_refused(tmp_path: Path) -> None:
    assert "R101: two rows begin on 2026-01-01; leave one" in refusal(written(tmp_path, GOOD, GOOD))


def test_a_row_with_a_wrong_cell_tells_of_its_wrong_condition_too(tmp_path: Path) -> None:
    condition = '[{feature = "days_past_du", sign = "=>", bound = "1"}]'
    said = refusal(written(tmp_path, {**GOOD, "light": '"reed"', "when": condition}))
    assert said.startswith("The rule table rules.toml is not taken; 4 faults")


def test_a_note_cannot_bind_a_light(tmp_path: Path) -> None:
    assert "a note binds no light" in refusal(written(tmp_path, {**GOOD, "light": '"note"', "hard": "true"}))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rule = []",
        "rule = 3",
        "x = " + 3000 * "[",
        "[[rule]\n",
        "[[rules]]\nid = 'R101'",
        "name = 'x'\n[[rule]]\n",
    ],
)
def test_what_is_no_rule_table_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, "utf-8")
    assert "is not taken" in refusal(tmp_path / FILE)


def test_without_a_table_of_its_own_a_county_has_the_one_that_ships(tmp_path: Path) -> None:
    assert rule_table_of(tmp_path) is SHIPPED_RULE_TABLE
    written(tmp_path, GOOD)
    assert [rule.id for rule in rule_table_of(tmp_path).rules] == ["R101"]
