"""Random spellings of days, numbers and codes: read to the value that was written, or refused; never to another."""

from __future__ import annotations

import random
import re
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from features.contract.declarations import CellKind, ContractColumn
from features.contract.tables import TABLES
from features.delivery.cell_values import CellReader, ColumnOptions
from features.delivery.code_words import code_words
from features.delivery.sheets import sheets
from tests.features.inboxes import write_xlsx

FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
MONEY, RATE = ContractColumn("amount", CellKind.MONEY), ContractColumn("annual_rate", CellKind.RATE)
DAY, BORN = ContractColumn("due_on", CellKind.DATE), TABLES["members"].column("birth_date")
WRAPPERS = ("{}", "'{}", '="{}"', " {} ", "　{}", "\ufeff{}", "“{}”", "{}\u200b")
CODES = [
    (table.name, column, word, code)
    for table in TABLES.values()
    for column in table.columns
    if column.codes
    for word, code in code_words(table.name, column.name).items()
]


def reading(
    column: ContractColumn, text: str, options: ColumnOptions | None = None, table: str = "loans"
) -> str | None:
    """The value that a cell is read to; None where it is refused, by the reader or when rows are checked."""
    read = CellReader(column, options or ColumnOptions(), code_words(table, column.name)).read(text)
    form = {CellKind.DATE: r"[0-9]{4}-[0-9]{2}-[0-9]{2}", CellKind.CODE: "|".join(column.codes)}
    fits = re.fullmatch(form.get(column.kind, r"[0-9]+(\.[0-9]+)?"), read.text or "")
    return read.text if fits and read.fault is None else None


def wrapped(text: str, chance: random.Random) -> str:
    """A text as spreadsheets and people surround it, in full width or not."""
    written = text.translate(FULL_WIDTH) if chance.random() < 0.3 else text
    return chance.choice(WRAPPERS).format(written)


def day_spelling(day: date, chance: random.Random) -> str:
    """A day in any order, with any signs, of two digits or one, with a time or not; wise or not."""
    signs = chance.choice(("--", "//", "..", "年月", "年月日", "  ", ",,", "", "-/", "年."))
    width = 2 if not signs or chance.random() < 0.5 else 1
    parts = {"m": f"{day.month:0{width}d}", "d": f"{day.day:0{width}d}"}
    parts["y"] = f"{day.year}" if chance.random() < 0.8 else f"{day.year % 100:02d}"
    first, second, last = (parts[part] for part in chance.choice(("ymd", "ymd", "ymd", "dmy", "mdy")))
    text = f"{first}{signs[:1]}{second}{signs[1:2]}{last}{signs[2:]}"
    return text + chance.choice(("", "", "", " 00:00:00", "T08:30", " 8:30", "日", "前"))


def number_spelling(value: Decimal, chance: random.Random) -> str:
    """A number with any grouping, sign of the point, currency and unit; wise or not."""
    point = chance.choice((".", ".", ".", ".", ",", "·"))
    whole, _, cents = f"{value:.{chance.choice((2, 2, 3, 6)) if point == '.' else 2}f}".partition(".")
    if grouping := chance.choice((0, 0, 3, 3, 4, 2)):
        groups = [whole[max(0, end - grouping) : end] for end in range(len(whole), 0, -grouping)]
        whole = chance.choice((",", ",", "，", " ", "'")).join(reversed(groups))
    text = f"{value:E}" if chance.random() < 0.1 else f"{whole}{point}{cents}"
    before, behind = chance.choice(("", "", "¥", "￥", "RMB", "约", "$")), chance.choice(("", "", "元", "圆", "整"))
    return f"{before}{text}{behind}"


@settings(max_examples=1500, deadline=None)
@given(day=st.dates(date(1990, 1, 1), date(2035, 12, 31)), seed=st.integers(0, 2**32))
def test_a_day_however_it_is_written_is_that_day_or_refused(day: date, seed: int) -> None:
    chance = random.Random(seed)
    spelling = day_spelling(day, chance)
    read = reading(DAY, wrapped(spelling, chance))
    assert read in (None, day.isoformat()), spelling


@settings(max_examples=1500, deadline=None)
@given(value=st.decimals(0, 10**8, places=2), seed=st.integers(0, 2**32))
def test_an_amount_however_it_is_written_is_that_amount_or_refused(value: Decimal, seed: int) -> None:
    chance = random.Random(seed)
    spelling = number_spelling(value, chance)
    read = reading(MONEY, wrapped(spelling, chance))
    assert read is None or Decimal(read) == value, spelling


@settings(max_examples=300, deadline=None)
@given(words=st.sampled_from(CODES), seed=st.integers(0, 2**32))
def test_a_word_for_a_code_however_it_is_written_is_that_code(
    words: tuple[str, ContractColumn, str, str], seed: int
) -> None:
    table, column, word, code = words
    chance = random.Random(seed)
    spaced = "".join(sign + chance.choice(("", "", " ", "　", "\n")) for sign in word)
    cased = spaced.upper() if chance.random() < 0.5 else spaced
    assert reading(column, wrapped(cased, chance), table=table) == code


@settings(max_examples=200, deadline=None)
@given(share=st.decimals("0.0001", "0.36", places=6), seed=st.integers(0, 2**32))
def test_a_rate_however_it_is_written_is_that_rate_or_refused(share: Decimal, seed: int) -> None:
    chance = random.Random(seed)
    writing, options = chance.choice(
        [
            (f"{share * 100}%", ColumnOptions()),
            (f"{share * 1000}‰", ColumnOptions()),
            (f"{share * 100}", ColumnOptions(share=Decimal("0.01"))),
            (f"{share * 100}%", ColumnOptions(share=Decimal("0.01"))),
            (f"{share * 100} %", ColumnOptions(share=Decimal("0.001"))),
        ]
    )
    read = reading(RATE, wrapped(writing, chance), options)
    assert read is not None
    assert Decimal(read) == share


@settings(max_examples=25, deadline=None)
@given(
    amounts=st.lists(st.decimals(0, 10**7, places=2), min_size=1, max_size=60), factor=st.sampled_from((1000, 10000))
)
def test_amounts_that_a_formula_divides_stay_exact_to_the_fen(amounts: list[Decimal], factor: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "amounts.xlsx"
        write_xlsx(path, [["金额"], *[[float(amount) * (1 / factor)] for amount in amounts]])
        [sheet] = sheets(path)
        cells = [cells[0] or "" for _, cells in sheet.lines][1:]
    read = CellReader(MONEY, ColumnOptions(unit=Decimal(factor)), {})
    assert [float(read.read(cell).text or "") for cell in cells] == [float(amount) for amount in amounts]


@given(day=st.dates(date(1927, 6, 1), date(2035, 12, 31)))
def test_an_excel_day_number_is_a_birthday_and_before_1990_no_other_day(day: date) -> None:
    number = str((day - date(1899, 12, 30)).days)
    assert reading(BORN, number, table="members") == day.isoformat()
    assert reading(DAY, number) == (day.isoformat() if day.year >= 1990 else None)
