"""What if, and one household's own rows scored: judged as the month was, nothing stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from serving.api.warning_routes import PROBLEMS, AsOf, Identifier, as_json, published_month
from serving.explain.household import unknown_household
from serving.explain.household_cache import home_of
from serving.explain.what_if.answer import scored, what_if
from serving.explain.what_if.facts import Asked
from serving.http.dependencies import Kept
from serving.http.problems import NotFound
from serving.schemas.rescored import Scored, WhatIf

MOST_ROWS = 5000
supposing = APIRouter(prefix="/api/v1", responses=PROBLEMS)
Text = Annotated[str, Field(max_length=200)]
Cell = Text | Annotated[float, Field(allow_inf_nan=False)] | None
Rows = Annotated[list[dict[Text, Cell]], Field(max_length=MOST_ROWS)]


class Given(BaseModel):
    """One household's rows in the contract's tables; a table left out was not delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[Text, Rows]


@supposing.post("/households/{household_id}/what-if", response_model=WhatIf)
def household_what_if(store: Kept, household_id: Identifier, asked: Asked, as_of: AsOf = None) -> Response:
    """The household's warnings with facts supposed, beside the published ones."""
    month, household = published_month(store, as_of), store.kept_as(household_id)
    if home_of(month, store, household).warnings.is_empty():
        words = unknown_household(household, month.as_of).words
        raise NotFound(words.zh, words.en)
    return as_json(what_if(month, store, household, asked.facts))


@supposing.post("/score", response_model=Scored)
def score(store: Kept, given: Given, as_of: AsOf = None) -> Response:
    """The warnings of one household's rows, as of the month's evening."""
    return as_json(scored(published_month(store, as_of), store, given.tables))
