"""Sign-in by password, one-time link, session cookie or key, and the lock after failed sign-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, select
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.tokens import digest, is_equal_in_constant_time, is_password_of, new_token
from serving.database.tables import ApiKey, FailedSignIns, PendingAuthorization, Person, SignInLink, SignInSession

_FREE_FAILURES = 5
_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=24)


class SignInError(UserError):
    """A sign-in that is refused."""


def check_not_locked(session: Session, name: str, at: datetime) -> None:
    """Raises SignInError while a name is locked after failed sign-ins."""
    failures = session.get(FailedSignIns, digest(name.casefold()))
    if failures and failures.locked_until and failures.locked_until > at:
        minutes = -(-(failures.locked_until - at).total_seconds() // 60)
        raise SignInError(
            f"失败次数过多，请 {minutes:.0f} 分钟后再试。", f"Too many failures; try again in {minutes:.0f} minutes."
        )


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
    person = session.scalar(select(Person).where(Person.name == name))
    is_right = is_password_of(person.password_hash if person else None, password)
    return person if person and is_right and person.active else None


def count_failure(session: Session, name: str, at: datetime) -> None:
    """Count a failed sign-in; from the fifth on the name is locked, each time twice as long, up to a day."""
    key = digest(name.casefold())
    failures = session.get(FailedSignIns, key)
    if failures is None:
        failures = FailedSignIns(name_digest=key, failed=0)
        session.add(failures)
    failures.failed += 1
    beyond = failures.failed - _FREE_FAILURES
    if beyond >= 0:
        failures.locked_until = at + min(_FIRST_DELAY * 2 ** min(beyond, 20), _LONGEST_DELAY)


def clear_failures(session: Session, name: str) -> None:
    """Forget the failed sign-ins of a name after a successful one."""
    session.execute(delete(FailedSignIns).where(FailedSignIns.name_digest == digest(name.casefold())))


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
