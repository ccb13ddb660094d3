"""Several counties: each the same whatever comes after it and however many processes live them; whole or not at all."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from features.contract.tables import TABLES
from features.messages import UserError
from training.simulate.order import Order
from training.simulate.parameters import Parameters
from training.simulate.province import simulate

SMALL = Parameters(households_per_county=60, warm_up=12)
CODES = ["640323", "640324", "640325"]
KEYS = {"households": "household_id", "members": "member_id", "loans": "loan_id", "payments": "payment_id"}


def order(households: int) -> Order:
    return Order(households, months=14, seed=3, replicates=2, hazard_dates=1, parameters=SMALL)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.parquet"))}


@pytest.fixture(scope="module")
def province(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two counties of 60 households and one of 21."""
    simulate(order(141), out := tmp_path_factory.mktemp("province"))
    return out


def test_each_county_has_a_file_of_each_table_and_prices_are_one_list(province: Path) -> None:
    for table in TABLES:
        files = sorted(path.stem for path in (province / table).iterdir())
        assert files == (["all"] if table == "prices" else CODES)


def test_a_countys_file_holds_its_own_households_and_no_county_has_too_many(province: Path) -> None:
    for code, most in zip(CODES, (60, 60, 21), strict=True):
        households = pl.read_parquet(province / "households" / f"{code}.parquet").unique("household_id")
        assert households["village_code"].str.head(6).unique().to_list() == [code]
        assert households.height == most


@pytest.mark.parametrize(("table", "key"), KEYS.items())
def test_identifiers_of_two_counties_are_never_the_same(province: Path, table: str, key: str) -> None:
    inside = [set(pl.read_parquet(province / table / f"{code}.parquet")[key]) for code in CODES]
    assert len(set.union(*inside)) == sum(map(len, inside))


def test_the_number_of_workers_changes_no_byte(province: Path, tmp_path: Path) -> None:
    simulate(order(141), tmp_path, workers=2)
    assert contents(tmp_path) == contents(province)


def test_a_county_is_the_same_whatever_comes_after_it(province: Path, tmp_path: Path) -> None:
    simulate(order(120), tmp_path)
    alone, beside = contents(tmp_path), contents(province)
    assert alone == {name: beside[name] for name in beside if CODES[2] not in name}


def test_every_month_of_every_county_is_told_once(tmp_path: Path) -> None:
    told: list[int] = []
    simulate(order(90), tmp_path, advance=lambda steps, _: told.append(steps))
    assert sum(told) == order(90).steps


def test_a_simulation_that_breaks_off_leaves_nothing_and_what_was_there(tmp_path: Path) -> None:
    simulate(order(50), tmp_path / "inbox")
    before = contents(tmp_path / "inbox")

    def cut_off(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(order(60), tmp_path / "inbox", advance=cut_off)
    assert [path.name for path in tmp_path.iterdir()] == ["inbox"]
    assert contents(tmp_path / "inbox") == before


def test_an_earlier_simulation_gives_way_whole(tmp_path: Path) -> None:
    simulate(order(61), tmp_path)
    simulate(order(50), tmp_path)
    assert [path.stem for path in (tmp_path / "loans").iterdir()] == CODES[:1]


def test_a_folder_with_anything_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear county")
    with pytest.raises(UserError, match="already holds something else"):
        simulate(order(50), tmp_path)
    assert (tmp_path / "letters.txt").read_text() == "dear county"
