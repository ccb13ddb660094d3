"""Group lights at their bounds, intervals against known values, and a common cause told from chance."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

import polars as pl
import pytest
from scipy.stats import binomtest, hypergeom

from models.county_policy.policy_table import shipped_policy_table
from models.expected_loss import LOSSES
from models.group_light.evaluate_groups import GroupLevel, common_causes, evaluate_groups
from models.group_light.intervals import effective_size, hypergeometric_tail, wilson_interval

VILLAGE = "640323100001"
GROUP_POLICY = shipped_policy_table().in_force(date(2025, 12, 31)).groups


def loans_of(
    count: int, late: int = 0, village: str = VILLAGE, amount: float = 50_000.0, **others: Any
) -> pl.DataFrame:
    """Loans of a village, the first `late` of them in arrears with interest."""
    return pl.DataFrame(
        {
            "county_code": village[:6],
            "township_code": village[:9],
            "village_code": village,
            "bank": "A",
            "product": "microloan",
            "household_id": [f"{village}-{number}" for number in range(count)],
            "light": ["red" if number < late else "green" for number in range(count)],
            "previous_light": "green",
            "outstanding_principal": amount,
            **dict.fromkeys(LOSSES, 1.0),
            "overdue_principal": 0.0,
            "overdue_interest": [100.0 if number < late else 0.0 for number in range(count)],
            **others,
        }
    )


def light_of(loans: pl.DataFrame, level: GroupLevel = GroupLevel.VILLAGE) -> str | None:
    light: str | None = evaluate_groups(loans, level, GROUP_POLICY)["light"][0]
    return light


@pytest.mark.parametrize(
    ("count", "late", "light"),
    [(100, 0, "green"), (100, 1, "green"), (99, 1, "yellow"), (100, 3, "yellow"), (99, 3, "red"), (29, 29, None)],
)
def test_a_group_is_lit_above_its_bounds_and_not_on_them(count: int, late: int, light: str | None) -> None:
    assert light_of(loans_of(count, late)) == light


@pytest.mark.parametrize(("count", "light"), [(29, None), (30, "red")])
def test_thirty_loans_are_enough_to_judge(count: int, light: str | None) -> None:
    assert light_of(loans_of(count, late=2)) == light


def test_the_overdue_balance_is_the_whole_principal_of_loans_in_arrears() -> None:
    small, large = loans_of(40, late=1, amount=10_000.0), loans_of(40, village="640323100002", amount=90_000.0)
    row = evaluate_groups(pl.concat([small, large]), GroupLevel.TOWNSHIP, GROUP_POLICY).row(0, named=True)
    assert (row["loans"], row["households"], row["balance"], row["overdue_balance"]) == (80, 80, 4_000_000, 10_000)
    assert (row["overdue_share"], row["overdue_household_share"]) == (0.0025, 1 / 80)
    assert (row["red_loans"], row["yellow_loans"], row["green_loans"]) == (1, 0, 79)


def test_banks_and_products_are_judged_county_by_county() -> None:
    loans = pl.concat([loans_of(30), loans_of(30, late=30, village="640324100001")])
    found = evaluate_groups(loans, GroupLevel.BANK, GROUP_POLICY)
    assert found.select("code", "light").rows() == [("640323/A", "green"), ("640324/A", "red")]


@pytest.mark.parametrize(("found", "size"), [(0, 30), (1, 30), (7, 100), (100, 100)])
def test_an_interval_is_wilsons(found: int, size: int) -> None:
    given = pl.DataFrame({"share": [found / size], "size": [size]})
    ends = given.select(
        *(end.alias(name) for name, end in zip("lh", wilson_interval(pl.col("share"), pl.col("size")), strict=True))
    )
    known = binomtest(found, size).proportion_ci(method="wilson")
    assert ends.row(0) == pytest.approx((known.low, known.high), abs=1e-12)


def test_equal_amounts_count_each_and_one_large_one_counts_little_more_than_one() -> None:
    amounts = pl.DataFrame({"equal": [5.0] * 20, "unequal": [1000.0] + [1.0] * 19})
    sizes = amounts.select(effective_size(pl.col("equal")), effective_size(pl.col("unequal"))).row(0)
    assert sizes == pytest.approx((20, 1.038), abs=1e-3)


@pytest.mark.parametrize(
    "case", [(0, 5, 3, 50), (2, 10, 4, 40), (10, 40, 12, 100), (3, 3, 3, 3), (30, 400, 900, 90_000)]
)
def test_chance_is_the_hypergeometric_tail(case: tuple[int, int, int, int]) -> None:
    found, drawn, marked, total = case
    assert hypergeometric_tail(*case) == pytest.approx(hypergeom.sf(found - 1, total, marked, drawn), rel=1e-6)


def county_of(lost: dict[str, int], seed: int = 1) -> pl.DataFrame:
    """Forty villages of thirty green loans each; so many of them lose their green, the others at random."""
    chance = random.Random(seed)
    villages = [f"64032310{township}{village:03d}" for township in range(4) for village in range(10)]
    frames = []
    for village in villages:
        name = f"{village}".ljust(12, "0")
        turned = lost.get(name, sum(chance.random() < 0.04 for _ in range(30)))
        lights = ["yellow"] * turned + ["green"] * (30 - turned)
        frames.append(loans_of(30, village=name, light=lights, bank=[chance.choice("ABC") for _ in range(30)]))
    return pl.concat(frames)


def test_a_village_that_turns_together_is_found_and_the_others_are_not() -> None:
    struck = county_of({})["village_code"][0]
    found = common_causes(county_of({struck: 12}), GROUP_POLICY)
    assert found.filter(pl.col("level") == "village")["code"].to_list() == [struck]
    [row] = found.filter(pl.col("level") == "village").to_dicts()
    assert (row["was_green"], row["lost_green"]) == (30, 12)
    assert row["expected"] < 3


def test_chance_alone_rarely_raises_a_signal() -> None:
    raised = [not common_causes(county_of({}, seed), GROUP_POLICY).is_empty() for seed in range(60)]
    assert sum(raised) <= 60 * 0.05 + 3


def test_the_correction_counts_every_group_looked_at() -> None:
    loans = county_of({})
    everything = common_causes(loans, GROUP_POLICY.model_copy(update={"chance": 1.0}))
    looked_at = sum(loans[name].n_unique() for name in ("village_code", "township_code", "bank", "product"))
    assert everything.height == looked_at
    assert everything["chance"].max() == 1


def test_without_a_month_before_there_is_no_signal() -> None:
    assert common_causes(
        loans_of(40, late=20, previous_light=None).cast({"previous_light": pl.String}), GROUP_POLICY
    ).is_empty()
