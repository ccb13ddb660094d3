"""People, for the administrator: added, changed, disabled, given a new one-time link."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from features.messages import Refused
from serving.access import accounts as people
from serving.access.roles import ROLE_WORDS
from serving.database.tables import Person
from serving.http.context import Desk, desk_of
from serving.http.dependencies import Viewing, traced
from serving.http.problems import NotFound
from serving.pages.rendering import Spoken, page, see_other
from serving.text.page_words import Language

people_pages = APIRouter(include_in_schema=False)
Field = Annotated[str, Form(max_length=64)]


@people_pages.get("/people")
def everybody(request: Request, viewer: Viewing, language: Spoken) -> Response:  # noqa: ARG001 - by the address
    """Everybody who may sign in."""
    return _shown(request, language)


@people_pages.post("/people")
def add_person(
    request: Request,
    viewer: Viewing,  # noqa: ARG001 - by the address
    language: Spoken,
    name: Field = "",
    role: Field = "",
    bank: Field = "",
    area: Field = "",
) -> Response:
    """Somebody new; the one-time link is shown this once."""
    desk = desk_of(request)
    try:
        asked = people.account(name.strip(), role, bank.strip(), area.strip())
        with desk.database.writing() as session:
            person = people.add(session, asked, desk.now())
            token = people.link(session, person, desk.now(), desk.settings.link_hours)
    except Refused as refusal:
        return _shown(request, language, getattr(refusal.words, language), 409)
    traced(request, person=name, role=role)
    return _shown(request, language, token=token, token_of=name)


@people_pages.post("/people/{person_id}")
def change_person(
    request: Request,
    viewer: Viewing,  # noqa: ARG001 - by the address
    language: Spoken,
    person_id: Annotated[int, Path(ge=1, le=2_147_483_647)],
    do: Annotated[Literal["change", "disable", "enable", "reset"], Form()],
    role: Field = "",
    bank: Field = "",
    area: Field = "",
) -> Response:
    """Another role, or disabled, enabled, or a new one-time link."""
    desk = desk_of(request)
    try:
        with desk.database.writing() as session:
            person = _person(session, person_id)
            token = _done(session, person, do, (role, bank.strip(), area.strip()), desk)
            name = person.name
    except Refused as refusal:
        return _shown(request, language, getattr(refusal.words, language), 409)
    traced(request, person=name, do=do)
    return _shown(request, language, token=token, token_of=name) if token else see_other("/people", language)


def _done(session: Session, person: Person, do: str, asked: tuple[str, str, str], desk: Desk) -> str | None:
    match do:
        case "disable":
            people.disable(session, person)
        case "enable":
            people.enable(person)
        case "reset":
            return people.reset(session, person, desk.now(), desk.settings.link_hours)
        case _:
            people.change(session, person, people.account(person.name, *asked))
    return None


def _person(session: Session, person_id: int) -> Person:
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("没有此账号。", "There is no such account.")
    return person


def _shown(
    request: Request, language: Language, said: str | None = None, status: int = 200, **values: object
) -> Response:
    with desk_of(request).database.reading() as session:
        found = people.everybody(session)
        roles = {role.value: getattr(words, language) for role, words in ROLE_WORDS.items()}
        base = (desk_of(request).settings.public_url or str(request.base_url)).rstrip("/")
        return page(
            request,
            "people.html",
            language,
            status=status,
            people=found,
            roles=roles,
            said=said,
            base=base,
            **values,
        )
