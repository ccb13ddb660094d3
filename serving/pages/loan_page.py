"""The page of one loan from payout to the month's end, open or closed."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from features.messages import UserError
from features.units import PRODUCT, REPAYMENT_METHOD, USE
from models.code_labels import PAYER_WORDS
from serving.api.case_routes import case_page_for
from serving.api.warning_routes import get_loan_history, published_month
from serving.cases.assignees import assignees_within
from serving.cases.repository import CaseQuery
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, CurrentUser
from serving.http.problems import status_of
from serving.months.light_history import MonthLight
from serving.pages.case_forms import case_form_values
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.text.charts import light_history_chart
from serving.text.written_day import Day

loan_page_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)


@loan_page_router.get("/loans/{loan_id}/history")
def show_loan_history(
    request: Request,
    store: CurrentData,
    user: CurrentUser,
    language: PageLanguage,
    loan_id: str,
    as_of: Day | None = None,
) -> HTMLResponse:
    """One loan: how it ended, its lights month by month, schedule, payments, events, use checks and cases."""
    context = context_of(request)
    try:
        history = get_loan_history(store, loan_id, published_month(store, as_of).as_of)
        cases = case_page_for(context, user, CaseQuery(loan_id=loan_id, limit=20))
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal))
    with context.database.read_session() as session:
        assignees = assignees_within(session, user.scope)
    lights = [MonthLight(month.as_of, month.light) for month in history.months]
    return render_page(
        request,
        "loan_history.html",
        language,
        history=history,
        chart=light_history_chart(lights, language) if lights else None,
        payers={code: getattr(words, language) for code, words in PAYER_WORDS.items()},
        products={code: getattr(words, language) for code, words in PRODUCT.codes.items()},
        uses={code: getattr(words, language) for code, words in USE.codes.items()},
        methods={code: getattr(words, language) for code, words in REPAYMENT_METHOD.codes.items()},
        **case_form_values(cases, language, assignees),
    )
