"""The report as a user has it: a folder of files by one command, whole, the same again, and pages that print."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page

from features.messages import UserError
from models.group_light.evaluate_groups import GroupLevel
from serving.access.accounts import account_details, create_account
from serving.access.scope import ALL_LOANS
from serving.audit.command_line import database_of
from serving.batch.run import score
from serving.cases.kinds import CaseEventKind
from serving.cases.repository import Authorship, EventFields, add_event, assign_loans
from serving.months.data_folder import DataFolder
from serving.months.flag_spells import flag_spells
from serving.months.repository import MonthRepository
from serving.portfolio.case_records import CaseRecords, case_records
from serving.portfolio.report_period import ReportScope
from serving.reports.county_report import CountyReport
from serving.reports.issue import report_period, write_report
from serving.reports.writing import write_folder
from tests.conftest import County
from tests.features.inboxes import Intake
from tests.running_service import done, lights, refused
from tests.serving.moments import NOW, TODAY
from tests.serving.reports.conftest import MARCH

OUTSIDE = re.compile(r"""(?:src|href|url)\s*[=:(]\s*["']?\s*(?:https?:)?//""")
PAGES = ["action-list-bank", "action-list-township", "action-list-village", "notices", "statistics"]


def opened(path: Path) -> Any:
    """A workbook, read whole."""
    return load_workbook(io.BytesIO(path.read_bytes()))


@pytest.fixture(scope="module")
def issued(county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The monthly report of the county's newest month."""
    out = tmp_path_factory.mktemp("out")
    printed = done(lights(county.data, "report", "--as-of", county.newest, "--out", out, "--lang", "both"))
    folder = out / f"monthly-{county.newest}"
    assert printed.splitlines()[0] == str(folder)
    return folder


@pytest.fixture
def offline(browser: Browser) -> Iterator[Page]:
    """A browser without a network; at the end, nothing but files of this machine was asked for."""
    asked: list[str] = []
    context = browser.new_context(offline=True, locale="zh-CN")
    page = context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    yield page
    context.close()
    assert [url for url in asked if not url.startswith("file:")] == []


def test_one_command_writes_workbooks_and_pages_in_both_languages(county: County, issued: Path) -> None:
    lit = county.warnings.filter(county.warnings["light"] != "green")
    report = CountyReport(county.store, report_period(county.newest, quarter=False, year=False), ReportScope())
    towns = set(report.action_lists[GroupLevel.TOWNSHIP].frame["township"])
    groups = {f"bank-{bank}" for bank in lit["bank"].unique()} | {f"township-{town}" for town in towns}
    expected = {f"{name}-{language}.html" for name in PAGES for language in ("zh", "en")}
    books = {"statistics", "due-list", *(f"action-list-{group}" for group in groups)}
    expected |= {f"{name}-{language}.xlsx" for name in books for language in ("zh", "en")}
    assert {path.name for path in issued.iterdir()} == expected


def test_a_file_holds_one_language_chinese_where_none_is_asked_for(ten: DataFolder, tmp_path: Path) -> None:
    done(lights(ten.folder, "report", "--as-of", MARCH, "--out", tmp_path))
    folder = tmp_path / f"monthly-{MARCH}"
    assert {path.stem.rpartition("-")[2] for path in folder.iterdir()} == {"zh"}
    book = opened(folder / "statistics-zh.xlsx")
    english = {"Name", "Loans", "Balance", "Township", "As of", "yuan"}
    words = {str(cell) for sheet in book for row in sheet.values for cell in row if cell is not None}
    assert not english & words
    assert not any(name.isascii() for name in book.sheetnames)


def test_statistics_are_in_wan_with_the_total_last_and_a_block_to_sign(ten: DataFolder, tmp_path: Path) -> None:
    done(lights(ten.folder, "report", "--as-of", MARCH, "--out", tmp_path))
    book = opened(tmp_path / f"monthly-{MARCH}" / "statistics-zh.xlsx")
    title, line, _, header, *rows = book["银行"].iter_rows(values_only=True)
    assert str(title[0]).startswith("余额、逾期与灯")
    assert "单位：万元" in str(line[0])
    at = header.index("贷款余额（万元）")
    named = {str(row[0]): row[at] for row in rows if row[0]}
    assert named["合计"] == pytest.approx(named["X"] + named["Y"])
    assert named["X"] == pytest.approx(12.88)
    names = [row[0] for row in rows if row[0]]
    assert names[:-1] == ["X", "Y", "合计"]
    assert "制表" in str(names[-1])


def test_findings_say_in_sentences_what_the_tables_hold(ten: DataFolder, tmp_path: Path) -> None:
    done(lights(ten.folder, "report", "--as-of", MARCH, "--out", tmp_path))
    sheet = opened(tmp_path / f"monthly-{MARCH}" / "statistics-zh.xlsx")["要点"]
    sentences = [str(row[0]) for row in sheet.iter_rows(values_only=True) if row[0]]
    text = "".join(sentences)
    assert "截至2024-03-31，贷款 7 笔、7 户，余额 19.88 万元" in text
    assert "红灯 1 笔" in text
    assert "本期发放 2 笔 5.00 万元，收回本金 4.07 万元，结清 2 笔，代偿 1 笔。" in text
    assert "黄灯、红灯转绿 1 笔" in text
    assert len(sheet._charts) == 3


def test_villages_stand_in_an_annex_behind_all_other_tables(ten: DataFolder) -> None:
    monthly = CountyReport(ten, report_period(MARCH, quarter=False, year=False), ReportScope())
    *sections, (annex, tables) = monthly.statistics
    assert annex.en == "Annex: villages"
    assert {table.name.rpartition("_")[2] for table in tables} == {"village"}
    assert not [table.name for _, others in sections for table in others if table.name.endswith("village")]


def test_pages_are_whole_in_themselves(issued: Path) -> None:
    for path in issued.glob("*.html"):
        text = path.read_text("utf-8")
        assert not OUTSIDE.search(text)
        assert "<script" not in text
        assert f'<html lang="{"zh-Hans" if path.stem.endswith("zh") else "en"}">' in text


def test_the_statistics_name_no_person(county: County, issued: Path) -> None:
    households = set(county.warnings["household_id"]) | set(county.warnings["loan_id"])
    for path in issued.glob("statistics-*.html"):
        assert not households & set(re.findall(r"[\w-]+", path.read_text("utf-8")))


def test_every_lit_loan_is_on_each_readers_list_with_why_and_what_to_do(county: County, issued: Path) -> None:
    lit = sorted(county.warnings.filter(county.warnings["light"] != "green")["loan_id"])
    for level in ("bank", "township"):
        loans = []
        for path in issued.glob(f"action-list-{level}-*-zh.xlsx"):
            [sheet] = opened(path)
            header, *rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
            listed = [row for row in rows if row[header.index("应采取的措施")]]
            assert all(row[header.index("主要原因")] for row in listed)
            assert {row[header.index("走访情况与结果")] for row in listed} <= {None, ""}
            loans += [str(row[header.index("农户与贷款")]).split("\n")[1] for row in listed]
        assert sorted(loans) == lit


def test_every_wrapped_row_of_an_action_list_is_as_high_as_its_text(issued: Path) -> None:
    path = next(issued.glob("action-list-township-*-zh.xlsx"))
    [sheet] = opened(path)
    widths = {letter: column.width for letter, column in sheet.column_dimensions.items()}
    checked = 0
    for row in sheet.iter_rows(min_row=5):
        if not row[5].value or not row[6].value:
            continue
        lines = max(
            sum(
                max(-(-sum(2 if ord(sign) > 0x2E7F else 1 for sign in part) // int(widths[cell.column_letter])), 1)
                for part in str(cell.value).split("\n")
            )
            for cell in row[:7]
            if isinstance(cell.value, str)
        )
        height = sheet.row_dimensions[row[0].row].height or 15
        assert height >= min(15 * lines, 400)
        checked += 1
    assert checked


def test_the_same_month_gives_the_same_bytes_and_touches_nothing(county: County, issued: Path) -> None:
    before = {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in issued.iterdir()}
    done(lights(county.data, "report", "--as-of", county.newest, "--out", issued.parent, "--lang", "both"))
    assert {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in issued.iterdir()} == before


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--as-of", "1999-12-31"), "not published"),
        (("--bank", "nobody"), "check --bank and --area"),
        (("--quarter", "--year"), "not for both"),
    ],
)
def test_what_cannot_be_reported_is_refused_and_leaves_no_folder(
    county: County, tmp_path: Path, asked: tuple[str, ...], said: str
) -> None:
    ran = lights(county.data, "report", "--as-of", county.newest, "--out", tmp_path / "out", *asked)
    assert said in refused(ran)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("quarter", "year", "name"), [(True, False, "quarterly"), (False, True, "annual")])
def test_a_bulletin_and_an_assessment_have_their_own_folder_and_tables(
    ten: DataFolder, tmp_path: Path, quarter: bool, year: bool, name: str
) -> None:
    folder = write_report(
        ten, report_period(MARCH, quarter, year), ReportScope(area="990101"), ["en"], tmp_path, lambda *_: None
    )
    assert folder.name == f"{name}-2024-03-31-990101"
    sheets = opened(folder / "statistics-en.xlsx").sheetnames
    assert any(sheet.startswith("Assessment") for sheet in sheets) is year
    assert any(sheet.startswith("Points") for sheet in sheets) is year
    assert {"Findings", "Trend", "Ranking banks"} <= set(sheets)


def test_the_year_is_judged_by_what_became_of_the_lit_loans(ten: DataFolder) -> None:
    annual = CountyReport(ten, report_period(MARCH, quarter=False, year=True), ReportScope())
    row = _assessed(annual)
    assert (row["lit"], row["recovered_loans"], row["lost_loans"]) == (4, 1, 1)
    assert (row["recovered_principal"], row["recovered_share"], row["visited_share"]) == (50_000.0, None, None)


def test_the_share_visited_counts_visits_after_the_month_end_of_the_light(ten: DataFolder) -> None:
    period = report_period(MARCH, quarter=False, year=True)
    lit = CountyReport(ten, period, ReportScope())
    first = _first_lit(lit)
    (early, flagged), (late, _) = first[:2]
    days = {"loan_id": [early, early, late], "visited_on": [flagged, flagged + timedelta(days=1), date(2023, 12, 1)]}
    records = CaseRecords(visits=pl.DataFrame(days))
    row = _assessed(CountyReport(ten, period, ReportScope(), records))
    assert (row["lit"], row["visited_loans"], row["visited_share"]) == (4, 1, None)
    assert _assessed(lit)["visited_loans"] is None


def test_a_year_without_recorded_visits_is_not_judged_by_them(ten: DataFolder) -> None:
    period = report_period(MARCH, quarter=False, year=True)
    later = pl.DataFrame({"loan_id": ["D"], "visited_on": [date(2025, 3, 1)]})
    within = later.with_columns(visited_on=pl.lit(date(2024, 4, 10)))
    for visits, is_judged in ((later, False), (within, True)):
        report = CountyReport(ten, period, ReportScope(), CaseRecords(visits=visits))
        year = report._year_of_groups(report.published_months, report.outcomes, GroupLevel.BANK)
        assert (year.rows["visited_loans"].null_count() == 0) is is_judged


def _first_lit(report: CountyReport) -> list[tuple[str, date]]:
    """Loan and first month end of each loan that was yellow or red without being bad, oldest loan number first."""
    months = [
        month.scan("warnings")
        .join(month.scan("features").select("loan_id", "has_gone_bad"), on="loan_id")
        .filter(pl.col("light") != "green", ~pl.col("has_gone_bad"))
        .select("loan_id", "as_of")
        for month in report.published_months
    ]
    return pl.concat(months).collect().group_by("loan_id").agg(pl.col("as_of").min()).sort("loan_id").rows()


def _assessed(report: CountyReport) -> dict[str, Any]:
    (tables,) = (tables for heading, tables in report.statistics if heading.en == "Assessment of the year")
    (table,) = (table for table in tables if table.name == "assessment_bank")
    return table.frame.row(-1, named=True)


def test_the_action_list_says_by_when_to_visit_and_who(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    database, store = database_of(own.data), own.store
    red = own.warnings.filter(pl.col("light") == "red").row(0, named=True)
    with database.write_session() as session:
        create_account(session, account_details("li", "county_official"), NOW)
        [case] = assign_loans(session, [red], own.newest, "li", Authorship("li", NOW, TODAY), ALL_LOANS)
        add_event(
            session, case, case.version, EventFields(CaseEventKind.VISIT, on_date=TODAY), Authorship("li", NOW, TODAY)
        )
    records = case_records(database, store, own.newest, TODAY)
    report = CountyReport(store, report_period(own.newest, quarter=False, year=False), ReportScope(), records)
    table = report.action_lists[GroupLevel.BANK]
    names = [column.name for column in table.columns]
    assert names[-5:] == ["visit_due_on", "visited_on", "responsible", "went_on", "found"]
    [row] = table.frame.filter(pl.col("loan_id") == red["loan_id"]).to_dicts()
    assert (row["visited_on"], row["responsible"]) == (TODAY, "li")
    spells = flag_spells(MonthRepository(store), own.newest).rows.filter(pl.col("loan_id") == red["loan_id"])
    due = own.month.policy.casework.working_days.after(spells["flagged_on"].item(), 3)
    assert row["visit_due_on"] == due.day
    year = CountyReport(store, report_period(own.newest, quarter=False, year=True), ReportScope(), records)
    assert _assessed(year)["visited_loans"] is not None


def test_a_loan_repaid_after_it_went_bad_was_not_recovered(ten: DataFolder, tmp_path: Path) -> None:
    shutil.copytree(ten.folder, tmp_path / "var", symlinks=True)
    paid = "P9,F,2024-04-10,10000,100,borrower,2024-04-10"
    header = "payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on"
    Intake(tmp_path).deliver("2024-04-30", **{"payments.csv": f"{header}\n{paid}\n"})
    april, store = date(2024, 4, 30), DataFolder(tmp_path / "var")
    score(store, april, "tests", datetime(2024, 5, 1, tzinfo=UTC), lambda *_: None, incomplete="one payment alone")
    annual = CountyReport(store, report_period(april, quarter=False, year=True), ReportScope())
    assert annual.outcomes.loans.filter(loan_id="F").select("ended_by", "bad_on").row(0) == (
        "settled",
        date(2024, 3, 16),
    )
    row = _assessed(annual)
    assert (row["lost_loans"], row["recovered_loans"]) == (2, 1)  # D and F, though F was repaid; E


def test_a_list_is_cut_for_each_reader_red_before_yellow(ten: DataFolder) -> None:
    monthly = CountyReport(ten, report_period(MARCH, quarter=False, year=False), ReportScope())
    from serving.portfolio.action_list import split_by_group

    parts = split_by_group(monthly.action_lists[GroupLevel.VILLAGE], GroupLevel.VILLAGE)
    assert [(name, part.frame["loan_id"].to_list()) for name, part in parts] == [
        ("河畔镇 · 羊路村", ["D"]),
        ("河畔镇 · =1+1", ["F", "H"]),
    ]


def test_a_report_that_the_disk_refuses_leaves_the_one_that_stood(tmp_path: Path) -> None:
    folder = tmp_path / "monthly"
    write_folder({"a": b"1"}, folder)
    (tmp_path / ".monthly.making").write_text("in the way")
    with pytest.raises(UserError, match="untouched"):
        write_folder({"a": b"2"}, folder)
    assert (folder / "a").read_bytes() == b"1"


def test_a_run_killed_between_two_renames_is_mended_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "monthly"
    write_folder({"a": b"1"}, folder)
    folder.rename(tmp_path / ".monthly.replaced")
    write_folder({"a": b"2", "b": b"3"}, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a": b"2", "b": b"3"}
    assert [path.name for path in tmp_path.iterdir()] == ["monthly"]


@pytest.mark.parametrize("name", PAGES)
def test_pages_open_from_the_disk_and_print_with_chinese_signs(
    offline: Page, issued: Path, tmp_path: Path, name: str
) -> None:
    offline.goto(f"file://{issued / name}-zh.html")
    assert offline.locator("h1, h2").first.is_visible()
    offline.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext: apt-get install poppler-utils")
    text = subprocess.run(["pdftotext", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True).stdout
    assert {"notices": "贷款到期通知书", "statistics": "小额信贷月度统计"}.get(name, "行动清单") in text.replace(
        " ", ""
    )
    info = subprocess.run(["pdfinfo", tmp_path / "page.pdf"], capture_output=True, text=True, check=True).stdout
    across, down = map(float, re.findall(r"Page size:\s+([\d.]+) x ([\d.]+)", info)[0])
    assert {round(across), round(down)} == {595, 842}
    assert (across < down) is (name == "notices")


def test_no_chart_is_cut_off_by_the_page(offline: Page, issued: Path) -> None:
    offline.goto(f"file://{issued}/statistics-zh.html")
    assert offline.locator("figure svg").count() == 2
    assert offline.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_notice_stands_on_a_sheet_of_its_own(offline: Page, issued: Path, tmp_path: Path) -> None:
    offline.goto(f"file://{issued}/notices-en.html")
    notices = offline.locator(".notice").count()
    offline.pdf(path=tmp_path / "notices.pdf", prefer_css_page_size=True)
    if shutil.which("pdfinfo") is None:
        pytest.skip("no pdfinfo: apt-get install poppler-utils")
    info = subprocess.run(["pdfinfo", tmp_path / "notices.pdf"], capture_output=True, text=True, check=True).stdout
    assert int(re.findall(r"Pages:\s+(\d+)", info)[0]) == notices


def test_a_month_that_is_the_first_has_no_migration(ten: DataFolder) -> None:
    first = CountyReport(ten, report_period(date(2024, 1, 31), quarter=False, year=False), ReportScope())
    assert "Migration between lights" not in [heading.en for heading, _ in first.statistics]
