"""A county of 150 households and 36 months: repeatable, by the contract, with plausible arrears."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.contract.declarations import CellKind, ContractColumn
from features.contract.tables import TABLES
from tests.training.simulate.conftest import Tables, county_in

LAST = date(2025, 12, 31)
PLANNED = {"due_on", "matures_on", "new_matures_on", "insured_from", "insured_to"}
DELIVERED = sorted(TABLES)
CODED = [(name, column) for name in DELIVERED for column in TABLES[name].columns if column.codes]
HAPPENING = [name for name in DELIVERED if TABLES[name].event_day]
PARENTS = [(name, *parent) for name in DELIVERED if (parent := TABLES[name].parent)]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.parquet"))}


def test_the_same_seed_gives_the_same_bytes(county: Path, tmp_path: Path) -> None:
    assert contents(county_in(tmp_path)) == contents(county)


def test_another_seed_gives_another_county(county: Path, tmp_path: Path) -> None:
    other, known = contents(county_in(tmp_path, seed=8)), contents(county)
    assert [name for name in known if other[name] == known[name]] == []


def test_it_delivers_the_fifteen_tables_and_keeps_the_truth_apart(county: Path) -> None:
    assert sorted(folder.name for folder in county.iterdir()) == sorted([*DELIVERED, "truth"])
    assert sorted(folder.name for folder in (county / "truth").iterdir()) == [
        *("hazards", "households", "loans", "spells")
    ]


@pytest.mark.parametrize("name", DELIVERED)
def test_a_table_has_exactly_its_columns_in_their_types_and_some_rows(tables: Tables, name: str) -> None:
    assert dict(tables[name].schema) == TABLES[name].schema
    assert tables[name].height > 0


@pytest.mark.parametrize("name", DELIVERED)
def test_required_cells_are_filled(tables: Tables, name: str) -> None:
    cells = tables[name].select(*TABLES[name].required_columns, "known_on")
    assert sum(cells.null_count().row(0)) == 0


@pytest.mark.parametrize("name", DELIVERED)
def test_a_key_has_one_version_a_day(tables: Tables, name: str) -> None:
    assert not tables[name].select(*TABLES[name].key, "known_on").is_duplicated().any()


@pytest.mark.parametrize(("name", "column"), CODED)
def test_codes_are_the_contracts(tables: Tables, name: str, column: ContractColumn) -> None:
    assert set(tables[name][column.name].drop_nulls()) <= set(column.codes)


@pytest.mark.parametrize("name", DELIVERED)
def test_amounts_are_not_negative_but_for_reversals_and_money_has_two_decimals(tables: Tables, name: str) -> None:
    for column in TABLES[name].columns:
        cells = tables[name][column.name].drop_nulls()
        if column.kind.dtype == pl.Float64 and not column.signed:
            assert (cells >= 0).all()
        if column.kind is CellKind.MONEY:
            assert (cells == cells.round(2)).all()


@pytest.mark.parametrize("name", HAPPENING)
def test_nothing_is_known_before_it_happened(tables: Tables, name: str) -> None:
    happened = TABLES[name].event_day
    assert tables[name].filter(pl.col("known_on") < pl.col(str(happened))).is_empty()


@pytest.mark.parametrize("name", DELIVERED)
def test_only_plans_reach_beyond_the_last_day(tables: Tables, name: str) -> None:
    days = [each.name for each in TABLES[name].columns if each.kind is CellKind.DATE and each.name not in PLANNED]
    assert tables[name].filter(pl.any_horizontal(pl.col(days) > LAST)).is_empty()


@pytest.mark.parametrize(("name", "parent", "column"), PARENTS)
def test_every_row_hangs_on_a_row_known_no_later(tables: Tables, name: str, parent: str, column: str) -> None:
    first = tables[parent].group_by(column).agg(pl.col("known_on").min().alias("parent_known_on"))
    rows = tables[name].join(first, on=column, how="left")
    assert rows["parent_known_on"].null_count() == 0
    assert rows.filter(pl.col("known_on") < pl.col("parent_known_on")).is_empty()


def test_the_first_schedule_brings_back_exactly_the_principal(tables: Tables) -> None:
    first = tables["instalments"].filter(pl.col("schedule_no") == 1)
    due = first.group_by("loan_id", "schedule_no").agg(pl.col("principal_due").sum())
    both = due.join(tables["loans"].unique("loan_id"), on="loan_id")
    assert both.filter((pl.col("principal_due") - pl.col("principal")).abs() > 0.005).is_empty()


def test_an_extended_loan_gets_a_second_schedule_the_day_it_is_known(tables: Tables) -> None:
    withdrawn = tables["loan_events"].filter(pl.col("withdrawn") == "true")
    events = tables["loan_events"].join(withdrawn, on=["loan_id", "kind", "occurred_on"], how="anti")
    extended = events.filter(pl.col("kind") == "extended").select("loan_id", "known_on")
    second = tables["instalments"].filter(pl.col("schedule_no") == 2).select("loan_id", "known_on").unique()
    assert sorted(extended.rows()) == sorted(second.rows())
