"""The fifteen tables come in the same from every kind of file, typed or text, under every header of the map."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from polars.testing import assert_frame_equal

from features.contract.tables import TABLES
from features.delivery.headings import shipped_headings
from tests.features.inboxes import DRAWN, Intake, csv_text, table, typed, write_xlsx


def shipped_words(name: str) -> dict[str, list[str]]:
    """The shipped Chinese headings of a table's columns, without those of monthly rates, which are another value."""
    words: dict[str, list[str]] = {}
    for heading, column in shipped_headings()[name].items():
        if not heading.isascii() and column in TABLES[name].column_names and not heading.startswith("月"):
            words.setdefault(column, []).append(heading)
    return words


def digits(frame: pl.DataFrame) -> pl.DataFrame:
    """The same county with integers for identifiers: H1 becomes 71, L1 becomes 91 and so on."""
    return frame.with_columns(pl.all().str.replace(r"^[HMLPCEIK](\d)$", r"9$1"))


def as_numbers(name: str) -> pl.DataFrame:
    """The table's cells in their types, digits as integers."""
    rows = typed(name, digits(table(DRAWN[name])))
    return rows.with_columns(pl.col(column).cast(pl.Int64) for column in rows.columns if is_digits(rows[column]))


def is_digits(cells: pl.Series) -> bool:
    filled = cells.drop_nulls()
    return cells.dtype == pl.String and len(filled) > 0 and filled.str.contains(r"^\d+$").all()


def assert_kept(intake: Intake, tables: dict[str, pl.DataFrame]) -> None:
    for name, rows in tables.items():
        assert_frame_equal(intake.kept(name), typed(name, rows))


def as_drawn() -> dict[str, pl.DataFrame]:
    return {name: table(text) for name, text in DRAWN.items()}


def in_digits() -> dict[str, pl.DataFrame]:
    return {name: digits(rows) for name, rows in as_drawn().items()}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_in_every_encoding(intake: Intake, encoding: str) -> None:
    files: dict[str, Any] = {f"{name}.csv": csv_text(rows).encode(encoding) for name, rows in as_drawn().items()}
    assert not intake.deliver(**files).has_refused_files
    assert_kept(intake, as_drawn())


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_csv_with_the_line_ends_of_another_system(intake: Intake, ending: str) -> None:
    files: dict[str, Any] = {f"{name}.csv": csv_text(r).replace("\n", ending) for name, r in as_drawn().items()}
    assert not intake.deliver(**files).has_refused_files
    assert_kept(intake, as_drawn())


def test_parquet_with_real_dates_and_numbers_and_integers_for_identifiers(intake: Intake) -> None:
    folder = intake.inbox()
    folder.mkdir()
    for name in TABLES:
        as_numbers(name).write_parquet(folder / f"{name}.parquet")
    assert not intake.load(folder).has_refused_files
    assert_kept(intake, in_digits())


def test_parquet_as_pandas_writes_it_with_floats_for_integers_and_midnights_for_days(intake: Intake) -> None:
    folder = intake.inbox()
    folder.mkdir()
    for name in TABLES:
        loose = as_numbers(name).cast({pl.Int64: pl.Float64, pl.Date: pl.Datetime("ns")})
        loose.write_parquet(folder / f"{name}.parquet")
    assert not intake.load(folder).has_refused_files
    assert_kept(intake, in_digits())


def test_xlsx_with_real_dates_and_digits_stored_as_numbers(intake: Intake) -> None:
    folder = intake.inbox()
    folder.mkdir()
    for name in TABLES:
        rows = as_numbers(name)
        write_xlsx(folder / f"{name}.xlsx", [rows.columns, *rows.iter_rows()])
    assert not intake.load(folder).has_refused_files
    assert_kept(intake, in_digits())


def test_xlsx_with_every_cell_a_text(intake: Intake) -> None:
    folder = intake.inbox()
    folder.mkdir()
    for name, rows in as_drawn().items():
        write_xlsx(folder / f"{name}.xlsx", [rows.columns, *rows.iter_rows()])
    assert not intake.load(folder).has_refused_files
    assert_kept(intake, as_drawn())


def test_xlsx_reads_the_first_sheet_and_numbers_lines_as_excel_does(intake: Intake) -> None:
    folder = intake.inbox()
    folder.mkdir()
    rows: list[list[Any]] = [["H1", 990101100201], [None, None], ["  ", None], ["H2", "东村"]]
    write_xlsx(folder / "households.xlsx", [["household_id", "village_code"], *rows])
    intake.bad_share = 1
    assert intake.load(folder).files[0].added == 1
    assert intake.aside() == [("households.xlsx", 5, "village_code", "东村")]


def test_parquet_cells_that_are_no_plain_values_stay_unreadable(intake: Intake) -> None:
    rows = pa.table(
        {
            "household_id": pa.array([b"H1", b"H\xff", b"H3"]),
            "village_code": pa.array(["990101100201"] * 3).dictionary_encode(),
            "registered_on": [[], None, [1]],
            "photo": [[b"\x00"], None, []],
        }
    )
    folder = intake.inbox()
    folder.mkdir()
    pq.write_table(rows, folder / "households.parquet")
    intake.bad_share = 1
    assert intake.load(folder).files[0].ignored == ("photo",)
    assert [(line, column) for _, line, column, _ in intake.aside()] == [
        (2, "registered_on"),
        (3, "household_id"),
        (4, "registered_on"),
    ]


def test_a_decimal_is_money_and_a_timestamp_with_a_zone_is_no_day(intake: Intake) -> None:
    rows = typed("households", table(DRAWN["households"])).with_columns(
        pl.col("registered_on").cast(pl.Datetime).dt.replace_time_zone("UTC")
    )
    folder = intake.inbox(prices="product | month | price")
    rows.write_parquet(folder / "households.parquet")
    prices = typed("prices", table(DRAWN["prices"])).cast({"price": pl.Decimal(18, 2)})
    prices.write_parquet(folder / "prices.parquet")
    intake.bad_share = 1
    intake.load(folder)
    assert intake.aside("column", "value") == [("registered_on", "2019-05-01 00:00:00.000000+00:00")]
    assert_frame_equal(intake.kept("prices"), typed("prices", prices))


@pytest.mark.parametrize("name", TABLES)
def test_the_shipped_map_has_a_chinese_word_for_every_column(name: str) -> None:
    assert shipped_words(name).keys() == set(TABLES[name].column_names)


@pytest.mark.parametrize("which", [0, -1], ids=["first word", "last word"])
def test_every_table_comes_in_under_its_chinese_headers(intake: Intake, which: int) -> None:
    files = {}
    for name, rows in as_drawn().items():
        words = shipped_words(name)
        files[name] = rows.rename({ours: f" {words[ours][which]} " for ours in rows.columns})
    assert not intake.deliver(**files).has_refused_files
    assert_kept(intake, as_drawn())


def test_columns_come_in_any_order_and_in_capitals(intake: Intake) -> None:
    files = {name: rows.select(reversed(rows.columns)).rename(str.upper) for name, rows in as_drawn().items()}
    assert not intake.deliver(**files).has_refused_files
    assert_kept(intake, as_drawn())


def test_extra_columns_are_ignored_and_named(intake: Intake) -> None:
    files = {
        name: rows.with_columns(pl.lit("?").alias("手机号"), pl.lit("!").alias("note"))
        for name, rows in as_drawn().items()
    }
    assert {file.ignored for file in intake.deliver(**files).files} == {("手机号", "note")}
    assert_kept(intake, as_drawn())
