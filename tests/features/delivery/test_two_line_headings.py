"""Headings over two lines: a heading merged over several, units in a line of their own, and pages that repeat both."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.delivery.column_map import ColumnMap
from features.delivery.read_file import open_table
from features.delivery.suggest_map import suggest_map
from features.messages import UserError
from tests.features.inboxes import write_xlsx

Rows = list[list[object]]
FIRST: list[object] = ["P1", "L1", "2025-06-05", 0.030479, 0.01]


def payments(folder: Path, *rows: list[object]) -> list[tuple[str | None, str | None]]:
    """Principal and interest of each row that is read from a sheet of payments, and no other column wrong."""
    write_xlsx(folder / "还款明细.xlsx", rows)
    delivery = open_table(folder / "还款明细.xlsx", "payments", "Sheet", ColumnMap())
    [frame] = delivery.frames
    assert frame["payment_id"].to_list() == [f"P{number}" for number in range(1, frame.height + 1)]
    return [(principal, interest) for principal, interest in frame.select("principal_paid", "interest_paid").rows()]


def test_the_unit_of_a_heading_is_that_of_all_that_it_is_merged_over(tmp_path: Path) -> None:
    upper: list[object] = ["流水号", "借据号", "还款日", "还款金额（万元）", None]
    lower: list[object] = [None, None, None, "本金", "利息"]
    assert payments(tmp_path, ["还款明细"], upper, lower, FIRST) == [("304.79", "100")]


@pytest.mark.parametrize("first", ["基本信息", None])
def test_the_unit_of_a_group_counts_where_all_headings_stand_below(first: str | None, tmp_path: Path) -> None:
    upper: list[object] = [first, None, None, "还款金额（万元）", None]
    lower: list[object] = ["流水号", "借据号", "还款日", "归还本金", "归还利息"]
    assert payments(tmp_path, ["还款明细"], upper, lower, FIRST) == [("304.79", "100")]


@pytest.mark.parametrize("title", [["填报单位：", None, "金额单位：万元"], ["还款明细(金额单位：万元)"]], ids=str)
def test_the_unit_of_a_title_is_that_of_the_whole_sheet(title: list[object], tmp_path: Path) -> None:
    heads: list[object] = ["流水号", "借据号", "归还本金", "还款日", "归还利息（元）"]
    assert payments(tmp_path, title, heads, ["P1", "L1", 0.5, "2025-06-05", 3]) == [("5000", "3")]


def test_a_row_below_headings_with_units_is_a_row(tmp_path: Path) -> None:
    heads: list[object] = ["流水号", "借据号", "还款日", "归还本金（万元）", "归还利息（元）"]
    assert payments(tmp_path, heads, FIRST) == [("304.79", "0.01")]
    assert payments(tmp_path, ["还款明细"], heads, FIRST) == [("304.79", "0.01")]


def test_a_lower_heading_s_own_unit_goes_before(tmp_path: Path) -> None:
    upper: list[object] = ["流水号", "借据号", "还款日", "还款金额（万元）", None]
    lower: list[object] = [None, None, None, "本金", "利息（元）"]
    assert payments(tmp_path, upper, lower, FIRST) == [("304.79", "0.01")]


def test_a_line_of_units_below_the_headings_says_the_units(tmp_path: Path) -> None:
    upper: list[object] = ["流水号", "借据号", "还款日", "归还本金", "归还利息"]
    assert payments(tmp_path, upper, [None, None, None, "（万元）", "元"], FIRST) == [("304.79", "0.01")]


@pytest.mark.parametrize("word", ["归还", "当日发生额"])
def test_a_line_of_words_with_units_below_the_headings_is_no_row(word: str, tmp_path: Path) -> None:
    upper: list[object] = ["流水号", "借据号", "还款日", "本金", "利息"]
    lower: list[object] = [None, None, None, f"{word}(万元)", f"{word}(元)"]
    assert payments(tmp_path, upper, lower, FIRST) == [("304.79", "0.01")]


def test_both_lines_that_come_again_on_the_next_page_are_left_out(tmp_path: Path) -> None:
    title: list[object] = ["还款明细表"]
    upper: list[object] = ["流水号", "借据号", "还款日", "还款金额(元)", None]
    lower: list[object] = [None, None, None, "本金", "利息"]
    second: list[object] = ["P2", "L1", "2025-06-06", 1, 2]
    page: Rows = [title, upper, lower]
    assert payments(tmp_path, *page, FIRST, *page, second) == [("0.030479", "0.01"), ("1", "2")]


@pytest.mark.parametrize(
    "total", [["第1页", "小计"], [None, "甲银行合计"], ["合 计"], [None, None, "本页小计："]], ids=str
)
def test_a_row_of_totals_is_known_by_its_word_in_any_cell(total: list[object], tmp_path: Path) -> None:
    heads: list[object] = ["流水号", "借据号", "还款日", "归还本金", "归还利息", "备注"]
    last: list[object] = ["P2", "L1", "2025-06-06", 1, 2, "小计"]
    sums: list[object] = [*total, *[None] * (3 - len(total)), 99, 99]
    assert payments(tmp_path, heads, FIRST, sums, last) == [("0.030479", "0.01"), ("1", "2")]


def test_two_groups_with_the_same_words_below_are_told_apart_or_refused(tmp_path: Path) -> None:
    upper: list[object] = ["流水号", "借据号", "还款日", "甲", None, "乙", None]
    lower: list[object] = [None, None, None, "本金", "利息", "本金", "利息"]
    with pytest.raises(UserError, match="甲 本金, 乙 本金 are all principal_paid"):
        payments(tmp_path, upper, lower, [*FIRST, 1, 2])


def test_full_width_digits_in_a_whole_column_are_read(tmp_path: Path) -> None:
    heads: list[object] = ["流水号", "借据号", "还款日", "归还本金", "归还利息"]
    assert payments(tmp_path, heads, ["P1", "L1", "2025-06-05", "１２", "３４"]) == [("12", "34")]


def test_a_count_of_rows_and_later_versions_make_no_joined_number(tmp_path: Path) -> None:
    heads: list[object] = ["序号", "流水号", "借据号", "还款日", "归还本金", "归还利息", "数据日期"]
    rows: Rows = [[number, "P1", "L1", "2025-06-05", 1, 2, f"2025-06-0{number + 5}"] for number in (1, 2)]
    write_xlsx(tmp_path / "还款明细.xlsx", [heads, *rows, [3, *rows[0][1:]]])
    assert suggest_map([tmp_path / "还款明细.xlsx"]).questions == 0


def test_a_text_in_an_amount_does_not_stop_the_map(tmp_path: Path) -> None:
    heads: list[object] = ["流水号", "借据号", "还款日", "归还本金", "归还利息"]
    write_xlsx(tmp_path / "还款明细.xlsx", [heads, ["P1", "L1", "2025-06-05", "五万元整", 2]])
    assert suggest_map([tmp_path / "还款明细.xlsx"]).questions == 0
