"""Sign-in by password, one-time link, session cookie or key, and the lock after failed sign-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.names import account_called, compared_name
from serving.access.tokens import digest, is_equal_in_constant_time, is_password_of, new_token
from serving.database.tables import ApiKey, FailedSignIns, PendingAuthorization, Person, SignInLink, SignInSession

_FIRST_DELAY = timedelta(minutes=1)


@dataclass(frozen=True)
class AttemptLimit:
    """How many attempts in a row are free, and the longest delay after them; each is twice the one before."""

    free: int
    longest: timedelta


BY_NAME_AND_ADDRESS = AttemptLimit(5, timedelta(hours=24))
"""Attempts on a name from one address."""
BY_NAME = AttemptLimit(20, timedelta(minutes=15))
"""Attempts on a name from anywhere: whoever guesses at a name never shuts its owner out for long."""


class SignInError(UserError):
    """A sign-in that is refused."""


def begin_attempt(session: Session, name: str, address: str, at: datetime) -> None:
    """Count an attempt to sign in, before its password is looked at, so that attempts at once are all counted.

    From the fifth attempt in a row from one address on, and the twentieth from anywhere, the next has to wait, each
    time twice as long. A sign-in that succeeds forgets them (`clear_attempts`).

    Args:
        session: a writing session of the service's database, which is committed before the password is looked at.
        name: the name as typed.
        address: of the client.
        at: now, with a time zone.

    Raises:
        SignInError: the name has to wait; the attempt is not counted then.
    """
    counted = [(_attempts_of(session, key, at), limit) for key, limit in _attempt_keys(name, address).items()]
    for attempts, limit in counted:
        attempts.failed += 1
        beyond = attempts.failed - limit.free
        if beyond >= 0:
            attempts.locked_until = at + min(_FIRST_DELAY * 2 ** min(beyond, 20), limit.longest)


def clear_attempts(session: Session, name: str, address: str) -> None:
    """Forget the attempts on a name, from this address and from anywhere, after one that succeeded."""
    keys = list(_attempt_keys(name, address))
    session.execute(delete(FailedSignIns).where(FailedSignIns.name_digest.in_(keys)))


def _attempt_keys(name: str, address: str) -> dict[str, AttemptLimit]:
    compared = compared_name(name)
    return {digest(f"{compared}\n{address}"): BY_NAME_AND_ADDRESS, digest(compared): BY_NAME}


def _attempts_of(session: Session, key: str, at: datetime) -> FailedSignIns:
    """The row of a key, locked until the session commits. Raises SignInError where it has to wait."""
    attempts = session.get(FailedSignIns, key, with_for_update=True)
    if attempts is None:
        with suppress(IntegrityError), session.begin_nested():  # another process has just added it
            session.add(FailedSignIns(name_digest=key, failed=0))
        attempts = session.get_one(FailedSignIns, key, with_for_update=True)
    if attempts.locked_until and attempts.locked_until > at:
        minutes = -(-(attempts.locked_until - at).total_seconds() // 60)
        raise SignInError(
            f"失败次数过多，请 {minutes:.0f} 分钟后再试。", f"Too many failures; try again in {minutes:.0f} minutes."
        )
    return attempts


def person_by_password(session: Session, name: str, password: str) -> Person | None:
    """The active account of a name and password.

    Args:
        session: a session of the service's database.
        name: the name as typed.
        password: the password as typed.

    Returns:
        The row of the table `people`; None where the name is unknown, the password wrong or the account disabled.

    Example:
        >>> from serving.access.credentials import person_by_password
        >>> from serving.audit.command_line import database_of
        >>> with database_of(tmp).read_session() as session:
        ...     person_by_password(session, "nobody", "a password") is None
        True
    """
    person = account_called(session, name)
    is_right = is_password_of(person.password_hash if person else None, password)
    return person if person and is_right and person.active else None


def redeem_link(session: Session, token: str, at: datetime) -> Person:
    """The account of a one-time link's token; the link is used up.

    Raises SignInError where the link is unknown, used or expired, or the account is disabled.
    """
    link = session.get(SignInLink, digest(token), with_for_update=True)
    person = session.get(Person, link.person_id) if link else None
    if link is None or person is None or link.used_at or link.expires_at <= at or not person.active:
        raise SignInError(
            "该登录链接无效、已使用或已过期；请向管理员索取新的链接。",
            "This sign-in link is unknown, used or expired; ask the administrator for a new one.",
        )
    link.used_at = at
    return person


def save_authorization_state(session: Session, state: str, at: datetime, seconds: int) -> None:
    """Store the state of an OIDC sign-in that begins, and delete expired ones."""
    session.execute(delete(PendingAuthorization).where(PendingAuthorization.expires_at <= at))
    session.add(PendingAuthorization(digest=digest(state), expires_at=at + timedelta(seconds=seconds)))


def redeem_authorization_state(session: Session, state: str, at: datetime) -> bool:
    """Whether an OIDC sign-in with this state was begun and has not expired; the state is used up."""
    is_valid = (PendingAuthorization.digest == digest(state)) & (PendingAuthorization.expires_at > at)
    return (
        session.execute(delete(PendingAuthorization).where(is_valid).returning(PendingAuthorization.digest)).first()
        is not None
    )


def create_session(session: Session, person: Person, at: datetime, hours: int) -> str:
    """Add a session and delete expired ones.

    Args:
        session: a writing session of the service's database; the caller commits.
        person: the account that has signed in.
        at: now, with a time zone.
        hours: how long the session lasts.

    Returns:
        The value of the session's cookie, of which only the digest is stored.

    Example:
        >>> from datetime import UTC, datetime
        >>> from serving.access.accounts import account_details, create_account
        >>> from serving.access.credentials import Credential, accounts_for, create_session
        >>> from serving.audit.command_line import database_of
        >>> at = datetime(2026, 1, 10, tzinfo=UTC)
        >>> with database_of(tmp).write_session() as session:
        ...     person = create_account(session, account_details("audit.2", "auditor"), at)
        ...     cookie = create_session(session, person, at, hours=12)
        ...     [account, unknown] = accounts_for(session, [Credential(cookie), Credential("expired")], at)
        >>> account.name, unknown
        ('audit.2', None)
    """
    session.execute(delete(SignInSession).where(SignInSession.expires_at <= at))
    token = new_token()
    session.add(
        SignInSession(digest=digest(token), person_id=person.id, created_at=at, expires_at=at + timedelta(hours=hours))
    )
    return token


def delete_session(session: Session, cookie: str) -> None:
    """End a session by its cookie; one that has ended already is no error."""
    session.execute(delete(SignInSession).where(SignInSession.digest == digest(cookie)))


@dataclass(frozen=True)
class Credential:
    """A session's cookie or a key, by which a request is authenticated."""

    secret: str
    is_key: bool = False


@dataclass(frozen=True)
class Account:
    """The account that a credential belongs to."""

    id: int
    name: str
    role: str
    bank: str | None
    area: str | None


_ACCOUNT_COLUMNS = tuple(getattr(Person, each.name) for each in fields(Account))
_LOOKUP_NAMES: BindParameter[Any] = bindparam("names", expanding=True)
_SESSIONS = (
    select(SignInSession.digest, SignInSession.digest, *_ACCOUNT_COLUMNS)
    .join(Person)
    .where(SignInSession.digest.in_(_LOOKUP_NAMES), SignInSession.expires_at > bindparam("at"), Person.active)
)
_KEYS = (
    select(ApiKey.prefix, ApiKey.digest, *_ACCOUNT_COLUMNS)
    .join(Person)
    .where(ApiKey.prefix.in_(_LOOKUP_NAMES), ApiKey.revoked_at.is_(None), Person.active)
)
"""Rows of look-up name, digest of the whole secret and account. Built once: every request waits for one of them."""


def accounts_for(session: Session, credentials: Sequence[Credential], at: datetime) -> list[Account | None]:
    """The accounts that credentials belong to, looked up together.

    Args:
        session: a session of the service's database.
        credentials: sessions and keys, in any order.
        at: now, with a time zone; sessions that have expired by then belong to nobody.

    Returns:
        One account or None for each credential, in their order; None where it is unknown, expired or revoked, or the
        account is disabled.
    """
    names = {each: each.secret.partition(".")[0] if each.is_key else digest(each.secret) for each in credentials}
    by_key = _accounts_by_name(session, _KEYS, {"names": [name for each, name in names.items() if each.is_key]})
    session_names = [name for each, name in names.items() if not each.is_key]
    by_session = _accounts_by_name(session, _SESSIONS, {"names": session_names, "at": at})

    def account_for(credential: Credential) -> Account | None:
        stored_digest, account = (by_key if credential.is_key else by_session).get(names[credential], ("", None))
        is_whole = account is not None and is_equal_in_constant_time(stored_digest, digest(credential.secret))
        return account if is_whole else None

    return [account_for(each) for each in credentials]


def _accounts_by_name(
    session: Session, query: Select[Any], values: Mapping[str, Any]
) -> dict[str, tuple[str, Account]]:
    """Digest and account by look-up name: a key's prefix or a session's digest."""
    rows = session.execute(query, values) if values["names"] else ()
    return {name: (stored_digest, Account(*columns)) for name, stored_digest, *columns in rows}
