"""The doors of the county's own directory: the way there, and its answer."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import select

from features.messages import Refused, Words
from serving.access.credentials import SignInRefused, is_back, keep_sent, open_session
from serving.access.oidc import Directory, Sent, sent_in, sent_off
from serving.access.tokens import digest, is_same
from serving.audit.log import NOBODY, Action, record
from serving.database.tables import Person
from serving.http.context import Desk, desk_of
from serving.http.dependencies import client_of
from serving.pages.rendering import Spoken, refused
from serving.pages.sign_in_pages import Next, let_in, own_path, shown_again, who_is
from serving.text.page_words import Language

directory_doors = APIRouter(include_in_schema=False)
_WAY, _ANSWER = "/sign-in/oidc", "/sign-in/oidc/answer"
_COOKIE, _SECONDS = "lights_directory", 600
_SUBJECT = "directory"
_NONE = Words(
    "本服务未连接统一身份目录; 请用密码或一次性链接登录。",
    "No directory is set here; sign in by password or one-time link.",
)
_NOT_SENT = Words(
    "本次登录已用过、已过期或不是从本页开始; 请重新登录。",
    "This sign-in was used already, is too old or did not begin on this page; sign in again.",
)
_DECLINED = Words("统一身份目录拒绝了登录。", "The directory declined the sign-in.")
_NO_ACCOUNT = Words(
    "统一身份目录认可您, 但本服务没有同名的在用账号; 请管理员先添加。",
    "The directory knows you, but no active account here has your name; the administrator has to add it first.",
)
Given = Annotated[str, Query(max_length=4000)]


@directory_doors.get(_WAY)
def to_directory(request: Request, language: Spoken, next: Next = "/") -> Response:  # noqa: A002 - the word in the address
    """Off to the directory, with secrets that this browser alone has."""
    desk = desk_of(request)
    if desk.directory is None:
        return refused(request, language, Refused(_NONE.zh, _NONE.en), 404)
    sent = sent_off(own_path(next), language)
    try:
        desk.sign_in_limits.take(client_of(request))
        answer = RedirectResponse(desk.directory.address(sent, _answer_at(request, desk)), status_code=303)
        with desk.database.writing() as session:
            keep_sent(session, sent.state, desk.now(), _SECONDS)
    except Refused as refusal:
        return shown_again(request, language, refusal, next)
    secure = desk.settings.secure_cookies
    answer.set_cookie(
        _COOKIE, sent.as_cookie(), _SECONDS, httponly=True, samesite="lax", secure=secure, path="/sign-in/oidc"
    )
    return answer


@directory_doors.get(_ANSWER)
def from_directory(
    request: Request, language: Spoken, state: Given = "", code: Given = "", iss: Given = "", error: Given = ""
) -> Response:
    """Back again: whoever the directory vouches for, and an administrator has added, is let in."""
    desk = desk_of(request)
    if desk.directory is None:
        return refused(request, language, Refused(_NONE.zh, _NONE.en), 404)
    sent = sent_in(request.cookies.get(_COOKIE, ""))
    spoken: Language = "en" if sent and sent.language == "en" else "zh" if sent else language
    wanted = own_path(sent.wanted) if sent else "/"
    try:
        desk.sign_in_limits.take(client_of(request))
        if sent is None or not is_same(sent.state, state) or (iss and iss != desk.directory.issuer):
            raise SignInRefused(_NOT_SENT.zh, _NOT_SENT.en)
        with desk.database.writing() as session:
            if not is_back(session, state, desk.now()):
                raise SignInRefused(_NOT_SENT.zh, _NOT_SENT.en)
        if error or not code:
            raise SignInRefused(_DECLINED.zh, _DECLINED.en)
        cookie, person = _by_directory(desk, desk.directory, sent, code, _answer_at(request, desk))
        answer: Response = let_in(desk, person, cookie, wanted, spoken)
    except Refused as refusal:
        _keep_refusal(desk, refusal)
        answer = shown_again(request, spoken, refusal, wanted)
    answer.delete_cookie(_COOKIE, path="/sign-in/oidc")
    return answer


def _by_directory(desk: Desk, directory: Directory, sent: Sent, code: str, answer_at: str) -> tuple[str, Person]:
    """A session for the account of that name; none is made, and its role and scope stay ours."""
    name = directory.name(sent, code, answer_at, desk.now())
    with desk.database.writing() as session:
        person = session.scalar(select(Person).where(Person.name == name, Person.active))
        if person is None:
            raise _NoAccount(name)
        record(session, who_is(person), Action.SIGN_IN, _SUBJECT, {"issuer": directory.issuer}, desk.now())
        return open_session(session, person, desk.now(), desk.settings.session_hours), person


class _NoAccount(SignInRefused):
    """The directory vouches for somebody whom nobody has added."""

    def __init__(self, name: str) -> None:
        self.name_digest = digest(name)[:16]
        super().__init__(_NO_ACCOUNT.zh, _NO_ACCOUNT.en)


def _keep_refusal(desk: Desk, refusal: Refused) -> None:
    """With what was said, and of a name that is not ours the digest alone."""
    detail = {"said": refusal.words.en}
    if isinstance(refusal, _NoAccount):
        detail["name_digest"] = refusal.name_digest
    with desk.database.writing() as session:
        record(session, NOBODY, Action.REFUSAL, _SUBJECT, detail, desk.now())


def _answer_at(request: Request, desk: Desk) -> str:
    """The address that the directory has to know us by."""
    return f"{(desk.settings.public_url or str(request.base_url)).rstrip('/')}{_ANSWER}"
