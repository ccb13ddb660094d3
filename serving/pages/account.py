"""One's own account: password and keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from features.messages import Refused
from serving.access.accounts import give_key, keys_of, revoke_key, set_password
from serving.access.credentials import check_open, failed, open_session, succeeded
from serving.access.tokens import is_password
from serving.database.tables import Person
from serving.http.context import Desk, desk_of
from serving.http.dependencies import SESSION, Viewing, traced
from serving.pages.rendering import Spoken, page, see_other
from serving.text.page_words import Language

account = APIRouter(include_in_schema=False)


@account.get("/account")
def own_account(request: Request, viewer: Viewing, language: Spoken) -> Response:
    """Who one is, the password, the keys."""
    return _shown(request, viewer.id, language)


@account.post("/account/password")
def change_password(
    request: Request,
    viewer: Viewing,
    language: Spoken,
    password: Annotated[str, Form(max_length=200)] = "",
    again: Annotated[str, Form(max_length=200)] = "",
    current: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """A new password; other sessions end, this one goes on under another cookie."""
    desk = desk_of(request)
    try:
        cookie = _changed(desk, viewer.id, current, password, again)
    except Refused as refusal:
        return _shown(request, viewer.id, language, getattr(refusal.words, language), 409)
    answer = see_other("/account", language)
    answer.set_cookie(SESSION, cookie, httponly=True, samesite="lax", secure=desk.settings.secure_cookies, path="/")
    return answer


@account.post("/account/keys")
def new_key(
    request: Request, viewer: Viewing, language: Spoken, label: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """A key for a program, shown this once."""
    desk = desk_of(request)
    with desk.database.writing() as session:
        key = give_key(session, _person(session, viewer.id), label.strip() or "-", desk.now())
    traced(request, key=key.partition(".")[0])
    return _shown(request, viewer.id, language, key=key)


@account.post("/account/keys/{prefix}/revoke")
def end_key(request: Request, viewer: Viewing, language: Spoken, prefix: str) -> Response:
    """The key lets nobody in from now on."""
    desk = desk_of(request)
    try:
        with desk.database.writing() as session:
            revoke_key(session, _person(session, viewer.id), prefix, desk.now())
    except Refused as refusal:
        return _shown(request, viewer.id, language, getattr(refusal.words, language), 404)
    return see_other("/account", language)


def _changed(desk: Desk, person_id: int, current: str, password: str, again: str) -> str:
    _check_current(desk, person_id, current)
    if password != again:
        raise Refused("两次输入的密码不一致。", "The two passwords differ.")
    with desk.database.writing() as session:
        person = _person(session, person_id)
        set_password(session, person, password)
        return open_session(session, person, desk.now(), desk.settings.session_hours)


def _check_current(desk: Desk, person_id: int, current: str) -> None:
    """Somebody who came by a one-time link and has no password yet needs none."""
    with desk.database.writing() as session:
        person = _person(session, person_id)
        if person.password_hash is None:
            return
        check_open(session, person.name, desk.now())
        if is_password(person.password_hash, current):
            succeeded(session, person.name)
            return
        failed(session, person.name, desk.now())
    raise Refused("现用密码不正确。", "The present password is wrong.")


def _shown(
    request: Request, person_id: int, language: Language, said: str | None = None, status: int = 200, **values: object
) -> Response:
    with desk_of(request).database.reading() as session:
        person = _person(session, person_id)
        keys = [key for key in keys_of(session, person) if key.revoked_at is None]
        return page(request, "account.html", language, status=status, person=person, keys=keys, said=said, **values)


def _person(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    assert person is not None  # noqa: S101 - people are disabled, never deleted
    return person
