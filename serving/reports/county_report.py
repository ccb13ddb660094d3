"""The county's report on one period and scope: its tables and findings, each computed when it is first used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import polars as pl

from features.messages import Bilingual, UserError
from features.months import month_end_after
from models.group_light.evaluate_groups import GroupLevel
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.portfolio.action_list import action_list, action_rows
from serving.portfolio.assessment import assessment_rows, assessment_table
from serving.portfolio.assessment_points import YearOfGroups, points_table
from serving.portfolio.case_records import NO_RECORDS, CaseRecords, visit_cells
from serving.portfolio.due_calendar import due_calendar_table, due_list_table
from serving.portfolio.flows import flow_table
from serving.portfolio.fund import fund_table
from serving.portfolio.fund_forecast import fund_basis_table, fund_forecast_table, fund_report
from serving.portfolio.migration import MigrationPeriod, loan_migrations, migration_tables, migration_totals
from serving.portfolio.outcomes import LoanOutcomes, loan_outcomes
from serving.portfolio.ranking import group_rates, ranking_table
from serving.portfolio.report_findings import FindingSources, report_findings
from serving.portfolio.report_period import Issue, Period, ReportScope
from serving.portfolio.report_tables import ReportTable
from serving.portfolio.standing import LEVEL_WORDS, light_table, scope_loans, standing_table
from serving.portfolio.trends import trend_table

_TREND_MONTHS = 12
_BALANCES = Bilingual("余额、逾期与灯", "Balances, arrears, lights")
_FLOWS = Bilingual("本期变动", "Movements of the period")
_MIGRATION = Bilingual("灯色迁徙", "Migration between lights")
_CALENDAR = Bilingual("到期日历", "Maturity calendar")
_FUND = Bilingual("风险补偿金", "Compensation fund")
_ASSESSMENT = Bilingual("年度考核", "Assessment of the year")
_RANKING = Bilingual("排名与对比", "Ranking and comparison")
_ANNEX = Bilingual("附件：村级", "Annex: villages")
REPORT_LEVELS = (GroupLevel.BANK, GroupLevel.TOWNSHIP)
"""Levels that a report compares; villages stand in its annex."""
GROUP_COLUMNS = {GroupLevel.BANK: "bank", GroupLevel.TOWNSHIP: "township"}
"""By level, the column of an action list that it is split by."""


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
                f"{self.period.until} 没有符合条件的贷款（{self.scope.words.zh}）；请核对 --bank 与 --area。",
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
            (_BALANCES, balances(*REPORT_LEVELS)),
            (_FLOWS, flows(*REPORT_LEVELS)),
            (_MIGRATION, self._migration),
            (_CALENDAR, calendar(*REPORT_LEVELS)),
            (
                _FUND,
                [fund_forecast_table(self.month), fund_basis_table(self.month), fund_table(self.loans, self.month)],
            ),
            (Bilingual("趋势", "Trend"), [self.trend]),
            (_ANNEX, [*balances(village), *flows(village), *calendar(village)]),
        ]
        return [(heading, [table.as_issued() for table in tables]) for heading, tables in sections if tables]

    @cached_property
    def month_before(self) -> PublishedMonth | None:
        """The newest month published before the period, or else the first one in it; None where there is neither."""
        days, since, until = MonthRepository(self.store).months(), self.period.since, self.period.until
        first = [day for day in days if day < since][:1] or [day for day in days if since <= day < until][-1:]
        return MonthRepository(self.store).month(first[0]) if first else None

    @cached_property
    def month_of_year_before(self) -> PublishedMonth | None:
        """The month end a year before the period's; None where it is not published."""
        day = month_end_after(self.period.until, -_TREND_MONTHS)
        return MonthRepository(self.store).month(day) if day in MonthRepository(self.store).months() else None

    @cached_property
    def rankings(self) -> dict[GroupLevel, ReportTable]:
        """Banks and townships by their overdue rate, beside the period before and the year before."""
        groups, names = self.month.policy.groups, self.outcomes.place_names
        ranked = {}
        for level in REPORT_LEVELS:
            now = group_rates(self.loans, level, groups)
            before, year_before = (
                (month.as_of, group_rates(scope_loans(month, self.scope), level, groups)) if month else None
                for month in (self.month_before, self.month_of_year_before)
            )
            ranked[level] = ranking_table(now, before, year_before, level, groups, names)
        return ranked

    @cached_property
    def findings(self) -> list[Bilingual]:
        """The report in sentences."""
        groups, level, before = self.month.policy.groups, GroupLevel.BANK, self.month_before
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
        if self.month_before is None:
            return []
        period = MigrationPeriod.between(self.store, self.month_before.as_of, self.period.until)
        return migration_tables(period, self.scope)

    @property
    def _assessment(self) -> list[ReportTable]:
        """The year's assessment by bank and township; no table in other reports."""
        if self.period.issue is not Issue.ANNUAL:
            return []
        months, names = self.published_months, self.outcomes.place_names
        policy, tables, earlier = self.month.policy.assessment, list[ReportTable](), self._months_of_year_before
        for level in REPORT_LEVELS:
            year, before = self._year_of_groups(months, self.outcomes, level), None
            if earlier:
                before = self._year_of_groups(earlier, loan_outcomes(earlier[0], self.store.ledger), level)
            tables.append(points_table(year, before, policy, level, names))
        details = [
            assessment_table(months, self.outcomes, level, self.scope, names, self.records.visits)
            for level in REPORT_LEVELS
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
            visits = visits.filter(pl.col("visited_on") > first, pl.col("visited_on") <= last)
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
        return self.action_lists[level].frame[GROUP_COLUMNS[level]].unique(maintain_order=True).to_list()

    @cached_property
    def due_list(self) -> ReportTable:
        """The loans that mature within the longest of the policy's horizons."""
        return due_list_table(self.loans, self.month, self.outcomes.place_names)


def _total_row(table: ReportTable) -> dict[str, Any] | None:
    """The row of the total; None in a table without rows."""
    return table.frame.row(0, named=True) if table.frame.height else None
