"""The page of one's own account: password and keys."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.accounts import create_key, keys_of, revoke_key, set_password
from serving.access.credentials import begin_attempt, clear_attempts, create_session
from serving.access.tokens import is_password_of
from serving.database.tables import Person
from serving.http.context import AppContext, context_of
from serving.http.dependencies import SESSION_COOKIE, AuthenticatedRoute, CurrentUser, audit_detail, client_address
from serving.pages.rendering import PageLanguage, redirect_after_form, render_page
from serving.text.page_words import Language

account_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)


@account_router.get("/account")
def show_account(request: Request, user: CurrentUser, language: PageLanguage) -> Response:
    """The user's role and scope, their password form and their keys."""
    return _render_account(request, user.id, language)


@account_router.post("/account/password")
def change_password(
    request: Request,
    user: CurrentUser,
    language: PageLanguage,
    password: Annotated[str, Form(max_length=200)] = "",
    again: Annotated[str, Form(max_length=200)] = "",
    current: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Set a new password; keys and other sessions end, and this one goes on under a new cookie."""
    context = context_of(request)
    try:
        _check_current_password(context, user.id, current, client_address(request))
        if password != again:
            raise UserError("两次输入的密码不一致。", "The two passwords differ.")
        with context.database.write_session() as session:
            person = _person(session, user.id)
            set_password(session, person, password, context.now())
            cookie = create_session(session, person, context.now(), context.settings.session_hours)
    except UserError as refusal:
        return _render_account(request, user.id, language, getattr(refusal.message, language), 409)
    response = redirect_after_form("/account", language)
    secure = context.settings.secure_cookies
    response.set_cookie(SESSION_COOKIE, cookie, httponly=True, samesite="lax", secure=secure, path="/")
    return response


@account_router.post("/account/keys")
def create_own_key(
    request: Request, user: CurrentUser, language: PageLanguage, label: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Make a key for a program; this answer alone shows it."""
    context = context_of(request)
    try:
        with context.database.write_session() as session:
            key = create_key(session, _person(session, user.id), label.strip() or "-", context.now())
    except UserError as refusal:
        return _render_account(request, user.id, language, getattr(refusal.message, language), 409)
    audit_detail(request, key=key.partition(".")[0])
    return _render_account(request, user.id, language, key=key)


@account_router.post("/account/keys/{prefix}/revoke")
def revoke_own_key(request: Request, user: CurrentUser, language: PageLanguage, prefix: str) -> Response:
    """End one of the user's keys."""
    context = context_of(request)
    try:
        with context.database.write_session() as session:
            revoke_key(session, _person(session, user.id), prefix, context.now())
    except UserError as refusal:
        return _render_account(request, user.id, language, getattr(refusal.message, language), 404)
    return redirect_after_form("/account", language)


def _check_current_password(context: AppContext, person_id: int, current: str, address: str) -> None:
    """Raises UserError where the current password is wrong; an account that has none yet needs none."""
    with context.database.write_session() as session:
        person = _person(session, person_id)
        if person.password_hash is None:
            return
        name, stored = person.name, person.password_hash
        begin_attempt(session, name, address, context.now())
    if is_password_of(stored, current):
        with context.database.write_session() as session:
            clear_attempts(session, name, address)
        return
    raise UserError("现用密码不正确。", "The present password is wrong.")


def _render_account(
    request: Request, person_id: int, language: Language, error: str | None = None, status: int = 200, **values: object
) -> Response:
    with context_of(request).database.read_session() as session:
        person = _person(session, person_id)
        keys = [key for key in keys_of(session, person) if key.revoked_at is None]
        context = {"person": person, "keys": keys, "error": error, **values}
        return render_page(request, "account.html", language, status=status, **context)


def _person(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    assert person is not None  # noqa: S101 - people are disabled, never deleted
    return person
