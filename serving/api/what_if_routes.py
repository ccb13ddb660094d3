"""Routes that score hypothetical facts of a household, or the rows of a household that the request holds."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from features.contract.tables import REQUIRED_TABLES, TABLES
from serving.api.warning_routes import PROBLEM_RESPONSES, AsOf, Identifier, json_response, published_month
from serving.explain.household_cache import household_month, unknown_household
from serving.explain.what_if.facts import WhatIfRequest
from serving.explain.what_if_answers import score_household_tables, what_if
from serving.http.dependencies import AuthenticatedRoute, CurrentData
from serving.http.problems import NotFoundError
from serving.schemas.rescored import RescoredWarnings, WhatIfAnswer

MAX_ROWS = 5000
what_if_router = APIRouter(route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES)
Text = Annotated[str, Field(max_length=200)]
Cell = Text | Annotated[float, Field(allow_inf_nan=False)] | None
Rows = Annotated[list[dict[Text, Cell]], Field(max_length=MAX_ROWS)]


def tables_schema(schema: dict[str, Any]) -> None:
    """Say in the OpenAPI document which tables and columns there are, and which are needed."""
    rows = schema.pop("additionalProperties")
    cell = rows["items"].pop("additionalProperties")
    schema["properties"] = {
        name: {
            **rows,
            **({"minItems": 1} if name == "households" else {}),
            "items": {
                "type": "object",
                "properties": dict.fromkeys(table.column_names, cell),
                "required": list(table.required_columns),
                "additionalProperties": False,
            },
        }
        for name, table in TABLES.items()
    }
    schema.update(required=list(REQUIRED_TABLES), additionalProperties=False)


class HouseholdTables(BaseModel):
    """One household's rows in the contract's tables; a table left out was not delivered."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tables: Annotated[dict[Text, Rows], Field(json_schema_extra=tables_schema)]


@what_if_router.post("/households/{household_id}/what-if", response_model=WhatIfAnswer, tags=["households"])
def score_what_if(store: CurrentData, household_id: Identifier, request: WhatIfRequest, as_of: AsOf = None) -> Response:
    """The household's warnings with hypothetical facts, next to the published ones; nothing is stored."""
    month, household = published_month(store, as_of), store.stored_id(household_id)
    if household_month(month, store, household).warnings.is_empty():
        message = unknown_household(household, month.as_of).message
        raise NotFoundError(message.zh, message.en)
    return json_response(what_if(month, store, household, request.facts))


@what_if_router.post("/score", response_model=RescoredWarnings, tags=["households"])
def score_household(store: CurrentData, household: HouseholdTables, as_of: AsOf = None) -> Response:
    """The warnings of one household's rows, as of the month's end; nothing is stored."""
    return json_response(score_household_tables(published_month(store, as_of), store, household.tables))
