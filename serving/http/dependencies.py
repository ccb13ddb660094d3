"""The door of every address: who asks, whether they may, how often, and that their form is our own."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import FormData

from features.messages import Refused
from serving.access.credentials import Entrant, WayIn
from serving.access.roles import OPEN, RIGHTS, Right, Role, needed
from serving.access.scope import Scope, SeenStore, scope_of
from serving.access.tokens import digest, form_token, is_same, named_by, new_token
from serving.audit.log import NOBODY, Action, Entry, Who
from serving.http.context import Desk, desk_of
from serving.months.data_folder import Store

SESSION, FORM = "lights_session", "lights_form"
"""Cookies: of somebody who is signed in, and of a browser that is shown the form to do so."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ACCOUNT = "/account"
"""A key that was stolen sets no password and makes no other keys: once revoked, it is over."""


class NotSignedIn(Refused):
    """Nobody is known to ask."""


class Forbidden(Refused):
    """The role does not reach so far."""


@dataclass(frozen=True)
class Viewer:
    """Somebody who is signed in, and what exists for them."""

    id: int
    name: str
    role: Role
    scope: Scope

    @property
    def who(self) -> Who:
        return Who(self.name, self.role.value)

    def may(self, right: Right) -> bool:
        return right in RIGHTS[self.role]


async def enter(request: Request) -> None:
    """Every address of the application passes here.

    Raises NotSignedIn, Forbidden or TooMany.
    """
    request.state.viewer = None
    if template_of(request) not in OPEN:
        await _let_in(request)
    if request.method not in SAFE and not _key(request):
        await _check_own_page(request)


async def _let_in(request: Request) -> None:
    template, desk = template_of(request), desk_of(request)
    way_in = _way_in(request)
    viewer = await _viewer(way_in, desk)
    if viewer is None:
        await _turn_away(request, way_in, desk)
        raise NotSignedIn(
            "请先登录, 或在 Authorization 头中给出密钥 (Bearer)。",
            "Sign in first, or give a key in the Authorization header (Bearer).",
        )
    request.state.viewer = viewer
    desk.limits.take(digest(way_in.given))
    if not viewer.may(needed(template)):
        raise Forbidden("您的角色不能查看此内容。", "Your role does not reach so far.")
    if template.startswith(_ACCOUNT) and request.method not in SAFE and _key(request):
        raise Forbidden(
            "密钥不能更改账号; 请登录后再改密码或密钥。", "A key cannot change an account; sign in to change it."
        )


async def _turn_away(request: Request, way_in: WayIn, desk: Desk) -> None:
    """A key that lets nobody in is audited, as often as its sender may ask; a session that is over happens daily.

    Raises TooMany.
    """
    if way_in.is_key:
        desk.limits.take(client_of(request))
        named = named_by(way_in.given)
        detail = {"status": HTTPStatus.UNAUTHORIZED.value, **({"key": named} if named else {})}
        await desk.scribe.done(Entry(NOBODY, Action.REFUSAL, asked_for(request), detail, desk.now()))


async def _check_own_page(request: Request) -> None:
    """Raises Forbidden where a change comes by cookie from a page that is not ours."""
    given = request.headers.get("x-csrf-token") or _text(await request.form(), "csrf")
    if not is_same(given, own_form_token(request)):
        raise Forbidden("表单已过期; 请刷新页面后重试。", "The form is out of date; open the page again and retry.")


async def viewer_of(request: Request) -> Viewer:
    """Whoever asks, at an address that is not open."""
    viewer = request.state.viewer
    assert isinstance(viewer, Viewer)  # noqa: S101 - `enter` lets nobody in at such an address
    return viewer


Viewing = Annotated[Viewer, Depends(viewer_of)]


async def store_of(request: Request) -> Store:
    """The store, as far as it exists for whoever asks; the whole of it at an open address."""
    store, viewer = desk_of(request).store, request.state.viewer
    return store if viewer is None else SeenStore(store.folder, viewer.scope)


Kept = Annotated[Store, Depends(store_of)]


def template_of(request: Request) -> str:
    """`/households/{household_id}`: an address without what it names."""
    return str(getattr(request.scope.get("route"), "path", ""))


def asked_for(request: Request) -> str:
    """For the audit: `GET /households/{household_id}`."""
    return f"{request.method} {template_of(request)}"


def client_of(request: Request) -> str:
    """The address that asks, by which those nobody knows are told apart."""
    return request.client.host if request.client else ""


def counted(request: Request, loans: int) -> None:
    """How many loans an answer tells of, for the audit."""
    request.state.counted = loans


def traced(request: Request, **what: object) -> None:
    """What an answer did, for the audit, where the address does not say it."""
    request.state.trace = {**getattr(request.state, "trace", {}), **what}


def own_form_token(request: Request) -> str:
    """What the forms of this page carry."""
    return form_token(_cookie(request))


def new_form_cookie(request: Request) -> str | None:
    """Made for a browser that had none when it was shown a form."""
    return getattr(request.state, "form_cookie", None)


def _cookie(request: Request) -> str:
    return request.cookies.get(SESSION) or request.cookies.get(FORM) or _new_form_cookie(request)


def _new_form_cookie(request: Request) -> str:
    request.state.form_cookie = new_form_cookie(request) or new_token()
    return str(request.state.form_cookie)


def _way_in(request: Request) -> WayIn:
    key = _key(request)
    return WayIn(key, is_key=True) if key else WayIn(request.cookies.get(SESSION) or "")


async def _viewer(way_in: WayIn, desk: Desk) -> Viewer | None:
    entrant = await desk.doorman.done(way_in) if way_in.given else None
    return _seen_by(entrant, desk) if entrant else None


def _seen_by(entrant: Entrant, desk: Desk) -> Viewer:
    role = Role(entrant.role)
    return Viewer(entrant.id, entrant.name, role, scope_of(role, entrant.bank, entrant.area, desk.mask_key))


def _key(request: Request) -> str | None:
    """Bearer, or the password of Basic: what spreadsheets and curl can send."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    match kind.lower():
        case "bearer":
            return given.strip()
        case "basic":
            return _password(given)
    return None


def _password(given: str) -> str | None:
    try:
        return base64.b64decode(given, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return None


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
