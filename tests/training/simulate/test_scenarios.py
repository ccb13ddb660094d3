"""Each scenario shows in what is delivered what it says, and nothing before it begins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.messages import UserError
from tests.running_service import done, lights
from tests.training.simulate.conftest import Tables
from training.simulate.order import Order
from training.simulate.province import simulate
from training.simulate.scenarios import SCENARIOS, scenario_named

BEGINS = date(2025, 1, 1)
LATER = [name for name in SCENARIOS if name not in ("base", "small_township")]
Counties = Callable[[str], Path]


@pytest.fixture(scope="module")
def counties(tmp_path_factory: pytest.TempPathFactory) -> Counties:
    """The folder of the county of 1,500 households under each scenario asked for, lived once."""
    made: dict[str, Path] = {}

    def under(name: str) -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            simulate(Order(1500, 24, seed=11, scenario=SCENARIOS[name]), made[name])
        return made[name]

    return under


def tables_in(folder: Path) -> Tables:
    return {name: pl.read_parquet(folder / name / "*.parquet") for name in TABLES}


def purses(folder: Path) -> pl.DataFrame:
    """Of the watched households, by month."""
    return pl.read_parquet(folder / "truth" / "households" / "*.parquet").sort("household_id", "month")


@pytest.mark.parametrize("name", LATER)
def test_nothing_is_other_than_in_the_base_county_before_it_begins(counties: Counties, name: str) -> None:
    before = [purses(counties(which)).filter(pl.col("month") < BEGINS) for which in ("base", name)]
    assert before[0].height > 0
    assert before[0].equals(before[1])


def gone_bad(folder: Path, name: str) -> int:
    """Loans of three counties that went bad from the third month of the scenario on."""
    for seed in (11, 12, 13):
        simulate(Order(3000, 24, seed, scenario=SCENARIOS[name]), folder / str(seed))
    ends = pl.read_parquet(folder / "*" / "truth" / "loans" / "*.parquet")
    return ends.filter(pl.col("bad_on") >= date(2025, 3, 1)).height


def test_a_price_collapse_and_a_drought_make_more_loans_go_bad(tmp_path: Path) -> None:
    base, *struck = (gone_bad(tmp_path / name, name) for name in ("base", "price_collapse", "drought"))
    assert min(struck) > 1.3 * base


@pytest.mark.parametrize("name", ["drought", "price_collapse"])
def test_what_strikes_everybody_shows_in_the_purses(counties: Counties, name: str) -> None:
    december = pl.col("month") == date(2025, 12, 1)
    cash = [purses(counties(which)).filter(december)["cash"].to_frame() for which in (name, "base")]
    assert cash[0].median().item() < 0.9 * cash[1].median().item()


def test_in_a_drought_every_township_reports_disasters_and_harvests_are_lost(counties: Counties) -> None:
    dry, base = tables_in(counties("drought")), tables_in(counties("base"))
    struck = dry["hardships"].filter(pl.col("cause") == "disaster", pl.col("occurred_on").dt.year() == 2025)
    homes = dry["households"].unique("household_id").with_columns(pl.col("village_code").str.head(9).alias("township"))
    assert struck.join(homes, on="household_id")["township"].n_unique() == homes["township"].n_unique()
    assert (
        struck.height
        > 3 * base["hardships"].filter(pl.col("cause") == "disaster", pl.col("occurred_on").dt.year() == 2025).height
    )


def test_in_a_price_collapse_what_falls_loses_forty_per_cent_within_half_a_year(counties: Counties) -> None:
    prices = [tables_in(counties(name))["prices"] for name in ("price_collapse", "base")]
    both = prices[0].join(prices[1], on=["product", "month"], suffix="_base")
    left = both.with_columns((pl.col("price") / pl.col("price_base")).alias("left"))
    late = left.filter(pl.col("month") >= date(2025, 6, 1))
    falling = pl.col("product").is_in(["sheep", "cattle", "daylily"])
    assert late.filter(falling)["left"].to_list() == pytest.approx([0.6] * late.filter(falling).height, abs=0.01)
    assert late.filter(~falling)["left"].unique().to_list() == [1.0]
    assert left.filter(pl.col("month") < BEGINS)["left"].unique().to_list() == [1.0]


def test_an_epidemic_strikes_two_townships_together(counties: Counties) -> None:
    sick = tables_in(counties("epidemic"))
    january = sick["hardships"].filter(
        pl.col("cause") == "epidemic", pl.col("occurred_on").is_between(BEGINS, date(2025, 1, 31))
    )
    homes = sick["households"].unique("household_id")
    towns = january.unique("event_id").join(homes, on="household_id")["village_code"].str.head(9)
    assert sorted(towns.unique()) == ["640323100", "640323101"]
    assert towns.len() > 100


def test_an_epidemic_costs_the_two_townships_animals_and_no_other(counties: Counties) -> None:
    herds = [sheep_by_township(counties(name)) for name in ("epidemic", "base")]
    left = [sick / well for sick, well in zip(*herds, strict=True)]
    assert max(left[:2]) < 0.92 < min(left[2:])


def sheep_by_township(folder: Path) -> list[float]:
    """Counted in the autumn after it began, per household counted."""
    tables = tables_in(folder)
    counted = tables["assets"].filter(pl.col("observed_on") >= BEGINS).unique("household_id")
    homes = tables["households"].unique("household_id").with_columns(pl.col("village_code").str.head(9).alias("town"))
    herds = counted.join(homes, on="household_id").group_by("town").agg(pl.col("sheep_count").mean())
    return herds.sort("town")["sheep_count"].to_list()


def test_a_policy_change_raises_the_limit_and_cuts_the_subsidy_of_new_loans(counties: Counties) -> None:
    loans = tables_in(counties("policy_change"))["loans"].unique("loan_id").filter(pl.col("renews_loan_id").is_null())
    micro = loans.filter(pl.col("product") == "microloan")
    before, after = (micro.filter((pl.col("originated_on") >= BEGINS) == new) for new in (False, True))
    assert (before["principal"].max(), after["principal"].max()) == (50_000, 100_000)
    assert (before["subsidy_share"].max(), after["subsidy_share"].max()) == (1.0, 0.5)


def test_a_late_bank_delivers_what_it_books_three_months_later(counties: Counties) -> None:
    tables = tables_in(counties("late_bank"))
    paid = tables["payments"].join(tables["loans"].unique("loan_id").select("loan_id", "bank"), on="loan_id")
    wait = (
        paid.filter(pl.col("paid_on") >= BEGINS)
        .group_by("bank")
        .agg((pl.col("known_on") - pl.col("paid_on")).dt.total_days().min().alias("days"))
    )
    waits = dict(wait.rows())
    assert waits["乙银行"] >= 59
    assert max(days for bank, days in waits.items() if bank != "乙银行") < 30


def test_a_small_township_has_too_few_loans_to_judge(counties: Counties) -> None:
    tables = tables_in(counties("small_township"))
    homes = tables["households"].unique("household_id")
    loans = tables["loans"].unique("loan_id").join(homes, on="household_id")
    open_by_town = loans.filter(pl.col("matures_on") > date(2025, 12, 31)).group_by(
        pl.col("village_code").str.head(9).alias("town")
    )
    counts = open_by_town.len().sort("len")["len"].to_list()
    assert counts[0] < 30 < counts[1]


def test_an_unknown_scenario_is_refused_by_name() -> None:
    with pytest.raises(UserError, match="There is no scenario flood; choose one of base, drought"):
        scenario_named("flood")


def test_the_command_line_names_and_takes_every_scenario(tmp_path: Path) -> None:
    said = done(lights(tmp_path, "simulate", "--help"))
    assert [name for name in SCENARIOS if name not in said] == []
    size = ("--households", 60, "--months", 12, "--replicates", 0, "--out", tmp_path / "inbox")
    done(lights(tmp_path, "simulate", *size, "--scenario", "epidemic"))
    assert (tmp_path / "inbox" / "truth").is_dir()
