"""An issue of the county's report: which tables it has, as workbooks and pages, of one period and scope."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path

import polars as pl
from markupsafe import Markup

from features.messages import Refused, Words
from models.group_light.evaluate_groups import Level
from models.light import CODES, LIGHT_WORDS
from serving.months.data_folder import Store
from serving.months.repository import Month, Published
from serving.portfolio.action_list import action_list, action_rows, cut
from serving.portfolio.assessment import assessment
from serving.portfolio.due_calendar import calendar, due_list
from serving.portfolio.flows import flows
from serving.portfolio.fund import fund
from serving.portfolio.maturities import DueLevel, maturities
from serving.portfolio.migration import Span, migration_tables
from serving.portfolio.outcomes import Fates, fates_of
from serving.portfolio.report_period import Issue, Period, Scope
from serving.portfolio.report_tables import Table
from serving.portfolio.standing import LEVELS, lights, loans_of, standing
from serving.portfolio.trends import trend
from serving.portfolio.worklist import Asked
from serving.reports.excel import workbook
from serving.reports.html import Page, Section, notices_html, page_html
from serving.reports.writing import write_folder
from serving.text.charts import LIGHT_COLOURS, Bar, Line, Part, bars, lines
from serving.text.page_words import Language

_MOST_LISTED_ON_A_PAGE = 5_000
"""Loans on the printed action list: a browser opens no more with ease; the workbook holds them all."""
_TREND_MONTHS = 12


@dataclass(frozen=True)
class Report:
    """One issue, of a published month.

    visited: `loan_id` of the loans visited since they were lit; None where no visits are recorded.
    """

    store: Store
    period: Period
    scope: Scope
    visited: pl.DataFrame | None = None

    @cached_property
    def month(self) -> Month:
        """Raises Refused where it is not published."""
        return Published(self.store).month(self.period.until)

    @cached_property
    def fates(self) -> Fates:
        return fates_of(self.month, self.store.ledger)

    @cached_property
    def loans(self) -> pl.DataFrame:
        """Raises Refused where the scope holds no loan."""
        loans = loans_of(self.month, self.scope)
        if loans.is_empty():
            raise Refused(
                f"{self.period.until} 没有符合条件的贷款 ({self.scope.words.zh}); 请核对 --bank 与 --area。",
                f"No loan of {self.period.until} belongs to {self.scope.words.en}; check --bank and --area.",
            )
        return loans

    @cached_property
    def published(self) -> list[Month]:
        """The published months of the period, newest first."""
        every = Published(self.store)
        return [every.month(day) for day in every.months() if self.period.since <= day <= self.period.until]

    @cached_property
    def trend(self) -> Table:
        every = Published(self.store)
        days = [day for day in every.months() if day <= self.period.until][:_TREND_MONTHS]
        return trend([every.month(day) for day in days], self.scope)

    @cached_property
    def statistics(self) -> list[tuple[Words, list[Table]]]:
        """The tables that name no person, under their headings."""
        groups, names = self.month.policy.groups, self.fates.names
        found = [
            (Words("灯", "Lights"), [lights(self.loans)]),
            (_BALANCES, [standing(self.loans, level, groups, names) for level in LEVELS]),
            (_FLOWS, [flows(self.fates, self.period, self.scope, level, names) for level in LEVELS]),
            (_MIGRATION, self._migration),
            (_CALENDAR, [calendar(self.loans, self.month, level, names) for level in LEVELS]),
            (_FUND, [fund(self.loans, self.month)]),
            (Words("趋势", "Trend"), [self.trend]),
            (_ASSESSMENT, self._assessment),
        ]
        return [(heading, tables) for heading, tables in found if tables]

    @property
    def _migration(self) -> list[Table]:
        """From the newest month published before the period, or the first in it; none where there is only one."""
        days = Published(self.store).months()
        before = [day for day in days if day < self.period.since][:1] or [
            day for day in days if self.period.since <= day < self.period.until
        ][-1:]
        return migration_tables(Span.of(self.store, before[0], self.period.until), self.scope) if before else []

    @property
    def _assessment(self) -> list[Table]:
        if self.period.issue is not Issue.ANNUAL:
            return []
        by = (Level.BANK, Level.TOWNSHIP)
        return [
            assessment(self.published, self.fates, level, self.scope, self.fates.names, self.visited) for level in by
        ]

    @cached_property
    def actions(self) -> dict[Level, Table]:
        """The action list of each reader."""
        rows = action_rows(self.loans, self.month, self.fates.names)
        return {level: action_list(rows, level) for level in LEVELS}

    @cached_property
    def due(self) -> Table:
        return due_list(self.loans, self.month, self.fates.names)


_BALANCES = Words("余额、逾期与灯", "Balances, arrears, lights")
_FLOWS = Words("本期变动", "Movements of the period")
_MIGRATION = Words("灯色迁徙", "Migration between lights")
_CALENDAR = Words("到期日历", "Maturity calendar")
_FUND = Words("风险补偿金", "Compensation fund")
_ASSESSMENT = Words("年度考核", "Assessment of the year")


def report(
    store: Store, period: Period, scope: Scope, languages: Sequence[Language], out: Path, tell: Callable[[str], None]
) -> Path:
    """Write the issue's files to a folder of its own below `out`, and name it.

    tell: hears of each file before it is made. The same month and scope give the same bytes.

    Raises Refused where the month is not published, the scope holds no loan, or the disk takes no more.
    """
    issued = Report(store, period, scope)
    files: dict[str, bytes] = {}
    for name, made in _files(issued, languages).items():
        tell(name)
        files[name] = made()
    folder = out / folder_name(period, scope)
    write_folder(files, folder)
    return folder


def folder_name(period: Period, scope: Scope) -> str:
    parts = [period.issue.value, str(period.until), scope.bank, scope.area]
    return "-".join(part.replace("/", "_") for part in parts if part)


def _files(issued: Report, languages: Sequence[Language]) -> dict[str, Callable[[], bytes]]:
    """What each file is called, and how it is made."""
    made: dict[str, Callable[[], bytes]] = {
        "statistics.xlsx": lambda: _statistics_workbook(issued, languages),
        "action-lists.xlsx": lambda: _actions_workbook(issued, languages),
    }
    for language in languages:
        made |= _pages(issued, language)
    return made


def _pages(issued: Report, language: Language) -> dict[str, Callable[[], bytes]]:
    return {
        f"statistics-{language}.html": lambda: page_html(_statistics_page(issued, language), language).encode(),
        **{f"action-list-{level.value}-{language}.html": _action_page(issued, level, language) for level in LEVELS},
        f"notices-{language}.html": lambda: _notices(issued, language),
    }


def _made_at(issued: Report) -> datetime:
    return datetime.fromisoformat(issued.month.manifest.scored_at)


def _statistics_workbook(issued: Report, languages: Sequence[Language]) -> bytes:
    tables = [table for _, tables in issued.statistics for table in tables]
    return workbook(tables, languages, _made_at(issued))


def _actions_workbook(issued: Report, languages: Sequence[Language]) -> bytes:
    return workbook([*issued.actions.values(), issued.due], languages, _made_at(issued))


def _statistics_page(issued: Report, language: Language) -> Page:
    charts = {"Lights": [_light_chart(issued, language)], "Trend": [_trend_chart(issued, language)]}
    sections = [Section(heading, tables, charts.get(heading.en, ())) for heading, tables in issued.statistics]
    about = Words(
        f"期间 {issued.period.since} 至 {issued.period.until} · {issued.scope.words.zh}",
        f"{issued.period.since} to {issued.period.until} · {issued.scope.words.en}",
    )
    return Page(issued.period.issue.words, issued.period.until, about, sections, issued.month.versions)


def _light_chart(issued: Report, language: Language) -> Markup:
    """Loans of each light, township by township."""
    table = next(table for _, tables in issued.statistics for table in tables if table.name == "standing_township")
    rows = table.frame.filter(pl.col("code").is_not_null()).to_dicts()
    title = Words("各乡镇红黄绿灯笔数", "Loans of each light by township")
    return bars(
        [
            Bar(
                str(row[f"name_{language}"]),
                tuple(
                    Part(
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
        getattr(title, language),
    )


def _trend_chart(issued: Report, language: Language) -> Markup:
    frame = issued.trend.frame
    drawn = {
        "overdue_share": Words("逾期率 (金额)", "overdue, by balance"),
        "red": Words("红灯占比", "share red"),
        "yellow": Words("黄灯占比", "share yellow"),
    }
    shares = frame.with_columns((pl.col(f"{code}_loans") / pl.col("loans")).alias(code) for code in ("red", "yellow"))
    colours = {"overdue_share": "#17466e", "red": LIGHT_COLOURS["red"], "yellow": "#8a6100"}
    found = [Line(getattr(said, language), colours[name], tuple(shares[name])) for name, said in drawn.items()]
    title = Words("逾期率与灯色占比", "Arrears and lights month by month")
    return lines(found, [str(day)[:7] for day in frame["as_of"]], getattr(title, language))


def _action_page(issued: Report, level: Level, language: Language) -> Callable[[], bytes]:
    def made() -> bytes:
        table = issued.actions[level]
        listed = Table(**{**vars(table), "frame": table.frame.head(_MOST_LISTED_ON_A_PAGE)})
        sections = [Section(Words(name, name), [part], on_new_page=True) for name, part in cut(listed, level)]
        left = table.frame.height - listed.frame.height
        more = Words(f" · 另有 {left} 笔见工作簿", f" · {left} more in the workbook") if left else Words("", "")
        about = Words(issued.scope.words.zh + more.zh, issued.scope.words.en + more.en)
        page = Page(table.title, issued.period.until, about, sections, issued.month.versions)
        return page_html(page, language).encode()

    return made


def _notices(issued: Report, language: Language) -> bytes:
    asked = Asked(bank=issued.scope.bank, area=issued.scope.area, limit=max(issued.due.frame.height, 1))
    calendar = maturities(issued.month, DueLevel.TOWNSHIP, asked)
    return notices_html(calendar, issued.month.policy.plans.instalments, language).encode()


def period_of(as_of: date, quarter: bool, year: bool) -> Period:
    """Raises Refused where both a quarter and a year are asked for."""
    if quarter and year:
        raise Refused("--quarter 与 --year 只能选一个。", "Ask for --quarter or for --year, not for both.")
    return Period(Issue.QUARTERLY if quarter else Issue.ANNUAL if year else Issue.MONTHLY, as_of)
