"""The OpenAPI document and its page: sign-in, problem+json and examples that work."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from features.messages import UserError
from serving.access.roles import Right
from serving.api.examples import EXAMPLES
from serving.cases.repository import CaseQuery, search_cases
from serving.http.context import AppContext, context_of
from serving.http.dependencies import SESSION_COOKIE, AuthenticatedRoute, CurrentData, CurrentUser, User
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository

_ASSETS = "/static-offline-docs"
_SECURITY = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key from /account or `lights user key NAME`; also as the password of HTTP Basic.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "The cookie of a browser that is signed in; a change needs X-CSRF-Token too, so use a key.",
    },
}
_OPEN_CASES = CaseQuery(state="open", limit=200)
document_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
Document = dict[str, Any]


@dataclass(frozen=True)
class ExampleIds:
    """What the examples name: a loan, a household, a case and its version, and the reader's own account.

    Defaults where the reader may see none.
    """

    loan: str = "L010000001"
    household: str = "H010000001"
    case: int = 1
    version: int = 1
    account: str = "li.wei"


@document_router.get("/openapi.json")
def get_openapi_document(request: Request, user: CurrentUser, store: CurrentData) -> JSONResponse:
    """The OpenAPI document, with examples that name a loan and a case within the reader's scope."""
    document = with_examples(request.app.openapi(), _example_ids(user, store, context_of(request)))
    return JSONResponse(document, headers={"Vary": "Authorization, Cookie"})


@document_router.get("/docs")
def show_docs(request: Request) -> HTMLResponse:
    """The document as a page on which requests can be tried; its scripts and styles are served from here."""
    assets = f"{request.scope.get('root_path', '')}{_ASSETS}"
    return get_swagger_ui_html(
        openapi_url=f"{request.scope.get('root_path', '')}/openapi.json",
        title=f"{request.app.title} · API",
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
    )


def add_documentation(app: FastAPI) -> None:
    """Add the document's routes, and describe sign-in and problem+json in it."""
    plain_openapi = app.openapi
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-assets")
    app.include_router(document_router)

    def openapi() -> Document:
        document = plain_openapi()
        document["components"]["securitySchemes"] = _SECURITY
        for path, route in document["paths"].items():
            for operation in route.values():
                for status, response in operation["responses"].items():
                    if status >= "400" and response.get("content"):
                        [problem_content] = response["content"].values()  # under the media type of the route's answers
                        response["content"] = {"application/problem+json": problem_content}
                if path.startswith("/api"):
                    operation["security"] = [{"key": []}, {"session": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to add to the document


def with_examples(document: Document, ids: ExampleIds) -> Document:
    """A copy of the document in which each operation has its example."""
    document = copy.deepcopy(document)
    for (method, path), example in EXAMPLES.items():
        operation, values = document["paths"][path][method], _fill_in(example.query | example.path, ids)
        for parameter in operation.get("parameters", ()):
            if parameter["name"] in values:
                parameter["example"] = values[parameter["name"]]
        if example.body is not None:
            operation["requestBody"]["content"]["application/json"]["example"] = _fill_in(example.body, ids)
    return document


def _fill_in(value: Any, ids: ExampleIds) -> Any:
    """An example with `{loan}` and the like replaced by the id; a number stays a number."""
    match value:
        case dict():
            return {key: _fill_in(each, ids) for key, each in value.items()}
        case list():
            return [_fill_in(each, ids) for each in value]
        case str() if value.startswith("{"):
            return asdict(ids)[value.strip("{}")]
    return value


def _example_ids(user: User, store: DataFolder, context: AppContext) -> ExampleIds:
    """An open case and a loan without one, within the user's scope; defaults where there is none."""
    if not user.has_right(Right.PERSONS):
        return ExampleIds()
    with context.database.read_session() as session:
        cases = [(case.loan_id, case.number, case.version) for case in search_cases(session, _OPEN_CASES, user.scope)]
    loan, household = _first_loan(store, [loan for loan, _, _ in cases]) or (ExampleIds.loan, ExampleIds.household)
    ids = ExampleIds(loan, household, account=user.name)
    return replace(ids, case=cases[0][1], version=cases[0][2]) if cases else ids


def _first_loan(store: DataFolder, excluded: Sequence[str]) -> tuple[str, str] | None:
    """Loan and household of the newest month: one that has not gone bad if possible, as the model explains it best."""
    try:
        rows = MonthRepository(store).month().scan("warnings")
    except UserError:  # nothing is published yet
        return None
    loans = rows.filter(~pl.col("loan_id").is_in(excluded)).sort(pl.col("probability").is_null(), "loan_id")
    first = loans.select("loan_id", "household_id").head(1).collect().rows()
    return first[0] if first else None
