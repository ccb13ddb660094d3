"""The clerk's desk: deliveries as a matrix, rows in quarantine, and the month's run as a job."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Annotated

from fastapi import APIRouter, Form, Path, Query, Request
from fastapi.responses import RedirectResponse, Response

from features.delivery.template_workbook import template_archive
from features.loading.quarantine_list import KIND_WORDS, list_quarantine
from features.messages import UserError
from features.months import COUNTY_ZONE, month_end, month_end_after
from features.runs import read_runs, refused_files
from serving.http.context import AppContext, context_of
from serving.http.dependencies import (
    AuthenticatedRoute,
    CurrentUser,
    User,
    audit_as_export,
    audit_detail,
    audit_row_count,
)
from serving.http.problems import status_of
from serving.jobs.job_folder import JobFolder, JobState
from serving.monitor.acknowledgements import open_codes
from serving.months.repository import MonthRepository
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.portfolio.delivery_matrix import MONTHS_SHOWN, STATE_WORDS, delivery_matrix
from serving.reports.quarantine_book import quarantine_book
from serving.text.page_words import Language
from serving.text.written_day import Day
from serving.uploads.upload_folder import UploadFolder

clerk_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
JobNumber = Annotated[int, Path(ge=1, le=2_147_483_647)]
_ROWS_SHOWN = 200
_RUNS_SHOWN = 20
_MONTHS_OFFERED = 6
_MOST_CODES = 50
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@clerk_router.get("/deliveries")
def show_deliveries(request: Request, language: PageLanguage) -> Response:
    """What came, what is missing and what is set aside; the run log; the form that starts the month's run."""
    context = context_of(request)
    uploads = UploadFolder(context.store.folder)
    first_month = month_end_after(month_end(context.today), 1 - MONTHS_SHOWN)
    since = datetime.combine(first_month.replace(day=1), time(), COUNTY_ZONE)
    try:
        sent = uploads.newest()
        history = read_runs(context.store.folder)
        refused = refused_files(history.runs, since)
        matrix = delivery_matrix(context.store.ledger, context.today, refused)
        jobs, published = _job_states(context), MonthRepository(context.store).months()
        open_findings = open_codes(context.store.folder, published[0]) if published else None
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    return render_page(
        request,
        "deliveries.html",
        language,
        matrix=matrix,
        bank_tables={row.table for row in matrix.rows if row.bank is not None},
        states={state.value: getattr(words, language) for state, words in STATE_WORDS.items()},
        jobs=jobs,
        running=next((state for state in jobs if state.is_running), None),
        runs=list(reversed(history.runs))[:_RUNS_SHOWN],
        unreadable_runs=history.unreadable,
        month_ends=_months_to_score(context),
        published=published,
        open_codes=open_findings,
        today=context.today,
        refused_files=refused,
        uploads=sent,
        waiting_uploads={upload.number for upload in sent if uploads.files_left(upload.number)},
        upload_mb=context.settings.upload_mb,
    )


@clerk_router.get("/quarantine")
def show_quarantine(
    request: Request, language: PageLanguage, bank: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    """Rows that were not loaded, with file, line, column, value and reason. bank: those of one bank."""
    ledger = context_of(request).store.ledger
    try:
        rows = list_quarantine(ledger, bank or None)
        banks = sorted(list_quarantine(ledger)["bank"].drop_nulls().unique())
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_row_count(request, rows.height)
    return render_page(
        request,
        "quarantine.html",
        language,
        rows=rows.head(_ROWS_SHOWN).to_dicts(),
        total=rows.height,
        bank=bank or "",
        banks=banks,
        kinds={kind: getattr(words, language) for kind, words in KIND_WORDS.items()},
    )


@clerk_router.get("/templates.zip")
def download_templates() -> Response:
    """An empty workbook for each table, with notes on its columns."""
    headers = {"content-disposition": 'attachment; filename="templates.zip"'}
    return Response(template_archive(), media_type="application/zip", headers=headers)


@clerk_router.get("/quarantine.xlsx")
def download_quarantine(
    request: Request, language: PageLanguage, bank: Annotated[str | None, Query(max_length=64)] = None
) -> Response:
    """The rows in quarantine as they were delivered, a sheet for each bank, to send back."""
    context = context_of(request)
    try:
        rows = list_quarantine(context.store.ledger, bank or None)
    except UserError as refusal:
        return render_refusal(request, language, refusal, 409)
    audit_as_export(request)
    audit_row_count(request, rows.height)
    name = f"quarantine-{context.today}.xlsx"
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(quarantine_book(rows, context.now()), media_type=_EXCEL, headers=headers)


@clerk_router.post("/jobs/score")
def start_month(
    request: Request,
    user: CurrentUser,
    language: PageLanguage,
    as_of: Annotated[Day, Form()],
    incomplete: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Start the run of a month, the same as `lights score`; it goes on when the page is closed."""
    # As one word each, so that no text of a form is taken for an option.
    reason = (f"--incomplete={incomplete.strip()}",) if incomplete.strip() else ()
    return _start_job(request, user, language, ("score", f"--as-of={as_of}", *reason))


@clerk_router.post("/jobs/watch")
def start_watch(request: Request, user: CurrentUser, language: PageLanguage, as_of: Annotated[Day, Form()]) -> Response:
    """Judge all loans as of a day, the same as `lights watch`; the published month stays as it is."""
    return _start_job(request, user, language, ("watch", f"--as-of={as_of}"))


@clerk_router.post("/jobs/monitor")
def start_monitor(
    request: Request,
    user: CurrentUser,
    language: PageLanguage,
    as_of: Annotated[Day, Form()],
    code: Annotated[list[str], Form(max_length=_MOST_CODES)] = [],  # noqa: B006 - FastAPI copies it
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Monitor a month, the same as `lights monitor`; code: of findings to acknowledge, with a reason."""
    if code and not reason.strip():
        refusal = UserError(
            "确认监测发现须写明原因。", "Say why the findings are known; they are acknowledged with a reason."
        )
        return render_refusal(request, language, refusal, 409, back=f"/deliveries?lang={language}")
    known = (*(f"--acknowledge={each}" for each in code), f"--reason={reason.strip()}") if code else ()
    return _start_job(request, user, language, ("monitor", f"--as-of={as_of}", *known))


def _start_job(request: Request, user: User, language: Language, command: tuple[str, ...]) -> Response:
    """Start a job and go to its page."""
    context = context_of(request)
    try:
        job = JobFolder(context.store.folder).start(command, user.name, context.now())
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal), back=f"/deliveries?lang={language}")
    audit_detail(request, job=job.number, command=" ".join(command))
    return RedirectResponse(f"/jobs/{job.number}?lang={language}", status_code=303)


@clerk_router.get("/jobs/{number}")
def show_job(request: Request, language: PageLanguage, number: JobNumber) -> Response:
    """A job with what it prints; the page renews itself while the job runs."""
    context = context_of(request)
    try:
        state = JobFolder(context.store.folder).state(number, context.now())
    except UserError as refusal:
        return render_refusal(request, language, refusal, 404)
    return render_page(
        request,
        "job.html",
        language,
        state=state,
        seconds_before=_seconds_before(context, state),
        verdict=_verdict(state),
    )


def _job_states(context: AppContext) -> list[JobState]:
    jobs = JobFolder(context.store.folder)
    return [jobs.state(number, context.now()) for number in jobs.newest()]


def _months_to_score(context: AppContext) -> list[date]:
    """The last month ends, the newest first."""
    newest = month_end_after(context.today, -1)
    return [month_end_after(newest, -back) for back in range(_MONTHS_OFFERED)]


def _seconds_before(context: AppContext, state: JobState) -> float | None:
    """How long the last run of the same command took that came to an end; None where there is none."""
    runs = [run for run in read_runs(context.store.folder).runs if run.what == state.job.command[0]]
    return next((run.seconds for run in reversed(runs) if run.outcome == "done"), None)


def _verdict(state: JobState) -> str:
    """The key of the words on how a job stands."""
    if state.is_running:
        return "job_running"
    if state.code is None:
        return "job_killed"
    return "job_done" if state.code == 0 else "job_refused"
