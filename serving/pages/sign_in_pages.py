"""Pages of sign-in by password or one-time link, and sign-out."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import RedirectResponse, Response

from features.messages import UserError
from serving.access.credentials import (
    SignInError,
    begin_attempt,
    clear_attempts,
    create_session,
    delete_session,
    person_by_password,
    redeem_link,
)
from serving.access.roles import START_PAGES, Role
from serving.access.tokens import digest
from serving.audit.log import ANONYMOUS, Actor, AuditAction, add_entry
from serving.database.tables import Person
from serving.http.context import AppContext, context_of
from serving.http.dependencies import SESSION_COOKIE, AuthenticatedRoute, client_address
from serving.http.problems import headers_of, status_of
from serving.pages.rendering import PageLanguage, render_page
from serving.text.page_words import Language

sign_in_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
Next = Annotated[str, Query(max_length=500)]


@sign_in_router.get("/sign-in")
def show_sign_in(
    request: Request,
    language: PageLanguage,
    token: Annotated[str | None, Query(max_length=100)] = None,
    next: Next = "/",  # noqa: A002 - the word in the address
) -> Response:
    """The sign-in form; with a one-time link's token a button, so that a program's preview does not use up the link."""
    if token is not None:
        return render_page(request, "sign_in_link.html", language, token=token)
    return _render_form(request, language, next)


@sign_in_router.post("/sign-in/link")
def sign_in_with_link(
    request: Request, language: PageLanguage, token: Annotated[str, Form(max_length=100)] = ""
) -> Response:
    """Sign in with a one-time link's token."""
    context = context_of(request)
    try:
        context.sign_in_rate_limit.take(client_address(request))
        cookie, person = _create_session_by_link(context, token)
    except UserError as refusal:
        return render_sign_in_refusal(request, language, refusal, "/")
    return signed_in_redirect(context, person, cookie, "/", language)


@sign_in_router.post("/sign-in")
def sign_in_with_password(
    request: Request,
    language: PageLanguage,
    name: Annotated[str, Form(max_length=64)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",  # noqa: A002 - the word in the form
) -> Response:
    """Sign in with name and password; after some failures the next attempt has to wait, each time longer."""
    context = context_of(request)
    try:
        context.sign_in_rate_limit.take(client_address(request))
        cookie, person = _create_session_by_password(context, name.strip(), password, client_address(request))
    except UserError as refusal:
        return render_sign_in_refusal(request, language, refusal, next)
    return signed_in_redirect(context, person, cookie, next, language)


@sign_in_router.post("/sign-out")
def sign_out(request: Request, language: PageLanguage) -> Response:
    """End the session."""
    with context_of(request).database.write_session() as session:
        delete_session(session, request.cookies.get(SESSION_COOKIE, ""))
    answer = RedirectResponse(f"/sign-in?lang={language}", status_code=303)
    answer.delete_cookie(SESSION_COOKIE, path="/")
    return answer


def _create_session_by_link(context: AppContext, token: str) -> tuple[str, Person]:
    """Cookie and account of a new session. Raises SignInError where the link is not valid, which is audited."""
    try:
        with context.database.write_session() as session:
            person = redeem_link(session, token, context.now())
            add_entry(session, actor_of(person), AuditAction.SIGN_IN, "one-time link", {}, context.now())
            return create_session(session, person, context.now(), context.settings.session_hours), person
    except SignInError:
        with context.database.write_session() as session:
            add_entry(session, ANONYMOUS, AuditAction.REFUSAL, "one-time link", {}, context.now())
        raise


def _create_session_by_password(context: AppContext, name: str, password: str, address: str) -> tuple[str, Person]:
    """Cookie and account of a new session. Raises SignInError where name or password is wrong, which is audited."""
    with context.database.write_session() as session:
        begin_attempt(session, name, address, context.now())
    with context.database.read_session() as session:
        person = person_by_password(session, name, password)
    with context.database.write_session() as session:
        if person is not None:
            clear_attempts(session, name, address)
            add_entry(session, actor_of(person), AuditAction.SIGN_IN, "password", {}, context.now())
            return create_session(session, person, context.now(), context.settings.session_hours), person
        detail = {"name_digest": digest(name)[:16]}
        add_entry(session, ANONYMOUS, AuditAction.REFUSAL, "password", detail, context.now())
    raise SignInError("账号或密码不正确。", "Name or password is wrong.")


def signed_in_redirect(
    context: AppContext, person: Person, cookie: str, wanted: str, language: Language
) -> RedirectResponse:
    """The answer to a sign-in: sets the session's cookie, and goes to the wanted page or the role's start page."""
    path = local_path(wanted)
    if path == "/":
        path = START_PAGES.get(Role(person.role), "/")
    response = RedirectResponse(path if "?" in path else f"{path}?lang={language}", status_code=303)
    response.set_cookie(
        SESSION_COOKIE,
        cookie,
        max_age=context.settings.session_hours * 3600,
        httponly=True,
        samesite="lax",
        secure=context.settings.secure_cookies,
        path="/",
    )
    return response


def render_sign_in_refusal(request: Request, language: Language, refusal: UserError, wanted: str) -> Response:
    """The sign-in form again, with why the sign-in was refused."""
    response = _render_form(request, language, wanted, getattr(refusal.message, language), status_of(refusal))
    response.headers.update(headers_of(refusal))
    return response


def _render_form(
    request: Request, language: Language, wanted: str, error: str | None = None, status: int = 200
) -> Response:
    values = {"next": local_path(wanted), "error": error, "has_oidc": context_of(request).oidc_provider is not None}
    return render_page(request, "sign_in.html", language, status=status, **values)


def local_path(wanted: str) -> str:
    """A path of this service; `/` for an address of another host or of another form."""
    split = urlsplit(wanted)
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and not split.netloc and not split.scheme
    return wanted if is_ours and wanted.isprintable() else "/"


def actor_of(person: Person) -> Actor:
    """The account as the audit log names it."""
    return Actor(person.name, person.role)
