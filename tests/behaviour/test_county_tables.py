"""A county's own rule table and policy table on the command line: taken in, followed from then on, or refused."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from tests.conftest import County
from tests.running_service import done, lights, refused

OWN_RULE = """\
[[rule]]
id = "R203"
light = "yellow"
when = [{feature = "income_per_head", sign = "<", bound = 9000}]
zh = "人均纯收入 {income_per_head}, 低于本县监测线"
en = "net income per head {income_per_head}, below the county's line"
source = "county notice 2026-3"
since = 2020-01-01
"""
OWN_POLICY = """\
[[policy]]
since = 2020-01-01
source = "county notice 2026-4"
[policy.groups]
least_loans = 2
[policy.actions.red]
code = "visit_within_a_week"
zh = "一周内上门"
en = "visit within a week"
"""


def test_a_countys_own_rules_set_the_lights_of_the_months_scored_after_them(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    table.write_text(OWN_RULE, "utf-8")
    assert "county notice 2026-3" in done(lights(mine.data, "rules", table, "--as-of", county.newest))
    done(lights(mine.data, "score", "--as-of", county.newest))
    fired = mine.warnings.select("loan_id", pl.col("rules").list.eval(pl.element().struct.field("id")))
    yellow = set(fired.filter(pl.col("rules").list.len() > 0)["loan_id"])
    assert set(fired.explode("rules")["rules"].drop_nulls()) == {"R203"}
    assert yellow == set(mine.facts.filter(pl.col("income_per_head") < 9000)["loan_id"])


def test_a_published_month_says_what_it_said_after_the_rules_have_changed(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    household = mine.warnings.filter(pl.col("rules").list.len() > 0)["household_id"][0]
    asked = ("explain", household, "--as-of", county.newest)
    said = done(lights(mine.data, *asked))
    table.write_text(OWN_RULE, "utf-8")
    done(lights(mine.data, "rules", table))
    assert done(lights(mine.data, *asked)) == said


def test_a_rule_may_compare_with_the_countys_own_median_and_the_model_is_judged_against_it(
    county: County, tmp_path: Path
) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    table.write_text(
        OWN_RULE.replace("bound = 9000", "bound = 0.9, county_quantile = 0.5")
        .replace("低于本县监测线", "不足全县中位数 {county_income_per_head} 的九成")
        .replace("below the county's line", "below nine tenths of the county's {county_income_per_head}"),
        "utf-8",
    )
    assert "0.9 × the county's quantile 0.5" in done(lights(mine.data, "rules", table, "--as-of", county.newest))
    done(lights(mine.data, "score", "--as-of", county.newest))
    sound = mine.facts.filter(~pl.col("has_gone_bad")).unique("household_id")
    low = 0.9 * sound["income_per_head"].median()  # type: ignore[operator]
    fired = mine.warnings.filter(pl.col("rules").list.len() > 0)
    assert set(fired["loan_id"]) == set(mine.facts.filter(pl.col("income_per_head") < low)["loan_id"]) != set()
    assert "below nine tenths of the county's" in done(
        lights(mine.data, "explain", fired["household_id"][0], "--lang", "en")
    )
    use = mine.month.budget_use
    assert use is not None
    assert f"today's rules would light {use.rules_lit:,} " in done(
        lights(mine.data, "thresholds", "--as-of", county.newest)
    )
    assert json.loads(done(lights(mine.data, "evaluate", "--json")))[-1]["visits"] > 0


def test_a_model_is_not_judged_against_rules_that_did_not_hold_then(county: County, tmp_path: Path) -> None:
    mine = county.copied_to(tmp_path / "var")
    (mine.data / "rules.toml").write_text(OWN_RULE.replace("2020-01-01", "2026-01-01"), "utf-8")
    assert "No rule is in force on" in refused(lights(mine.data, "evaluate"))


def test_a_wrong_rule_table_is_refused_and_the_one_in_use_stays(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    before = done(lights(mine.data, "rules", "--as-of", county.newest))
    table.write_text(OWN_RULE.replace("income_per_head", "income_per_haed"), "utf-8")
    ran = lights(mine.data, "rules", table)
    assert (ran.returncode, "Did you mean 'income_per_head'?" in ran.stderr) == (1, True)
    assert done(lights(mine.data, "rules", "--as-of", county.newest)) == before
    assert "R101" in before


def test_a_countys_own_policy_says_what_each_light_asks_for(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    table.write_text(OWN_POLICY, "utf-8")
    assert "county notice 2026-4" in done(lights(mine.data, "policy", table, "--as-of", county.newest))
    before = mine.warnings["policy_version"][0]
    done(lights(mine.data, "score", "--as-of", county.newest))
    actions = dict(mine.warnings.select("light", "action").unique().rows())
    assert actions == {"red": "visit_within_a_week", "yellow": "call_or_visit", "green": "quarterly_check"}
    assert mine.warnings["policy_version"][0] != before
    household = mine.warnings.filter(pl.col("light") == "red")["household_id"][0]
    assert "→ visit within a week" in done(lights(mine.data, "explain", household, "--lang", "en"))


def test_a_published_month_keeps_its_policy_after_the_table_has_changed(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    household = mine.warnings.filter(pl.col("light") == "red")["household_id"][0]
    said = done(lights(mine.data, "explain", household))
    table.write_text(OWN_POLICY, "utf-8")
    done(lights(mine.data, "policy", table))
    assert done(lights(mine.data, "explain", household)) == said


def test_rules_that_begin_only_later_are_not_taken_in(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    table.write_text(OWN_RULE.replace("2020-01-01", "2036-01-01"), "utf-8")
    assert "No rule is in force on" in refused(lights(mine.data, "rules", table, "--as-of", county.newest))
    assert not (mine.data / "rules.toml").exists()


def test_a_policy_is_not_taken_in_where_none_would_hold(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    table.write_text(OWN_POLICY, "utf-8")
    assert "No policy holds on 2010-01-01" in refused(lights(mine.data, "policy", table, "--as-of", "2010-01-01"))
    assert not (mine.data / "policy.toml").exists()


def test_a_wrong_policy_table_is_refused_and_the_one_in_use_stays(county: County, tmp_path: Path) -> None:
    mine, table = county.copied_to(tmp_path / "var"), tmp_path / "own.toml"
    before = done(lights(mine.data, "policy", "--as-of", county.newest))
    table.write_text(OWN_POLICY.replace("least_loans", "least_laons"), "utf-8")
    ran = lights(mine.data, "policy", table)
    assert (ran.returncode, "Did you mean 'least_loans'?" in ran.stderr) == (1, True)
    assert done(lights(mine.data, "policy", "--as-of", county.newest)) == before
    assert "`groups.least_loans` | 30 |" in before
