"""The administrator's page of accounts: add, change, disable, enable, and make a new one-time link."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response

from features.messages import UserError
from serving.access import accounts as people
from serving.access.roles import ROLE_WORDS
from serving.database.tables import Person
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentUser, audit_detail
from serving.http.problems import NotFoundError
from serving.pages.rendering import PageLanguage, redirect_after_form, render_page
from serving.text.page_words import Language

people_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
Field = Annotated[str, Form(max_length=64)]


@people_router.get("/people")
def show_people(request: Request, user: CurrentUser, language: PageLanguage) -> Response:  # noqa: ARG001 - asks for a sign-in
    """All accounts, with their forms."""
    return _render_people(request, language)


@people_router.post("/people")
def add_person(
    request: Request,
    user: CurrentUser,  # noqa: ARG001 - asks for a sign-in
    language: PageLanguage,
    name: Field = "",
    role: Field = "",
    bank: Field = "",
    area: Field = "",
) -> Response:
    """Add an account; this answer alone shows its one-time link."""
    context = context_of(request)
    try:
        details = people.account_details(name.strip(), role, bank.strip(), area.strip())
        people.check_bank(details, context.store.loaded_banks)
        with context.database.write_session() as session:
            person = people.create_account(session, details, context.now())
            token = people.create_link(session, person, context.now(), context.settings.link_hours)
    except UserError as refusal:
        return _render_people(request, language, getattr(refusal.message, language), 409)
    audit_detail(request, person=name, role=role)
    return _render_people(request, language, token=token, token_of=name)


@people_router.post("/people/{person_id}")
def change_person(
    request: Request,
    user: CurrentUser,  # noqa: ARG001 - asks for a sign-in
    language: PageLanguage,
    person_id: Annotated[int, Path(ge=1, le=2_147_483_647)],
    do: Annotated[Literal["change", "disable", "enable", "reset"], Form()],
    role: Field = "",
    bank: Field = "",
    area: Field = "",
) -> Response:
    """Change role and scope, disable or enable an account, or reset it with a new one-time link."""
    context = context_of(request)
    try:
        banks = context.store.loaded_banks if do == "change" else frozenset[str]()
        with context.database.write_session() as session:
            person = session.get(Person, person_id)
            if person is None:
                raise NotFoundError("没有此账号。", "There is no such account.")
            name, token = person.name, None
            match do:
                case "disable":
                    people.disable_account(session, person, context.now())
                case "enable":
                    people.enable_account(person)
                case "reset":
                    token = people.reset_account(session, person, context.now(), context.settings.link_hours)
                case "change":
                    details = people.account_details(name, role, bank.strip(), area.strip())
                    people.check_bank(details, banks)
                    people.change_account(session, person, details)
    except UserError as refusal:
        return _render_people(request, language, getattr(refusal.message, language), 409)
    audit_detail(request, person=name, do=do)
    return (
        _render_people(request, language, token=token, token_of=name)
        if token
        else redirect_after_form("/people", language)
    )


def _render_people(
    request: Request, language: Language, error: str | None = None, status: int = 200, **values: object
) -> Response:
    with context_of(request).database.read_session() as session:
        context = {
            "people": people.all_people(session),
            "roles": {role.value: getattr(words, language) for role, words in ROLE_WORDS.items()},
            "base": context_of(request).base_url(request),
            "error": error,
        }
        return render_page(request, "people.html", language, status=status, **context, **values)
