"""The county's report on one period and scope: its tables, and the workbooks and pages it is issued as."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from features.messages import Bilingual, UserError
from features.months import month_end_after
from models.group_light.evaluate_groups import GroupLevel
from models.light import CODES, LIGHT_WORDS
from serving.contacts.notice_form import notice_form
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.action_list import action_list, action_rows, split_by_group
from serving.portfolio.assessment import assessment_rows, assessment_table
from serving.portfolio.assessment_points import YearOfGroups, points_table
from serving.portfolio.case_records import NO_RECORDS, CaseRecords, visit_cells
from serving.portfolio.due_calendar import due_calendar_table, due_list_table
from serving.portfolio.flows import flow_table
from serving.portfolio.fund import fund_table
from serving.portfolio.fund_forecast import fund_basis_table, fund_forecast_table, fund_report
from serving.portfolio.maturities import DueLevel, maturity_calendar
from serving.portfolio.migration import MigrationPeriod, loan_migrations, migration_tables, migration_totals
from serving.portfolio.outcomes import LoanOutcomes, loan_outcomes
from serving.portfolio.ranking import group_rates, ranking_table
from serving.portfolio.report_findings import FindingSources, report_findings
from serving.portfolio.report_period import Issue, Period, ReportScope
from serving.portfolio.report_tables import ReportTable
from serving.portfolio.standing import LEVEL_WORDS, light_table, scope_loans, standing_table
from serving.portfolio.trends import trend_table
from serving.portfolio.worklist import WorklistQuery
from serving.reports.excel import Cover, SheetChart, workbook
from serving.reports.html import Page, Section, notices_html, page_html
from serving.reports.writing import write_folder
from serving.text.charts import LIGHT_COLOURS, Bar, BarSegment, LineSeries, bar_chart, line_chart
from serving.text.page_words import Language

_MOST_PRINTED_LOANS = 5_000
"""Loans on a page of action lists: browsers are slow with more; the workbook has them all."""
_TREND_MONTHS = 12
_BALANCES = Bilingual("余额、逾期与灯", "Balances, arrears, lights")
_FLOWS = Bilingual("本期变动", "Movements of the period")
_MIGRATION = Bilingual("灯色迁徙", "Migration between lights")
_CALENDAR = Bilingual("到期日历", "Maturity calendar")
_FUND = Bilingual("风险补偿金", "Compensation fund")
_ASSESSMENT = Bilingual("年度考核", "Assessment of the year")
_RANKING = Bilingual("排名与对比", "Ranking and comparison")
_ANNEX = Bilingual("附件：村级", "Annex: villages")
_LEVELS = (GroupLevel.BANK, GroupLevel.TOWNSHIP)
_GROUP_COLUMNS = {GroupLevel.BANK: "bank", GroupLevel.TOWNSHIP: "township"}
_LIGHTS_TITLE = Bilingual("各乡镇红黄绿灯笔数", "Loans of each light by township")
_LIGHTS_OF_BANKS_TITLE = Bilingual("各银行红黄绿灯笔数", "Loans of each light by bank")
_TREND_TITLE = Bilingual("逾期率与灯色占比", "Arrears and lights month by month")
_UNKNOWN = Bilingual("不详", "unknown")
_NOT_IN_FILE_NAMES = frozenset('/\\:*?"<>|')
_STATISTICS_LINES = {
    "overdue_share": (Bilingual("逾期率 (金额)", "overdue, by balance"), "#17466e"),
    "red": (Bilingual("红灯占比", "share red"), LIGHT_COLOURS["red"]),
    "yellow": (Bilingual("黄灯占比", "share yellow"), "#8a6100"),
}


@dataclass(frozen=True)
class CountyReport:
    """The tables of one report, each computed when it is first used.

    period: ends with a published month. records: visits and cases, for the action lists and the assessment.
    """

    store: DataFolder
    period: Period
    scope: ReportScope
    records: CaseRecords = NO_RECORDS

    @cached_property
    def month(self) -> PublishedMonth:
        """The newest month of the period.

        Raises UserError where it is not published.
        """
        return MonthRepository(self.store).month(self.period.until)

    @cached_property
    def made_at(self) -> datetime:
        """When the month was scored, which the workbooks carry as their date."""
        return datetime.fromisoformat(self.month.manifest.scored_at)

    @property
    def note(self) -> Bilingual | None:
        """What a reader has to know of the month; None where there is nothing."""
        notes = self.month.notes
        return Bilingual(" ".join(each.zh for each in notes), " ".join(each.en for each in notes)) if notes else None

    @cached_property
    def outcomes(self) -> LoanOutcomes:
        """Payments, ends and bad days of all loans, as the month knew them."""
        return loan_outcomes(self.month, self.store.ledger)

    @cached_property
    def loans(self) -> pl.DataFrame:
        """The loans of the scope, in the columns of `scope_loans`.

        Raises UserError where there is none.
        """
        loans = scope_loans(self.month, self.scope)
        if loans.is_empty():
            raise UserError(
                f"{self.period.until} 没有符合条件的贷款 ({self.scope.words.zh}); 请核对 --bank 与 --area。",
                f"No loan of {self.period.until} belongs to {self.scope.words.en}; check --bank and --area.",
            )
        return loans

    @cached_property
    def published_months(self) -> list[PublishedMonth]:
        """The published months of the period, newest first."""
        repository = MonthRepository(self.store)
        days = [day for day in repository.months() if self.period.since <= day <= self.period.until]
        return [repository.month(day) for day in days]

    @cached_property
    def trend(self) -> ReportTable:
        """The newest published months up to the period's end, a row each."""
        repository = MonthRepository(self.store)
        days = [day for day in repository.months() if day <= self.period.until][:_TREND_MONTHS]
        return trend_table([repository.month(day) for day in days], self.scope)

    @cached_property
    def statistics(self) -> list[tuple[Bilingual, list[ReportTable]]]:
        """The tables that name no person, under their headings."""
        groups, names = self.month.policy.groups, self.outcomes.place_names

        def balances(*levels: GroupLevel) -> list[ReportTable]:
            return [standing_table(self.loans, level, groups, names) for level in levels]

        def flows(*levels: GroupLevel) -> list[ReportTable]:
            return [flow_table(self.outcomes, self.period, self.scope, level, names) for level in levels]

        def calendar(*levels: GroupLevel) -> list[ReportTable]:
            return [due_calendar_table(self.loans, self.month, level, names) for level in levels]

        village = GroupLevel.VILLAGE
        sections = [
            (_ASSESSMENT, self._assessment),
            (_RANKING, list(self.rankings.values())),
            (Bilingual("灯", "Lights"), [light_table(self.loans)]),
            (_BALANCES, balances(*_LEVELS)),
            (_FLOWS, flows(*_LEVELS)),
            (_MIGRATION, self._migration),
            (_CALENDAR, calendar(*_LEVELS)),
            (
                _FUND,
                [fund_forecast_table(self.month), fund_basis_table(self.month), fund_table(self.loans, self.month)],
            ),
            (Bilingual("趋势", "Trend"), [self.trend]),
            (_ANNEX, [*balances(village), *flows(village), *calendar(village)]),
        ]
        return [(heading, [table.as_issued() for table in tables]) for heading, tables in sections if tables]

    @cached_property
    def before(self) -> PublishedMonth | None:
        """The newest month published before the period, or else the first one in it; None where there is neither."""
        days, since, until = MonthRepository(self.store).months(), self.period.since, self.period.until
        first = [day for day in days if day < since][:1] or [day for day in days if since <= day < until][-1:]
        return MonthRepository(self.store).month(first[0]) if first else None

    @cached_property
    def year_before(self) -> PublishedMonth | None:
        """The month end a year before the period's; None where it is not published."""
        day = month_end_after(self.period.until, -_TREND_MONTHS)
        return MonthRepository(self.store).month(day) if day in MonthRepository(self.store).months() else None

    @cached_property
    def rankings(self) -> dict[GroupLevel, ReportTable]:
        """Banks and townships by their overdue rate, beside the period before and the year before."""
        groups, names = self.month.policy.groups, self.outcomes.place_names
        ranked = {}
        for level in _LEVELS:
            now = group_rates(self.loans, level, groups)
            before, year_before = (
                (month.as_of, group_rates(scope_loans(month, self.scope), level, groups)) if month else None
                for month in (self.before, self.year_before)
            )
            ranked[level] = ranking_table(now, before, year_before, level, groups, names)
        return ranked

    @cached_property
    def findings(self) -> list[Bilingual]:
        """The report in sentences."""
        groups, level, before = self.month.policy.groups, GroupLevel.BANK, self.before
        earlier, moves = None, None
        if before is not None:
            rates = group_rates(scope_loans(before, self.scope), level, groups)
            earlier = (before.as_of, rates.row(0, named=True)) if rates.height else None
            period = MigrationPeriod.between(self.store, before.as_of, self.period.until)
            moves = (before.as_of, migration_totals(loan_migrations(period, self.scope)).row(0, named=True))
        forecast = fund_report(self.month).forecast
        return report_findings(
            FindingSources(
                as_of=self.period.until,
                now=group_rates(self.loans, level, groups).row(0, named=True),
                before=earlier,
                ranking=self.rankings,
                flows=_total_row(flow_table(self.outcomes, self.period, self.scope, level, {})),
                calendar=_total_row(due_calendar_table(self.loans, self.month, level, {})),
                windows=self.month.policy.plans.lists_days_ahead,
                moves=moves,
                fund=(forecast.expected, forecast.low, forecast.high) if self.scope == ReportScope() else None,
            )
        )

    @property
    def _migration(self) -> list[ReportTable]:
        """Migration from the period before to this one's end."""
        if self.before is None:
            return []
        period = MigrationPeriod.between(self.store, self.before.as_of, self.period.until)
        return migration_tables(period, self.scope)

    @property
    def _assessment(self) -> list[ReportTable]:
        """The year's assessment by bank and township; no table in other reports."""
        if self.period.issue is not Issue.ANNUAL:
            return []
        months, names = self.published_months, self.outcomes.place_names
        policy, tables, earlier = self.month.policy.assessment, list[ReportTable](), self._months_of_year_before
        for level in _LEVELS:
            year, before = self._year_of_groups(months, self.outcomes, level), None
            if earlier:
                before = self._year_of_groups(earlier, loan_outcomes(earlier[0], self.store.ledger), level)
            tables.append(points_table(year, before, policy, level, names))
        details = [
            assessment_table(months, self.outcomes, level, self.scope, names, self.records.visits) for level in _LEVELS
        ]
        return [*tables, *details]

    @cached_property
    def _months_of_year_before(self) -> list[PublishedMonth]:
        """The published months of the calendar year before, newest first."""
        repository, year = MonthRepository(self.store), self.period.until.year - 1
        return [repository.month(day) for day in repository.months() if day.year == year]

    def _year_of_groups(
        self, months: Sequence[PublishedMonth], outcomes: LoanOutcomes, level: GroupLevel
    ) -> YearOfGroups:
        visits, first, last = self.records.visits, months[-1].as_of, month_end_after(months[0].as_of, 1)
        if visits is not None:  # of a year without any recorded visit nothing is known
            visits = visits.filter(pl.col("on_date") > first, pl.col("on_date") <= last)
            visits = None if visits.is_empty() else visits
        rows = assessment_rows(months, outcomes, level, self.scope, visits)
        loans = scope_loans(months[0], self.scope)
        return YearOfGroups(rows, group_rates(loans, level, months[0].policy.groups))

    @cached_property
    def action_lists(self) -> dict[GroupLevel, ReportTable]:
        """The action lists by bank, township and village."""
        rows = action_rows(self.loans, self.month, self.outcomes.place_names)
        if self.records.workload is not None:
            rows = rows.hstack(visit_cells(self.records.workload, rows["loan_id"]))
        return {level: action_list(rows, level) for level in LEVEL_WORDS}

    def groups(self, level: GroupLevel) -> list[str | None]:
        """The banks or townships that an action list of a level is split by; None for loans without one."""
        return self.action_lists[level].frame[_GROUP_COLUMNS[level]].unique(maintain_order=True).to_list()

    @cached_property
    def due_list(self) -> ReportTable:
        """The loans that mature within the longest of the policy's horizons."""
        return due_list_table(self.loans, self.month, self.outcomes.place_names)


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
        for level in _LEVELS:
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
    tables = [table for _, tables in report.statistics for table in tables]
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
    rows = table.frame.filter(pl.col(_GROUP_COLUMNS[level]).eq_missing(pl.lit(group, pl.String)))
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


def _total_row(table: ReportTable) -> dict[str, Any] | None:
    """The row of the total; None in a table without rows."""
    return table.frame.row(0, named=True) if table.frame.height else None


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
