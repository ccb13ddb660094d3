"""People: added, changed, disabled; the last administrator stays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from features.messages import Refused
from serving.access.roles import Role, role_of
from serving.access.tokens import digest, new_key, new_token, password_hash
from serving.database.tables import ApiKey, Link, Person, SignedIn

_NAME = re.compile(r"[\w.\-@一-鿿]{2,64}")
_AREA = re.compile(r"\d{2,12}")


@dataclass(frozen=True)
class Account:
    """What a person is given: role, and bank and area it is narrowed to. area: first digits of a village code."""

    name: str
    role: Role
    bank: str | None = None
    area: str | None = None


def account(name: str, role: str, bank: str | None = None, area: str | None = None) -> Account:
    """Raises Refused where the name, role, bank or area is not one, or the role lacks what it is narrowed to."""
    asked = Account(name, role_of(role), bank or None, area or None)
    if not _NAME.fullmatch(name):
        raise Refused(
            f"账号 {name[:64]!r} 不合规: 2 至 64 个字母、数字、汉字或 . - _ @。",
            "That is no account name: 2 to 64 letters, digits or . - _ @.",
        )
    if asked.area is not None and not _AREA.fullmatch(asked.area):
        raise Refused("区域应为 2 至 12 位数字, 例如 640323101。", "An area is 2 to 12 digits, for example 640323101.")
    if asked.role is Role.OFFICER and asked.bank is None:
        raise Refused("信贷员须指定银行 (--bank)。", "An officer needs a bank (--bank).")
    if asked.role is Role.CADRE and asked.area is None:
        raise Refused("乡村干部须指定区域 (--area)。", "A cadre needs an area (--area).")
    if asked.role is Role.COUNTY_OFFICIAL and asked.area is not None and len(asked.area) < 6:
        raise Refused("县级部门的区域至少 6 位。", "A county official's area has at least 6 digits.")
    return asked


def add(session: Session, asked: Account, at: datetime) -> Person:
    """Raises Refused where the name is taken."""
    if session.scalar(select(Person).where(Person.name == asked.name)):
        raise Refused(f"账号 {asked.name} 已存在。", f"There is an account {asked.name} already.")
    person = Person(
        name=asked.name, role=asked.role.value, bank=asked.bank, area=asked.area, active=True, created_at=at
    )
    session.add(person)
    session.flush()
    return person


def change(session: Session, person: Person, asked: Account) -> None:
    """Raises Refused where no administrator would be left."""
    if asked.role is not Role.ADMINISTRATOR:
        _keep_an_administrator(session, person)
    person.role, person.bank, person.area = asked.role.value, asked.bank, asked.area


def disable(session: Session, person: Person) -> None:
    """Nothing of theirs lets anybody in from now on. Raises Refused where no administrator would be left."""
    _keep_an_administrator(session, person)
    person.active = False
    _close(session, person)


def enable(person: Person) -> None:
    person.active = True


def reset(session: Session, person: Person, at: datetime, hours: int) -> str:
    """Their password, sessions and keys are gone; the token of a new one-time link."""
    person.password_hash = None
    _close(session, person)
    standing = (ApiKey.person_id == person.id) & ApiKey.revoked_at.is_(None)
    session.execute(update(ApiKey).where(standing).values(revoked_at=at))
    return link(session, person, at, hours)


def link(session: Session, person: Person, at: datetime, hours: int) -> str:
    """The token of a one-time sign-in."""
    token = new_token()
    session.add(Link(digest=digest(token), person_id=person.id, expires_at=at + timedelta(hours=hours)))
    return token


def set_password(session: Session, person: Person, password: str) -> None:
    """Every session is closed. Raises Refused where the password is too weak."""
    person.password_hash = password_hash(password, person.name)
    _close(session, person)


def give_key(session: Session, person: Person, label: str, at: datetime) -> str:
    """A key for programs, told this once."""
    prefix, key = new_key()
    session.add(ApiKey(prefix=prefix, digest=digest(key), person_id=person.id, label=label[:64], created_at=at))
    return key


def revoke_key(session: Session, person: Person, prefix: str, at: datetime) -> None:
    """Raises Refused where it is none of theirs."""
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix, ApiKey.person_id == person.id))
    if key is None:
        raise Refused("没有此密钥。", "There is no such key.")
    key.revoked_at = key.revoked_at or at


def keys_of(session: Session, person: Person) -> Sequence[ApiKey]:
    return session.scalars(select(ApiKey).where(ApiKey.person_id == person.id).order_by(ApiKey.created_at)).all()


def everybody(session: Session) -> Sequence[Person]:
    return session.scalars(select(Person).order_by(Person.name)).all()


def person_named(session: Session, name: str) -> Person:
    """Raises Refused where there is none."""
    person = session.scalar(select(Person).where(Person.name == name))
    if person is None:
        raise Refused(
            f"没有账号 {name}; 用 lights user list 查看。", f"There is no account {name}; see lights user list."
        )
    return person


def _close(session: Session, person: Person) -> None:
    session.execute(delete(SignedIn).where(SignedIn.person_id == person.id))
    session.execute(delete(Link).where(Link.person_id == person.id))


def _keep_an_administrator(session: Session, person: Person) -> None:
    """The rows of all are held, so that two cannot demote each other at once."""
    if person.role != Role.ADMINISTRATOR or not person.active:
        return
    active = (Person.role == Role.ADMINISTRATOR.value) & Person.active
    administrators = select(Person.id).where(active).order_by(Person.id).with_for_update()
    if session.scalars(administrators).all() == [person.id]:
        raise Refused(
            f"{person.name} 是最后一名管理员, 不能停用或改任; 请先添加另一名。",
            f"{person.name} is the last administrator and can be neither disabled nor demoted; add another one first.",
        )
