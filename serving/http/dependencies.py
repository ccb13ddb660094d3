"""Dependencies of the routes: who sends a request, whether their role may, how often, and from which page."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount

from features.messages import UserError
from serving.access.credentials import Credential
from serving.access.roles import OPEN_ROUTES, RIGHTS, Right, Role, required_right
from serving.access.scope import Scope, scope_of
from serving.access.tokens import csrf_token_of, digest, is_equal_in_constant_time, key_prefix, new_token
from serving.audit.log import ANONYMOUS, Actor, AuditAction, NewEntry
from serving.http.context import context_of
from serving.months.data_folder import DataFolder

SESSION_COOKIE, CSRF_COOKIE = "lights_session", "lights_form"
"""Cookies of a signed-in session, and of a browser that has loaded a sign-in form but has no session yet."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
"""Methods that are known by name: anybody can make up others, and each would be a series of metrics for ever."""
_ACCOUNT = "/account"
"""Routes that a key may not change: a stolen key must not set a password or make further keys."""


class _Number(StringConvertor):
    """The convertor `number` of paths: at most ten digits, kept as text for the parameter's own validation."""

    regex = "[0-9]{1,10}"


register_url_convertor("number", _Number())


class NotSignedInError(UserError):
    """The request carries no valid session or key."""


class ForbiddenError(UserError):
    """The user's role lacks the right that the route needs, or the request may not do this."""


@dataclass(frozen=True)
class User:
    """A signed-in user. scope: the loans that exist for them."""

    id: int
    name: str
    role: Role
    scope: Scope

    @property
    def actor(self) -> Actor:
        """The user as the audit log names them."""
        return Actor(self.name, self.role.value)

    def has_right(self, right: Right) -> bool:
        """Whether the user's role includes a right."""
        return right in RIGHTS[self.role]


async def authenticate(request: Request) -> None:
    """Identify the user of a request and check right, rate and CSRF token; every route begins with it.

    Sets `request.state.user`, which is None at an open route.

    Raises NotSignedInError, ForbiddenError or TooManyRequestsError.
    """
    request.state.user = None
    path, is_change, key = route_path(request), request.method not in SAFE_METHODS, _key(request)
    if path not in OPEN_ROUTES:
        user = await _identify_user(request, key)
        if not user.has_right(required_right(path)):
            raise ForbiddenError("您的角色不能查看此内容。", "Your role does not reach so far.")
        if path.startswith(_ACCOUNT) and is_change and key:
            raise ForbiddenError(
                "密钥不能更改账号；请登录后再改密码或密钥。", "A key cannot change an account; sign in to change it."
            )
    by_key = key is not None and path not in OPEN_ROUTES
    if is_change and not by_key:  # a browser sends its cookie along from any site's page, so the form must be our own
        token = request.headers.get("x-csrf-token") or (await request.form()).get("csrf")
        if not is_equal_in_constant_time(token if isinstance(token, str) else "", csrf_token(request)):
            raise ForbiddenError(
                "表单已过期；请刷新页面后重试。", "The form is out of date; open the page again and retry."
            )


class AuthenticatedRoute(APIRoute):
    """A route that asks who sends a request, and whether they may, before it reads the body (`authenticate`)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler of a request, which raises as `authenticate` does."""
        handle = super().get_route_handler()

        async def handle_authenticated(request: Request) -> Response:
            await authenticate(request)
            return await handle(request)

        return handle_authenticated


async def _identify_user(request: Request, key: str | None) -> User:
    """The user of the request's key or session, also set as `request.state.user`.

    Raises NotSignedInError or TooManyRequestsError.
    """
    context = context_of(request)
    credential = Credential(key, is_key=True) if key else Credential(request.cookies.get(SESSION_COOKIE) or "")
    account = await context.lookup.submit(credential) if credential.secret else None
    if account is None:
        if key:  # an unknown key is audited; an expired session happens daily and is not
            await _audit_unknown_key(request, key)
        raise NotSignedInError(
            "请先登录，或在 Authorization 头中给出密钥（Bearer）。",
            "Sign in first, or give a key in the Authorization header (Bearer).",
        )
    role = Role(account.role)
    user = User(account.id, account.name, role, scope_of(role, account.bank, account.area, context.mask_key))
    request.state.user = user
    context.rate_limit.take(digest(credential.secret))
    return user


async def _audit_unknown_key(request: Request, key: str) -> None:
    """Add a refusal to the audit log, at most as often as the client address may ask.

    Raises TooManyRequestsError.
    """
    context, prefix = context_of(request), key_prefix(key)
    context.rate_limit.take(client_address(request))
    detail = {"status": HTTPStatus.UNAUTHORIZED.value, **({"key": prefix} if prefix else {})}
    entry = NewEntry(ANONYMOUS, AuditAction.REFUSAL, route_template(request), detail, context.now())
    await context.audit_writer.submit(entry)


async def current_user(request: Request) -> User:
    """The signed-in user; only for routes that need a sign-in."""
    user = request.state.user
    assert isinstance(user, User)  # noqa: S101 - `authenticate` refuses a request without a user at such a route
    return user


CurrentUser = Annotated[User, Depends(current_user)]


async def current_data(request: Request) -> DataFolder:
    """The data folder restricted to the user's scope; unrestricted at an open route."""
    store, user = context_of(request).store, request.state.user
    return store if user is None else DataFolder(store.folder, user.scope)


CurrentData = Annotated[DataFolder, Depends(current_data)]


def route_path(request: Request) -> str:
    """The path of the matched route, such as `/households/{household_id}`; empty where no route matches."""
    route = request.scope.get("route")
    return route.path_format if isinstance(route, APIRoute) else ""


def route_template(request: Request) -> str:
    """Method and path of the matched route, such as `GET /households/{household_id}`: the subject of audit entries."""
    return f"{request.method} {route_path(request)}"


def allowed_methods(request: Request) -> list[str]:
    """The methods that a request's address takes, sorted; those of reading where only static files are there."""
    routes: list[BaseRoute] = [route for route in request.app.routes if not isinstance(route, Mount)]
    taken = {
        method
        for method in METHODS
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    }
    return sorted(taken | SAFE_METHODS if "GET" in taken or not taken else taken | {"OPTIONS"})


def client_address(request: Request) -> str:
    """The client's IP address: the rate-limit key of requests that are not signed in."""
    return request.client.host if request.client else ""


def audit_row_count(request: Request, loans: int) -> None:
    """Set how many loans or cases the answer lists, for the request's audit entry."""
    request.state.audit_row_count = loans


def audit_detail(request: Request, **detail: object) -> None:
    """Add to the detail of the request's audit entry what the address does not say, such as the case's number."""
    request.state.audit_detail = {**getattr(request.state, "audit_detail", {}), **detail}


def own_headers(request: Request, headers: Mapping[str, str]) -> None:
    """Set headers of the request's answer that take the place of those that every answer has."""
    request.state.own_headers = headers


def audit_as_export(request: Request) -> None:
    """Have the request's audit entry be one of an export, as of a whole list that is printed."""
    request.state.is_export = True


def csrf_token(request: Request) -> str:
    """The CSRF token that the forms of this request's page carry; makes a cookie for a browser that has none."""
    cookie = request.cookies.get(SESSION_COOKIE) or request.cookies.get(CSRF_COOKIE)
    if not cookie:
        request.state.csrf_cookie = new_csrf_cookie(request) or new_token()
        cookie = str(request.state.csrf_cookie)
    return csrf_token_of(cookie)


def new_csrf_cookie(request: Request) -> str | None:
    """The CSRF cookie to set with the answer; None where the browser has one or was shown no form."""
    return getattr(request.state, "csrf_cookie", None)


def _key(request: Request) -> str | None:
    """The key in the Authorization header: a Bearer token, or the password of Basic, which spreadsheets can send."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    match scheme.lower():
        case "bearer":
            return value.strip()
        case "basic":
            try:
                return base64.b64decode(value, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return None
    return None
