"""What if, and one household's own rows scored: judged as the month was, nothing stored."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from serving.access.viewer import Kept
from serving.answers import Scored, WhatIf
from serving.api.problems import NotFound
from serving.api.routes import PROBLEMS, AsOf, Identifier, published_month
from serving.households import unknown_household
from serving.supposed import Asked
from serving.what_if import scored, what_if

MOST_ROWS = 5000
supposing = APIRouter(prefix="/api/v1", responses=PROBLEMS)
Text = Annotated[str, Field(max_length=200)]
Cell = Text | Annotated[float, Field(allow_inf_nan=False)] | None
Rows = Annotated[list[dict[Text, Cell]], Field(max_length=MOST_ROWS)]


class Given(BaseModel):
    """One household's rows in the contract's tables; a table left out was not delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: dict[Text, Rows]


@supposing.post("/households/{household_id}/what-if")
def household_what_if(store: Kept, household_id: Identifier, asked: Asked, as_of: AsOf = None) -> WhatIf:
    """The household's warnings with facts supposed, beside the published ones."""
    month, household = published_month(store, as_of), store.kept_as(household_id)
    if month.household("warnings", household).is_empty():
        words = unknown_household(household, month.as_of).words
        raise NotFound(words.zh, words.en)
    return what_if(month, store, household, asked.facts)


@supposing.post("/score")
def score(store: Kept, given: Given, as_of: AsOf = None) -> Scored:
    """The warnings of one household's rows, as of the month's evening."""
    return scored(published_month(store, as_of), store, given.tables)
