"""The county board: sums over loans, and nothing about a single one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

import polars as pl
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from features.messages import UserError
from models.budget_use import offer_sentence
from models.light import LIGHT_WORDS
from serving.access.roles import Right
from serving.api.warning_routes import published_month
from serving.cases.kinds import OUTCOME_WORDS, CaseOutcome
from serving.cases.outcomes import outcome_counts
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser, User, audit_row_count
from serving.http.problems import status_of
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.portfolio.board import (
    MEASURE_WORDS,
    MONTHS_SHOWN,
    Measure,
    MigrationSummary,
    MonthTotals,
    latest_migration,
    recent_month_totals,
    township_bank_map,
)
from serving.portfolio.board_tiles import board_tiles, township_lit_shares
from serving.portfolio.case_work import DUTY_WORDS, case_workload, visit_progress
from serving.portfolio.fund_forecast import fund_report
from serving.portfolio.migration import STATES_AFTER, STATES_BEFORE, MigrationPeriod, loan_migrations
from serving.portfolio.place_names import place_directory
from serving.portfolio.report_period import ReportScope
from serving.portfolio.visit_budget import visit_budget_report
from serving.schemas.basis import Versions
from serving.text.charts import LIGHT_COLOURS, Bar, BarSegment, bar_chart, sparkline
from serving.text.page_words import Language, in_language
from serving.text.written_day import Day

board_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_LIGHTS = ("red", "yellow", "green")
_LISTED = ("green", "yellow", "red", "gone_bad")
"""States of loans that a month lists."""
_DAYS_OF_CASES = 365


@board_router.get("/board")
def show_board(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    language: PageLanguage,
    measure: Measure = Measure.LIT,
    as_of: Day | None = None,
) -> HTMLResponse:
    """Lights, arrears, migration, townships by banks, and the last months."""
    try:
        month = published_month(store, as_of)
        months, migration = recent_month_totals(store, month.as_of), latest_migration(store, month)
        shown = [day for day in MonthRepository(store).months() if day <= month.as_of][:MONTHS_SHOWN]
        _, unreadable = MonthRepository(store).whole_months(shown)
        table, fund = township_bank_map(month, measure), fund_report(month)
        offer = offer_sentence(month.budget_use, month.as_of) if month.budget_use else None
        progress = _visit_progress(request, store, user, month)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    return render_page(
        request,
        "board.html",
        language,
        answer=Versions.model_validate(month.versions),
        now=months[-1],
        months=months,
        unreadable=unreadable,
        days=MonthRepository(store).months(),
        table=table,
        fund=fund,
        fund_formula=getattr(fund.formula, language),
        measure=measure.value,
        measures={each.value: getattr(words, language) for each, words in MEASURE_WORDS.items()},
        places=place_directory(month, store),
        tiles=board_tiles(months),
        is_unfolded="measure" in request.query_params,
        has_lists=user.has_right(Right.LISTS),
        townships=_township_lines(store, months, language),
        ended=_ended_cases(request, user, language),
        stacked=_light_shares_chart(months[-1], language),
        sparks=_sparklines(months, language),
        visits=visit_budget_report(month),
        progress=progress,
        duties={state.value: getattr(words, language) for state, words in DUTY_WORDS.items()},
        is_worker=user.has_right(Right.CASES),
        offer=getattr(offer, language) if offer else None,
        moves=_migration_table(migration, language) if migration else None,
    )


@board_router.get("/board/moves")
def show_moves(
    request: Request,
    store: CurrentData,
    language: PageLanguage,
    before: Annotated[str, Query(max_length=20)],
    after: Annotated[str, Query(max_length=20)],
    as_of: Day | None = None,
    rows: PageSize = PAGE_SIZES[0],
) -> HTMLResponse:
    """The loans that went from one state to another since the month before. before, after: codes of the states."""
    try:
        if before not in STATES_BEFORE or after not in STATES_AFTER:
            raise UserError("没有这种状态。", "There is no such state.")
        period = MigrationPeriod.between(store, None, published_month(store, as_of).as_of)
        loans = loan_migrations(period, ReportScope())
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal))
    moved = loans.filter(pl.col("state_before") == before, pl.col("state_after") == after)
    audit_row_count(request, moved.height)
    return render_page(
        request,
        "moves.html",
        language,
        since=period.earlier.as_of,
        until=period.later.as_of,
        before=getattr(STATES_BEFORE[before], language),
        after=getattr(STATES_AFTER[after], language),
        listed_on=period.later.as_of if after in _LISTED else period.earlier.as_of,
        total=moved.height,
        rows=moved.sort("principal", descending=True).head(rows).to_dicts(),
        page_size=rows,
        places=place_directory(period.later, store),
    )


def _township_lines(store: DataFolder, months: Sequence[MonthTotals], language: Language) -> list[dict[str, object]]:
    """For each township the share of loans lit, month by month, all on one scale; none with a single month."""
    repository = MonthRepository(store)
    by_month = [township_lit_shares(repository.month(each.as_of)) for each in months]
    highest = max((share for shares in by_month for share in shares.values() if share), default=None)
    if len(months) < 2 or highest is None:
        return []
    lines = list[dict[str, object]]()
    newest = sorted(by_month[-1].items(), key=lambda one: (one[1] is None, -(one[1] or 0)))
    for town, last in newest:
        values = [shares.get(town) for shares in by_month]
        told = ", ".join(
            f"{month.as_of:%Y-%m} {'–' if value is None else f'{value:.1%}'}"
            for month, value in zip(months, values, strict=True)
        )
        title = f"{in_language(language)['lit_share']}: {told}"
        lines.append({"code": town, "last": last, "drawn": sparkline(values, title, highest)})
    return lines


def _ended_cases(request: Request, user: User, language: Language) -> list[tuple[str, int]]:
    """How the cases of the reader's loans ended in the last twelve months, in words."""
    context = context_of(request)
    with context.database.read_session() as session:
        since = context.now() - timedelta(days=_DAYS_OF_CASES)
        counts = outcome_counts(session, user.scope.loans_only(), since)
    return [(getattr(OUTCOME_WORDS[CaseOutcome(code)], language), cases) for code, cases in counts.items()]


def _visit_progress(request: Request, store: DataFolder, user: User, month: PublishedMonth) -> list[dict[str, object]]:
    """The visits to the reader's loans of the newest month, all and by township; empty for an earlier month.

    Sums alone, also for roles that see no ids.
    """
    if month.as_of != MonthRepository(store).months()[0]:
        return []
    context, scope = context_of(request), user.scope.loans_only()
    return visit_progress(case_workload(context.database, replace(store, scope=scope), scope, context.today)).to_dicts()


def _light_shares_chart(now: MonthTotals, language: Language) -> Markup:
    """Each light's share of the loans and of the money, as two bars of the same length that can be compared."""
    w = in_language(language)
    measures = ((w["loan_count"], now.loans), (w["balance"], now.balance))
    light_words = {code: str(getattr(LIGHT_WORDS[code], language)) for code in _LIGHTS}

    def segment(code: str, share: float) -> BarSegment:
        return BarSegment(share, LIGHT_COLOURS[code], f"{light_words[code]} {share:.1%}")

    chart_bars = [
        Bar(
            label,
            tuple(segment(code, values[code] / (sum(values.values()) or 1)) for code in _LIGHTS),
            f"{sum(values.values()):,.0f}",
        )
        for label, values in measures
    ]
    title = "; ".join(
        f"{label}: " + ", ".join(f"{light_words[code]} {values[code]:,.0f}" for code in _LIGHTS)
        for label, values in measures
    )
    return bar_chart(chart_bars, title)


def _sparklines(months: Sequence[MonthTotals], language: Language) -> list[dict[str, object]]:
    """Three shares over the months, each with its line, its first and its last value."""
    w = in_language(language)

    def drawn_line(words: str, values: Sequence[float | None]) -> Markup:
        points = (
            f"{month.as_of:%Y-%m} {'–' if value is None else f'{value:.1%}'}"
            for month, value in zip(months, values, strict=True)
        )
        return sparkline(values, f"{words}: {', '.join(points)}")

    shares = (
        (w["lit_share"], [each.lit_share for each in months]),
        (w["overdue_share"], [each.overdue_share for each in months]),
        (w["overdue_household_share"], [each.overdue_household_share for each in months]),
    )
    return [
        {"words": words, "first": values[0], "last": values[-1], "drawn": drawn_line(words, values)}
        for words, values in shares
    ]


def _migration_table(migration: MigrationSummary, language: Language) -> dict[str, object]:
    """The states that occur as rows and columns in their order, and the cells by both."""
    cells = {(cell["state_before"], cell["state_after"]): cell for cell in migration.cells}
    start_states, end_states = {start for start, _ in cells}, {end for _, end in cells}
    return {
        "since": migration.since,
        "before": [(code, getattr(words, language)) for code, words in STATES_BEFORE.items() if code in start_states],
        "after": [(code, getattr(words, language)) for code, words in STATES_AFTER.items() if code in end_states],
        "cells": cells,
        "totals": migration.totals,
    }
