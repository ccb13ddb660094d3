"""A county's own files load without a map made by hand, in five styles, to the months of the plain delivery."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from openpyxl import Workbook

from features.contract.tables import TABLES
from features.ledger.ledger import Ledger
from tests.behaviour.county_workbooks import STYLES, plain_tables
from tests.features.inboxes import typed
from tests.running_service import done, lights

AS_OF, DELIVERED_ON = "2025-12-31", "2026-01-10"
NUMBER, MISTYPED = "649999198001010011", "649999198001010012"
"""An identity number of a county that does not exist with its right check digit, and the same with a wrong one."""


@dataclass(frozen=True)
class Delivered:
    """An installation after a delivery: its folder, and what the load reported."""

    data: Path
    report: Any
    exit_code: int

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.data / "ledger")

    def month(self) -> dict[str, str]:
        """The checksums of the month's files; `data_version`, which counts the commits, is left out of the warnings."""
        done(lights(self.data, "score", "--as-of", AS_OF))
        edition = self.data / "editions" / "month=2025-12" / "edition-1"
        [warnings] = (edition / "warnings").iterdir()
        out = io.BytesIO()
        pl.read_parquet(warnings).drop("data_version").write_parquet(out)
        files = {f"{part.parent.name}/{part.name}": part.read_bytes() for part in edition.glob("[ft]*/*.parquet")}
        return {
            name: hashlib.sha256(content).hexdigest() for name, content in {**files, "warnings": out.getvalue()}.items()
        }


def deliver(inbox: Path, data: Path, *words: object) -> Delivered:
    ran = lights(data, "load", inbox, "--delivered-on", DELIVERED_ON, "--json", *words)
    return Delivered(data, json.loads(ran.stdout), ran.returncode)


@pytest.fixture(scope="session")
def plain_inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plain")
    size = ("--households", 300, "--months", 24, "--seed", 5, "--replicates", 0)
    done(lights(folder, "simulate", *size, "--out", folder / "inbox"))
    return folder / "inbox"


@pytest.fixture(scope="session")
def plain(plain_inbox: Path) -> Delivered:
    """The plain delivery of the county."""
    return deliver(plain_inbox, plain_inbox.parent / "var")


@pytest.fixture(scope="session")
def plain_month(plain: Delivered) -> dict[str, str]:
    return plain.month()


@pytest.mark.parametrize("style", STYLES)
def test_a_county_s_own_files_give_the_months_of_the_plain_delivery(
    style: str, plain_inbox: Path, plain: Delivered, plain_month: dict[str, str], tmp_path: Path
) -> None:
    inbox, column_map = tmp_path / "inbox", tmp_path / "map.toml"
    inbox.mkdir()
    STYLES[style](plain_tables(plain_inbox), inbox)
    done(lights(tmp_path, "columns", *sorted(inbox.iterdir()), "--out", column_map))
    own = deliver(inbox, tmp_path / "var", "--columns", column_map)
    assert own.exit_code == 0, own.report
    assert own.ledger.quarantined_rows().is_empty()
    for name in TABLES:
        assert typed(name, own.ledger.scan(name).collect()).equals(typed(name, plain.ledger.scan(name).collect())), name
    assert len(plain_month) == 3
    assert own.month() == plain_month


class Planted:
    """The files of a county's CSV delivery, with faults put into known cells."""

    def __init__(self, inbox: Path) -> None:
        self.inbox = inbox

    def lines(self, file: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO((self.inbox / file).read_bytes().decode("gb18030"))))

    def write(self, file: str, lines: Sequence[Sequence[str]]) -> None:
        out = io.StringIO(newline="")
        csv.writer(out).writerows(lines)
        (self.inbox / file).write_bytes(out.getvalue().encode("gb18030"))

    def put(self, file: str, line: int, **cells: str) -> None:
        """Write other texts into a line's cells, which are named by their headings."""
        lines = self.lines(file)
        for heading, text in cells.items():
            lines[line - 1][lines[0].index(heading)] = text
        self.write(file, lines)

    def insert(self, file: str, line: int, cells: Sequence[str]) -> None:
        lines = self.lines(file)
        self.write(file, [*lines[: line - 1], cells, *lines[line - 1 :]])


LOANS, PAYMENTS, MEMBERS = "小额信贷台账_2025.csv", "还款明细_202506.csv", "家庭成员名单_2025.csv"
HOUSEHOLDS, SCHEDULES = "农户花名册_2025.csv", "应还明细_202412.csv"
FAULTS = {
    "a date in day-first order": (PAYMENTS, 3, "paid_on", "may be 2025-06-05 (day first) or 2025-05-06 (month first)"),
    "a value in 万元 in a column of yuan": (LOANS, 5, "principal", "at least 100 yuan; is it in 万元 (10,000 yuan)?"),
    "an unknown word for a code": (LOANS, 7, "repayment_method", "unknown code"),
    "a number used twice": (PAYMENTS, 6, "payment_id", "a number used twice"),
    "a receipt with other content": (PAYMENTS, 8, "payment_id", "two facts need two numbers"),
    "a payment before the drawdown": (PAYMENTS, 10, "paid_on", "paid before the loan was paid out"),
    "a text in an amount": (PAYMENTS, 12, "principal_paid", "money is a number of yuan"),
    "thousands that are none": (PAYMENTS, 14, "interest_paid", "comma and point can be read in two ways"),
    "a date that is none": (LOANS, 9, "matures_on", "there is no such day"),
    "an identity number with a wrong check digit": (MEMBERS, 2, "household_id", "its household is unknown so far"),
}
"""For each fault the file and line where it lies, the column that is named, and the words."""


@pytest.fixture(scope="session")
def with_faults(plain_inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    """The CSV delivery of the county with one fault of each kind, loaded."""
    folder = tmp_path_factory.mktemp("faults")
    inbox = folder / "inbox"
    inbox.mkdir()
    STYLES["CSV saved by Excel"](plain_tables(plain_inbox), inbox)
    planted = Planted(inbox)
    planted.put(PAYMENTS, 3, 还款日期="5/6/2025")
    planted.put(LOANS, 5, 发放金额="5")
    planted.put(LOANS, 7, 还本付息方式="到时再说")
    rows = planted.lines(PAYMENTS)
    other_loan = next(row for row in rows[1:] if row[1] != rows[4][1])
    planted.put(PAYMENTS, 6, 还款流水号=rows[4][0], 借据编号=other_loan[1], 上报日期="2026/1/5")
    planted.put(PAYMENTS, 8, **{**dict(zip(rows[0], rows[6], strict=True)), "实还利息": "0.01"})
    planted.put(PAYMENTS, 10, 还款日期="2019/6/5")
    planted.put(PAYMENTS, 12, 实还本金="五万元整")
    planted.put(PAYMENTS, 14, 实还利息="1,2345")
    planted.put(LOANS, 9, 到期日="2026/2/30")
    planted.put(HOUSEHOLDS, 2, 户编号=NUMBER)
    planted.put(MEMBERS, 2, 户编号=MISTYPED)
    planted.insert(SCHEDULES, 40, ["", "小计", "", "1,000.00", "20.00", ""])
    book = Workbook()
    book.worksheets[0].title = "市场价格"
    book.worksheets[0].append(["品种", "月份", "价格", "数据日期"])
    book.worksheets[0].append(["滩羊", "2025-12", 30.5, "2026-01-05"])
    hidden = book.create_sheet("还款明细")
    hidden.append(["还款流水号", "借据编号", "还款日期", "实还本金", "实还利息"])
    hidden.append(["P-hidden", rows[1][1], "2025-06-05", 1, 1])
    hidden.sheet_state = "hidden"
    book.save(inbox / "十二月.xlsx")
    shutil.copy(inbox / PAYMENTS, inbox / "新建表格.csv")
    return deliver(inbox, folder / "var")


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_set_aside_and_named(fault: str, with_faults: Delivered) -> None:
    file, line, column, words = FAULTS[fault]
    aside = with_faults.ledger.quarantined_rows().filter(file=file, line=line)
    assert [(name, words in reason) for name, reason in aside.select("column", "reason_en").rows()] == [(column, True)]
    [report] = [one for one in with_faults.report["files"] if one["file"] == file]
    assert any(line in kind["lines"] and words in kind["reason_en"] for kind in report["faults"])


def test_nothing_else_is_set_aside_but_what_hangs_on_it(with_faults: Delivered) -> None:
    aside = with_faults.ledger.quarantined_rows()
    planted = {(file, line) for file, line, *_ in FAULTS.values()}
    others = [kind for file, line, kind in aside.select("file", "line", "kind").rows() if (file, line) not in planted]
    assert set(others) == {"waiting"}


def test_a_row_of_totals_in_the_middle_is_left_out_and_counted(with_faults: Delivered) -> None:
    [report] = [one for one in with_faults.report["files"] if one["file"] == SCHEDULES]
    assert {"rows of totals left out": 2}.items() <= {one["en"]: one["count"] for one in report["done"]}.items()
    assert report["quarantined"] == 0


def test_a_hidden_sheet_is_told_and_not_read(with_faults: Delivered) -> None:
    [left_out] = with_faults.report["sheets_left_out"]["十二月.xlsx"]
    assert left_out["en"] == "sheet 还款明细: hidden, not read"
    assert with_faults.ledger.scan("payments").filter(pl.col("payment_id") == "P-hidden").collect().is_empty()


def test_a_file_that_nobody_can_name_is_told_and_the_load_exits_with_1(with_faults: Delivered) -> None:
    assert with_faults.exit_code == 1
    [message] = with_faults.report["may_be"]
    assert message["en"].startswith("新建表格.csv: its name tells no table, and it was not read")


def test_no_form_of_a_mistyped_identity_number_is_stored(with_faults: Delivered) -> None:
    stored = b"".join(path.read_bytes() for path in with_faults.data.rglob("*") if path.is_file())
    assert NUMBER.encode() not in stored
    assert MISTYPED.encode() not in stored
