"""Sign-in through the county's OIDC provider: the way there, and the provider's answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response

from features.messages import Bilingual, UserError
from serving.access.credentials import SignInError, create_session, redeem_authorization_state, save_authorization_state
from serving.access.names import account_called
from serving.access.oidc import AuthorizationRequest
from serving.access.tokens import digest, is_equal_in_constant_time
from serving.audit.log import ANONYMOUS, AuditAction, add_entry
from serving.database.tables import Person
from serving.http.context import AppContext, context_of
from serving.http.dependencies import AuthenticatedRoute, client_address
from serving.pages.rendering import PageLanguage, render_refusal
from serving.pages.sign_in_pages import Next, actor_of, local_path, render_sign_in_refusal, signed_in_redirect

oidc_router = APIRouter(route_class=AuthenticatedRoute, include_in_schema=False)
_START_PATH, _ANSWER_PATH = "/sign-in/oidc", "/sign-in/oidc/answer"
_COOKIE, _COOKIE_SECONDS = "lights_directory", 600
_SUBJECT = "directory"
_NO_PROVIDER = Bilingual(
    "本服务未连接统一身份目录；请用密码或一次性链接登录。",
    "No directory is set here; sign in by password or one-time link.",
)
_NOT_BEGUN_HERE = Bilingual(
    "本次登录已用过、已过期或不是从本页开始；请重新登录。",
    "This sign-in was used already, is too old or did not begin on this page; sign in again.",
)
_DECLINED = Bilingual("统一身份目录拒绝了登录。", "The directory declined the sign-in.")
_NO_ACCOUNT = Bilingual(
    "统一身份目录认可您，但本服务没有同名的在用账号；请管理员先添加。",
    "The directory knows you, but no active account here has your name; the administrator has to add it first.",
)
AnswerText = Annotated[str, Query(max_length=4000)]


@oidc_router.get(_START_PATH)
def redirect_to_provider(
    request: Request,
    language: PageLanguage,
    next: Next = "/",  # noqa: A002 - the word in the address
) -> Response:
    """Send the browser to the provider, with a cookie that holds the secrets of this sign-in."""
    context = context_of(request)
    if context.oidc_provider is None:
        return render_refusal(request, language, UserError(_NO_PROVIDER.zh, _NO_PROVIDER.en), 404)
    authorization = AuthorizationRequest.new(local_path(next), language)
    try:
        context.sign_in_rate_limit.take(client_address(request))
        url = context.oidc_provider.authorization_url(authorization, _redirect_uri(request, context))
        response = RedirectResponse(url, status_code=303)
        with context.database.write_session() as session:
            save_authorization_state(session, authorization.state, context.now(), _COOKIE_SECONDS)
    except UserError as refusal:
        return render_sign_in_refusal(request, language, refusal, next)
    response.set_cookie(
        _COOKIE,
        authorization.to_cookie(),
        _COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=context.settings.secure_cookies,
        path="/sign-in/oidc",
    )
    return response


@oidc_router.get(_ANSWER_PATH)
def receive_provider_answer(
    request: Request,
    language: PageLanguage,
    state: AnswerText = "",
    code: AnswerText = "",
    iss: AnswerText = "",
    error: AnswerText = "",
) -> Response:
    """Sign in the account that the provider's answer names, which an administrator must have added."""
    context = context_of(request)
    if context.oidc_provider is None:
        return render_refusal(request, language, UserError(_NO_PROVIDER.zh, _NO_PROVIDER.en), 404)
    authorization = AuthorizationRequest.from_cookie(request.cookies.get(_COOKIE, ""))
    page_language, wanted = language, "/"
    if authorization is not None:
        page_language, wanted = "en" if authorization.language == "en" else "zh", local_path(authorization.wanted)
    try:
        context.sign_in_rate_limit.take(client_address(request))
        is_other_issuer = iss and iss != context.oidc_provider.issuer
        if authorization is None or not is_equal_in_constant_time(authorization.state, state) or is_other_issuer:
            raise SignInError(_NOT_BEGUN_HERE.zh, _NOT_BEGUN_HERE.en)
        with context.database.write_session() as session:
            if not redeem_authorization_state(session, state, context.now()):
                raise SignInError(_NOT_BEGUN_HERE.zh, _NOT_BEGUN_HERE.en)
        if error or not code:
            raise SignInError(_DECLINED.zh, _DECLINED.en)
        redirect_uri = _redirect_uri(request, context)
        name = context.oidc_provider.account_name(authorization, code, redirect_uri, context.now())
        cookie, person = _create_session_for(context, name, context.oidc_provider.issuer)
        response: Response = signed_in_redirect(context, person, cookie, wanted, page_language)
    except UserError as refusal:
        _audit_refusal(context, refusal)
        response = render_sign_in_refusal(request, page_language, refusal, wanted)
    response.delete_cookie(_COOKIE, path="/sign-in/oidc")
    return response


class _NoAccountError(SignInError):
    """The provider names somebody who has no active account here."""

    def __init__(self, name: str) -> None:
        self.name_digest = digest(name)[:16]
        super().__init__(_NO_ACCOUNT.zh, _NO_ACCOUNT.en)


def _create_session_for(context: AppContext, name: str, issuer: str) -> tuple[str, Person]:
    """Cookie and account of a new session; no account is made, and role and scope come from ours."""
    with context.database.write_session() as session:
        person = account_called(session, name)
        person = person if person and person.active else None
        if person is None:
            raise _NoAccountError(name)
        add_entry(session, actor_of(person), AuditAction.SIGN_IN, _SUBJECT, {"issuer": issuer}, context.now())
        return create_session(session, person, context.now(), context.settings.session_hours), person


def _audit_refusal(context: AppContext, refusal: UserError) -> None:
    """Add the refusal to the audit log, with the digest of a name that has no account instead of the name."""
    detail = {"said": refusal.message.en}
    if isinstance(refusal, _NoAccountError):
        detail["name_digest"] = refusal.name_digest
    with context.database.write_session() as session:
        add_entry(session, ANONYMOUS, AuditAction.REFUSAL, _SUBJECT, detail, context.now())


def _redirect_uri(request: Request, context: AppContext) -> str:
    """Our address that the provider sends the browser back to; it has to be registered there."""
    return f"{context.base_url(request)}{_ANSWER_PATH}"
