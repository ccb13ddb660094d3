"""A delivered file as lines of text cells: CSV in any usual encoding and separator, XLSX, XLS; guarded by size."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from features.messages import Bilingual, UserError

MOST_COLUMNS = 1000
NOTES_SHEET = "填写说明 Notes"
"""The sheet of an empty workbook that says what its columns mean; it is no part of a delivery, and not read."""
WORKBOOKS = (".xlsx", ".xlsm", ".xls")
_EXACT = 2**53
"""Below it a float holds every whole number; a longer identifier stored as a number has lost its last digits."""
_MOST_UNPACKED, _MOST_RATIO, _SMALL = 2 << 30, 60, 20 << 20
"""A workbook may unpack to so many bytes, and, above the last, to so many times its own size."""
_END = "\n\n"
"""After it the last row read is an empty one, unless a quote has swallowed it."""
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SEPARATORS = (",", "\t", ";", "|")
BROKEN_FILE: tuple[type[Exception], ...] = (
    *(csv.Error, BadZipFile, ParseError, zlib.error),
    *(AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError),  # openpyxl on broken XML
)

Cells = tuple[str | None, ...]
Line = tuple[int, Cells]


@dataclass(frozen=True)
class Sheet:
    """A sheet of a file: its name (empty for a CSV), its lines that hold anything, numbered as the file does.

    done: what was done to read it, e.g. the encoding. hidden: whether a reader of the workbook does not see it. even:
    whether a short line is one with empty cells at its end, as in a workbook; in a CSV it is a broken one.
    """

    name: str
    lines: Iterator[Line]
    done: tuple[Bilingual, ...] = ()
    hidden: bool = False
    even: bool = True


def sheets(path: Path, encoding: str | None = None, separator: str | None = None) -> list[Sheet]:
    """The sheets of a CSV, TXT, XLSX or XLS file, without the notes of an empty workbook.

    Raises UserError where it cannot be read, or is larger than anybody's table.
    """
    with reading(path):
        match path.suffix.lower():
            case ".xlsx" | ".xlsm":
                found = _xlsx(path)
            case ".xls":
                found = _xls(path)
            case _:
                found = [_csv(path, encoding, separator)]
        return [sheet for sheet in found if sheet.name != NOTES_SHEET]


@contextmanager
def reading(path: Path, *also: type[Exception]) -> Iterator[None]:
    """Tell what a library says of a broken file in one sentence; also: further exceptions of the library."""
    try:
        yield
    except (*BROKEN_FILE, *also) as error:
        kind = path.suffix.lower().lstrip(".").upper()
        raise UserError(
            f"{path.name}：无法按 {kind} 读取（{type(error).__name__}）；请重新导出该文件。",
            f"{path.name} cannot be read as {kind} ({type(error).__name__}); export the file again.",
        ) from error


def _csv(path: Path, encoding: str | None, separator: str | None) -> Sheet:
    text, name = _decoded(path, path.read_bytes(), encoding)
    chosen = separator or _separator(text)
    done = [Bilingual(f"编码 {name}", f"encoding {name}")]
    if chosen != ",":
        shown = "\\t" if chosen == "\t" else chosen
        done.append(Bilingual(f"分隔符 {shown}", f"separator {shown}"))
    reader = csv.reader(io.StringIO(text + _END, newline=""), delimiter=chosen)
    return Sheet("", _numbered(path, reader), tuple(done), even=False)


def _decoded(path: Path, content: bytes, encoding: str | None) -> tuple[str, str]:
    """The text and the encoding's name; a mark at the file's beginning decides, then UTF-8 before GB18030."""
    marked = next((name for mark, name in _BOMS if content.startswith(mark)), None)
    for name in filter(None, (encoding,) if encoding else (marked, "utf-8", "gb18030")):
        try:
            return content.decode(name), {"utf-8-sig": "UTF-8", "utf-8": "UTF-8"}.get(name, name.upper())
        except (UnicodeDecodeError, LookupError):
            continue
    raise UserError(
        f"{path.name}：不是 {encoding or 'UTF-8 或 GB18030'} 编码；请另存为 UTF-8 的 CSV。",
        f"{path.name} is not in {encoding or 'UTF-8 or GB18030'}; save it as CSV in UTF-8.",
    )


def _separator(text: str) -> str:
    """The sign that parts the most cells in the first lines, outside quotes; a comma where none does."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:10]
    counts = {
        sign: sum(len(next(csv.reader([line], delimiter=sign), [])) - 1 for line in lines) for sign in _SEPARATORS
    }
    return max(_SEPARATORS, key=lambda sign: counts[sign])


def _numbered(path: Path, reader: Any) -> Iterator[Line]:
    """Each row that holds anything, with the line it begins on; a quoted cell may run over several lines."""
    row, begins, began = list[str](), 1, 1
    with reading(path):
        for row in reader:
            _check_width(path, len(row))
            if any(cell.strip() for cell in row):
                yield begins, tuple(cell.strip() or None for cell in row)
            began, begins = begins, reader.line_num + 1
    if row:
        raise UserError(
            f"{path.name}：第 {began} 行的引号没有闭合，其后各行无法辨认；请更正后重新送达。",
            f"{path.name}: a quote opened in the row of line {began} is never closed, so the lines after it are lost; "
            "correct the file and deliver it again.",
        )


def _check_width(path: Path, width: int) -> None:
    if width > MOST_COLUMNS:
        raise UserError(
            f"{path.name}：有 {width:,} 列，最多 {MOST_COLUMNS:,} 列；这不是合同中的表，请检查分隔符。",
            f"{path.name} has {width:,} columns, at most {MOST_COLUMNS:,} are read; it is no table of the contract: "
            "check its separator.",
        )


def _xlsx(path: Path) -> list[Sheet]:
    _check_unpacked(path)
    from openpyxl import load_workbook  # takes 0.4 seconds

    book = load_workbook(io.BytesIO(path.read_bytes()), read_only=True, data_only=True)
    read = []
    for sheet in book.worksheets:
        sheet.reset_dimensions()  # some programs write a wrong one, and rows would be lost
        read.append(Sheet(sheet.title, _xlsx_lines(path, sheet.iter_rows()), (), sheet.sheet_state != "visible"))
    return read


def _check_unpacked(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    packed = path.stat().st_size
    if unpacked > _MOST_UNPACKED or (unpacked > _SMALL and unpacked > _MOST_RATIO * packed):
        raise UserError(
            f"{path.name}：{packed:,} 字节解开后为 {unpacked:,} 字节，不像正常的工作簿；请另存为新文件后重新送达。",
            f"{path.name} unpacks from {packed:,} to {unpacked:,} bytes, which no ordinary workbook does; save it as a "
            "new file and deliver it again.",
        )


def _xlsx_lines(path: Path, rows: Iterable[Any]) -> Iterator[Line]:
    with reading(path):
        for number, row in enumerate(rows, start=1):
            cells = tuple(_cell_text(cell.value, getattr(cell, "number_format", "")) for cell in row)
            if any(cells):
                _check_width(path, len(cells))
                yield number, cells


def _xls(path: Path) -> list[Sheet]:
    """Sheets of an old workbook; `xlrd` tells error cells and formats, which faster readers leave out."""
    import xlrd

    try:
        book = xlrd.open_workbook(file_contents=path.read_bytes(), formatting_info=True, logfile=io.StringIO())
    except xlrd.biffh.XLRDError as error:
        raise UserError(
            f"{path.name}：无法按 XLS 读取（{error}）；请用 Excel 或 WPS 另存为 .xlsx。",
            f"{path.name} cannot be read as XLS ({error}); save it as .xlsx with Excel or WPS.",
        ) from error
    return [Sheet(sheet.name, _xls_lines(book, sheet), (), bool(sheet.visibility)) for sheet in book.sheets()]


def _xls_lines(book: Any, sheet: Any) -> Iterator[Line]:
    for number in range(sheet.nrows):
        cells = tuple(_xls_text(book, cell) for cell in sheet.row(number))
        if any(cells):
            yield number + 1, cells


def _xls_text(book: Any, cell: Any) -> str | None:
    import xlrd

    if cell.ctype == xlrd.XL_CELL_ERROR:
        return str(xlrd.error_text_from_code.get(cell.value, "#ERROR"))
    if cell.ctype == xlrd.XL_CELL_DATE:
        return _cell_text(xlrd.xldate_as_datetime(cell.value, book.datemode), "")
    number_format = book.format_map[book.xf_list[cell.xf_index].format_key].format_str if cell.xf_index else ""
    return _cell_text(bool(cell.value) if cell.ctype == xlrd.XL_CELL_BOOLEAN else cell.value, number_format)


def _cell_text(value: object, number_format: str) -> str | None:
    """A typed cell as a person reads it: whole numbers without a point, a percentage with its sign, a day as a day."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case int() | float() if "%" in number_format:
            scaled = "%" in re.sub(r'"[^"]*"|\\.', "", number_format)  # "%" in quotes is a sign and scales nothing
            return f"{_number_text(round(float(value) * 100, 10) if scaled else value)}%"
        case int() | float():
            return _number_text(value)
        case datetime() if (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0):
            return value.date().isoformat()
        case date():
            return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
        case bytes():
            return value.decode("utf-8", "replace").strip() or None
        case _:
            return str(value).strip() or None


def _number_text(value: float) -> str:
    """A number in the fifteen digits that a spreadsheet keeps: a formula's 0.030479000000000003 is 0.030479."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return f"{value:.15g}" if isinstance(value, float) else str(value)
