"""A delivered file as frames under the contract's column names, each cell as the contract writes it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.contract.declarations import CELL_COUNT, LINE, CellKind, ContractTable
from features.contract.tables import TABLES
from features.delivery.column_map import ColumnMap, FileRule
from features.delivery.file_tables import tables_told_by
from features.delivery.headings import (
    LINES_SEARCHED,
    Heading,
    HeadingLine,
    find_headings,
    heading,
    repeated_headings,
)
from features.delivery.sheets import WORKBOOKS, Line, Sheet, reading, sheets
from features.delivery.table_columns import Delivery, column_sources
from features.delivery.table_rows import table_rows
from features.messages import Bilingual, UserError, did_you_mean

SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".parquet")
_ROWS_AT_ONCE = 200_000
_EXACT = 2**53


@dataclass(frozen=True)
class FileTables:
    """The tables of a file, each with the name of its sheet, and the sheets that are none, with the reason."""

    tables: tuple[tuple[str, str], ...]
    sheets_left_out: tuple[Bilingual, ...] = ()


def tables_in_file(path: Path, column_map: ColumnMap, folder_table: str | None = None) -> FileTables:
    """The tables that a file holds by its name, its sheets' names or the column map; none where nothing tells one.

    folder_table: the table that the folder it lies in tells.

    Raises UserError where it could be several tables, or a workbook cannot be read.
    """
    rules = column_map.rules_for(path.name)
    named = tuple(dict.fromkeys(rule.table for rule in rules if rule.table))
    told = named or ((folder_table,) if folder_table else tables_told_by(path.stem))
    if path.suffix.lower() not in WORKBOOKS:
        return FileTables(((_one_table(path.name, told), ""),) if told else ())
    tables, left_out = list[tuple[str, str]](), list[Bilingual]()
    found = [sheet for sheet in sheets(path) if sheet.name]
    for sheet in found:
        table = _table_of_sheet(path, sheet, len(found), column_map, rules, told)
        if isinstance(table, str):
            tables.append((table, sheet.name))
        elif table is not None:
            left_out.append(table)
    if not tables and told:
        zh, en = "；".join(one.zh for one in left_out), "; ".join(one.en for one in left_out)
        raise UserError(
            f"{path.name}：没有可读的表（{zh or '文件为空'}）。",
            f"{path.name} holds no table ({en or 'it is empty'}).",
        )
    return FileTables(tuple(tables), tuple(left_out))


def open_table(path: Path, table: str, sheet: str, column_map: ColumnMap) -> Delivery:
    """Open one table of a delivered file; sheet: its name in a workbook, as `tables_in_file` gives it.

    Raises UserError where the file cannot be read or is not this table, or where a heading or a unit could be two
    things; the last also while the frames are gone through.
    """
    rule = _rule_of(path, table, sheet, column_map)
    if path.suffix.lower() == ".parquet":
        return _parquet(path, TABLES[table], column_map, rule)
    opened = _opened_sheet(path, sheet, rule)
    lines = list(islice(opened.lines, LINES_SEARCHED + 1))
    line = _headings_that_fit(lines, table, column_map, rule)
    if line is None:
        raise _not_this_table(path, lines, TABLES[table], column_map, rule)
    sources, ignored, notes = column_sources(path, TABLES[table], line.headings, line.units, column_map, rule)
    written, done = tuple(one.written for one in line.headings), Counter((*dict.fromkeys(opened.done), *notes))
    if line.line > 1 or line.titles:
        done[Bilingual(f"表头在第 {line.line} 行", f"headings in line {line.line}")] += 1
    if line.merged:
        done[Bilingual("表头为两行合并", "headings of two merged lines")] += 1
    required = [at for one in sources if one.column.required for at in one.positions]
    rest = chain(lines[line.ends :], opened.lines)
    rows = table_rows(rest, line, required, done, rule.drop_rows if rule else ())
    if opened.even:
        rows = ((number, (*cells, *[None] * (len(written) - len(cells)))) for number, cells in rows)
    cells_by_line = _frames_of_lines(rows, len(written))
    return Delivery(TABLES[table], opened.name, written, ignored, sources, rule, path.name, cells_by_line, done)


def delivered_cells(
    path: Path, delivery: Delivery, column_map: ColumnMap, lines: Collection[int]
) -> dict[int, tuple[str | None, ...]]:
    """Cells of some lines of an opened table as the file has them, in the order of its headings; reads it once more.

    Raises UserError where the file cannot be read.
    """
    wanted = frozenset(lines)
    if path.suffix.lower() == ".parquet":
        batches = _parquet_batches(path, pq.ParquetFile(path))
        return {
            number: cells.row(number - first)
            for first, cells in batches
            for number in sorted(wanted)
            if first <= number < first + cells.height
        }
    rule = _rule_of(path, delivery.table.name, delivery.sheet, column_map)
    rows = _opened_sheet(path, delivery.sheet, rule).lines
    return {number: (*cells, *[None] * (delivery.width - len(cells))) for number, cells in rows if number in wanted}


def _rule_of(path: Path, table: str, sheet: str, column_map: ColumnMap) -> FileRule | None:
    """The column map's rule for one table of a file."""
    rules = [rule for rule in column_map.rules_for(path.name) if rule.sheet in (None, sheet or None)]
    return next((one for one in rules if one.table in (None, table)), None)


def _opened_sheet(path: Path, sheet: str, rule: FileRule | None) -> Sheet:
    opened = sheets(path, rule.encoding if rule else None, rule.separator if rule else None)
    return next(each for each in opened if each.name == sheet)


def _one_table(name: str, tables: tuple[str, ...]) -> str:
    if len(tables) == 1:
        return tables[0]
    raise UserError(
        f"{name}：文件名可能指 {'、'.join(tables)} 中的任何一张表；请改名，或在列映射中写 table。",
        f"{name} may be any of {', '.join(tables)} by its name; rename it, or say table in the column map.",
    )


def _table_of_sheet(
    path: Path,
    sheet: Sheet,
    count: int,
    column_map: ColumnMap,
    rules: Sequence[FileRule],
    told: tuple[str, ...],
) -> str | Bilingual | None:
    """The table of a workbook's sheet; why it is none; None where it is empty. told: what the file's name tells."""
    rule = next((one for one in rules if one.sheet in (None, sheet.name)), None)
    if rules and rule is None:
        return Bilingual(f"工作表 {sheet.name}：列映射未提及", f"sheet {sheet.name}: the column map does not name it")
    lines = list(islice(sheet.lines, LINES_SEARCHED + 1))
    if not lines:
        return None
    if sheet.hidden and (rule is None or rule.sheet is None):
        return Bilingual(f"工作表 {sheet.name}：隐藏，未读", f"sheet {sheet.name}: hidden, not read")
    if rule and rule.table:
        return rule.table
    of_sheet = tables_told_by(sheet.name)
    candidates = of_sheet if of_sheet and (count > 1 or not told) else told
    fitting = [name for name in candidates if _headings_that_fit(lines, name, column_map, rule)]
    if len(fitting) == 1:
        return fitting[0]
    if candidates and (count == 1 or of_sheet):
        return _one_table(f"{path.name} {sheet.name}", tuple(fitting) or candidates)
    return Bilingual(f"工作表 {sheet.name}：不是合同中的表", f"sheet {sheet.name}: no table of the contract")


def _headings_that_fit(
    lines: Sequence[Line], table: str, column_map: ColumnMap, rule: FileRule | None
) -> HeadingLine | None:
    """The heading line with all required columns of a table, where there is one."""
    found = find_headings(lines, column_map.headings_known(table, rule), rule.header_row if rule else None)
    return found if found and not _missing(found.headings, TABLES[table], column_map, rule) else None


def _missing(
    headings: Sequence[Heading], table: ContractTable, column_map: ColumnMap, rule: FileRule | None
) -> list[str]:
    named = {one.name for found in headings if (one := column_map.column(table, found, rule))}
    named |= {*rule.constant, *rule.join} if rule else set()
    return [name for name in table.required_columns if name not in named]


def _frames_of_lines(rows: Iterator[Line], width: int) -> Iterator[pl.DataFrame]:
    """Batches of lines as frames of cells: `line`, `cells_found`, `cell_0`, `cell_1`, ..."""
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        lines, cells = [line for line, _ in batch], [row for _, row in batch]
        counts = [
            len(row) if any(row[width:]) else min(len(row), width) for row in cells
        ]  # trailing commas are harmless
        padded = [(*row[:width], *[None] * (width - len(row))) for row in cells]
        columns = {
            f"cell_{at}": pl.Series(values, dtype=pl.String) for at, values in enumerate(zip(*padded, strict=True))
        }
        yield pl.DataFrame(
            {LINE: lines, CELL_COUNT: counts, **columns},
            schema_overrides={LINE: pl.Int64, CELL_COUNT: pl.Int64},
        )


def _parquet(path: Path, table: ContractTable, column_map: ColumnMap, rule: FileRule | None) -> Delivery:
    with reading(path, pa.ArrowException):
        file = pq.ParquetFile(path)
        headings = [heading(name) for name in file.schema_arrow.names]
    if _missing(headings, table, column_map, rule):
        raise _not_this_table(path, [(1, tuple(file.schema_arrow.names))], table, column_map, rule)
    sources, ignored, notes = column_sources(path, table, headings, {}, column_map, rule)
    written = tuple(one.written for one in headings)
    cells = _frames_of_batches(path, file)
    return Delivery(table, "", written, ignored, sources, rule, path.name, cells, Counter(notes))


def _frames_of_batches(path: Path, file: pq.ParquetFile) -> Iterator[pl.DataFrame]:
    """Batches of rows as frames of cells: `line`, `cells_found`, `cell_0`, `cell_1`, ..."""
    for line, cells in _parquet_batches(path, file):
        numbered = pl.DataFrame(
            {
                LINE: pl.int_range(line, line + cells.height, eager=True),
                CELL_COUNT: pl.repeat(cells.width, cells.height, dtype=pl.Int64, eager=True),
            }
        )
        yield numbered.hstack(cells.get_columns())


def _parquet_batches(path: Path, file: pq.ParquetFile) -> Iterator[tuple[int, pl.DataFrame]]:
    """Batches of rows as text (`cell_0`, `cell_1`, ...), each with the line of its first; rows are counted from 2."""
    line = 2
    with reading(path, pa.ArrowException):
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            batch.validate(full=True)  # a damaged text is refused here; polars would end the process over it
            names = [f"cell_{at}" for at in range(batch.num_columns)]
            cells = pl.DataFrame(pa.Table.from_batches([batch]).rename_columns(names))
            yield line, pl.DataFrame([_as_text(column) for column in cells])
            line += batch.num_rows


def _as_text(cells: pl.Series) -> pl.Series:
    """Typed Parquet cells as they would stand in a CSV; what is no plain value stays as unreadable as it is."""
    if cells.dtype.is_float():
        whole = (cells == cells.floor()) & (cells.abs() < _EXACT)
        as_whole = cells.cast(pl.Int64, strict=False).cast(pl.String)
        text = as_whole.zip_with(whole.fill_null(False), cells.fill_nan(None).cast(pl.String))
    elif cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Object):
        decoded = (one.decode("utf-8", "replace") if isinstance(one, bytes) else one for one in cells.to_list())
        text = pl.Series(cells.name, [None if one is None else str(one) for one in decoded], pl.String)
    else:
        text = cells.cast(pl.String)
    return text.str.strip_chars().replace("", None)


def _not_this_table(
    path: Path, lines: Sequence[Line], table: ContractTable | None, column_map: ColumnMap, rule: FileRule | None
) -> UserError:
    if table is None:
        return UserError(
            f"{path.name}：看不出是哪张表；请以表名命名（如 贷款台账.xlsx、payments.csv），或在列映射中写 table。",
            f"{path.name}: nothing says which table it is; name it by its table (payments.csv), or say table in a map.",
        )
    found = find_headings(lines, column_map.headings_known(table.name, rule), rule.header_row if rule else None)
    headings = found.headings if found else ()
    missing = _missing(headings, table, column_map, rule)
    repeated = repeated_headings(headings)
    if found is None:
        hint = ("前十行中没有该表的列名。", "None of its first ten lines names the table's columns.")
    else:
        words = did_you_mean(missing[0], [one.written for one in headings if one.written])
        hint = (f"表头为第 {found.line} 行。", f"Its headings stand in line {found.line}. {words}")
    if repeated:
        hint = (f"{hint[0]} 重复的列：{'、'.join(repeated)}。", f"{hint[1]} Repeated: {', '.join(repeated)}.")
    constants = [name for name in missing if TABLES[table.name].column(name).kind is CellKind.NAME]
    if constants:
        tip = f'[file.constant] {constants[0]} = "…"'
        hint = (
            f"{hint[0]} 若整个文件都相同，可在列映射中写 {tip}。",
            f"{hint[1]} If it is one for the whole file, say {tip} in the map.",
        )
    return UserError(
        f"{path.name}：不是 {table.name} 表，缺少列 {'、'.join(missing)}。{hint[0]}"
        "可用 lights columns 查看该文件并写出列映射。",
        f"{path.name} is not a {table.name} table: no column {', '.join(missing)}. {hint[1]} "
        "Look at it with lights columns, which writes a column map for --columns.",
    )
