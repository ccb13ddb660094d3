"""A delivered file as frames of text under the contract's column names: CSV, Parquet or XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from features.sources.column_map import ColumnMap
from features.sources.table import Table
from features.words import Refused, did_you_mean

LINE = "line"
CELLS_FOUND = "cells_found"
SUFFIXES = (".csv", ".parquet", ".xlsx")
_ROWS_AT_ONCE = 200_000
_ENCODINGS = ("utf-8-sig", "gb18030")
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
        near = did_you_mean(missing[0], [heading for heading in header if heading] or ["-"])
        raise Refused(
            f"{path.name}: 不是 {table.name} 表, 缺少列 {'、'.join(missing)}。请检查文件或列映射。",
            f"{path.name} is not a {table.name} table: no column {', '.join(missing)}. {near}"
            " Check the file, or bring a column map with --columns.",
        )


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
    reader = csv.reader(io.StringIO(_decoded(path), newline=""))
    try:
        header = [heading.strip() for heading in next(reader, [])]
    except csv.Error as error:
        raise _unreadable(path, error) from error
    return header, _csv_frames(path, reader, len(header))


def _decoded(path: Path) -> str:
    content = path.read_bytes()
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
    """Each row with the line it begins on; a quoted cell may run over several lines."""
    begins = 2
    try:
        for row in reader:
            if row:
                yield begins, tuple(row)
            begins = reader.line_num + 1  # type: ignore[attr-defined]  # csv.reader counts the lines
    except csv.Error as error:
        raise _unreadable(path, error) from error


def _parquet(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _unreadable(path, error) from error
    return list(file.schema_arrow.names), _parquet_frames(file)


def _parquet_frames(file: pq.ParquetFile) -> Iterator[pl.DataFrame]:
    line = 2
    for batch in file.iter_batches(batch_size=_ROWS_AT_ONCE):
        frame = pl.DataFrame(pa.Table.from_batches([batch]))
        names = [f"cell_{index}" for index in range(frame.width)]
        text = [_as_text(frame.to_series(index)).alias(name) for index, name in enumerate(names)]
        yield pl.DataFrame(
            {
                LINE: pl.int_range(line, line + frame.height, eager=True),
                CELLS_FOUND: pl.repeat(frame.width, frame.height, dtype=pl.Int64, eager=True),
            }
        ).hstack(text)
        line += frame.height


def _as_text(cells: pl.Series) -> pl.Series:
    if isinstance(cells.dtype, pl.Datetime):
        cells = cells.dt.date()
    if cells.dtype.is_float():
        cells = cells.fill_nan(None)
    return cells.cast(pl.String, strict=False).str.strip_chars().replace("", None)


def _xlsx(path: Path) -> tuple[list[str], Iterator[pl.DataFrame]]:
    try:
        sheet = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True).worksheets[0]
        sheet.reset_dimensions()  # some programs write a wrong one, and rows would be lost
        rows = _filled(sheet.iter_rows(values_only=True))
        _, header = next(rows, (1, ()))
    except (BadZipFile, InvalidFileException, KeyError, OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    headings = [heading or "" for heading in header]
    return headings, _xlsx_frames(rows, len(headings))


def _filled(sheet: Iterable[tuple[object, ...]]) -> Iterator[tuple[int, Cells]]:
    """The sheet's rows that hold anything, numbered; Excel keeps empty ones below a table."""
    numbered = enumerate(sheet, start=1)
    return (
        (line, tuple(_cell_text(value) for value in row)) for line, row in numbered if any(v is not None for v in row)
    )


def _xlsx_frames(rows: Iterator[tuple[int, Cells]], width: int) -> Iterator[pl.DataFrame]:
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        even = [(*cells, *[None] * (width - len(cells))) for _, cells in batch]
        yield _text_frame([line for line, _ in batch], even, width)


def _cell_text(value: object) -> str | None:
    """A typed Excel cell as it would stand in a CSV: dates as days, whole numbers without a point."""
    match value:
        case None:
            return None
        case datetime():
            return value.date().isoformat()
        case float() if value.is_integer():
            return str(int(value))
        case _:
            return str(value).strip() or None


def _unreadable(path: Path, error: Exception) -> Refused:
    kind = path.suffix.lower().lstrip(".").upper()
    return Refused(
        f"{path.name}: 无法按 {kind} 读取 ({type(error).__name__}); 请重新导出该文件。",
        f"{path.name} cannot be read as {kind} ({type(error).__name__}); export the file again.",
    )
