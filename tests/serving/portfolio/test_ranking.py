"""The ranking of banks: rates, ties, changes against the period before, groups too small to judge."""

from __future__ import annotations

from datetime import date

import polars as pl

from models.county_policy.policy_table import shipped_policy_table
from models.group_light.evaluate_groups import GroupLevel
from serving.portfolio.ranking import group_rates, ranking_table

BOUNDS = shipped_policy_table().policies[-1].groups.model_copy(update={"least_loans": 2})


def loans(*rows: tuple[str, float, float, str, str]) -> pl.DataFrame:
    """bank, outstanding, overdue, light and status of each loan."""
    schema = ("bank", "outstanding_principal", "overdue_principal", "light", "status")
    frame = pl.DataFrame(rows, schema, orient="row").with_row_index("at")
    return frame.with_columns(
        pl.lit("640323").alias("county_code"),
        pl.lit(0.0).alias("overdue_interest"),
        pl.format("H{}", "at").alias("household_id"),
        *(pl.lit(0.0).alias(name) for name in ("expected_loss", "expected_loss_fund", "expected_loss_bank")),
    )


NOW = loans(
    ("A", 100.0, 1.0, "red", "bad"),
    ("A", 300.0, 0.0, "green", "sound"),
    ("B", 100.0, 1.0, "yellow", "sound"),
    ("B", 300.0, 0.0, "green", "sound"),
    ("C", 400.0, 0.0, "green", "sound"),
    ("C", 400.0, 0.0, "green", "sound"),
    ("D", 50.0, 50.0, "red", "bad"),
)
BEFORE = loans(("A", 500.0, 0.0, "green", "sound"), ("A", 300.0, 0.0, "green", "sound"))


def test_the_highest_rate_is_first_equal_ones_share_a_rank_and_small_groups_have_none() -> None:
    table = ranking_table(group_rates(NOW, GroupLevel.BANK, BOUNDS), None, None, GroupLevel.BANK, BOUNDS, {})
    assert table.frame.select("name_en", "rank", "overdue_share").rows() == [
        ("All", None, 250 / 1650),
        ("A", 1, 0.25),
        ("B", 1, 0.25),
        ("C", 3, 0.0),
        ("D", None, None),
    ]
    assert table.as_issued().frame["name_en"].to_list()[-1] == "All"


def test_changes_are_now_less_before_and_missing_where_there_was_nothing() -> None:
    rates = group_rates(NOW, GroupLevel.BANK, BOUNDS)
    before = (date(2025, 11, 30), group_rates(BEFORE, GroupLevel.BANK, BOUNDS))
    rows = {
        row["name_en"]: row for row in ranking_table(rates, before, None, GroupLevel.BANK, BOUNDS, {}).frame.to_dicts()
    }
    assert (rows["A"]["balance_before"], rows["A"]["overdue_share_before"]) == (-400.0, 0.25)
    assert rows["A"]["lit_share_before"] == 0.5
    assert rows["B"]["balance_before"] is None


def test_bad_loans_are_counted_with_their_balance() -> None:
    total = group_rates(NOW, GroupLevel.BANK, BOUNDS).row(0, named=True)
    assert (total["bad_loans"], total["bad_balance"], total["loans"]) == (2, 150.0, 7)
