"""Sums of money are the same, bit for bit, in whatever order, pieces and threads polars adds the rows."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl
import pytest

from features.declare import money_sum
from features.ledger.part_files import COUNTY
from features.snapshot.amounts import yuan_sum
from models.county_policy.policy_table import policy_table_of
from models.group_light.evaluate_groups import GroupLevel, evaluate_groups
from models.group_light.intervals import effective_size
from serving.monitor.quality import monthly_profile
from serving.portfolio.standing import light_table

LOANS = 60_000
SUMS = {
    "yuan": yuan_sum(pl.col("yuan")),
    "parts": money_sum(pl.col("yuan") / 3),
    "size": effective_size(pl.col("yuan")),
}
IN_THREADS = """
import polars as pl
from tests.serving.portfolio.test_sums import SUMS, amounts
pieces = pl.concat(list(amounts().iter_slices(997)), rechunk=False)
for engine in ("in-memory", "streaming"):
    print(pieces.lazy().group_by("group").agg(**SUMS).sort("group").collect(engine=engine).rows())
"""


def amounts() -> pl.DataFrame:
    """Amounts of whole fen, of which floats hold few exactly, in three groups."""
    drawn = random.Random(7)
    fen = [drawn.randrange(1, 20_000_000) for _ in range(LOANS)]
    return pl.DataFrame({"group": [number % 3 for number in fen], "yuan": [number / 100 for number in fen]})


def otherwise_laid_out(frame: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows in other pieces and in other orders."""
    for pieces in (2, 7, 50):
        yield pl.concat(list(frame.iter_slices(frame.height // pieces + 1)), rechunk=False)
    yield frame.reverse()
    yield frame.sample(fraction=1, shuffle=True, seed=1)


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_sums_are_of_whole_fen_in_any_pieces(engine: Literal["in-memory", "streaming"]) -> None:
    frame = amounts()
    whole = frame.group_by("group").agg(**SUMS).sort("group")
    fen = frame.group_by("group").agg(fen=(pl.col("yuan") * 100).round().cast(pl.Int64).sum()).sort("group")
    assert whole["yuan"].to_list() == [sum_of_fen / 100 for sum_of_fen in fen["fen"]]
    for other in otherwise_laid_out(frame):
        assert other.lazy().group_by("group").agg(**SUMS).sort("group").collect(engine=engine).equals(whole)


def test_sums_are_the_same_by_any_number_of_threads() -> None:
    def printed(threads: int) -> str:
        environment = os.environ | {"POLARS_MAX_THREADS": str(threads)}
        command = [sys.executable, "-c", IN_THREADS]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert printed(1) == printed(2) == printed(13)


def test_half_a_fen_is_rounded_the_same_way_in_whatever_order_it_is_added() -> None:
    interest = pl.DataFrame({"yuan": [0.1, 0.7, 6.175, 0.3, 12.345, 100.005]})
    orders = (interest.sample(fraction=1, shuffle=True, seed=seed) for seed in range(50))
    sums = {order.select(money_sum(pl.col("yuan"))).item() for order in orders}
    assert sums == {119.625}


def loans() -> pl.DataFrame:
    """Loans of three counties with what reports and group lights are made of."""
    frame = amounts().with_columns(number=pl.int_range(LOANS))
    yuan, number = pl.col("yuan"), pl.col("number")
    light = pl.when(number % 5 == 0).then(pl.lit("red")).otherwise(pl.lit("green"))
    return frame.select(
        county_code=pl.lit("64032") + pl.col("group").cast(pl.String),
        household_id=pl.format("H{}", number),
        outstanding_principal=yuan,
        overdue_principal=pl.when(number % 7 == 0).then(yuan).otherwise(0.0),
        overdue_interest=pl.lit(0.0),
        expected_loss=(yuan / 3).round(2),
        expected_loss_fund=(yuan / 4).round(2),
        expected_loss_bank=(yuan / 5).round(2),
        light=light,
        rule_light=light,
        model_light=light,
    )


def test_reports_have_the_same_sums_in_any_pieces_and_order(tmp_path: Path) -> None:
    policy = policy_table_of(tmp_path).in_force(date(2025, 12, 31)).groups
    groups, lights = evaluate_groups(loans(), GroupLevel.COUNTY, policy), light_table(loans()).frame
    assert groups.height == 3
    for other in otherwise_laid_out(loans()):
        assert evaluate_groups(other, GroupLevel.COUNTY, policy).equals(groups)
        assert light_table(other).frame.equals(lights)


def test_means_of_deliveries_are_the_same_in_any_pieces_and_order() -> None:
    price = pl.col("yuan")
    days = (pl.lit(date(2025, month, 5)) for month in (1, 2, 3))
    delivered = amounts().select(
        pl.lit("640323").alias(COUNTY),
        pl.lit("sheep").alias("product"),
        pl.lit(date(2025, 1, 1)).alias("month"),
        price.alias("price"),
        pl.concat_list(*days).list.get(pl.col("group")).alias("known_on"),
    )
    means = monthly_profile(delivered.lazy(), "prices")
    expected = delivered.group_by("known_on").agg(pl.col("price").mean()).sort("known_on")["price"]
    spreads = delivered.group_by("known_on").agg(pl.col("price").std()).sort("known_on")["price"]
    assert means["price mean"].to_list() == pytest.approx(expected.to_list(), rel=1e-12)
    assert means["price spread"].to_list() == pytest.approx(spreads.to_list(), rel=1e-9)
    for other in otherwise_laid_out(delivered):
        assert monthly_profile(other.lazy(), "prices").equals(means)
