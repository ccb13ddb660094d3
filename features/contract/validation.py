"""From text to typed rows: what is right goes on, what is wrong is set aside with the reason in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.contract.declarations import Column, Kind, Table
from features.contract.reading import CELLS_FOUND, LINE
from features.messages import Words

FAULT_SCHEMA = {
    LINE: pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason_zh": pl.String(),
    "reason_en": pl.String(),
    "cells": pl.String(),
}
DATED = "known_on given"
_EARLIEST, _LATEST = date(1900, 1, 1), date(2199, 12, 31)
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}([ T]00:00:00(\.0+)?)?$"
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_WHOLE = r"^\+?\d{1,9}(\.0+)?$"
_ROUNDED = r"^\d(\.\d+)?[eE]\+\d+$"
_UNPRINTABLE = r"[\x00-\x1f\x7f\x{FFFD}]"
_HIGHEST = {Kind.SHARE: 1, Kind.POINTS: 100}
_EXPECTED = {
    Kind.DATE: Words("日期须为 2024-01-31 的形式", "a day is written 2024-01-31"),
    Kind.WHOLE: Words("须为整数", "a whole number is expected"),
    Kind.MONEY: Words("金额须为数字 (元), 不带千分位", "money is a plain number of yuan, no thousands separators"),
    Kind.NUMBER: Words("须为数字", "a plain number is expected"),
    Kind.SHARE: Words("须为 0 至 1 的数字", "a number from 0 to 1 is expected"),
    Kind.POINTS: Words("须为 0 至 100 的数字", "a number from 0 to 100 is expected"),
}


@dataclass(frozen=True)
class Checked:
    """Typed rows that keep their table's contract, and the faults of the lines that do not.

    rows: `line`, DATED (whether the file itself said known_on) and the table's columns in the ledger's types.
    faults: FAULT_SCHEMA, a row for each fault; `cells` is the whole line as delivered (JSON).
    """

    rows: pl.DataFrame
    faults: pl.DataFrame


@dataclass(frozen=True)
class Check:
    """A condition that no row may meet, the column to blame, and what to say."""

    column: str
    broken: pl.Expr
    words: Words


def checked(frame: pl.DataFrame, table: Table, width: int, delivered_on: date) -> Checked:
    """Type and check one frame of delivered text; a row without known_on was known when it was delivered."""
    typed = frame.select(
        LINE,
        CELLS_FOUND,
        pl.col("known_on").is_not_null().alias(DATED),
        *(_typed(column, delivered_on) for column in table.columns),
        *(pl.col(name).alias(_given(name)) for name in table.names),
    )
    checks = [*_line_checks(table, width), *_all_cell_checks(table), *_row_checks(table)]
    broken = typed.select(check.broken.fill_null(False).alias(str(i)) for i, check in enumerate(checks))
    struck = [(check, typed.filter(broken[str(i)])) for i, check in enumerate(checks) if broken[str(i)].any()]
    faults = [_faults(rows, check, table) for check, rows in struck]
    together = pl.concat([pl.DataFrame(schema=FAULT_SCHEMA), *faults]).sort(LINE, maintain_order=True)
    sound = typed.filter(~broken.select(pl.any_horizontal(pl.all())).to_series())
    return Checked(sound.select(LINE, DATED, *table.names), together)


def _given(name: str) -> str:
    """The name of the column that keeps a cell as it was delivered."""
    return f"{name} as delivered"


def _faults(rows: pl.DataFrame, check: Check, table: Table) -> pl.DataFrame:
    return rows.select(
        LINE,
        pl.lit(check.column).alias("column"),
        pl.col(_given(check.column)).alias("value"),
        pl.lit(check.words.zh).alias("reason_zh"),
        pl.lit(check.words.en).alias("reason_en"),
        as_cells(table, _given),
    )


def as_cells(table: Table, column: Callable[[str], str] = str) -> pl.Expr:
    """The whole row as one JSON text of text cells, so that a row set aside can come in again by the same door."""
    cells = [pl.col(column(name)).cast(pl.String).alias(name) for name in table.names]
    return pl.struct(cells).struct.json_encode().alias("cells")


def from_cells(rows: pl.DataFrame, table: Table) -> pl.DataFrame:
    """Rows set aside (`line`, `cells`), again as delivered text."""
    cells = pl.col("cells").str.json_decode(pl.Struct(dict.fromkeys(table.names, pl.String)))
    found = pl.lit(len(table.names)).alias(CELLS_FOUND)
    return rows.select(LINE, found, cells).unnest("cells")


def _typed(column: Column, delivered_on: date) -> pl.Expr:
    """The cell in its type, null where it cannot be read; defaults stand in for empty cells."""
    text = pl.col(column.name)
    read = _read(column.kind, text)
    default = delivered_on if column.name == "known_on" else column.default
    if default is not None:
        read = pl.when(text.is_null()).then(pl.lit(default)).otherwise(read)
    return read.cast(column.kind.dtype).alias(column.name)


def _read(kind: Kind, text: pl.Expr) -> pl.Expr:
    match kind:
        case Kind.DATE:
            day = text.str.head(10).str.to_date("%Y-%m-%d", strict=False)
            return pl.when(text.str.contains(_ISO_DAY) & day.is_between(_EARLIEST, _LATEST)).then(day)
        case Kind.NAME | Kind.PERSON | Kind.VILLAGE | Kind.CODE:
            return text
        case _:
            number = text.str.strip_prefix("+").cast(pl.Float64, strict=False)
            form = _WHOLE if kind is Kind.WHOLE else _PLAIN_NUMBER
            return pl.when(text.str.contains(form) & number.is_finite()).then(number)


def _line_checks(table: Table, width: int) -> Iterator[Check]:
    words = Words(f"该行单元格数与表头的 {width} 个不符", f"the line has not the {width} cells of the header")
    yield Check(table.names[0], pl.col(CELLS_FOUND) != width, words)


def _all_cell_checks(table: Table) -> Iterator[Check]:
    for column in table.columns:
        if column.required:
            yield Check(
                column.name,
                pl.col(_given(column.name)).is_null(),
                Words("必填项为空", "a required cell is empty"),
            )
        yield from _cell_checks(column)


def _cell_checks(column: Column) -> Iterator[Check]:
    name, cell = column.name, pl.col(column.name)
    match column.kind:
        case Kind.NAME | Kind.PERSON:
            yield Check(name, cell.str.contains(_UNPRINTABLE), Words("含无法识别的字符", "unreadable characters"))
            words = Words("被电子表格舍入的编号; 请按文本存放", "rounded by a spreadsheet; keep it there as text")
            yield Check(name, cell.str.contains(_ROUNDED), words)
        case Kind.CODE:
            codes = ", ".join(column.codes)
            yield Check(
                name,
                ~cell.is_in(column.codes),
                Words(f"未知代码; 可用: {codes}", f"unknown code; one of {codes}"),
            )
        case Kind.VILLAGE:
            words = Words("村代码须为 12 位数字", "a village code is 12 digits")
            yield Check(name, ~cell.str.contains(r"^[0-9]{12}$"), words)
        case _:
            yield Check(name, pl.col(_given(name)).is_not_null() & cell.is_null(), _EXPECTED[column.kind])
            yield from _bounds(column)


def _bounds(column: Column) -> Iterator[Check]:
    if column.kind is Kind.DATE:
        return
    cell = pl.col(column.name)
    yield Check(column.name, cell < 0, Words("不能为负数", "cannot be negative"))
    if column.kind is Kind.WHOLE:
        yield Check(column.name, cell == 0, Words("从 1 起编号", "numbers begin with 1"))
    if highest := _HIGHEST.get(column.kind):
        yield Check(column.name, cell > highest, _EXPECTED[column.kind])


def _row_checks(table: Table) -> Iterator[Check]:
    for earlier, later in table.ordered:
        words = Words(f"{later} 早于 {earlier}", f"{later} lies before {earlier}")
        yield Check(later, pl.col(later) < pl.col(earlier), words)
    if table.happened:
        words = Words(f"知悉日早于 {table.happened}", f"known_on lies before {table.happened}")
        yield Check("known_on", pl.col("known_on") < pl.col(table.happened), words)
