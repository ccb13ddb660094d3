"""A writer of deliveries as Chinese counties make them: the plain tables of a county in five styles.

The words are in `county_words`. Every fact of the plain delivery is written once, `known_on` with it; what people put
around a table (titles, units, totals, notes, empty lines, sheets that are no table) is written, too.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import polars as pl
import xlwt  # type: ignore[import-untyped]
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from features.contract.declarations import CellKind, ContractColumn
from features.contract.tables import TABLES
from tests.behaviour.county_words import CODES, GROUPS, HEADINGS, NAMES, words

Cell = str | int | float | date | None
Tables = Mapping[str, pl.DataFrame]
BANK_TABLES = ("loans", "instalments", "payments")
_CODES, _HEADINGS, _NAMES = words(CODES), words(HEADINGS), words(NAMES)
_FULL_WIDTH = str.maketrans("0123456789.", "０１２３４５６７８９．")
_EXCEL_EPOCH = date(1899, 12, 30)
_AMOUNTS = (CellKind.MONEY, CellKind.NUMBER, CellKind.RATE, CellKind.SHARE, CellKind.POINTS, CellKind.WHOLE)
_PLAIN: Callable[[Decimal], Cell] = float


def plain_tables(folder: Path) -> dict[str, pl.DataFrame]:
    """The tables of a plain delivery, each in one frame."""
    return {name: pl.read_parquet(folder / name / "*.parquet") for name in TABLES}


@dataclass(frozen=True)
class Writing:
    """How the cells of a style are written, by their kind.

    place: which of the five words is the style's. unit: what stands behind the heading of money. percent: what stands
    behind that of a rate or a share.
    """

    place: int
    day: Callable[[date], Cell]
    money: Callable[[Decimal], Cell]
    share: Callable[[Decimal], Cell]
    number: Callable[[Decimal], Cell] = _PLAIN
    identifier: Callable[[str], Cell] = str
    empty: Cell = None
    unit: str = ""
    percent: str = ""
    month: Callable[[date], Cell] | None = None

    def name(self, table: str) -> str:
        """What the style calls a table."""
        return _NAMES[table][self.place]

    def heading(self, table: str, column: ContractColumn) -> str:
        """What the style writes above a column."""
        word = _HEADINGS[f"{table}.{column.name}"][self.place]
        if column.kind is CellKind.MONEY:
            return word + self.unit
        return word + self.percent if column.kind in (CellKind.RATE, CellKind.SHARE) else word

    def cell(self, table: str, column: ContractColumn, value: object) -> Cell:
        """A value as the style writes it."""
        match value:
            case None:
                return self.empty
            case date():
                day = self.month if self.month and column.name == "month" else self.day
                return day(value)
            case str() if column.kind is CellKind.CODE:
                name = column.name.removeprefix("repayment_")
                codes = _CODES.get(f"{table}.{name}.{value}") or _CODES[f"{name}.{value}"]
                return codes[self.place]
            case str() if column.kind is CellKind.NAME:
                return value
            case str():
                return self.identifier(value)
        number = Decimal(str(value))
        if column.kind is CellKind.MONEY:
            return self.money(number)
        return (self.share if column.kind in (CellKind.RATE, CellKind.SHARE) else self.number)(number)


@dataclass
class Written:
    """A table as a style writes it: its columns, headings and rows, and the sums of its amounts."""

    table: str
    columns: tuple[ContractColumn, ...]
    headings: list[Cell]
    rows: list[list[Cell]]
    sums: dict[str, Cell] = field(default_factory=dict)

    def total(self, word: str, width: int = 0) -> list[Cell]:
        """A row of totals, its word in the first of `width` cells before the table's own."""
        cells = [self.sums.get(column.name) for column in self.columns]
        return [word, *[None] * (width - 1), *cells] if width else [word, *cells[1:]]

    def numbered(self) -> Written:
        """With 序号 before and an empty 备注 behind, as offices do."""
        rows: list[list[Cell]] = [[number, *row, None] for number, row in enumerate(self.rows, start=1)]
        return Written(self.table, self.columns, ["序号", *self.headings, "备注"], rows, self.sums)


def written(table: str, frame: pl.DataFrame, writing: Writing) -> Written:
    """The rows of a table in a style."""
    columns = TABLES[table].columns
    rows = [
        [writing.cell(table, column, value) for column, value in zip(columns, row, strict=True)]
        for row in frame.select(column.name for column in columns).iter_rows()
    ]
    sums = {
        column.name: writing.money(sum((Decimal(str(value)) for value in frame[column.name].drop_nulls()), Decimal(0)))
        for column in columns
        if column.kind is CellKind.MONEY
    }
    return Written(table, columns, [writing.heading(table, column) for column in columns], rows, sums)


# 1: a workbook for each bank and month


BANK_BOOKS = Writing(
    place=0,
    day=lambda day: f"{day.year}.{day.month}.{day.day}",
    month=lambda day: f"{day.year}年{day.month}月",
    money=lambda yuan: float(yuan) * 0.0001,  # as a formula computes it: 304.79 is 0.030479000000000003
    share=lambda share: f"{(share * 100).normalize():f}%",
    unit="（万元）",
)


def write_bank_workbooks(plain: Tables, inbox: Path) -> None:
    """A workbook for each bank and month from August on, one for each bank before, and one of the county's offices.

    Loans stand under "单位：万元" in a title; the other money under headings with （万元）.
    """
    banks = plain["loans"].select("loan_id", "bank").unique()
    frames = {name: _with_bank(plain[name], banks) for name in BANK_TABLES}
    last = max(frame["known_on"].max() for frame in frames.values())  # type: ignore[type-var]
    assert isinstance(last, date)
    for (bank, month), own in _by_bank_and_month(frames, date(last.year, 8, 1)):
        book = _empty_book()
        for name in BANK_TABLES:
            title = f"{month}脱贫人口小额信贷{BANK_BOOKS.name(name)}"
            _titled_sheet(book, title, written(name, own[name], BANK_BOOKS), in_title=name == "loans")
        book.save(inbox / f"{bank}{month}.xlsx")
    book = _empty_book()
    for name in (name for name in TABLES if name not in BANK_TABLES):
        _titled_sheet(book, f"示范县{BANK_BOOKS.name(name)}统计表", written(name, plain[name], BANK_BOOKS))
    book.create_sheet("填表说明").append(["一、本表由乡镇填报，县级审核。"])
    book.save(inbox / "县级部门数据汇总.xlsx")


def _with_bank(frame: pl.DataFrame, banks: pl.DataFrame) -> pl.DataFrame:
    return frame if "bank" in frame.columns else frame.join(banks, on="loan_id", how="left", maintain_order="left")


def _by_bank_and_month(frames: Tables, since: date) -> Iterator[tuple[tuple[str, str], dict[str, pl.DataFrame]]]:
    month = (
        pl.when(pl.col("known_on") < since)
        .then(pl.lit("历年存量"))
        .otherwise(pl.col("known_on").dt.strftime("%Y年%m月"))
    )
    dated = {name: frame.with_columns(month.alias("in_month")) for name, frame in frames.items()}
    keys = pl.concat([frame.select("bank", "in_month") for frame in dated.values()]).unique().sort("bank", "in_month")
    for bank, name in keys.iter_rows():
        yield (bank, name), {table: frame.filter(bank=bank, in_month=name) for table, frame in dated.items()}


def _empty_book() -> Workbook:
    book = Workbook()
    book.remove(book.worksheets[0])
    return book


def _titled_sheet(book: Workbook, title: str, rows: Written, in_title: bool = False) -> None:
    """A sheet with title, unit and headings above the rows, and totals and a line of who made it below."""
    sheet, whole = book.create_sheet(BANK_BOOKS.name(rows.table)), rows.numbered()
    if in_title:
        whole.headings = [str(heading).removesuffix(BANK_BOOKS.unit) for heading in whole.headings]
    sheet.append([title])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(whole.headings))
    sheet.append(["填报单位（盖章）：", None, None, "单位：万元" if in_title else "填报日期：2026.1.10"])
    sheet.append(whole.headings)
    for row in whole.rows:
        sheet.append(row)
    sheet.append([*rows.total("合计", 1), None])
    sheet.append([])
    sheet.append(["制表人：", None, "审核人：", None, "2026.1.10"])


# 2: CSV as Excel saves it


SAVED_BY_EXCEL = Writing(
    place=1,
    day=lambda day: f"{day.year}/{day.month}/{day.day}",
    month=lambda day: f"{day.year}年{day.month}月",
    money=lambda yuan: f" {yuan:,.2f} ",
    share=lambda share: f"{share * 100:.2f}%",
    number=lambda number: f"{number.normalize():f}",
)


def write_excel_csv(plain: Tables, inbox: Path) -> None:
    """CSV in GB18030, payments and schedules by the month in which they were known; empty lines of commas below."""
    for name, frame in plain.items():
        if name not in ("payments", "instalments"):
            _write_excel_csv(inbox / f"{SAVED_BY_EXCEL.name(name)}.csv", written(name, frame, SAVED_BY_EXCEL))
            continue
        month = pl.max_horizontal(pl.col("known_on").dt.strftime("%Y%m"), pl.lit("202412"))
        for (when,), own in frame.group_by(month.alias("month"), maintain_order=True):
            file = f"{SAVED_BY_EXCEL.name(name).removesuffix('_2025')}_{when}.csv"
            _write_excel_csv(inbox / file, written(name, own, SAVED_BY_EXCEL))


def _write_excel_csv(path: Path, rows: Written) -> None:
    blank: list[Cell] = [None] * len(rows.headings)
    lines = [rows.headings, *rows.rows, rows.total("合计"), blank, blank, blank]
    path.write_bytes(_csv_text(lines, ",").encode("gb18030"))


def _csv_text(lines: Sequence[Sequence[Cell]], separator: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator="\r\n").writerows(lines)
    return out.getvalue()


# 3: all sheets in one workbook, headings in two lines


ONE_BOOK = Writing(
    place=2,
    day=lambda day: (day - _EXCEL_EPOCH).days,
    month=lambda day: f"{day:%Y-%m}",
    money=lambda yuan: f"{yuan.normalize():f}".translate(_FULL_WIDTH),
    share=lambda share: float(share * 100),
    number=lambda number: f"{number.normalize():f}".translate(_FULL_WIDTH),
    percent="（%）",
)
_TEN_THOUSANDS = "(万元)"


def write_one_workbook(plain: Tables, inbox: Path) -> None:
    """One workbook with sheets of odd names, headings merged over two lines; some groups of columns in 万元."""
    book = _empty_book()
    book.create_sheet("封面").append(["数据采集表"])
    for name, frame in plain.items():
        rows = written(name, frame, ONE_BOOK)
        for at, column in enumerate(rows.columns):
            if GROUPS.get(column.name, "").endswith(_TEN_THOUSANDS):
                cells = frame[column.name].to_list()
                for row, yuan in zip(rows.rows, cells, strict=True):
                    row[at] = None if yuan is None else float(Decimal(str(yuan)) / 10000)
        _grouped_sheet(book.create_sheet(ONE_BOOK.name(name)), rows)
    book.save(inbox / "数据采集.xlsx")


def _grouped_sheet(sheet: Worksheet, rows: Written) -> None:
    """Headings in two lines: a group merged over its columns, every other heading merged over both lines."""
    groups = [GROUPS.get(column.name) for column in rows.columns]
    if any(groups):
        sheet.append([group or heading for group, heading in zip(groups, rows.headings, strict=True)])
        sheet.append([heading if group else None for group, heading in zip(groups, rows.headings, strict=True)])
    else:
        sheet.append(rows.headings)
    for row in rows.rows:
        sheet.append(row)
    for group, places in groupby(range(len(groups)), key=lambda at: groups[at] or at):
        first, *rest = (at + 1 for at in places)
        if isinstance(group, str):
            sheet.merge_cells(start_row=1, start_column=first, end_row=1, end_column=[first, *rest][-1])
        elif any(groups):
            sheet.merge_cells(start_row=1, start_column=first, end_row=2, end_column=first)


# 4: old workbooks


OLD_BOOKS = Writing(
    place=3,
    day=lambda day: f"{day.year}年{day.month}月{day.day}日",
    month=lambda day: f"{day.year}年{day.month:02d}月",
    money=lambda yuan: float(yuan / 1000),
    share=lambda share: f"{(share * 100).normalize():f}％",
    unit="(千元)",
    empty="—",
)
_PAGE = 45


def write_old_workbooks(plain: Tables, inbox: Path) -> None:
    """An .xls for each table: pages with the headings again and a subtotal at the foot of each, a total at the end."""
    for name, frame in plain.items():
        rows = written(name, frame, OLD_BOOKS).numbered()
        book = xlwt.Workbook(encoding="utf-8")
        sheet = book.add_sheet("Sheet1")
        lines: list[list[Cell]] = [[f"示范县{OLD_BOOKS.name(name)}"], []]
        for number, first in enumerate(range(0, len(rows.rows), _PAGE), start=1):
            page = rows.rows[first : first + _PAGE]
            lines += [rows.headings, *page, [f"第{number}页", *rows.total("小计")]]
        lines += [["总计", *rows.total("")], ["填表人：", None, "单位负责人："]]
        for at, line in enumerate(lines):
            for place, cell in enumerate(line):
                if cell is not None:
                    sheet.write(at, place, cell)
        book.add_sheet("Sheet2")
        book.save(str(inbox / f"{OLD_BOOKS.name(name)}.xls"))


# 5: text from a bank's core system


CORE_SYSTEM = Writing(
    place=4,
    day=lambda day: f"{day:%Y%m%d}",
    month=lambda day: f"{day:%Y%m}",
    money=lambda yuan: f"'{yuan:.2f}",
    share=lambda share: f"{(share * 100).normalize():f}%",
    number=lambda number: f"{number.normalize():f}",
    identifier=lambda text: f'="{text}"',
    empty="N/A",
)


def write_core_system_text(plain: Tables, inbox: Path) -> None:
    """UTF-16: tab-separated TXT, and CSV with semicolons; either order of bytes."""
    for at, (name, frame) in enumerate(plain.items()):
        rows = written(name, frame, CORE_SYSTEM)
        ending, separator = (".txt", "\t") if at % 2 else (".csv", ";")
        lines = ([*line, None] for line in (rows.headings, *rows.rows))  # a separator behind the last cell
        text = "\ufeff" + "\r\n".join(separator.join(str(cell or "") for cell in line) for line in lines) + "\r\n"
        path = inbox / f"{CORE_SYSTEM.name(name)}{ending}"
        path.write_bytes(text.encode("utf-16-be" if at % 3 else "utf-16-le"))


STYLES: dict[str, Callable[[Tables, Path], None]] = {
    "a workbook a bank and month": write_bank_workbooks,
    "CSV saved by Excel": write_excel_csv,
    "one workbook": write_one_workbook,
    "old workbooks": write_old_workbooks,
    "text of a core system": write_core_system_text,
}
"""The five styles by name."""
