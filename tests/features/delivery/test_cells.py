"""Every reason of the contract for which a row is set aside, in every column it can strike."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.contract.declarations import CellKind, ContractColumn
from features.contract.tables import TABLES
from tests.features.inboxes import DRAWN, Intake, parents_of, table, with_cell

EMPTY = ("必填项为空", "a required cell is empty")
DAY = ("日期须为 2024-01-31 的形式", "a day is written 2024-01-31")
MONEY = ("金额须为数字（元）", "money is a number of yuan")
RATE = ("年利率须为 0.0345 或 3.45% 的形式", "a yearly rate is written 0.0345 or 3.45%")
NUMBER = ("须为数字", "a plain number is expected")
SHARE = ("须为 0 至 1 的数字", "a number from 0 to 1 is expected")
POINTS = ("须为 0 至 100 的数字", "a number from 0 to 100 is expected")
WHOLE = ("须为整数", "a whole number is expected")
NEGATIVE = ("不能为负数", "cannot be negative")
FROM_ONE = ("从 1 起编号", "numbers begin with 1")
VILLAGE = ("村代码须为 12 位数字", "a village code is 12 digits")
UNPRINTABLE = ("含无法识别的字符", "unreadable characters")
ROUNDED = ("被电子表格舍入的编号；请按文本存放", "rounded by a spreadsheet; keep it there as text")

NO_SUCH_DAYS = ("2024-02-30", "2023-02-29", "2024-13-01")
TWO_ORDERS = (
    '可能是 2024-01-05（日/月/年）或 2024-05-01（月/日/年）；请改为 2024-03-05，或在列映射中写 dates = "dmy" 或 "mdy"',
    'may be 2024-01-05 (day first) or 2024-05-01 (month first); write 2024-03-05, or dates = "dmy" or "mdy" in the map',
)
SHORT_YEAR = (
    "年份只有两位，次序与世纪不明：24-01-05；请写 2024-03-05",
    "a year of two digits can be read in several orders: 24-01-05; write 2024-03-05",
)
COMMA = (
    "逗号与小数点的用法不明：1,23；请写 1234.56 或 1,234.56",
    "comma and point can be read in two ways: 1,23; write 1234.56 or 1,234.56",
)
NOT_NUMBERS = ["nan", "inf", "-inf", "1 000", "1e999", "0x10", "1_0", "½", "--1", "."]
NO_IDENTIFIER = (
    "编号须为 1 至 64 个字符，不含空格、/ 与不可见字符",
    "a number has 1 to 64 characters, none of them white space, / or invisible",
)
Wrong = list[tuple[str, tuple[str, str]]]


def numbers(words: tuple[str, str]) -> Wrong:
    return [("1,23", COMMA), *((value, words) for value in NOT_NUMBERS)]


IDENTIFIERS = [
    *((value, UNPRINTABLE) for value in ("a\tb", "a\ufffdb")),
    ("6.21123E+17", ROUNDED),
    *((value, NO_IDENTIFIER) for value in ("a b", "a/b", "..", "a\u200bb", "9" * 65)),
]


WRONG: dict[CellKind, Wrong] = {
    CellKind.NAME: [("a\x00b", UNPRINTABLE), ("a\ufffdb", UNPRINTABLE), ("6.21123E+17", ROUNDED)],
    CellKind.IDENTIFIER: IDENTIFIERS,
    CellKind.PERSON: IDENTIFIERS,
    CellKind.VILLAGE: [(v, VILLAGE) for v in ("99010110020", "9901011002010", "99010110020x")],
    CellKind.DATE: [
        *((day, (f"没有这一天：{day}", f"there is no such day: {day}")) for day in NO_SUCH_DAYS),
        ("05.01.2024", TWO_ORDERS),
        ("24-01-05", SHORT_YEAR),
        ("x", DAY),
    ],
    CellKind.MONEY: [*numbers(MONEY), ("-0.01", NEGATIVE)],
    CellKind.NUMBER: [*numbers(NUMBER), ("-1", NEGATIVE)],
    CellKind.RATE: [*numbers(RATE), ("-0.01", NEGATIVE)],
    CellKind.SHARE: [*numbers(SHARE), ("-0.01", NEGATIVE)],
    CellKind.POINTS: [*numbers(POINTS), ("-1", NEGATIVE)],
    CellKind.WHOLE: [("1.5", WHOLE), ("x", WHOLE), ("-1", WHOLE), ("0", FROM_ONE)],
}


def wrong_values(column: ContractColumn) -> list[tuple[str | None, tuple[str, str]]]:
    codes = ", ".join(column.codes)
    unknown = (
        f"未知代码；可用：{codes}，或其中文说法；其他说法请在列映射 codes 中注明",
        f"unknown code; one of {codes} or its Chinese words; others go into codes of the column map",
    )
    wrong = [("unheard_of", unknown)] if column.kind is CellKind.CODE else WRONG[column.kind]
    if column.signed:
        wrong = [(value, words) for value, words in wrong if words != NEGATIVE]
    return [*wrong, *([(None, EMPTY)] if column.required else [])]


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """An installation that lets any share of a file be wrong."""
    return Intake(tmp_path, bad_share=1)


@pytest.mark.parametrize("name", TABLES)
def test_each_wrong_cell_is_set_aside_with_its_reason_and_the_good_row_loads(intake: Intake, name: str) -> None:
    good = table(DRAWN[name])[:1]
    wrong = [(column.name, *pair) for column in TABLES[name].columns for pair in wrong_values(column)]
    rows = [good, *(with_cell(good, **{column: value}) for column, value, _ in wrong)]
    report = intake.deliver(**(parents_of(name) | {name: pl.concat(rows)}))
    found = intake.aside("file", "line", "column", "value", "reason_zh", "reason_en")
    expected = [(f"{name}.csv", line, column, value, *words) for line, (column, value, words) in enumerate(wrong, 3)]
    assert [fault for fault in found if "早于" not in fault[4]] == expected
    assert (report.files[-1].added, report.files[-1].quarantined) == (1, len(wrong))


@pytest.mark.parametrize(
    ("name", "edge"),
    [
        ("instalments", {"schedule_no": None}),
        ("instalments", {"schedule_no": "1.0"}),
        ("instalments", {"interest_due": "+1.5e2"}),
        ("loans", {"subsidy_share": "0"}),
        ("loans", {"subsidy_share": "1"}),
        ("loans", {"principal": "100", "annual_rate": ".0345"}),
        ("village_reviews", {"integrity_points": "100", "civility_points": "0.0"}),
        ("members", {"birth_date": "2024-02-29 00:00:00"}),
        ("members", {"birth_date": "1900-01-01"}),
        ("payments", {"principal_paid": "-200.00"}),
        ("payments", {"principal_paid": "0", "interest_paid": "-0.01"}),
        ("payments", {"principal_paid": "-1e9"}),
    ],
)
def test_cells_on_the_right_side_of_the_edge_load(intake: Intake, name: str, edge: dict[str, str | None]) -> None:
    intake.deliver(**(parents_of(name) | {name: with_cell(table(DRAWN[name])[:1], **edge)}))
    assert (intake.kept(name).height, intake.aside()) == (1, [])


def test_an_empty_schedule_number_is_the_first(intake: Intake) -> None:
    schedule = with_cell(table(DRAWN["instalments"]), schedule_no=None)
    intake.deliver(**parents_of("instalments"), instalments=schedule)
    assert intake.kept("instalments")["schedule_no"].to_list() == [1, 1]


@pytest.mark.parametrize(
    ("sums", "column", "words"),
    [
        (
            {"interest_paid": "-1000000001"},
            "interest_paid",
            ("最多 1,000,000,000；单位是否为元？", "at most 1,000,000,000; is it in yuan?"),
        ),
    ],
)
def test_a_payment_of_nothing_or_a_reversal_beyond_all_bounds_is_set_aside(
    intake: Intake, sums: dict[str, str], column: str, words: tuple[str, str]
) -> None:
    intake.deliver(**(parents_of("payments") | {"payments": with_cell(table(DRAWN["payments"])[:1], **sums)}))
    assert intake.aside("line", "column", "reason_zh", "reason_en") == [(2, column, *words)]


ORDERED = [(name, *pair) for name, kind in TABLES.items() for pair in kind.ordered_days]
HAPPENING = [(name, kind.event_day) for name, kind in TABLES.items() if kind.event_day]


@pytest.mark.parametrize(("name", "earlier", "later"), ORDERED)
def test_an_end_before_the_beginning_is_set_aside_and_the_same_day_loads(
    intake: Intake, name: str, earlier: str, later: str
) -> None:
    good = with_cell(table(DRAWN[name])[:1], **{earlier: "2023-02-01", later: "2023-02-01", "known_on": "2024-01-01"})
    intake.deliver(**parents_of(name), **{name: pl.concat([good, with_cell(good, **{later: "2023-01-31"})])})
    words = (f"{later} 早于 {earlier}", f"{later} lies before {earlier}")
    assert intake.aside("line", "column", "value", "reason_zh", "reason_en") == [(3, later, "2023-01-31", *words)]
    assert intake.kept(name).height == 1


@pytest.mark.parametrize(("name", "happened"), HAPPENING)
def test_what_was_known_before_it_happened_is_set_aside_and_the_same_day_loads(
    intake: Intake, name: str, happened: str
) -> None:
    row = table(DRAWN[name])[:1]
    day = row[happened].item()
    eve = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    intake.deliver(
        **parents_of(name), **{name: pl.concat([with_cell(row, known_on=day), with_cell(row, known_on=eve)])}
    )
    words = (f"知悉日早于 {happened}", f"known_on lies before {happened}")
    assert intake.aside("line", "column", "value", "reason_zh", "reason_en") == [(3, "known_on", eve, *words)]
    assert intake.kept(name).height == 1


def test_the_tables_of_things_that_happened_are_the_contracts() -> None:
    assert {name for name, _ in HAPPENING} == {
        *("payments", "loan_events", "use_checks", "credit_events", "claims", "hardships"),
        *("village_reviews", "assets", "income_statements"),
    }


def test_without_known_on_what_happened_after_the_delivery_is_set_aside(intake: Intake) -> None:
    payments = table(DRAWN["payments"]).drop("known_on")
    intake.deliver("2023-05-01", **parents_of("payments"), payments=payments)
    assert intake.aside("line", "column", "value") == [(2, "known_on", None), (3, "known_on", None)]
