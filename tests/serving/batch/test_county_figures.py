"""A rule that compares with the county's own figure: the same in blocks, whole, for one household and when supposed."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import polars as pl
import pytest

from features.contract.pseudonym import load_pseudonyms
from features.contract.tables import TABLES
from features.delivery.column_map import read_column_map
from features.loading.load import LoadOptions, load
from serving.batch.replay import replay
from serving.explain.sentences import render_warnings
from serving.explain.what_if.apply import household_snapshot
from serving.explain.what_if.facts import IncomeStatement
from serving.explain.what_if_answers import score_household_tables, what_if
from serving.months.edition import PublishedMonth
from tests.serving.provinces import AS_OF, IN_BLOCKS, Province

FIGURE = "county income_per_head 0.5"
OWN_RULES = """\
[[rule]]
id = "R203"
light = "yellow"
when = [{feature = "income_per_head", sign = "<", bound = 0.8, county_quantile = 0.5}]
zh = "人均纯收入 {income_per_head}, 不足全县中位数 {county_income_per_head} 的八成"
en = "net income per head {income_per_head}, less than 80% of the county's median of {county_income_per_head}"
source = "county notice 2026-8"
since = 2020-01-01
"""


@pytest.fixture(scope="module")
def relative(ruled_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Three counties whose only rule compares with the county's median income, each in one part."""
    own = ruled_province.copied_to(tmp_path_factory.mktemp("relative") / "var")
    (own.data / "rules.toml").write_text(OWN_RULES, "utf-8")
    own.scored()
    return own


def medians_by_hand(month: PublishedMonth) -> dict[str, float]:
    """By county, the median income per head of the households whose loans have not gone bad."""
    sound = month.scan("features").filter(~pl.col("has_gone_bad")).collect()
    incomes: dict[str, dict[str, float]] = {}
    for county, household, income in sound.select("county_code", "household_id", "income_per_head").rows():
        if income is not None:
            incomes.setdefault(county, {})[household] = income
    return {county: median(of.values()) for county, of in incomes.items()}


def test_each_loan_is_compared_with_the_median_of_its_own_county(relative: Province) -> None:
    by_hand = medians_by_hand(relative.month)
    figures = relative.month.manifest.county_figures
    assert {county: of[FIGURE] for county, of in figures.items()} == pytest.approx(by_hand)
    assert len(set(by_hand.values())) == 3
    incomes = dict(relative.month.scan("features").select("loan_id", "income_per_head").collect().rows())
    rows = relative.month.scan("warnings").collect().to_dicts()
    for row in rows:
        income = incomes[row["loan_id"]]
        fires = income is not None and income < 0.8 * figures[row["county_code"]][FIGURE]
        assert [rule["id"] for rule in row["rules"]] == (["R203"] if fires else [])
        assert row["not_assessable"] == (["R203"] if income is None else [])
    assert 0 < sum(bool(row["rules"]) for row in rows) < len(rows)


def test_a_county_in_blocks_has_the_figures_and_bytes_of_the_county_in_one_part(
    relative: Province, ruled_province: Province, tmp_path: Path
) -> None:
    own = ruled_province.copied_to(tmp_path / "var")
    (own.data / "rules.toml").write_text(OWN_RULES, "utf-8")
    manifest = own.scored(IN_BLOCKS)
    assert "640323-002.lights" in {str(part["part"]) for part in manifest.parts}
    assert manifest.county_figures == relative.month.manifest.county_figures
    assert own.files == relative.files
    assert replay(own.store, AS_OF, None, lambda *_: None).is_equal


def test_one_household_alone_has_the_light_and_the_sentence_of_the_batch(relative: Province) -> None:
    month, store = relative.month, relative.store
    warnings, features = (month.scan(kind).collect() for kind in ("warnings", "features"))
    households = warnings["household_id"].unique().sort()
    told = {each.loan_id: each for each in render_warnings(warnings, features, month)}
    for household in households[:: len(households) // 12]:
        rows = household_snapshot(month, store, household).tables
        frames = {name: rows[name].select(TABLES[name].column_names).collect() for name in TABLES if name != "prices"}
        tables: dict[str, list[dict[str, Any]]] = {
            name: json.loads(frame.with_columns(pl.selectors.date().cast(pl.String)).write_json())
            for name, frame in frames.items()
        }
        for warning in score_household_tables(month, store, tables).warnings:
            batch = told[warning.loan_id]
            assert (warning.light, warning.rules, warning.open_rules) == (batch.light, batch.rules, batch.open_rules)


def test_the_sentence_says_the_countys_figure_and_a_supposed_income_is_compared_with_it(relative: Province) -> None:
    month, store = relative.month, relative.store
    warnings = month.scan("warnings").filter(pl.col("rules").list.len() == 0, pl.col("status") == "performing")
    row = warnings.filter(pl.col("not_assessable").list.len() == 0).sort("loan_id").collect().row(0, named=True)
    poor = IncomeStatement(kind="income_statement", wage_income=10.0, business_income=0.0, production_cost=0.0)
    [loan, *_] = what_if(month, store, row["household_id"], [poor]).loans
    assert loan.after is not None
    [fired] = loan.after.rules
    figure = month.manifest.county_figures[row["county_code"]][FIGURE]
    assert f"80% of the county's median of {figure:,.0f} yuan" in fired.en
    assert f"全县中位数 {figure:,.0f} 元 的八成" in fired.zh
    assert loan.after.light == "yellow"


def test_what_is_known_later_does_not_move_the_figures_of_a_month(relative: Province, tmp_path: Path) -> None:
    own = relative.copied_to(tmp_path / "var")
    figures = own.month.manifest.county_figures
    households = own.month.scan("features").select("household_id").unique().sort("household_id").collect()
    rich = households.with_columns(
        period_start=pl.lit("2025-01-01"),
        period_end=pl.lit("2025-12-31"),
        wage_income=pl.lit("900000"),
        known_on=pl.lit("2026-02-01"),
    )
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    rich.write_csv(inbox / "income_statements.csv")
    options = LoadOptions(
        date(2026, 2, 1), read_column_map(), load_pseudonyms(own.data), report_progress=lambda _: None
    )
    assert not load(inbox, own.store.ledger, options).has_refused_files
    manifest = Province(own.data).scored()
    assert manifest.data_version != relative.month.manifest.data_version
    assert manifest.county_figures == figures


def test_a_household_without_a_figure_is_told_what_is_missing(relative: Province, tmp_path: Path) -> None:
    own = relative.copied_to(tmp_path / "var")
    path = own.month.folder / "manifest.json"
    stored = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**stored, "county_figures": {}}), "utf-8")
    path.with_name("manifest.sha256").unlink()
    month = own.copied_to(tmp_path / "copy").month
    row = month.scan("warnings").filter(pl.col("rules").list.len() == 0).head(1).collect()
    unassessed = row.with_columns(pl.Series("not_assessable", [["R203"]]))
    features = month.scan("features").filter(pl.col("loan_id") == row["loan_id"][0]).collect()
    [rule] = render_warnings(unassessed, features.with_columns(income_per_head=pl.lit(1.0)), month)[0].open_rules
    assert rule.en == "missing: the county's Net income per head (not told: too few other households, 5 are needed)"
    assert rule.zh == "缺少：全县人均纯收入（其他户不足 5 户，不公布）"
