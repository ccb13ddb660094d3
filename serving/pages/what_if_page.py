"""The what-if form of a household's page, without script: what is filled in is supposed, what is left empty is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from features.messages import Refused, Words
from features.months import months_later
from features.units import FINDING, HEAD, MONTHS, YUAN
from models.code_labels import CAUSE_WORDS
from models.county_policy.sections import Cause
from serving.api.warning_routes import Identifier, published_month
from serving.explain.household import unknown_household
from serving.explain.household_cache import home_of
from serving.explain.what_if.answer import what_if
from serving.explain.what_if.facts import (
    HardshipResolved,
    Impossible,
    IncomeStatement,
    LivestockSold,
    MoreTime,
    NewHardship,
    Payment,
    Supposed,
    UseCheck,
)
from serving.http.dependencies import Kept
from serving.http.problems import status_of
from serving.pages.rendering import Spoken, page, refused
from serving.text.page_words import Language, in_language

what_if_pages = APIRouter(include_in_schema=False)
_Empty = BeforeValidator(lambda text: None if text == "" else text)
_Yuan = Annotated[float | None, _Empty, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
_Heads = Annotated[int | None, _Empty, Field(gt=0, le=100_000)]
_NOTHING = Impossible("没有填写任何假设; 请至少填一项。", "Nothing is supposed; fill in one field at least.")


_TOLD: Mapping[str, Callable[[Any], Words]] = {
    "paid": YUAN.words,
    "sheep_sold": HEAD.words,
    "sheep_yuan": YUAN.words,
    "hardship": CAUSE_WORDS.__getitem__,
    "hardship_loss": YUAN.words,
    "use": FINDING.words,
    "more_time": MONTHS.words,
    "resolved": lambda _: Words("", ""),
    "statement": lambda _: Words("", ""),
}
"""The fields of the form in its order, each with how its value is written."""


class Filled(BaseModel):
    """The form. loan: which one is meant. csrf: that it is our own form, looked at by the door."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    csrf: str = ""
    as_of: date
    loan: Annotated[str, Field(min_length=1, max_length=64)]
    paid: _Yuan = None
    sheep_sold: _Heads = None
    sheep_yuan: _Yuan = None
    hardship: Annotated[Cause | None, _Empty] = None
    hardship_loss: _Yuan = None
    resolved: Literal["yes"] | None = None
    use: Annotated[Literal["as_declared", "partly_diverted", "diverted", "idle", "put_right"] | None, _Empty] = None
    more_time: Annotated[int | None, _Empty, Field(ge=1, le=36)] = None
    statement: Literal["yes"] | None = None

    def facts(self, matures_on: date) -> Iterator[Supposed]:
        """What is supposed, in the order of the form."""
        if self.paid:
            yield Payment(kind="payment", loan_id=self.loan, yuan=self.paid)
        if self.sheep_sold:
            yield self._sold()
        if self.hardship:
            yield NewHardship(kind="hardship", cause=self.hardship, loss_amount=self.hardship_loss)
        if self.resolved:
            yield HardshipResolved(kind="hardship_resolved")
        if self.use:
            yield UseCheck(kind="use_check", loan_id=self.loan, finding=self.use)
        if self.more_time:
            new = months_later(matures_on, self.more_time)
            yield MoreTime(kind="more_time", loan_id=self.loan, new_matures_on=new)
        if self.statement:
            yield IncomeStatement(kind="income_statement")

    def told(self, language: Language) -> Iterator[tuple[str, str]]:
        """What was filled in, as the form calls it; what is ticked has no value."""
        w = in_language(language)
        for name, words in _TOLD.items():
            value = getattr(self, name)
            if value is not None:
                yield w[f"if_{name}"], str(getattr(words(value), language))

    def _sold(self) -> LivestockSold:
        if self.sheep_yuan is None:
            raise Impossible("卖羊须填所得金额。", "Give what the sheep sold bring.")
        return LivestockSold(kind="livestock_sold", sheep=self.sheep_sold or 0, yuan=self.sheep_yuan)


@what_if_pages.post("/households/{household_id}/what-if")
def household_what_if(
    request: Request, store: Kept, language: Spoken, household_id: Identifier, filled: Annotated[Filled, Form()]
) -> HTMLResponse:
    """The household's lights with what was filled in, beside the published ones."""
    try:
        month, household = published_month(store, filled.as_of), store.kept_as(household_id)
        days = dict(home_of(month, store, household).warnings.select("loan_id", "days_to_maturity").rows())
        if not days:
            return refused(request, language, unknown_household(household, month.as_of), 404)
        facts = list(filled.facts(month.as_of + timedelta(days=days.get(filled.loan, 0))))
        if not facts:
            raise _NOTHING
        supposed = what_if(month, store, household, facts)
    except Refused as refusal:
        return refused(request, language, refusal, status_of(refusal))
    return page(request, "what_if.html", language, supposed=supposed, filled=list(filled.told(language)))
