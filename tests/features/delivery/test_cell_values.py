"""Cells in any usual writing: read to the value that was written, or refused; never to another."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.contract.declarations import CellKind, ContractColumn
from features.contract.tables import TABLES
from features.delivery.cell_values import CellReader, ColumnOptions, DateOrder
from features.delivery.code_words import code_words

FULL_WIDTH = str.maketrans("0123456789.,-/()%", "０１２３４５６７８９．，－／（）％")
DAYS = st.dates(date(1990, 1, 1), date(2035, 12, 31))
DAY_WRITINGS = [
    lambda d: d.isoformat(),
    lambda d: f"{d.year}-{d.month}-{d.day}",
    lambda d: f"{d.year}/{d.month}/{d.day}",
    lambda d: f"{d.year}.{d.month}.{d.day}",
    lambda d: f"{d.year}{d.month:02d}{d.day:02d}",
    lambda d: f"{d.year}年{d.month}月{d.day}日",
    lambda d: f"{d.year}年{d.month:02d}月{d.day:02d}号",
    lambda d: str((d - date(1899, 12, 30)).days),
    lambda d: f" {d.isoformat()} 00:00:00",
    lambda d: f"{d.year}/{d.month}/{d.day} 14:30",
    lambda d: f'="{d.isoformat()}"',
    lambda d: d.isoformat().translate(FULL_WIDTH),
]
REFUSED_DAYS = [
    lambda d: f"{d.month}/{d.day}/{d.year}",
    lambda d: f"{d.day}.{d.month}.{d.year}",
    lambda d: f"{d.year % 100:02d}-{d.month}-{d.day}",
    lambda d: f"{d.year}-{d.month + 12}-{d.day}",
    lambda d: f"{d.year}-{d.month}",
]
AMOUNTS = st.decimals(0, 10**8, places=2, allow_nan=False, allow_infinity=False)
AMOUNT_WRITINGS = [
    lambda v: f"{v}",
    lambda v: f"{v:,}",
    lambda v: f"¥{v:,}",
    lambda v: f"{v}元",
    lambda v: f" {v} ",
    lambda v: f"{v / 10000:f}万元",
    lambda v: f"'{v}",
    lambda v: f"{v:,}".translate(FULL_WIDTH),
    lambda v: f"{v:E}",
]
MONEY = ContractColumn("amount", CellKind.MONEY)
DAY = ContractColumn("due_on", CellKind.DATE)
RATE = ContractColumn("annual_rate", CellKind.RATE)


def read(column: ContractColumn, text: str, options: ColumnOptions | None = None) -> str | None:
    """What a text is read to; "refused" where it is a fault."""
    reading = CellReader(column, options or ColumnOptions(), {}).read(text)
    return "refused" if reading.fault else reading.text


@given(day=DAYS, writing=st.sampled_from(DAY_WRITINGS))
def test_a_day_is_read_to_the_day_that_was_written(day: date, writing: object) -> None:
    assert read(DAY, writing(day)) == day.isoformat()  # type: ignore[operator]


@given(day=DAYS, writing=st.sampled_from(REFUSED_DAYS))
def test_a_day_in_another_order_is_refused_or_left_unread(day: date, writing: object) -> None:
    written = writing(day)  # type: ignore[operator]
    assert read(DAY, written) in ("refused", written)


@pytest.mark.parametrize(("dates", "meant"), [("dmy", "2024-04-03"), ("mdy", "2024-03-04")])
def test_the_map_says_the_order_of_a_day(dates: DateOrder, meant: str) -> None:
    assert read(DAY, "03/04/2024", ColumnOptions(dates=dates)) == meant
    assert read(DAY, "03/04/2024") == "refused"


@pytest.mark.parametrize(
    ("text", "month"),
    [("2024.1", "refused"), ("2024.01", "2024-01-01"), ("2024.10", "2024-10-01"), ("2024-1", "2024-01-01")],
)
def test_a_month_that_lost_its_last_zero_in_a_number_is_refused(text: str, month: str) -> None:
    assert read(TABLES["prices"].column("month"), text) == month


@given(amount=AMOUNTS, writing=st.sampled_from(AMOUNT_WRITINGS))
def test_an_amount_is_read_to_the_amount_that_was_written(amount: Decimal, writing: object) -> None:
    text = read(MONEY, writing(amount))  # type: ignore[operator]
    assert text is not None
    assert Decimal(text) == amount


@given(amount=AMOUNTS)
def test_an_amount_under_a_unit_is_in_yuan(amount: Decimal) -> None:
    text = read(MONEY, f"{amount}", ColumnOptions(unit=Decimal(10000)))
    assert text is not None
    assert Decimal(text) == amount * 10000
    assert read(MONEY, f"{amount}元", ColumnOptions(unit=Decimal(10000))) == read(MONEY, f"{amount}")


@pytest.mark.parametrize(
    ("text", "options", "share"),
    [
        ("3.45%", ColumnOptions(), "0.0345"),
        ("３．４５％", ColumnOptions(), "0.0345"),
        ("0.0345", ColumnOptions(), "0.0345"),
        ("3.45", ColumnOptions(share=Decimal("0.01")), "0.0345"),
        ("2.875‰", ColumnOptions(monthly=True), "0.0345"),
        ("2.875", ColumnOptions(share=Decimal("0.001"), monthly=True), "0.0345"),
        ("0.2875%", ColumnOptions(monthly=True), "0.0345"),
    ],
)
def test_a_rate_is_a_yearly_share(text: str, options: ColumnOptions, share: str) -> None:
    assert read(RATE, text, options) == share


@pytest.mark.parametrize(
    "text",
    [
        "1,23",
        "1.234,56",
        "12,34.5",
        "1,2345",
        "12345,678",
        "0,345",
        "5 000",
        "约5000",
        "5000左右",
        "#VALUE!",
        "五万",
        "5-6",
    ],
)
def test_what_is_no_plain_number_is_refused_or_left_unread(text: str) -> None:
    assert read(MONEY, text) in ("refused", text)


@pytest.mark.parametrize("text", ["-", "—", "/", "无", "#N/A", "NULL", " ", "　"])
def test_marks_of_an_empty_cell_are_empty(text: str) -> None:
    assert read(MONEY, text) is None


def test_a_code_s_own_word_goes_before_a_mark_of_an_empty_cell() -> None:
    [education] = [column for column in TABLES["members"].columns if column.name == "education"]
    assert CellReader(education, ColumnOptions(), code_words("members", "education")).read("无").text == "none"


def test_every_shipped_word_is_a_code_s_own_and_stands_once() -> None:
    for table in TABLES.values():
        for column in table.columns:
            words = code_words(table.name, column.name)
            assert set(words.values()) <= set(column.codes), (table.name, column.name)
            reader = CellReader(column, ColumnOptions(), words)
            for word, code in words.items():
                assert reader.read(word).text == code, (table.name, column.name, word)
                assert reader.read(f" {word}　").text == code


@given(days=st.integers(0, 20_000))
def test_the_mark_before_a_day_does_not_matter(days: int) -> None:
    day = date(1990, 1, 1) + timedelta(days)
    assert read(DAY, f"'{day:%Y/%m/%d}") == day.isoformat()
