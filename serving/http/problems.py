"""Errors as RFC 9457 problem+json, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from features.messages import Bilingual, UserError
from serving.access.credentials import SignInError
from serving.access.rate_limit import TooManyRequestsError
from serving.cases.repository import CaseNotFoundError
from serving.explain.what_if.facts import ImpossibleFactsError
from serving.http.dependencies import ForbiddenError, NotSignedInError
from serving.text.validation_errors import error_sentences


class Problem(BaseModel):
    """A problem detail: `zh` and `en` say what is wrong and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    zh: str
    en: str


class NotFoundError(UserError):
    """The loan, household or account that was asked for does not exist for the user."""


class NotReadyError(UserError):
    """No month is published yet, or the database or the champion's files cannot be read."""


_STATUS: dict[type[UserError], int] = {
    NotSignedInError: 401,
    SignInError: 401,
    ForbiddenError: 403,
    NotFoundError: 404,
    CaseNotFoundError: 404,
    ImpossibleFactsError: 422,
    TooManyRequestsError: 429,
    NotReadyError: 503,
}
_GENERAL = {
    400: Bilingual("请求体无法读取；请发送 UTF-8 编码的 JSON。", "The body cannot be read; send JSON in UTF-8."),
    404: Bilingual("没有这个地址。", "There is nothing at this address."),
    405: Bilingual("此地址不支持该方法。", "This address does not take that method."),
}
_TOO_LARGE = Bilingual(
    "发送的内容过大，此地址最多 {limit} MB。", "Too much was sent; this address takes {limit} MB at most."
)
_OTHER_STATUS = Bilingual("请求未被接受（{status}）。", "The request was not taken ({status}).")
_UNSTORABLE_TEXT = Bilingual("请求中有无法保存的字符。", "The request holds a character that cannot be kept.")
"""PostgreSQL refuses a zero byte in a text column."""
_FAILED = Bilingual(
    "服务内部出错，未能回答；错误已记入服务日志，请联系管理员。",
    "The service failed and has no answer; the fault is in its log. Tell whoever runs it.",
)


def problem(status: int, words: Bilingual, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a request that failed, as `application/problem+json`."""
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=words.en, zh=words.zh, en=words.en)
    return JSONResponse(body.model_dump(), status, headers, "application/problem+json")


def invalid_words(error: RequestValidationError) -> Bilingual:
    """The message of a request that fails validation: the fields that are wrong, and how.

    Field names are given without their first level, which is query, path or body.
    """
    messages = error_sentences(error.errors(), skip=1)
    return Bilingual(f"请求参数有误：{messages.zh}", f"The request is wrong: {messages.en}")


def http_words(error: HTTPException) -> Bilingual:
    """The message of an HTTP error that Starlette raises, such as 404 or 405."""
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return _TOO_LARGE.format(limit=error.detail)
    return _GENERAL.get(error.status_code, _OTHER_STATUS.format(status=error.status_code))


def status_of(refusal: UserError) -> int:
    """The HTTP status of a refusal; 409 where its class has none of its own."""
    return next((_STATUS[kind] for kind in type(refusal).__mro__ if kind in _STATUS), 409)


def headers_of(refusal: UserError) -> dict[str, str]:
    """The HTTP headers that go with a refusal: `Retry-After` or `WWW-Authenticate`."""
    if isinstance(refusal, TooManyRequestsError):
        return {"Retry-After": str(refusal.seconds)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(refusal, NotSignedInError) else {}


def add_problem_handlers(app: FastAPI) -> None:
    """Answer faults of an application, and text that its database cannot keep, as problem+json."""
    app.add_exception_handler(Exception, lambda _request, _error: problem(500, _FAILED))
    app.add_exception_handler(DataError, lambda _request, _error: problem(422, _UNSTORABLE_TEXT))
