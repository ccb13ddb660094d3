"""Validation of delivered text: typed rows that keep the contract, and the faults of the others in both languages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

import polars as pl

from features.contract.declarations import CELL_COUNT, LINE, CellKind, ContractColumn, ContractTable
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual
from features.months import same_day_after

FAULTS_SCHEMA = FrameSchema(
    {
        LINE: FrameColumn(pl.Int64(), "Line of the file, the header being line 1."),
        "column": FrameColumn(pl.String(), "Column with the fault."),
        "value": FrameColumn(pl.String(), "The cell's text as delivered."),
        "reason_zh": FrameColumn(pl.String(), "The fault in Chinese."),
        "reason_en": FrameColumn(pl.String(), "The fault in English."),
        "cells": FrameColumn(pl.String(), "The whole row as delivered, as a JSON object of column to text."),
    }
)
TEXT_ROWS_SCHEMA = FrameSchema(
    {
        LINE: FrameColumn(pl.Int64(), "Line of the file, the header being line 1."),
        CELL_COUNT: FrameColumn(None, "Number of cells that the line has."),
    },
    extra="A String column for each column of the table, null where the cell is empty.",
)
HAS_KNOWN_ON = "known_on given"
"""Column of whether the file itself gives a row's known_on; otherwise it is the day of delivery."""
EARLIEST_DAY, YEARS_ON = date(1990, 1, 1), 10
"""Plausible days: from here, or from a column's own day, to so many years after the delivery."""
_MOST_MONEY, _MOST_RATE, _MOST_COUNT, _MOST_WHOLE = 1e9, 0.36, 1e6, 9999
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}([ T]00:00:00(\.0+)?)?$"
_PLAIN_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_WHOLE_NUMBER = r"^\+?\d{1,9}(\.0+)?$"
_ROUNDED_NUMBER = r"^\d(\.\d+)?[eE]\+\d+$"
_UNPRINTABLE = r"[\x00-\x1f\x7f\x{FFFD}]"
_NOT_IN_IDENTIFIER = r"[\s/\p{C}\p{Z}\x{FFFD}]|^\.{1,2}$|.{65}"
_MOST = {
    CellKind.SHARE: 1,
    CellKind.POINTS: 100,
    CellKind.MONEY: _MOST_MONEY,
    CellKind.RATE: _MOST_RATE,
    CellKind.NUMBER: _MOST_COUNT,
    CellKind.WHOLE: _MOST_WHOLE,
}
_LIKELY = {
    CellKind.RATE: Bilingual(
        "是否为百分数？3.45% 写 0.0345 或 3.45%；确为小数请在列映射中写 percent = false",
        "is it per cent? 3.45% is 0.0345, or 3.45%; where it is none, say percent = false in the column map",
    ),
    CellKind.SHARE: Bilingual("是否为百分数？100% 写 1 或 100%", "is it per cent? 100% is 1, or 100%"),
    CellKind.MONEY: Bilingual("单位是否为元？", "is it in yuan?"),
}
"""What a value beyond the bounds most likely is."""
_FORMAT_MESSAGES = {
    CellKind.DATE: Bilingual("日期须为 2024-01-31 的形式", "a day is written 2024-01-31"),
    CellKind.WHOLE: Bilingual("须为整数", "a whole number is expected"),
    CellKind.MONEY: Bilingual("金额须为数字（元）", "money is a number of yuan"),
    CellKind.NUMBER: Bilingual("须为数字", "a plain number is expected"),
    CellKind.RATE: Bilingual("年利率须为 0.0345 或 3.45% 的形式", "a yearly rate is written 0.0345 or 3.45%"),
    CellKind.SHARE: Bilingual("须为 0 至 1 的数字", "a number from 0 to 1 is expected"),
    CellKind.POINTS: Bilingual("须为 0 至 100 的数字", "a number from 0 to 100 is expected"),
}


@dataclass(frozen=True)
class CheckedRows:
    """The valid rows of a delivered frame and the faults of the others.

    rows: `line`, HAS_KNOWN_ON and the delivered columns in the ledger's types. faults: one row for each fault, in the
    columns of FAULTS_SCHEMA.
    """

    rows: pl.DataFrame
    faults: pl.DataFrame


@dataclass(frozen=True)
class RowCheck:
    """A condition under which a row is wrong, the column to name, and the message."""

    column: str
    is_wrong: pl.Expr
    message: Bilingual


CellFaults = Mapping[str, Mapping[str, Bilingual]]
"""For columns the texts of cells that could not be read, or could mean two things, each with the reason."""


def check_rows(
    frame: pl.DataFrame,
    table: ContractTable,
    cells_per_line: int,
    delivered_on: date,
    cell_faults: CellFaults = MappingProxyType({}),
    shares: Collection[str] = (),
) -> CheckedRows:
    """Type and check one frame of delivered text (TEXT_ROWS_SCHEMA).

    cells_per_line: number of cells of the header; a line with another number is wrong. delivered_on: the known_on of
    rows that have none. cell_faults: what was found wrong when the cells were read. shares: columns of
    rates that the column map says are no per cent (percent = false); they may pass the bound of rates.
    """
    typed = frame.select(
        LINE,
        CELL_COUNT,
        pl.col("known_on").is_not_null().alias(HAS_KNOWN_ON),
        *(_typed_cell(column, delivered_on) for column in table.delivered_columns),
        *(pl.col(name).alias(_delivered_cell(name)) for name in table.delivered_names),
    )
    checks = [*_read_checks(cell_faults), *_row_checks(table, cells_per_line, delivered_on, shares)]
    failures = typed.select(check.is_wrong.fill_null(False).alias(str(i)) for i, check in enumerate(checks))
    faults = [
        typed.filter(failures[str(i)]).select(
            LINE,
            pl.lit(check.column).alias("column"),
            pl.col(_delivered_cell(check.column)).alias("value"),
            pl.lit(check.message.zh).alias("reason_zh"),
            pl.lit(check.message.en).alias("reason_en"),
            cells_as_json(table, _delivered_cell),
        )
        for i, check in enumerate(checks)
        if failures[str(i)].any()
    ]
    valid = typed.filter(~failures.select(pl.any_horizontal(pl.all())).to_series())
    return CheckedRows(
        valid.select(LINE, HAS_KNOWN_ON, *table.delivered_names),
        pl.concat([FAULTS_SCHEMA.empty(), *faults])
        .unique([LINE, "column"], keep="first", maintain_order=True)
        .sort(LINE, maintain_order=True),
    )


def most_of(column: ContractColumn) -> float | None:
    """The largest value that a column may have, in its unit; None where there is no bound."""
    return column.most if column.most is not None else _MOST.get(column.kind)


def _delivered_cell(name: str) -> str:
    """The name of the column that holds the text of a column's cells as delivered."""
    return f"{name} as delivered"


def cells_as_json(table: ContractTable, column: Callable[[str], str] = str) -> pl.Expr:
    """The column `cells`: the whole row as a JSON object of text, from which `rows_from_json` makes a row again.

    column: the name of the column that holds the cells of a contract's column.
    """
    cells = [pl.col(column(name)).cast(pl.String).alias(name) for name in table.delivered_names]
    return pl.struct(cells).struct.json_encode().alias("cells")


@returns(TEXT_ROWS_SCHEMA)
def rows_from_json(rows: pl.DataFrame, table: ContractTable) -> pl.DataFrame:
    """Quarantined rows (`line`, `cells`) as text, in the form of a delivered file."""
    cells = pl.col("cells").str.json_decode(pl.Struct(dict.fromkeys(table.delivered_names, pl.String)))
    return rows.select(LINE, pl.lit(len(table.column_names)).alias(CELL_COUNT), cells).unnest("cells")


def _typed_cell(column: ContractColumn, delivered_on: date) -> pl.Expr:
    """The column in its type: null where a cell cannot be read, the default where it is empty."""
    text = pl.col(column.name)
    value: pl.Expr
    match column.kind:
        case CellKind.DATE:
            day = text.str.head(10).str.to_date("%Y-%m-%d", strict=False)
            value = pl.when(text.str.contains(_ISO_DAY)).then(day)
        case CellKind.NAME | CellKind.IDENTIFIER | CellKind.PERSON | CellKind.VILLAGE | CellKind.CODE:
            value = text
        case _:
            number = text.str.strip_prefix("+").cast(pl.Float64, strict=False)
            form = _WHOLE_NUMBER if column.kind is CellKind.WHOLE else _PLAIN_NUMBER
            value = pl.when(text.str.contains(form) & number.is_finite()).then(number)
    default = delivered_on if column.name == "known_on" else column.default
    if default is not None:
        value = pl.when(text.is_null()).then(pl.lit(default)).otherwise(value)
    return value.cast(column.kind.dtype).alias(column.name)


def _read_checks(cell_faults: CellFaults) -> Iterator[RowCheck]:
    """A check for each reason that cells could not be read, before those of what they hold."""
    for name, faults in cell_faults.items():
        for message in dict.fromkeys(faults.values()):
            texts = [text for text, fault in faults.items() if fault == message]
            yield RowCheck(name, pl.col(_delivered_cell(name)).is_in(texts), message)


def _row_checks(
    table: ContractTable, cells_per_line: int, delivered_on: date, shares: Collection[str]
) -> Iterator[RowCheck]:
    """All checks of a table's rows: the number of cells, each cell by itself, and the order of days."""
    message = Bilingual(
        f"该行单元格数与表头的 {cells_per_line} 个不符", f"the line has not the {cells_per_line} cells of the header"
    )
    yield RowCheck(table.column_names[0], pl.col(CELL_COUNT) != cells_per_line, message)
    for column in table.delivered_columns:
        if column.required:
            yield RowCheck(
                column.name,
                pl.col(_delivered_cell(column.name)).is_null(),
                Bilingual("必填项为空", "a required cell is empty"),
            )
        yield from _cell_checks(column)
        if column.name not in shares:
            yield from _bound_checks(column, delivered_on)
    for earlier, later in table.ordered_days:
        message = Bilingual(f"{later} 早于 {earlier}", f"{later} lies before {earlier}")
        yield RowCheck(later, pl.col(later) < pl.col(earlier), message)
    if table.event_day:
        message = Bilingual(f"知悉日早于 {table.event_day}", f"known_on lies before {table.event_day}")
        yield RowCheck("known_on", pl.col("known_on") < pl.col(table.event_day), message)


def _cell_checks(column: ContractColumn) -> Iterator[RowCheck]:
    """The checks of one column's cells by their kind."""
    name, cell = column.name, pl.col(column.name)
    match column.kind:
        case CellKind.NAME | CellKind.IDENTIFIER | CellKind.PERSON:
            yield RowCheck(
                name, cell.str.contains(_UNPRINTABLE), Bilingual("含无法识别的字符", "unreadable characters")
            )
            message = Bilingual("被电子表格舍入的编号；请按文本存放", "rounded by a spreadsheet; keep it there as text")
            yield RowCheck(name, cell.str.contains(_ROUNDED_NUMBER), message)
            if column.kind is not CellKind.NAME:
                message = Bilingual(
                    "编号须为 1 至 64 个字符，不含空格、/ 与不可见字符",
                    "a number has 1 to 64 characters, none of them white space, / or invisible",
                )
                yield RowCheck(name, cell.str.contains(_NOT_IN_IDENTIFIER), message)
        case CellKind.CODE:
            codes = ", ".join(column.codes)
            message = Bilingual(
                f"未知代码；可用：{codes}，或其中文说法；其他说法请在列映射 codes 中注明",
                f"unknown code; one of {codes} or its Chinese words; others go into codes of the column map",
            )
            yield RowCheck(name, ~cell.is_in(column.codes), message)
        case CellKind.VILLAGE:
            message = Bilingual("村代码须为 12 位数字", "a village code is 12 digits")
            yield RowCheck(name, ~cell.str.contains(r"^[0-9]{12}$"), message)
        case _:
            yield RowCheck(
                name, pl.col(_delivered_cell(name)).is_not_null() & cell.is_null(), _FORMAT_MESSAGES[column.kind]
            )
    if column.kind.dtype.is_numeric() and not column.signed:
        yield RowCheck(name, cell < 0, Bilingual("不能为负数", "cannot be negative"))
    if column.kind is CellKind.WHOLE:
        yield RowCheck(name, cell == 0, Bilingual("从 1 起编号", "numbers begin with 1"))


def _bound_checks(column: ContractColumn, delivered_on: date) -> Iterator[RowCheck]:
    """The checks that a column's values are plausible; the message says what the value most likely is."""
    name, cell = column.name, pl.col(column.name)
    if column.kind is CellKind.DATE:
        first, last = column.since or EARLIEST_DAY, same_day_after(delivered_on, 12 * YEARS_ON)
        message = Bilingual(f"日期须在 {first} 与 {last} 之间", f"a day lies between {first} and {last}")
        yield RowCheck(name, ~cell.is_between(first, last), message)
        return
    likely = _LIKELY.get(column.kind, Bilingual("请核对", "check it"))
    if (most := most_of(column)) is not None:
        message = Bilingual(f"最多 {most:,.10g}；{likely.zh}", f"at most {most:,.10g}; {likely.en}")
        yield RowCheck(name, (cell.abs() if column.signed else cell) > most, message)
    if column.least is not None:
        message = Bilingual(
            f"至少 {column.least:,g} 元；是否为万元？", f"at least {column.least:,g} yuan; is it in 万元 (10,000 yuan)?"
        )
        yield RowCheck(name, cell.is_between(0, column.least, closed="left"), message)
