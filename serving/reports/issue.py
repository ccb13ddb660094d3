"""A report as it is issued: the workbooks and pages of its tables, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path

import polars as pl
from markupsafe import Markup

from features.messages import Bilingual, UserError
from models.group_light.evaluate_groups import GroupLevel
from models.light import CODES, LIGHT_WORDS
from serving.contacts.notice_form import notice_form
from serving.months.data_folder import DataFolder
from serving.portfolio.action_list import split_by_group
from serving.portfolio.case_records import NO_RECORDS, CaseRecords
from serving.portfolio.maturities import DueLevel, maturity_calendar
from serving.portfolio.report_period import Issue, Period, ReportScope
from serving.portfolio.standing import LEVEL_WORDS
from serving.portfolio.worklist import WorklistQuery
from serving.reports.county_report import GROUP_COLUMNS, REPORT_LEVELS, CountyReport
from serving.reports.excel import Cover, SheetChart, workbook
from serving.reports.html import Page, Section, notices_html, page_html
from serving.reports.writing import write_folder
from serving.text.charts import LIGHT_COLOURS, Bar, BarSegment, LineSeries, bar_chart, line_chart
from serving.text.page_words import Language

_MOST_PRINTED_LOANS = 5_000
"""Loans on a page of action lists: browsers are slow with more; the workbook has them all."""
_LIGHTS_TITLE = Bilingual("各乡镇红黄绿灯笔数", "Loans of each light by township")
_LIGHTS_OF_BANKS_TITLE = Bilingual("各银行红黄绿灯笔数", "Loans of each light by bank")
_TREND_TITLE = Bilingual("逾期率与灯色占比", "Arrears and lights month by month")
_UNKNOWN = Bilingual("不详", "unknown")
_NOT_IN_FILE_NAMES = frozenset('/\\:*?"<>|')
_STATISTICS_LINES = {
    "overdue_share": (Bilingual("逾期率（金额）", "overdue, by balance"), "#17466e"),
    "red": (Bilingual("红灯占比", "share red"), LIGHT_COLOURS["red"]),
    "yellow": (Bilingual("黄灯占比", "share yellow"), "#8a6100"),
}


def write_report(
    store: DataFolder,
    period: Period,
    scope: ReportScope,
    languages: Sequence[Language],
    out: Path,
    on_progress: Callable[[str], None],
    records: CaseRecords = NO_RECORDS,
) -> Path:
    """Write a report's workbooks and pages to a folder of its own.

    The same month, scope and case records give the same bytes.

    Args:
        store: the data folder.
        period: the kind of report and its newest month, which is published; see `report_period`.
        scope: the loans that it covers.
        languages: `zh`, `en` or both; each has files of its own.
        out: folder below which the report's folder is written, in one step; an earlier one is replaced.
        on_progress: called with the name of each file before it is made.
        records: visits and cases, of `case_records`; left out where none are given.

    Returns:
        The folder, named by period and scope.

    Raises:
        UserError: The month is not published, the scope has no loan, or the disk takes no more.

    Example:
        >>> from datetime import date
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.portfolio.report_period import ReportScope
        >>> from serving.reports.issue import report_period, write_report
        >>> period = report_period(date(2025, 12, 31), quarter=False, year=False)
        >>> folder = write_report(DataFolder(data), period, ReportScope(), ["en"], tmp, lambda name: None)
        >>> folder.name
        'monthly-2025-12-31'
        >>> sorted(path.name for path in folder.glob("*.xlsx") if not path.name.startswith("action-list"))
        ['due-list-en.xlsx', 'statistics-en.xlsx']
    """
    report = CountyReport(store, period, scope, records)
    makers: dict[str, Callable[[], bytes]] = {}
    for language in languages:
        makers[f"statistics-{language}.xlsx"] = partial(statistics_workbook, report, language)
        makers[f"statistics-{language}.html"] = partial(statistics_html, report, language)
        for level in REPORT_LEVELS:
            for group in report.groups(level):
                name = f"action-list-{level.value}-{_file_part(group, language)}-{language}.xlsx"
                makers[name] = partial(action_workbook, report, level, group, language)
        makers[f"due-list-{language}.xlsx"] = partial(due_workbook, report, language)
        for level in LEVEL_WORDS:
            makers[f"action-list-{level.value}-{language}.html"] = partial(action_list_html, report, level, language)
        makers[f"notices-{language}.html"] = partial(report_notices_html, report, language)
    files: dict[str, bytes] = {}
    for name, make in makers.items():
        on_progress(name)
        files[name] = make()
    folder = out / folder_name(period, scope)
    write_folder(files, folder)
    return folder


def folder_name(period: Period, scope: ReportScope) -> str:
    """Name of a report's folder, such as `monthly-2025-12-31`, with bank and area where it is restricted to them."""
    words = [period.issue.value, str(period.until), scope.bank, scope.area]
    return "-".join(word.replace("/", "_") for word in words if word)


def statistics_workbook(report: CountyReport, language: Language) -> bytes:
    """The statistics as an Excel workbook: findings with charts, then a sheet a table, villages last."""
    tables = [table.with_note(report.note) for _, tables in report.statistics for table in tables]
    lights = {f"{code}_loans": LIGHT_COLOURS[code] for code in reversed(CODES)}
    lines = {"overdue_share": "#17466e", "lit_share": "#b3261e"}
    charts = [
        SheetChart(_LIGHTS_TITLE, "standing_township", "name", lights, is_stacked=True),
        SheetChart(_LIGHTS_OF_BANKS_TITLE, "standing_bank", "name", lights, is_stacked=True),
        SheetChart(_TREND_TITLE, "trend", "as_of", lines, is_stacked=False),
    ]
    sentences = [*report.month.notes, *report.findings]
    cover = Cover(report.period.issue.words, _about(report), sentences, charts)
    return workbook(tables, language, report.made_at, cover, _about(report))


def action_workbook(report: CountyReport, level: GroupLevel, group: str | None, language: Language) -> bytes:
    """The action list of one bank or township as an Excel workbook."""
    table = report.action_lists[level]
    rows = table.frame.filter(pl.col(GROUP_COLUMNS[level]).eq_missing(pl.lit(group, pl.String)))
    name = group or getattr(_UNKNOWN, language)
    title = Bilingual(f"{table.title.zh} · {name}", f"{table.title.en} · {name}")
    listed = replace(table, frame=rows, title=title).with_note(report.note)
    return workbook([listed], language, report.made_at, about=_about(report))


def due_workbook(report: CountyReport, language: Language) -> bytes:
    """The list of due loans as an Excel workbook."""
    return workbook([report.due_list.with_note(report.note)], language, report.made_at, about=_about(report))


def _about(report: CountyReport) -> Bilingual:
    """Period and scope of a report."""
    period, scope = report.period, report.scope
    return Bilingual(
        f"期间 {period.since} 至 {period.until} · {scope.words.zh}",
        f"{period.since} to {period.until} · {scope.words.en}",
    )


def _file_part(group: str | None, language: Language) -> str:
    name = group or str(getattr(_UNKNOWN, language))
    return "".join("_" if sign in _NOT_IN_FILE_NAMES or not sign.isprintable() else sign for sign in name)


def statistics_html(report: CountyReport, language: Language) -> bytes:
    """The statistics as a page in a language, with charts of lights and trend."""
    charts = {"Lights": [_light_chart(report, language)], "Trend": [_trend_chart(report, language)]}
    sections = [
        Section(Bilingual("要点", "Findings"), sentences=report.findings),
        *(Section(heading, tables, charts.get(heading.en, ())) for heading, tables in report.statistics),
    ]
    period, month = report.period, report.month
    page = Page(period.issue.words, period.until, _about(report), sections, month.versions, month.notes)
    return page_html(page, language).encode()


def _light_chart(report: CountyReport, language: Language) -> Markup:
    """Loans of each light, township by township."""
    table = next(table for _, tables in report.statistics for table in tables if table.name == "standing_township")
    rows = table.frame.filter(pl.col("code").is_not_null()).to_dicts()
    return bar_chart(
        [
            Bar(
                str(row[f"name_{language}"]),
                tuple(
                    BarSegment(
                        row[f"{code}_loans"],
                        LIGHT_COLOURS[code],
                        f"{getattr(LIGHT_WORDS[code], language)} {row[f'{code}_loans']}",
                    )
                    for code in reversed(CODES)
                ),
                " / ".join(str(row[f"{code}_loans"]) for code in reversed(CODES)),
            )
            for row in rows
        ],
        getattr(_LIGHTS_TITLE, language),
    )


def _trend_chart(report: CountyReport, language: Language) -> Markup:
    """Overdue rate and shares of red and yellow loans, month by month."""
    frame = report.trend.frame
    shares = frame.with_columns((pl.col(f"{code}_loans") / pl.col("loans")).alias(code) for code in ("red", "yellow"))
    series = [
        LineSeries(getattr(label, language), colour, tuple(shares[name]))
        for name, (label, colour) in _STATISTICS_LINES.items()
    ]
    return line_chart(series, [str(day)[:7] for day in frame["as_of"]], getattr(_TREND_TITLE, language))


def action_list_html(report: CountyReport, level: GroupLevel, language: Language) -> bytes:
    """The action list of a level as a page, one sheet for each bank, township or village."""
    table = report.action_lists[level]
    printed = replace(table, frame=table.frame.head(_MOST_PRINTED_LOANS))
    sections = [
        Section(Bilingual(name, name), [group], on_new_page=True) for name, group in split_by_group(printed, level)
    ]
    more, about = table.frame.height - printed.frame.height, report.scope.words
    if more:
        about = Bilingual(f"{about.zh} · 另有 {more} 笔见工作簿", f"{about.en} · {more} more in the workbook")
    page = Page(table.title, report.period.until, about, sections, report.month.versions, report.month.notes)
    return page_html(page, language).encode()


def report_notices_html(report: CountyReport, language: Language) -> bytes:
    """Notices to the households of all due loans as a page, one to a sheet."""
    scope, limit = report.scope, max(report.due_list.frame.height, 1)
    query = WorklistQuery(bank=scope.bank, area=scope.area, limit=limit)
    calendar = maturity_calendar(report.month, DueLevel.TOWNSHIP, query)
    instalments, form = report.month.policy.plans.instalments, notice_form(report.store.folder)
    return notices_html(calendar, instalments, language, form, report.records.contacts.entries).encode()


def report_period(as_of: date, quarter: bool, year: bool) -> Period:
    """The calendar month of a day, or its quarter or year, up to that day.

    Raises UserError where both a quarter and a year are asked for.
    """
    if quarter and year:
        raise UserError("--quarter 与 --year 只能选一个。", "Ask for --quarter or for --year, not for both.")
    return Period(Issue.QUARTERLY if quarter else Issue.ANNUAL if year else Issue.MONTHLY, as_of)
