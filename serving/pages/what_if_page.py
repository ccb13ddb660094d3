"""The what-if form on a household's page: each field that is filled in is a hypothetical fact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from features.contract.tables import HardshipCause
from features.messages import Bilingual, UserError
from features.months import same_day_after
from features.units import FINDING, HEAD, MONTHS, YUAN
from models.code_labels import CAUSE_WORDS
from serving.api.warning_routes import Identifier, published_month
from serving.explain.household_cache import household_month, unknown_household
from serving.explain.what_if.facts import (
    HardshipResolved,
    HypotheticalFact,
    ImpossibleFactsError,
    IncomeStatement,
    LivestockSold,
    MoreTime,
    NewHardship,
    Payment,
    UseCheck,
)
from serving.explain.what_if_answers import what_if
from serving.http.dependencies import AuthenticatedRoute, CurrentData
from serving.http.problems import status_of
from serving.pages.rendering import PageLanguage, render_page, render_refusal
from serving.text.page_words import Language, in_language
from serving.text.written_day import Day

what_if_page_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_Empty = BeforeValidator(lambda text: None if text == "" else text)
_Yuan = Annotated[float | None, _Empty, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
_Heads = Annotated[int | None, _Empty, Field(gt=0, le=100_000)]
_NO_FACTS = ImpossibleFactsError("没有填写任何假设；请至少填一项。", "Nothing is supposed; fill in one field at least.")


_VALUE_WORDS: Mapping[str, Callable[[Any], Bilingual]] = {
    "paid": YUAN.text,
    "sheep_sold": HEAD.text,
    "sheep_yuan": YUAN.text,
    "hardship": CAUSE_WORDS.__getitem__,
    "hardship_loss": YUAN.text,
    "use": FINDING.text,
    "more_time": MONTHS.text,
    "resolved": lambda _: Bilingual("", ""),
    "statement": lambda _: Bilingual("", ""),
}
"""The fields of the form in their order, each with the words of a value; a ticked box has none."""


class WhatIfForm(BaseModel):
    """The fields of the form. loan: the loan that payment, use check and more time are about; csrf: the CSRF token."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    csrf: str = ""
    as_of: Day
    loan: Annotated[str, Field(min_length=1, max_length=64)]
    paid: _Yuan = None
    sheep_sold: _Heads = None
    sheep_yuan: _Yuan = None
    hardship: Annotated[HardshipCause | None, _Empty] = None
    hardship_loss: _Yuan = None
    resolved: Literal["yes"] | None = None
    use: Annotated[Literal["as_declared", "partly_diverted", "diverted", "idle", "put_right"] | None, _Empty] = None
    more_time: Annotated[int | None, _Empty, Field(ge=1, le=36)] = None
    statement: Literal["yes"] | None = None

    def facts(self, matures_on: date) -> Iterator[HypotheticalFact]:
        """The hypothetical facts in the order of the form. Raises ImpossibleFactsError where sheep have no price.

        matures_on: the loan's maturity, from which more time is counted.
        """
        if self.paid:
            yield Payment(kind="payment", loan_id=self.loan, yuan=self.paid)
        if self.sheep_sold:
            if self.sheep_yuan is None:
                raise ImpossibleFactsError("卖羊须填所得金额。", "Give what the sheep sold bring.")
            yield LivestockSold(kind="livestock_sold", sheep=self.sheep_sold, yuan=self.sheep_yuan)
        if self.hardship:
            yield NewHardship(kind="hardship", cause=self.hardship, loss_amount=self.hardship_loss)
        if self.resolved:
            yield HardshipResolved(kind="hardship_resolved")
        if self.use:
            yield UseCheck(kind="use_check", loan_id=self.loan, finding=self.use)
        if self.more_time:
            new_maturity = same_day_after(matures_on, self.more_time)
            yield MoreTime(kind="more_time", loan_id=self.loan, new_matures_on=new_maturity)
        if self.statement:
            yield IncomeStatement(kind="income_statement")

    def filled_fields(self, language: Language) -> Iterator[tuple[str, str]]:
        """Label and value of each field that is filled in; the value of a ticked box is empty."""
        w = in_language(language)
        for name, words in _VALUE_WORDS.items():
            value = getattr(self, name)
            if value is not None:
                yield w[f"if_{name}"], str(getattr(words(value), language))


@what_if_page_router.post("/households/{household_id}/what-if")
def show_what_if(
    request: Request,
    store: CurrentData,
    language: PageLanguage,
    household_id: Identifier,
    form: Annotated[WhatIfForm, Form()],
) -> HTMLResponse:
    """The household's lights with the hypothetical facts, next to the published ones."""
    try:
        month, household = published_month(store, form.as_of), store.stored_id(household_id)
        days = dict(household_month(month, store, household).warnings.select("loan_id", "days_to_maturity").rows())
        if not days:
            return render_refusal(request, language, unknown_household(household, month.as_of), 404)
        facts = list(form.facts(month.as_of + timedelta(days=days.get(form.loan, 0))))
        if not facts:
            raise _NO_FACTS
        answer = what_if(month, store, household, facts)
    except UserError as refusal:
        return render_refusal(request, language, refusal, status_of(refusal))
    filled_fields = list(form.filled_fields(language))
    return render_page(request, "what_if.html", language, answer=answer, filled_fields=filled_fields)
