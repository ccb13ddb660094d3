"""The warning as the contract has it: its columns, its lights, its probability and the reasons that sum to it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from features.compute import STATUS_COLUMNS
from features.loan_checks import loan_findings
from features.months import month_end_after
from models.feature_topics import TOPICS
from models.policy import NEVER, Policy, Thresholds
from serving.batch.publish import with_score_ranks
from serving.batch.warnings import build_lights, build_warnings
from serving.explain.what_if.rescore import month_rescorer
from serving.months.previous_month import comparison_month, previous_month_of
from serving.months.published_editions import month_folder_name
from serving.months.published_frames import WARNINGS_SCHEMA
from serving.months.repository import MonthRepository
from tests.conftest import County

TEXT = pl.String()
REASON = pl.Struct(
    {
        "feature": TEXT,
        "value": pl.Float64(),
        "value_code": TEXT,
        "typical": pl.Float64(),
        "typical_code": TEXT,
        "contribution": pl.Float64(),
    }
)
CHANGE = pl.Struct(
    {
        "kind": TEXT,
        "feature": TEXT,
        "before": pl.Float64(),
        "before_code": TEXT,
        "after": pl.Float64(),
        "after_code": TEXT,
        "contribution": pl.Float64(),
    }
)
CONTRACT = {
    **dict.fromkeys(("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"), TEXT),
    **dict.fromkeys(("light", "rule_light", "model_light"), TEXT),
    "probability": pl.Float64(),
    "probability_low": pl.Float64(),
    "probability_high": pl.Float64(),
    **dict.fromkeys(("probability_1m", "probability_3m", "probability_12m"), pl.Float64()),
    **dict.fromkeys(("due_probability", "bad_if_due"), pl.Float64()),
    "score_rank": pl.Int64(),
    "shadow": pl.Boolean(),
    "status": TEXT,
    "bad_since": pl.Date(),
    "bad_by": TEXT,
    "bad_due_on": pl.Date(),
    "arrears_ended_on": pl.Date(),
    "probation_until": pl.Date(),
    "probation_dues_left": pl.Int64(),
    "incomplete": pl.List(TEXT),
    "rules": pl.List(pl.Struct({"id": TEXT, "light": TEXT, "hard": pl.Boolean()})),
    "not_assessable": pl.List(TEXT),
    "reasons": pl.List(REASON),
    "base_value": pl.Float64(),
    "outstanding_principal": pl.Float64(),
    **dict.fromkeys(("days_to_maturity", "days_past_due"), pl.Int64()),
    "previous_light": TEXT,
    "changes": pl.List(CHANGE),
    "loan_checks": pl.List(pl.Struct(dict.fromkeys(("check", "first", "second"), TEXT))),
    **dict.fromkeys(("action", "model_version", "policy_version", "data_version"), TEXT),
}
MONTHS_AHEAD = ("probability_1m", "probability_3m", "probability_12m", "due_probability", "bad_if_due")
WORSE = {"green": 0, "yellow": 1, "red": 2}
ACTIONS = {"green": "quarterly_check", "yellow": "call_or_visit", "red": "joint_visit"}
Row = dict[str, Any]


ENDS = ("probability_low", "probability_high")


def rows_of(county: County) -> list[Row]:
    gone_bad = county.facts.select("loan_id", "has_gone_bad")
    return county.warnings.join(gone_bad, on="loan_id").to_dicts()


@pytest.fixture(scope="session")
def rows(county: County) -> list[Row]:
    return rows_of(county)


def test_every_column_of_the_contract_is_there_in_its_type_and_no_other(county: County) -> None:
    schema = dict(county.warnings.schema)
    assert schema.pop("as_of") == pl.Date()
    assert schema == CONTRACT


def test_it_has_one_row_for_each_open_loan(county: County) -> None:
    assert county.warnings["loan_id"].is_unique().all()
    assert county.warnings["loan_id"].to_list() == county.facts["loan_id"].to_list()
    assert county.warnings["as_of"].cast(pl.String).unique().to_list() == [str(county.newest)]


def test_each_probability_lies_in_its_range(county: County) -> None:
    scored = county.warnings.drop_nulls("probability").select("probability", *ENDS)
    low, high = (scored[name] for name in ENDS)
    assert scored.null_count().row(0) == (0, 0, 0)
    assert ((low <= scored["probability"]) & (scored["probability"] <= high) & (low < high)).all()
    assert (low > 0).all()
    assert (high < 1).all()


def test_what_is_never_missing_is_never_missing(county: County) -> None:
    of_model = {"model_light", "probability", *ENDS, "score_rank", "base_value", *MONTHS_AHEAD}
    sometimes = {"previous_light", *of_model, *STATUS_COLUMNS} - {"status"}
    holes = county.warnings.drop(sometimes).null_count().row(0)
    assert set(holes) == {0}


def test_the_light_is_the_worse_of_the_hard_rules_and_the_model(rows: list[Row]) -> None:
    for row in (row for row in rows if not row["has_gone_bad"]):
        hard = [rule["light"] for rule in row["rules"] if rule["hard"] and rule["light"] != "note"]
        least = "yellow" if row["status"] == "probation" else "green"
        assert row["light"] == max([*hard, row["model_light"], least], key=WORSE.__getitem__)


def test_the_rule_light_is_the_worst_rule_that_fired_and_a_note_lights_nothing(rows: list[Row]) -> None:
    for row in rows:
        fired = [rule["light"] for rule in row["rules"] if rule["light"] != "note"]
        assert row["rule_light"] == max([*fired, "green"], key=WORSE.__getitem__)


def test_a_loan_that_has_gone_bad_is_red_and_nothing_is_predicted(rows: list[Row]) -> None:
    gone_bad = [row for row in rows if row["has_gone_bad"]]
    assert gone_bad
    for row in gone_bad:
        assert row["light"] == "red"
        names = ("probability", "model_light", "score_rank", "base_value", *MONTHS_AHEAD)
        assert {row[name] for name in names} == {None}
        assert row["reasons"] == []


def test_a_bad_loan_owes_something_and_says_since_when(rows: list[Row]) -> None:
    assert {row["status"] for row in rows} == {"performing", "probation", "bad"}
    for row in rows:
        if row["status"] == "bad":
            assert row["days_past_due"] > 0
            assert (row["bad_since"] - row["bad_due_on"]).days == 30
            assert row["arrears_ended_on"] is None
        if row["status"] == "probation":
            assert row["days_past_due"] < 30
            assert row["bad_since"] < row["arrears_ended_on"] < row["probation_until"]
            assert row["probability"] is not None
            assert row["reasons"]


def test_every_other_loan_has_a_probability_and_a_model_light_that_rises_with_it(rows: list[Row]) -> None:
    judged = sorted((row for row in rows if not row["has_gone_bad"]), key=lambda row: float(row["probability"]))
    assert all(0 < row["probability"] < 1 for row in judged)
    levels = [WORSE[row["model_light"]] for row in judged if row["previous_light"] in (None, "green")]
    assert levels == sorted(levels)  # a light of the month before may be kept on a lower probability
    assert len({WORSE[row["model_light"]] for row in judged}) > 1


def test_figures_by_month_agree_with_each_other_and_with_the_probability(rows: list[Row]) -> None:
    for row in (row for row in rows if not row["has_gone_bad"]):
        within = [row["probability_1m"], row["probability_3m"], row["probability"], row["probability_12m"]]
        assert within == sorted(within)
        assert within[0] > 0
        assert within[3] < 1


def test_a_loan_that_falls_due_within_the_horizon_says_whether_it_will_be_open_and_go_bad(
    county: County, rows: list[Row]
) -> None:
    last = month_end_after(county.newest, 6)
    judged = [row for row in rows if not row["has_gone_bad"]]
    due = [county.newest < county.newest + timedelta(days=row["days_to_maturity"]) <= last for row in judged]
    assert True in due
    assert False in due
    for row, is_due in zip(judged, due, strict=True):
        assert (row["due_probability"] is not None, row["bad_if_due"] is not None) == (is_due, is_due)
        assert not is_due or 0 < row["bad_if_due"] < 1
        assert not is_due or 0 < row["due_probability"] <= 1


def test_figures_by_month_of_one_household_are_those_of_the_month(county: County) -> None:
    bundle = county.store.models.champion
    assert bundle
    judged = county.facts.filter(~pl.col("has_gone_bad"))
    published = county.warnings.filter(pl.col("probability").is_not_null())
    for loan in judged["loan_id"].gather_every(max(1, judged.height // 25)):
        facts = judged.filter(pl.col("loan_id") == loan)
        figures = bundle.time_to_bad(facts, bundle.probability(facts), county.newest)
        assert figures.equals(published.filter(pl.col("loan_id") == loan).select(MONTHS_AHEAD))


def test_the_light_tells_what_to_do(rows: list[Row]) -> None:
    assert {(row["light"], row["action"]) for row in rows} == set(ACTIONS.items())


def test_rank_1_is_the_riskiest(rows: list[Row]) -> None:
    probabilities = [row["probability"] for row in rows if row["probability"] is not None]
    for row in rows:
        if row["probability"] is not None:
            assert row["score_rank"] == 1 + sum(other > row["probability"] for other in probabilities)


def test_ties_share_the_better_rank_and_are_listed_by_loan() -> None:
    drawn = {"loan_id": ["D", "C", "B", "A"], "probability": [0.2, 0.2, None, 0.9]}
    among = pl.Series([0.2, 0.2, 0.9])
    warnings = pl.concat([WARNINGS_SCHEMA.empty(), pl.DataFrame(drawn)], how="diagonal")
    ranks = with_score_ranks(warnings, among).select("loan_id", "probability", "score_rank").rows()
    assert ranks == [("A", 0.9, 1), ("B", None, None), ("C", 0.2, 2), ("D", 0.2, 2)]


def test_reasons_are_at_most_five_and_those_that_raise_the_risk_come_first(rows: list[Row]) -> None:
    for row in rows:
        parts = [reason["contribution"] for reason in row["reasons"]]
        raising, lowering = [part for part in parts if part > 0], [part for part in parts if part < 0]
        assert parts == sorted(raising, reverse=True) + sorted(lowering)
        assert len(parts) <= 5
        assert len({reason["feature"] for reason in row["reasons"]}) == len(parts)


def test_reasons_are_the_models_own_parts_and_all_parts_sum_to_the_log_odds(county: County, rows: list[Row]) -> None:
    judged = county.facts.filter(~pl.col("has_gone_bad"))
    bundle = county.store.models.champion
    assert bundle
    parts, base = bundle.contributions(judged)
    names = [column.name for column in bundle.columns]
    told = [row for row in rows if not row["has_gone_bad"]]
    for row, part in zip(told, parts, strict=True):
        assert row["base_value"] == base
        own = dict(zip(names, part, strict=True))
        assert all(reason["contribution"] == own[reason["feature"]] for reason in row["reasons"])
        assert base + math.fsum(part) == pytest.approx(_log_odds(row["probability"]), abs=1e-6)


def test_no_topic_is_told_twice_and_none_left_out_is_stronger(county: County, rows: list[Row]) -> None:
    bundle = county.store.models.champion
    assert bundle
    parts = bundle.explain(county.facts.filter(~pl.col("has_gone_bad")))
    for row, part in zip((row for row in rows if not row["has_gone_bad"]), parts.by_column, strict=True):
        told = {TOPICS[reason["feature"]] for reason in row["reasons"]}
        assert len(told) == len(row["reasons"])
        largest: dict[str, float] = {}
        for column, one in zip(parts.columns, part, strict=True):
            largest[TOPICS[column.name]] = max(largest.get(TOPICS[column.name], 0.0), one, key=abs)
        raising = [reason["contribution"] for reason in row["reasons"] if reason["contribution"] > 0]
        if len(raising) == 5:
            assert max(one for topic, one in largest.items() if topic not in told) <= min(raising)


def test_changes_are_at_most_three_the_largest_first_and_of_facts_that_moved(rows: list[Row]) -> None:
    assert any(row["changes"] for row in rows)
    for row in rows:
        sizes = [abs(change["contribution"]) for change in row["changes"]]
        assert sizes == sorted(sizes, reverse=True)
        assert len(sizes) <= 3
        for change in row["changes"]:
            assert (change["before"], change["before_code"]) != (change["after"], change["after_code"])


def test_a_loan_that_is_new_or_has_gone_bad_has_no_changes(rows: list[Row]) -> None:
    without = [row for row in rows if row["has_gone_bad"] or row["previous_light"] is None]
    assert without
    assert {len(row["changes"]) for row in without} == {0}


def test_a_reason_tells_the_loans_value_beside_the_townships_median(county: County) -> None:
    facts = county.facts
    row = next(row for row in county.warnings.to_dicts() if row["reasons"])
    mine = facts.filter(pl.col("loan_id") == row["loan_id"]).to_dicts()[0]
    township = facts.filter(pl.col("township_code") == row["township_code"])
    assert township["household_id"].n_unique() > 5
    for reason in row["reasons"]:
        name = reason["feature"]
        assert mine[name] in (reason["value"], reason["value_code"])
        if reason["value_code"] is None:
            assert reason["typical"] == township[name].median()


def test_the_month_before_is_the_previous_light(county: County) -> None:
    before = pl.read_parquet(county.data / "warnings" / month_folder_name(county.before) / "*.parquet")
    lights_before = dict(before.select("loan_id", "light").rows())
    previous = dict(county.warnings.select("loan_id", "previous_light").rows())
    assert previous == {loan: lights_before.get(loan) for loan in previous}
    assert None in previous.values()


def test_without_a_champion_the_light_is_the_rule_light(by_rules: County) -> None:
    rows = rows_of(by_rules)
    assert {row["probability"] for row in rows} == {row["model_light"] for row in rows} == {None}
    assert {row["score_rank"] for row in rows} == {None}
    for row in rows:
        least = {"bad": "red", "probation": "yellow", "performing": "green"}[row["status"]]
        assert row["light"] == max(row["rule_light"], least, key=WORSE.__getitem__)
    assert {row["model_version"] for row in rows} == {"none"}


def test_without_a_champion_it_says_so(by_rules: County) -> None:
    manifest = by_rules.month.manifest
    assert manifest.model_version == "none"
    assert manifest.model_refused == "尚无模型 / there is no model yet"
    assert manifest.label is None


def test_the_manifest_counts_what_was_published(county: County) -> None:
    manifest, warnings = county.month.manifest, county.warnings
    assert manifest.rows == warnings.height
    assert manifest.label == {"horizon_months": 6, "bad_after_days": 30}
    for light, counted in manifest.lights.items():
        mine = warnings.filter(pl.col("light") == light)
        assert counted["loans"] == mine.height
        assert counted["outstanding_principal"] == pytest.approx(mine["outstanding_principal"].sum(), abs=0.005)


def _log_odds(probability: float) -> float:
    return math.log(probability / (1 - probability))


def judged_by(county: County, policy: Policy) -> pl.DataFrame:
    """The newest month's loans, lit by other thresholds."""
    month, judges = county.month, month_rescorer(county.month, county.store).scoring_policy
    assert judges.bundle
    before = previous_month_of(comparison_month(MonthRepository(county.store), month), county.facts["loan_id"])
    other = replace(judges, bundle=replace(judges.bundle, policy=policy))
    typical = month.scan("typical").collect()
    findings = loan_findings(month.as_of, county.store.ledger.tables())
    found = build_warnings(county.facts, typical, before, other, month.as_of, findings).warnings
    alone = build_lights(county.facts, before, other)
    assert alone.equals(found.select(alone.columns))
    return found


def test_what_was_published_is_what_the_function_says(county: County) -> None:
    policy = month_rescorer(county.month, county.store).scoring_policy.bundle.policy  # type: ignore[union-attr] # it has one
    told = judged_by(county, policy).drop("score_rank")
    assert told.equals(county.month.scan("warnings").sort("loan_id").collect().select(told.columns))


def test_a_bank_with_thresholds_of_its_own_has_its_loans_lit_by_them(county: County) -> None:
    bank = county.facts["bank"][0]
    found = judged_by(county, Policy(NEVER, NEVER, "capacity", by="bank", groups={bank: Thresholds(0.0, 0.0)}))
    predicted = found.filter(pl.col("probability").is_not_null())
    lights = {(row["bank"] == bank, row["model_light"]) for row in predicted.to_dicts()}
    assert lights == {(True, "red"), (False, "green")}
