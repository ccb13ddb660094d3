"""Errors as RFC 9457 problem+json, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from features.messages import Refused, Words
from serving.access.credentials import SignInRefused
from serving.access.rate_limit import TooMany
from serving.cases.repository import NoSuchCase
from serving.explain.what_if.facts import Impossible
from serving.http.dependencies import Forbidden, NotSignedIn
from serving.text.validation_errors import faults


class Problem(BaseModel):
    """A problem detail: `zh` and `en` say what is wrong and what to do."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    zh: str
    en: str


class NotFound(Refused):
    """What was asked for is not there."""


class NotReady(Refused):
    """There is nothing to answer from yet."""


_STATUS: dict[type[Refused], int] = {
    NotSignedIn: 401,
    SignInRefused: 401,
    Forbidden: 403,
    NotFound: 404,
    NoSuchCase: 404,
    Impossible: 422,
    TooMany: 429,
    NotReady: 503,
}
_GENERAL = {
    400: Words("请求体无法读取; 请发送 UTF-8 编码的 JSON。", "The body cannot be read; send JSON in UTF-8."),
    404: Words("没有这个地址。", "There is nothing at this address."),
    405: Words("此地址不支持该方法。", "This address does not take that method."),
}
_UNKNOWN = Words("请求未被接受 ({status})。", "The request was not taken ({status}).")
_UNKEPT = Words("请求中有无法保存的字符。", "The request holds a character that cannot be kept.")
"""PostgreSQL takes no zero byte in a text."""
_FAILED = Words(
    "服务内部出错, 未能回答; 错误已记入服务日志, 请联系管理员。",
    "The service failed and has no answer; the fault is in its log. Tell whoever runs it.",
)


def problem(status: int, words: Words, headers: Mapping[str, str] | None = None) -> JSONResponse:
    body = Problem(title=HTTPStatus(status).phrase, status=status, detail=words.en, zh=words.zh, en=words.en)
    return JSONResponse(body.model_dump(), status, headers, "application/problem+json")


def invalid_words(error: RequestValidationError) -> Words:
    """Which fields are wrong, and how: their places begin with where they stand, which is query, path or body."""
    told = faults(error.errors(), skip=1)
    return Words(f"请求参数有误: {told.zh}", f"The request is wrong: {told.en}")


def http_words(error: HTTPException) -> Words:
    return _GENERAL.get(error.status_code, _UNKNOWN.filled(status=error.status_code))


def status_of(refusal: Refused) -> int:
    """What a refusal is in HTTP."""
    return next((_STATUS[kind] for kind in type(refusal).__mro__ if kind in _STATUS), 409)


def headers_of(refusal: Refused) -> dict[str, str]:
    if isinstance(refusal, TooMany):
        return {"Retry-After": str(refusal.seconds)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(refusal, NotSignedIn) else {}


def answer_problems(app: FastAPI) -> None:
    """Turn refusals, bad requests and unknown addresses into problems."""

    def refused(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        assert isinstance(error, Refused)  # noqa: S101 - registered for it
        return problem(status_of(error), error.words, headers_of(error))

    def invalid(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for it
        return problem(422, invalid_words(error))

    def http(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        assert isinstance(error, HTTPException)  # noqa: S101 - registered for it
        return problem(error.status_code, http_words(error), error.headers)

    def unkept(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        return problem(422, _UNKEPT)

    def failed(request: Request, error: Exception) -> JSONResponse:  # noqa: ARG001
        return problem(500, _FAILED)

    app.add_exception_handler(Exception, failed)
    app.add_exception_handler(DataError, unkept)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
