"""A delivered file as frames of text under the contract's column names: CSV, Parquet or XLSX."""

from __future__ import annotations

import csv
import io
import zlib
from collections.abc import Iterable, Iterator
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
from features.contract.declarations import Table
from features.messages import Refused, did_you_mean

LINE = "line"
CELLS_FOUND = "cells_found"
SUFFIXES = (".csv", ".parquet", ".xlsx")
_ROWS_AT_ONCE = 200_000
_ENCODINGS = ("utf-8-sig", "gb18030")
_EXACT = 2**53
"""Below it a float holds every whole number; a longer identifier stored as a number has lost its last digits."""
_BROKEN_FILE = (
    *(csv.Error, pa.ArrowException, BadZipFile, InvalidFileException, ParseError, zlib.error),
    *(AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),  # openpyxl on broken XML
)
_END = "\n\n"
"""After it the last row read is an empty one, unless a quote has swallowed it."""
Cells = tuple[str | None, ...]


@dataclass(frozen=True)
class Delivery:
    """One file: which of its columns nobody asked for, how many cells a line should have, its lines.

    Each frame holds `line` (the file's own numbering, the header being line 1), `cells_found` (how many
    cells the line really has) and one String column for each column of the table, null where empty.
    """

    ignored: tuple[str, ...]
    width: int
    frames: Iterator[pl.DataFrame]


def delivery(path: Path, table: Table, column_map: ColumnMap) -> Delivery:
    """Open one delivered file.

    Raises Refused where the file cannot be read or is not this table at all.
    """
    header, frames = _opened(path)
    names = [column_map.name(table.name, heading) for heading in header]
    _check_header(path, table, header, names)
    ignored = tuple(heading for heading, name in zip(header, names, strict=True) if heading and name not in table.names)
    return Delivery(ignored, len(header), (_under_our_names(frame, names, table) for frame in frames))


def _opened(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    match path.suffix.lower():
        case ".csv":
            return _csv(path)
        case ".parquet":
            return _parquet(path)
        case _:
            return _xlsx(path)


def _check_header(path: Path, table: Table, header: list[str], names: list[str]) -> None:
    for name in table.names:
        if names.count(name) > 1:
            twice = [heading for heading, ours in zip(header, names, strict=True) if ours == name]
            raise Refused(
                f"{path.name}: 列 {'、'.join(twice)} 都对应 {name}; 请只保留一列。",
                f"{path.name}: the columns {', '.join(twice)} are all {name}; keep one of them.",
            )
    missing = [name for name in table.required if name not in names]
    if missing:
        raise Refused(
            f"{path.name}: 不是 {table.name} 表, 缺少列 {'、'.join(missing)}。请检查文件或列映射。",
            f"{path.name} is not a {table.name} table: no column {', '.join(missing)}."
            f" {_hint(table, header, names, missing[0])}"
            " Check the file, or bring a column map with --columns.",
        )


def _hint(table: Table, header: list[str], names: list[str], missing: str) -> str:
    """The headings are repeated only where one is known: a first line without any may be somebody's data."""
    if not set(names) & set(table.names):
        return "Its first line names none of the table's columns."
    return did_you_mean(missing, filter(None, header))


def _under_our_names(frame: pl.DataFrame, names: list[str], table: Table) -> pl.DataFrame:
    position = {name: f"cell_{index}" for index, name in enumerate(names)}
    wanted = [
        pl.col(position[name]).alias(name) if name in position else pl.lit(None, pl.String).alias(name)
        for name in table.names
    ]
    return frame.select(LINE, CELLS_FOUND, *wanted)


def _text_frame(lines: list[int], rows: list[Cells], width: int) -> pl.DataFrame:
    found = [len(row) if any(row[width:]) else min(len(row), width) for row in rows]  # trailing commas are harmless
    padded = [(*row[:width], *[None] * (width - len(row))) for row in rows]
    cells = zip(*padded, strict=True) if rows else [()] * width
    columns = {
        f"cell_{index}": pl.Series(values, dtype=pl.String).str.strip_chars().replace("", None)
        for index, values in enumerate(cells)
    }
    return pl.DataFrame({LINE: lines, CELLS_FOUND: found, **columns}, schema_overrides={LINE: pl.Int64})


def _csv(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    with _reading(path):
        reader = csv.reader(io.StringIO(_decoded(path, path.read_bytes()) + _END, newline=""))
        header = [heading.strip() for heading in next(reader, [])]
    return header, _csv_frames(path, reader, len(header))


def _decoded(path: Path, content: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Refused(
        f"{path.name}: 既不是 UTF-8 也不是 GB18030 编码; 请另存为 UTF-8 的 CSV。",
        f"{path.name} is neither UTF-8 nor GB18030; save it as CSV in UTF-8.",
    )


def _csv_frames(path: Path, reader: Iterator[list[str]], width: int) -> Iterator[pl.DataFrame]:
    numbered = _numbered(path, reader)
    while batch := list(islice(numbered, _ROWS_AT_ONCE)):
        yield _text_frame([line for line, _ in batch], [row for _, row in batch], width)


def _numbered(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, Cells]]:
    """Each row that holds anything, with the line it begins on; a quoted cell may run over several lines."""
    row, begins, began = list[str](), 2, 2
    with _reading(path):
        for row in reader:
            if any(cell.strip() for cell in row):
                yield begins, tuple(row)
            began, begins = begins, reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader counts the lines
    if row:
        raise Refused(
            f"{path.name}: 第 {began} 行的引号没有闭合, 其后各行无法辨认; 请更正后重新送达。",
            f"{path.name}: a quote opened in the row of line {began} is never closed, so the lines after it are lost; "
            "correct the file and deliver it again.",
        )


def _parquet(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    with _reading(path):
        file = pq.ParquetFile(path)
        return list(file.schema_arrow.names), _parquet_frames(path, file)


def _parquet_frames(path: Path, file: pq.ParquetFile) -> Iterator[pl.DataFrame]:
    line = 2
    with _reading(path):
        for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
            yield _parquet_frame(batch, line)
            line += batch.num_rows


def _parquet_frame(batch: pa.RecordBatch, line: int) -> pl.DataFrame:
    names = [f"cell_{index}" for index in range(batch.num_columns)]
    frame = pl.DataFrame(pa.Table.from_batches([batch]).rename_columns(names))
    return pl.DataFrame(
        {
            LINE: pl.int_range(line, line + frame.height, eager=True),
            CELLS_FOUND: pl.repeat(frame.width, frame.height, dtype=pl.Int64, eager=True),
        }
    ).hstack([_as_text(cells) for cells in frame])


def _as_text(cells: pl.Series) -> pl.Series:
    """Typed Parquet cells as they would stand in a CSV; what is no plain value stays as unreadable as it is."""
    if cells.dtype.is_float():
        text = _float_text(cells)
    elif cells.dtype.is_nested() or cells.dtype in (pl.Binary, pl.Object):
        text = pl.Series(cells.name, [_cell_text(value) for value in cells.to_list()], pl.String)
    else:
        text = cells.cast(pl.String)
    return text.str.strip_chars().replace("", None)


def _float_text(cells: pl.Series) -> pl.Series:
    """Whole numbers without a point: a column of identifiers becomes one of floats where a cell is empty."""
    whole = (cells == cells.floor()) & (cells.abs() < _EXACT)
    as_whole = cells.cast(pl.Int64, strict=False).cast(pl.String)
    return as_whole.zip_with(whole.fill_null(False), cells.fill_nan(None).cast(pl.String))


def _xlsx(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    with _reading(path):
        sheet = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong one, and rows would be lost
        rows = _filled(sheet.iter_rows(values_only=True))
        _, header = next(rows, (1, ()))
    headings = [heading or "" for heading in header]
    return headings, _xlsx_frames(path, rows, len(headings))


def _filled(sheet: Iterable[tuple[object, ...]]) -> Iterator[tuple[int, Cells]]:
    """The sheet's rows that hold anything, numbered; Excel keeps empty ones below a table."""
    numbered = ((line, tuple(_cell_text(value) for value in row)) for line, row in enumerate(sheet, start=1))
    return ((line, cells) for line, cells in numbered if any(cells))


def _xlsx_frames(path: Path, rows: Iterator[tuple[int, Cells]], width: int) -> Iterator[pl.DataFrame]:
    with _reading(path):
        while batch := list(islice(rows, _ROWS_AT_ONCE)):
            even = [(*cells, *[None] * (width - len(cells))) for _, cells in batch]
            yield _text_frame([line for line, _ in batch], even, width)


def _cell_text(value: object) -> str | None:
    """A typed cell as it would stand in a CSV: whole numbers without a point."""
    match value:
        case None:
            return None
        case float() if value.is_integer() and abs(value) < _EXACT:
            return str(int(value))
        case bytes():
            return value.decode("utf-8", "replace").strip() or None
        case _:
            return str(value).strip() or None


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Whatever a library says of a broken file, as one sentence."""
    try:
        yield
    except _BROKEN_FILE as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> Refused:
    kind = path.suffix.lower().lstrip(".").upper()
    return Refused(
        f"{path.name}: 无法按 {kind} 读取 ({type(error).__name__}); 请重新导出该文件。",
        f"{path.name} cannot be read as {kind} ({type(error).__name__}); export the file again.",
    )
