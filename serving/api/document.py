"""The OpenAPI document and the page that shows it: how to sign in, problems as they come, examples that work."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import polars as pl
from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

from features.messages import Refused
from serving.access.roles import Right
from serving.api.examples import EXAMPLES, Example
from serving.cases.repository import Sought, found
from serving.http.context import Desk, desk_of
from serving.http.dependencies import SESSION, Kept, Viewer, Viewing
from serving.months.data_folder import Store
from serving.months.repository import Published

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
        "name": SESSION,
        "description": "The cookie of a browser that is signed in; a change needs X-CSRF-Token too, so use a key.",
    },
}
_OPEN = Sought(state="open", limit=200)
documents = APIRouter(include_in_schema=False)
Document = dict[str, Any]


@dataclass(frozen=True)
class Names:
    """What the examples name: a loan, its household, a case and its version, as far as they exist for who reads."""

    loan: str = "L010000001"
    household: str = "H010000001"
    case: int = 1
    version: int = 1


@documents.get("/openapi.json")
def openapi_document(request: Request, viewer: Viewing, store: Kept) -> JSONResponse:
    """The document, its examples naming a loan that exists for whoever reads it."""
    names = _names(viewer, store, desk_of(request))
    return JSONResponse(with_examples(request.app.openapi(), names), headers={"Vary": "Authorization, Cookie"})


@documents.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """The document as a page to try it on, with nothing from outside."""
    assets = f"{request.scope.get('root_path', '')}{_ASSETS}"
    return get_swagger_ui_html(
        openapi_url=f"{request.scope.get('root_path', '')}/openapi.json",
        title=f"{request.app.title} · API",
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
    )


def documented(app: FastAPI) -> None:
    """Say in the document that all but health asks for a sign-in, and that problems are problem+json."""
    plain = app.openapi
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_offline", "static")]), name="docs-assets")
    app.include_router(documents)

    def openapi() -> Document:
        document = plain()
        document["components"]["securitySchemes"] = _SECURITY
        for path, route in document["paths"].items():
            for operation in route.values():
                _say_problems(operation)
                if path.startswith("/api"):
                    operation["security"] = [{"key": []}, {"session": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to add to the document


def with_examples(document: Document, names: Names) -> Document:
    """A copy in which each operation carries its example."""
    told = copy.deepcopy(document)
    for (method, path), example in EXAMPLES.items():
        _exemplify(told["paths"][path][method], _named(example.query | example.path, names), example, names)
    return told


def _exemplify(operation: Document, values: Mapping[str, Any], example: Example, names: Names) -> None:
    for parameter in operation.get("parameters", ()):
        if parameter["name"] in values:
            parameter["example"] = values[parameter["name"]]
    if example.body is not None:
        operation["requestBody"]["content"]["application/json"]["example"] = _named(example.body, names)


def _named(value: Any, names: Names) -> Any:
    """With `{loan}` and the like replaced by what is named; a field that is all of a text keeps its type."""
    match value:
        case dict():
            return {key: _named(each, names) for key, each in value.items()}
        case list():
            return [_named(each, names) for each in value]
        case str() if value.startswith("{"):
            return asdict(names)[value.strip("{}")]
    return value


def _say_problems(operation: Document) -> None:
    for status, response in operation["responses"].items():
        if status >= "400" and "application/json" in response.get("content", {}):
            response["content"] = {"application/problem+json": response["content"]["application/json"]}


def _names(viewer: Viewer, store: Store, desk: Desk) -> Names:
    if not viewer.may(Right.PERSONS):
        return Names()
    with desk.database.reading() as session:
        cases = [(case.loan_id, case.id, case.version) for case in found(session, _OPEN, viewer.scope)]
    loan, household = _first_loan(store, [loan for loan, _, _ in cases]) or (Names.loan, Names.household)
    named = Names(loan, household)
    return replace(named, case=cases[0][1], version=cases[0][2]) if cases else named


def _first_loan(store: Store, but: Sequence[str]) -> tuple[str, str] | None:
    """Of those without an open case, a loan that has not gone bad first, since of it a model tells the most."""
    try:
        rows = Published(store).month().scan("warnings")
    except Refused:  # nothing is published yet
        return None
    free = rows.filter(~pl.col("loan_id").is_in(but)).sort(pl.col("probability").is_null(), "loan_id")
    named = free.select("loan_id", "household_id").head(1).collect().rows()
    return named[0] if named else None
