"""The doors: sign-in by password or one-time link, and sign-out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from features.messages import Refused
from serving.access.credentials import (
    SignInRefused,
    check_open,
    close_session,
    failed,
    open_session,
    succeeded,
    with_link,
    with_password,
)
from serving.access.roles import HOME, Role
from serving.access.tokens import digest
from serving.audit.log import NOBODY, Action, Who, record
from serving.database.tables import Person
from serving.http.context import Desk, desk_of
from serving.http.dependencies import SESSION, client_of
from serving.http.problems import headers_of, status_of
from serving.pages.rendering import Spoken, page
from serving.text.page_words import Language

doors = APIRouter(include_in_schema=False)
Next = Annotated[str, Query(max_length=500)]


@doors.get("/sign-in")
def sign_in(
    request: Request,
    language: Spoken,
    token: Annotated[str | None, Query(max_length=100)] = None,
    next: Next = "/",  # noqa: A002 - the word in the address
) -> Response:
    """The form; or with a one-time link's token, its button: what fetches a preview of the link does not use it up."""
    if token is not None:
        return page(request, "sign_in_link.html", language, token=token)
    return page(request, "sign_in.html", language, next=own_path(next), said=None, **_other_ways(request))


@doors.post("/sign-in/link")
def sign_in_with_link(request: Request, language: Spoken, token: Annotated[str, Form(max_length=100)] = "") -> Response:
    """A one-time link's token, which lets in this once."""
    desk = desk_of(request)
    try:
        desk.sign_in_limits.take(client_of(request))
        cookie, person = _by_link(desk, token)
    except Refused as refusal:
        return shown_again(request, language, refusal, "/")
    return let_in(desk, person, cookie, "/", language)


@doors.post("/sign-in")
def sign_in_with_password(
    request: Request,
    language: Spoken,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 - the word in the form
) -> Response:
    """Name and password; after five failures the name waits, each time longer."""
    desk = desk_of(request)
    try:
        desk.sign_in_limits.take(client_of(request))
        cookie, person = _by_password(desk, name.strip(), password)
    except Refused as refusal:
        return shown_again(request, language, refusal, next)
    return let_in(desk, person, cookie, next, language)


@doors.post("/sign-out")
def sign_out(request: Request, language: Spoken) -> Response:
    """The session is gone."""
    with desk_of(request).database.writing() as session:
        close_session(session, request.cookies.get(SESSION, ""))
    answer = RedirectResponse(f"/sign-in?lang={language}", status_code=303)
    answer.delete_cookie(SESSION, path="/")
    return answer


def _by_link(desk: Desk, token: str) -> tuple[str, Person]:
    try:
        with desk.database.writing() as session:
            person = with_link(session, token, desk.now())
            record(session, who_is(person), Action.SIGN_IN, "one-time link", {}, desk.now())
            return open_session(session, person, desk.now(), desk.settings.session_hours), person
    except SignInRefused:
        with desk.database.writing() as session:
            record(session, NOBODY, Action.REFUSAL, "one-time link", {}, desk.now())
        raise


def _by_password(desk: Desk, name: str, password: str) -> tuple[str, Person]:
    """The failure is kept though the sign-in is refused."""
    with desk.database.reading() as session:
        check_open(session, name, desk.now())
        person = with_password(session, name, password)
    with desk.database.writing() as session:
        if person is not None:
            succeeded(session, name)
            record(session, who_is(person), Action.SIGN_IN, "password", {}, desk.now())
            return open_session(session, person, desk.now(), desk.settings.session_hours), person
        failed(session, name, desk.now())
        record(session, NOBODY, Action.REFUSAL, "password", {"name_digest": digest(name)[:16]}, desk.now())
    raise SignInRefused("账号或密码不正确。", "Name or password is wrong.")


def let_in(desk: Desk, person: Person, cookie: str, wanted: str, language: Language) -> RedirectResponse:
    home = HOME.get(Role(person.role), "/")
    path = home if own_path(wanted) == "/" else own_path(wanted)
    answer = RedirectResponse(path if "?" in path else f"{path}?lang={language}", status_code=303)
    answer.set_cookie(
        SESSION,
        cookie,
        max_age=desk.settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=desk.settings.secure_cookies,
        path="/",
    )
    return answer


def shown_again(request: Request, language: Language, refusal: Refused, wanted: str) -> Response:
    said = {"said": getattr(refusal.words, language), "next": own_path(wanted), **_other_ways(request)}
    answer = page(request, "sign_in.html", language, status=status_of(refusal), **said)
    answer.headers.update(headers_of(refusal))
    return answer


def _other_ways(request: Request) -> dict[str, bool]:
    return {"has_directory": desk_of(request).directory is not None}


def own_path(wanted: str) -> str:
    """A path of ours; anywhere else is the beginning."""
    parts = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return wanted if is_ours and wanted.isprintable() else "/"


def who_is(person: Person) -> Who:
    return Who(person.name, person.role)
