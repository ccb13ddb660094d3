"""A file that is not the table is refused whole, in a sentence that says what to do; the others load."""

from __future__ import annotations

import io
import random
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from features.contract.tables import TABLES
from features.delivery.column_map import read_column_map
from features.delivery.read_file import open_table, tables_in_file
from features.loading.load_report import LoadReport
from features.messages import UserError
from tests.features.inboxes import DRAWN, Intake, csv_text, drawn, table, typed

HOUSEHOLDS = csv_text(table(DRAWN["households"]))
JUNK = random.Random(7).randbytes(4000)


def parquet(compression: str = "snappy") -> bytes:
    out = io.BytesIO()
    rows = typed("households", table(DRAWN["households"]))
    pl.concat([rows] * 500).write_parquet(out, compression=compression)  # type: ignore[arg-type]
    return out.getvalue()


def xlsx(change: Callable[[str, bytes], bytes] = lambda _, content: content) -> bytes:
    """A workbook, each of whose inner files went through `change`."""
    whole, changed = io.BytesIO(), io.BytesIO()
    book = Workbook()
    book.worksheets[0].append(["household_id", "village_code"])
    for number in range(99):
        book.worksheets[0].append([f"H{number}", 990101100201])
    book.save(whole)
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            target.writestr(name, change(name, source.read(name)))
    return changed.getvalue()


def halved(part: str) -> Callable[[str, bytes], bytes]:
    return lambda name, content: content[: len(content) // 2] if part in name else content


def overwritten(content: bytes, start: int) -> bytes:
    return content[:start] + JUNK[:200] + content[start + 200 :]


BROKEN = {
    "nothing at all": ("households.csv", b""),
    "blank lines alone": ("households.csv", b"\n\n\n"),
    "random bytes, csv": ("households.csv", JUNK),
    "random bytes, parquet": ("households.parquet", JUNK),
    "random bytes, xlsx": ("households.xlsx", JUNK),
    "nothing, parquet": ("households.parquet", b""),
    "nothing, xlsx": ("households.xlsx", b""),
    "parquet called csv": ("households.csv", parquet()),
    "csv called parquet": ("households.parquet", HOUSEHOLDS.encode()),
    "csv called xlsx": ("households.xlsx", HOUSEHOLDS.encode()),
    "parquet without its end": ("households.parquet", parquet()[:-300]),
    "parquet without its middle": ("households.parquet", overwritten(parquet(), 100)),
    "xlsx without its end": ("households.xlsx", xlsx()[:-300]),
    "xlsx with half a sheet": ("households.xlsx", xlsx(halved("sheet1"))),
    "xlsx with half a workbook": ("households.xlsx", xlsx(halved("workbook.xml"))),
    "xlsx of an unknown zip": ("households.xlsx", xlsx().replace(b"PK\x01\x02\x14\x03\x14", b"PK\x01\x02\x14\x03\x63")),
    "another table": ("households.csv", csv_text(table(DRAWN["payments"])).encode()),
    "a cell without end": ("households.csv", (HOUSEHOLDS + "H3," + "9" * 200_000).encode()),
    "a quote without end": ("households.csv", (HOUSEHOLDS + 'H3,990101100201,"样县\nH4,990101100201\n').encode()),
}


def refusal(report: LoadReport) -> str:
    (refused,) = [file.refused for file in report.files if file.refused]
    return refused.en


@pytest.mark.parametrize(("file", "content"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_refused_and_the_others_load(intake: Intake, file: str, content: bytes) -> None:
    before = intake.deliver(**drawn("households"))
    report = intake.deliver(**{file: content}, **drawn("members", "prices"))
    assert [found.file for found in report.files if found.refused] == [file]
    assert file in refusal(report)
    assert [found.added for found in report.files] == [0, 2, 2]
    assert intake.kept("households").height == before.files[0].added


def test_a_quote_without_end_names_the_line_it_begins_on(intake: Intake) -> None:
    text = 'household_id,village_code,note\nH1,990101100201,\n\nH2,990101100201,"oh\nH3,990101100201,\n'
    assert "row of line 4" in refusal(intake.deliver(**{"households.csv": text}))
    assert intake.ledger.data_version == "0-empty"


@pytest.mark.parametrize("name", TABLES)
def test_a_file_without_a_required_column_is_refused(intake: Intake, name: str) -> None:
    for column in TABLES[name].required_columns:
        assert f"no column {column}." in refusal(intake.deliver(**{name: table(DRAWN[name]).drop(column)}))
    assert intake.ledger.data_version == "0-empty"


@pytest.mark.parametrize("name", TABLES)
def test_a_file_with_its_header_alone_loads_nothing_and_is_no_fault(intake: Intake, name: str) -> None:
    report = intake.deliver(**{name: table(DRAWN[name]).clear()})
    assert (report.has_refused_files, report.data_version) == (False, "0-empty")


def test_a_misspelt_header_is_pointed_out(intake: Intake) -> None:
    misspelt = table(DRAWN["households"]).rename({"village_code": "vilage_code"})
    assert "no column village_code. Its headings stand in line 1. Did you mean 'vilage_code'?" in refusal(
        intake.deliver(households=misspelt)
    )


def test_two_headers_for_one_column_are_refused(intake: Intake) -> None:
    twice = table("household_id | 户编号 | village_code\nH1 | H2 | 990101100201")
    assert "the columns household_id, 户编号 are all household_id" in refusal(intake.deliver(households=twice))


def test_a_first_line_of_data_is_not_repeated(intake: Intake) -> None:
    report = intake.deliver(**{"households.csv": "张三,990101100201,1980-03-07\n"})
    assert "None of its first ten lines names the table's columns." in refusal(report)
    assert not any(
        "张三" in words for file in report.files if file.refused for words in (file.refused.zh, file.refused.en)
    )


WHOLE = {"csv": HOUSEHOLDS.encode("gb18030"), "parquet": parquet("uncompressed"), "xlsx": xlsx()}
damage = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=4)), min_size=1, max_size=9
)


@pytest.mark.filterwarnings("ignore")  # openpyxl warns of what it repairs
@pytest.mark.parametrize("suffix", WHOLE)
@settings(max_examples=40, deadline=None)
@given(damage=damage)
def test_whatever_bytes_are_wrong_a_file_is_read_or_refused(suffix: str, damage: list[tuple[float, bytes]]) -> None:
    content = bytearray(WHOLE[suffix])
    for place, wrong in damage:
        start = int(place * len(content))
        content[start : start + len(wrong)] = wrong
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"households.{suffix}"
        path.write_bytes(content)
        with suppress(UserError):
            for name, sheet in tables_in_file(path, read_column_map()).tables:
                list(open_table(path, name, sheet, read_column_map()).frames)
