"""Ways in: a password, a one-time link, a session's cookie, a key; and the door that stays shut after failures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, select
from sqlalchemy.orm import Session

from features.messages import Refused
from serving.access.tokens import digest, is_password, is_same, new_token
from serving.database.tables import ApiKey, Failures, Link, Person, SentOff, SignedIn

_FREE_FAILURES = 5
_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=24)


class SignInRefused(Refused):
    """Nobody was let in."""


def check_open(session: Session, name: str, at: datetime) -> None:
    """Raises SignInRefused while the name is locked out."""
    failures = session.get(Failures, digest(name.casefold()))
    if failures and failures.locked_until and failures.locked_until > at:
        minutes = -(-(failures.locked_until - at).total_seconds() // 60)
        raise SignInRefused(
            f"失败次数过多, 请 {minutes:.0f} 分钟后再试。", f"Too many failures; try again in {minutes:.0f} minutes."
        )


def with_password(session: Session, name: str, password: str) -> Person | None:
    """The person whose name and password these are."""
    person = session.scalar(select(Person).where(Person.name == name))
    right = is_password(person.password_hash if person else None, password)
    return person if person and right and person.active else None


def failed(session: Session, name: str, at: datetime) -> None:
    """Count one; from the fifth on the door stays shut, each time twice as long."""
    key = digest(name.casefold())
    failures = session.get(Failures, key)
    if failures is None:
        failures = Failures(name_digest=key, failed=0)
        session.add(failures)
    failures.failed += 1
    beyond = failures.failed - _FREE_FAILURES
    if beyond >= 0:
        failures.locked_until = at + min(_FIRST_DELAY * 2 ** min(beyond, 20), _LONGEST_DELAY)


def succeeded(session: Session, name: str) -> None:
    session.execute(delete(Failures).where(Failures.name_digest == digest(name.casefold())))


def with_link(session: Session, token: str, at: datetime) -> Person:
    """Raises SignInRefused where the link is unknown, used or too old."""
    link = session.get(Link, digest(token), with_for_update=True)
    person = session.get(Person, link.person_id) if link else None
    if link is None or person is None or link.used_at or link.expires_at <= at or not person.active:
        raise SignInRefused(
            "该登录链接无效、已使用或已过期; 请向管理员索取新的链接。",
            "This sign-in link is unknown, used or expired; ask the administrator for a new one.",
        )
    link.used_at = at
    return person


def keep_sent(session: Session, state: str, at: datetime, seconds: int) -> None:
    """That a browser was sent off; those that never came back are swept away."""
    session.execute(delete(SentOff).where(SentOff.expires_at <= at))
    session.add(SentOff(digest=digest(state), expires_at=at + timedelta(seconds=seconds)))


def is_back(session: Session, state: str, at: datetime) -> bool:
    """Whether it was sent off, not long ago; it comes back once."""
    mine = (SentOff.digest == digest(state)) & (SentOff.expires_at > at)
    return session.execute(delete(SentOff).where(mine).returning(SentOff.digest)).first() is not None


def open_session(session: Session, person: Person, at: datetime, hours: int) -> str:
    """The cookie of a new session; those that have ended are swept away."""
    session.execute(delete(SignedIn).where(SignedIn.expires_at <= at))
    token = new_token()
    session.add(
        SignedIn(digest=digest(token), person_id=person.id, created_at=at, expires_at=at + timedelta(hours=hours))
    )
    return token


def close_session(session: Session, cookie: str) -> None:
    session.execute(delete(SignedIn).where(SignedIn.digest == digest(cookie)))


@dataclass(frozen=True)
class WayIn:
    """What a request brings: a key, or the cookie of a session."""

    given: str
    is_key: bool = False


@dataclass(frozen=True)
class Entrant:
    """Whom a way in is of: an account, as it stands."""

    id: int
    name: str
    role: str
    bank: str | None
    area: str | None


_OF_A_PERSON = tuple(getattr(Person, each.name) for each in fields(Entrant))
_NAMED: BindParameter[Any] = bindparam("names", expanding=True)
_SESSIONS = (
    select(SignedIn.digest, SignedIn.digest, *_OF_A_PERSON)
    .join(Person)
    .where(SignedIn.digest.in_(_NAMED), SignedIn.expires_at > bindparam("at"), Person.active)
)
_KEYS = (
    select(ApiKey.prefix, ApiKey.digest, *_OF_A_PERSON)
    .join(Person)
    .where(ApiKey.prefix.in_(_NAMED), ApiKey.revoked_at.is_(None), Person.active)
)
"""A name, the digest of the whole, and the person. Built once: each answer waits for one of them."""


def entrants(session: Session, ways: Sequence[WayIn], at: datetime) -> list[Entrant | None]:
    """Whom each way in lets in now, if anybody: many are looked up at once."""
    names = {way: way.given.partition(".")[0] if way.is_key else digest(way.given) for way in ways}
    keys = _found(session, _KEYS, {"names": [name for way, name in names.items() if way.is_key]})
    sessions = _found(session, _SESSIONS, {"names": [name for way, name in names.items() if not way.is_key], "at": at})
    return [_let_in((keys if way.is_key else sessions).get(names[way]), way) for way in ways]


def _found(session: Session, asked: Select[Any], named: Mapping[str, Any]) -> dict[str, tuple[str, Entrant]]:
    """Digest and person by name."""
    rows = session.execute(asked, named) if named["names"] else ()
    return {name: (whole, Entrant(*person)) for name, whole, *person in rows}


def _let_in(found: tuple[str, Entrant] | None, way: WayIn) -> Entrant | None:
    return found[1] if found and is_same(found[0], digest(way.given)) else None
