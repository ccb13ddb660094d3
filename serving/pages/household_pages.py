"""Pages of one household, of groups compared, and of maturities with their notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from starlette.background import BackgroundTask

from features.messages import UserError
from features.units import FINDING
from models.code_labels import CAUSE_WORDS
from models.group_light.evaluate_groups import GroupLevel
from serving.api.case_routes import case_page_for
from serving.api.warning_routes import Area, Bank, Cursor, SearchText, WithinDays, published_month
from serving.cases.assignees import assignees_within
from serving.cases.repository import CaseQuery
from serving.contacts.address_book import FULL_CONTACTS, FoundContacts
from serving.contacts.notice_form import notice_form
from serving.explain.household import explanation_json
from serving.explain.household_cache import warm_up_household
from serving.explain.ledger_records import NoOpenLoanError, household_records
from serving.http.context import AppContext, context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser, User, audit_detail, audit_row_count
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.light_history import MAX_MONTHS, lights_by_loan
from serving.months.repository import MonthRepository
from serving.pages.case_forms import case_form_values
from serving.pages.rendering import PAGE_SIZES, PageLanguage, PageSize, render_page, render_refusal
from serving.portfolio.case_work import DUTY_WORDS, NO_WORK, LoanWork, case_workload
from serving.portfolio.group_lights import group_lights
from serving.portfolio.maturities import DueLevel, maturity_calendar
from serving.portfolio.news_list import household_today, month_or_judged_day
from serving.portfolio.place_names import place_directory
from serving.portfolio.promises import PROMISE_WORDS
from serving.portfolio.worklist import WorklistQuery
from serving.schemas.household_sheet import HouseholdExplanation
from serving.text.charts import light_history_chart
from serving.text.page_words import Language
from serving.text.written_day import Day

household_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_NOTICES_A_PAGE = 200


@household_router.get("/households/{household_id}")
def show_household(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    language: PageLanguage,
    household_id: str,
    as_of: Day | None = None,
) -> HTMLResponse:
    """One household: lights, rules, reasons, loans, repayment history, and for the newest month the visit due."""
    context = context_of(request)
    try:
        month = month_or_judged_day(store, as_of)
        answer = explanation_json(month, store, store.stored_id(household_id))
        explained = HouseholdExplanation.model_validate_json(answer)
        form = notice_form(store.folder)
        lights = lights_by_loan(store, month.as_of, explained.household_id)
        earlier = [day for day in MonthRepository(store).months() if day <= month.as_of][:MAX_MONTHS]
        _, damaged = MonthRepository(store).whole_months(earlier)
        newest = MonthRepository(store).months()[0]
        since = household_today(store, month, explained.household_id) if month.as_of == newest else None
        loan_ids, work = [loan.warning.loan_id for loan in explained.loans], dict[str, LoanWork]()
        if month.as_of == newest:
            workload = case_workload(context.database, store, user.scope, context.today, loan_ids)
            work = workload.by_loan(loan_ids)
        records = household_records(month, store, explained.household_id)
    except NoOpenLoanError:
        return render_records(request, context, user, language, month, store.stored_id(household_id))
    except UserError as refusal:
        return render_refusal(request, language, refusal, 404)
    cases = case_page_for(context, user, CaseQuery(household_id=explained.household_id, limit=20))
    with context.database.read_session() as session:
        assignees = assignees_within(session, user.scope)
    contacts = _contacts(request, context, user, [explained.household_id])
    response = render_page(
        request,
        "household.html",
        language,
        explained=explained,
        form=form,
        damaged=damaged,
        since=since if since and since.as_of > since.month else None,
        lights_since={loan.loan_id: loan for loan in since.loans} if since else {},
        today=context.today,
        light_charts={loan: light_history_chart(months, language) for loan, months in lights.items()},
        places=place_directory(month, store),
        causes=CAUSE_WORDS,
        findings=FINDING.codes,
        work={loan_id: work.get(loan_id, NO_WORK) for loan_id in loan_ids},
        promises={state.value: getattr(words, language) for state, words in PROMISE_WORDS.items()},
        duties={state.value: getattr(words, language) for state, words in DUTY_WORDS.items()},
        contact=contacts.entries.get(explained.household_id),
        unreadable_contacts=contacts.unreadable,
        is_month=month.as_of in MonthRepository(store).months(),
        newest_month=newest,
        closed_loans=records.closed_loans,
        **case_form_values(cases, language, assignees),
    )
    response.background = BackgroundTask(warm_up_household, month, store, explained.household_id)
    return response


def render_records(
    request: Request, context: AppContext, user: User, language: Language, month: PublishedMonth, household: str
) -> HTMLResponse:
    """The sheet of a household without an open loan: what the ledger holds of it."""
    store = DataFolder(context.store.folder, user.scope)
    records = household_records(month, store, household)
    contacts = _contacts(request, context, user, [household])
    return render_page(
        request,
        "household_records.html",
        language,
        records=records,
        places=place_directory(month, store),
        contact=contacts.entries.get(household),
        unreadable_contacts=contacts.unreadable,
    )


def _contacts(request: Request, context: AppContext, user: User, household_ids: Sequence[str]) -> FoundContacts:
    """The address book's entries as the reader may see them; how many were shown stands in the audit."""
    with context.database.read_session() as session:
        contacts = context.address_book.shown_to(user.role, session, household_ids)
    audit_detail(request, contacts=len(contacts.entries))
    return contacts


@household_router.get("/groups")
def show_groups(
    request: Request,
    store: CurrentData,
    language: PageLanguage,
    level: GroupLevel = GroupLevel.TOWNSHIP,
    as_of: Day | None = None,
) -> HTMLResponse:
    """Townships, villages, banks, products or counties compared, and early common causes."""
    try:
        month = published_month(store, as_of)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    levels, directory = [each.value for each in GroupLevel], place_directory(month, store)
    summary = group_lights(month, level)
    return render_page(request, "groups.html", language, summary=summary, levels=levels, places=directory)


@dataclass(frozen=True)
class CalendarFilters:
    """Query parameters of the calendar of maturities and of its notices. rows: of the calendar's page."""

    as_of: Day | None = None
    within_days: WithinDays = None
    bank: Bank = None
    area: Area = None
    q: SearchText = None
    loan: SearchText = None
    cursor: Cursor = None
    rows: PageSize = PAGE_SIZES[0]


@household_router.get("/maturities")
def show_maturities(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    language: PageLanguage,
    filters: Annotated[CalendarFilters, Depends()],
    level: DueLevel = DueLevel.TOWNSHIP,
) -> HTMLResponse:
    """Loans that fall due in the next months, as list and by group."""
    return _render_calendar(request, store, user, language, filters, "maturities.html", level, filters.rows)


@household_router.get("/maturities/notices")
def show_notices(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    language: PageLanguage,
    filters: Annotated[CalendarFilters, Depends()],
) -> HTMLResponse:
    """Printed notices of maturity, a sheet for each loan."""
    level = DueLevel.TOWNSHIP
    return _render_calendar(request, store, user, language, filters, "notices.html", level, _NOTICES_A_PAGE)


def _render_calendar(
    request: Request,
    store: DataFolder,
    user: User,
    language: Language,
    filters: CalendarFilters,
    template: str,
    level: DueLevel,
    limit: int,
) -> HTMLResponse:
    query = WorklistQuery(
        bank=filters.bank,
        area=filters.area,
        due_within_days=filters.within_days,
        text=store.stored_id(filters.q) if filters.q else None,
        loan=filters.loan,
        limit=limit,
        cursor=filters.cursor,
    )
    try:
        month = published_month(store, filters.as_of)
        calendar = maturity_calendar(month, level, query)
        contacts = FoundContacts({})
        if template == "notices.html" and user.role in FULL_CONTACTS:  # a masked name on paper names nobody
            households = [item.household_id for item in calendar.items]
            contacts = _contacts(request, context_of(request), user, households)
        form = notice_form(store.folder)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, calendar.total)
    directory = place_directory(month, store)
    narrowed_to = [filters.bank, directory.village_name(filters.area), filters.q, filters.loan]
    return render_page(
        request,
        template,
        language,
        calendar=calendar,
        page_size=filters.rows,
        contacts=contacts.entries,
        form=form,
        today=context_of(request).today,
        levels=[each.value for each in DueLevel],
        instalments=month.policy.plans.instalments,
        places=directory,
        narrowed_to=" · ".join(each for each in narrowed_to if each),
    )
