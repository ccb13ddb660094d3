"""Reading of delivered CSV, Parquet and XLSX files as frames of text in the contract's columns."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from features.contract.column_map import ColumnMap
from features.contract.declarations import ContractTable
from features.messages import UserError, did_you_mean

LINE = "line"
"""Column of the line in the delivered file, the header being line 1."""
CELL_COUNT = "cells_found"
"""Column of the number of cells that a line has."""
SUFFIXES = (".csv", ".parquet", ".xlsx")
_ROWS_AT_ONCE = 200_000
_ENCODINGS = ("utf-8-sig", "gb18030")
_EXACT_BELOW = 2**53
"""Smallest whole number whose neighbours a float cannot hold; longer identifiers stored as numbers have lost digits."""
_BROKEN_FILE_ERRORS = (
    *(csv.Error, pa.ArrowException, BadZipFile, InvalidFileException, ParseError, zlib.error),
    *(AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),  # openpyxl on broken XML
)
_END_MARK = "\n\n"
"""Appended to a CSV file, so that the last row is an empty one unless a quote is never closed."""
Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class DeliveredFile:
    """An open delivered file.

    ignored_headers: headers of columns that the contract does not have. cells_per_line: number of cells of the header.
    frames: the rows in batches; columns `line`, `cells_found` (number of cells that the line has) and one String
    column for each column of the table, null where the cell is empty.
    """

    ignored_headers: tuple[str, ...]
    cells_per_line: int
    frames: Iterator[pl.DataFrame]


def open_delivered_file(path: Path, table: ContractTable, column_map: ColumnMap) -> DeliveredFile:
    r"""Open a delivered file of a table; its rows are read as `frames` is iterated.

    path: a .csv (UTF-8 or GB18030), .parquet or .xlsx file. column_map: the columns that its headers mean.

    Raises UserError where the file cannot be read, lacks a required column or has one twice; iterating `frames`
    raises it where the file is broken further on.

    >>> from features.contract.column_map import read_column_map
    >>> from features.contract.reading import open_delivered_file
    >>> from features.contract.tables import TABLES
    >>> path = tmp / "prices.csv"
    >>> _ = path.write_text("product,month,price,remark\nsheep,2024-01-31,31.5,\n", encoding="utf-8")
    >>> file = open_delivered_file(path, TABLES["prices"], read_column_map())
    >>> file.ignored_headers
    ('remark',)
    >>> [frame["price"].to_list() for frame in file.frames]
    [['31.5']]
    """
    match path.suffix.lower():
        case ".csv":
            header, frames = _open_csv(path)
        case ".parquet":
            header, frames = _open_parquet(path)
        case _:
            header, frames = _open_xlsx(path)
    names = [column_map.column_name(table.name, heading) for heading in header]
    _check_header(path, table, header, names)
    ignored = tuple(
        heading for heading, name in zip(header, names, strict=True) if heading and name not in table.column_names
    )
    cells = {name: f"cell_{index}" for index, name in enumerate(names)}
    columns = [
        pl.col(cells[name]).alias(name) if name in cells else pl.lit(None, pl.String).alias(name)
        for name in table.column_names
    ]
    return DeliveredFile(ignored, len(header), (frame.select(LINE, CELL_COUNT, *columns) for frame in frames))


def _check_header(path: Path, table: ContractTable, header: list[str], names: list[str]) -> None:
    """Raise UserError where a column is in the header twice, or a required one is missing."""
    for name in table.column_names:
        if names.count(name) > 1:
            twice = [heading for heading, ours in zip(header, names, strict=True) if ours == name]
            raise UserError(
                f"{path.name}: 列 {'、'.join(twice)} 都对应 {name}; 请只保留一列。",
                f"{path.name}: the columns {', '.join(twice)} are all {name}; keep one of them.",
            )
    missing = [name for name in table.required_columns if name not in names]
    if missing:
        # Headers are repeated only if one of them is a column: a first line without any may be personal data.
        if set(names) & set(table.column_names):
            hint = did_you_mean(missing[0], filter(None, header))
        else:
            hint = "Its first line names none of the table's columns."
        raise UserError(
            f"{path.name}: 不是 {table.name} 表, 缺少列 {'、'.join(missing)}。请检查文件或列映射。",
            f"{path.name} is not a {table.name} table: no column {', '.join(missing)}."
            f" {hint}"
            " Check the file, or bring a column map with --columns.",
        )


def _text_frames(path: Path, rows: Iterator[tuple[int, Cells]], width: int) -> Iterator[pl.DataFrame]:
    """Numbered rows of text in batches: `line`, `cells_found`, and `width` columns `cell_0`, `cell_1`, ..."""
    with _errors_as_user_errors(path):
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            # Empty cells beyond the header's are no fault: trailing commas.
            cell_counts = [len(row) if any(row[width:]) else min(len(row), width) for _, row in batch]
            padded = [(*row[:width], *[None] * (width - len(row))) for _, row in batch]
            columns = {
                f"cell_{index}": pl.Series(values, dtype=pl.String).str.strip_chars().replace("", None)
                for index, values in enumerate(zip(*padded, strict=True))
            }
            numbers = {LINE: [line for line, _ in batch], CELL_COUNT: cell_counts}
            yield pl.DataFrame(numbers | columns, schema_overrides={LINE: pl.Int64})


def _open_csv(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    """The header of a CSV file and its rows in batches."""
    with _errors_as_user_errors(path):
        reader = csv.reader(io.StringIO(_decode(path, path.read_bytes()) + _END_MARK, newline=""))
        header = [heading.strip() for heading in next(reader, [])]
    return header, _text_frames(path, _numbered_rows(path, reader), len(header))


def _decode(path: Path, content: bytes) -> str:
    """The text of a file in UTF-8 or GB18030; UserError where it is neither."""
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UserError(
        f"{path.name}: 既不是 UTF-8 也不是 GB18030 编码; 请另存为 UTF-8 的 CSV。",
        f"{path.name} is neither UTF-8 nor GB18030; save it as CSV in UTF-8.",
    )


def _numbered_rows(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, Cells]]:
    """The rows that are not empty, with the line each begins on; a quoted cell may contain line breaks."""
    row, line, previous_line = list[str](), 2, 2
    with _errors_as_user_errors(path):
        for row in reader:
            if any(cell.strip() for cell in row):
                yield line, tuple(row)
            previous_line, line = line, reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader counts the lines
    if row:
        raise UserError(
            f"{path.name}: 第 {previous_line} 行的引号没有闭合, 其后各行无法辨认; 请更正后重新送达。",
            f"{path.name}: a quote opened in the row of line {previous_line} is never closed, so the lines after it "
            "are lost; correct the file and deliver it again.",
        )


def _open_parquet(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    """The header of a Parquet file and its rows in batches."""
    with _errors_as_user_errors(path):
        file = pq.ParquetFile(path)
        return list(file.schema_arrow.names), _parquet_frames(path, file)


def _parquet_frames(path: Path, file: pq.ParquetFile) -> Iterator[pl.DataFrame]:
    line = 2
    with _errors_as_user_errors(path):
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            names = [f"cell_{index}" for index in range(batch.num_columns)]
            frame = pl.DataFrame(pa.Table.from_batches([batch]).rename_columns(names))
            lines = pl.int_range(line, line + frame.height, eager=True).alias(LINE)
            cell_counts = pl.repeat(frame.width, frame.height, dtype=pl.Int64, eager=True).alias(CELL_COUNT)
            yield pl.DataFrame([lines, cell_counts]).hstack([_as_text(cells) for cells in frame])
            line += batch.num_rows


def _as_text(cells: pl.Series) -> pl.Series:
    """Typed cells of a Parquet column as a CSV file would have them; nested values become text that checks reject."""
    if cells.dtype.is_float():
        # Whole numbers without a point: identifiers are stored as floats where a cell of the column is empty.
        is_whole = (cells == cells.floor()) & (cells.abs() < _EXACT_BELOW)
        whole_numbers = cells.cast(pl.Int64, strict=False).cast(pl.String)
        text = whole_numbers.zip_with(is_whole.fill_null(False), cells.fill_nan(None).cast(pl.String))
    elif cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Object):
        text = pl.Series(cells.name, [_cell_text(value) for value in cells.to_list()], pl.String)
    else:
        text = cells.cast(pl.String)
    return text.str.strip_chars().replace("", None)


def _open_xlsx(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    """The header of the first sheet of an XLSX file and its rows in batches."""
    with _errors_as_user_errors(path):
        sheet = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong one, and rows would be lost
        numbered = (
            (line, tuple(_cell_text(value) for value in row))
            for line, row in enumerate(sheet.iter_rows(values_only=True), start=1)
        )
        rows = ((line, cells) for line, cells in numbered if any(cells))  # Excel keeps empty rows below a table
        _, header = next(rows, (1, ()))
    width = len(header)
    padded = ((line, (*cells, *[None] * (width - len(cells)))) for line, cells in rows)
    return [heading or "" for heading in header], _text_frames(path, padded, width)


def _cell_text(value: object) -> str | None:
    """A typed cell as a CSV file would have it: whole numbers without a point; None where it is empty."""
    match value:
        case None:
            return None
        case float() if value.is_integer() and abs(value) < _EXACT_BELOW:
            return str(int(value))
        case bytes():
            return value.decode("utf-8", "replace").strip() or None
        case _:
            return str(value).strip() or None


@contextmanager
def _errors_as_user_errors(path: Path) -> Iterator[None]:
    """Raise the errors that libraries raise for a broken file as one UserError."""
    try:
        yield
    except _BROKEN_FILE_ERRORS as error:
        kind = path.suffix.lower().lstrip(".").upper()
        raise UserError(
            f"{path.name}: 无法按 {kind} 读取 ({type(error).__name__}); 请重新导出该文件。",
            f"{path.name} cannot be read as {kind} ({type(error).__name__}); export the file again.",
        ) from error
