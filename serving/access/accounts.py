"""Accounts: create, change, disable, and issue links and keys; at least one administrator stays active."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from features.messages import UserError, spelling_hint
from serving.access.names import account_called
from serving.access.roles import Role, role_named
from serving.access.tokens import digest, new_key, new_token, password_hash
from serving.database.tables import ApiKey, Person, SignInLink, SignInSession

_NAME = re.compile(r"[\w.\-@一-鿿]{2,64}")
_AREA = re.compile(r"\d{2}|\d{4}|\d{6}|\d{9}|\d{12}")
MOST_KEYS = 20
"""Keys that an account may have at once."""


@dataclass(frozen=True)
class AccountDetails:
    """The name, role and scope of an account.

    bank: the bank whose loans exist for it; None for all. area: first digits of the village codes; None for all.
    """

    name: str
    role: Role
    bank: str | None = None
    area: str | None = None


def account_details(name: str, role: str, bank: str | None = None, area: str | None = None) -> AccountDetails:
    """The details of an account, checked.

    Args:
        name: 2 to 64 letters, digits, Chinese characters or `. - _ @`.
        role: value of a `Role`, such as `officer`.
        bank: the bank whose loans exist for the account; required for an officer.
        area: first 2, 4, 6, 9 or 12 digits of village codes; required for a cadre, at least 6 for a county official.

    Returns:
        The details; an empty bank or area is None.

    Raises:
        UserError: one of them is not as described.

    Example:
        >>> from serving.access.accounts import account_details
        >>> account_details("li.wei", "officer", bank="甲银行")
        AccountDetails(name='li.wei', role=<Role.OFFICER: 'officer'>, bank='甲银行', area=None)
    """
    details = AccountDetails(name, role_named(role), bank or None, area or None)
    if not _NAME.fullmatch(name):
        raise UserError(
            f"账号 {name[:64]!r} 不合规：2 至 64 个字母、数字、汉字或 . - _ @。",
            "That is no account name: 2 to 64 letters, digits or . - _ @.",
        )
    if details.area is not None and not _AREA.fullmatch(details.area):
        raise UserError(
            "区域应为 2、4、6、9 或 12 位数字（省、市、县、乡镇、村），例如 640323101。",
            "An area is 2, 4, 6, 9 or 12 digits (province, city, county, township, village), for example 640323101.",
        )
    if details.role is Role.OFFICER and details.bank is None:
        raise UserError("信贷员须指定银行（--bank）。", "An officer needs a bank (--bank).")
    if details.role is Role.CADRE and details.area is None:
        raise UserError("乡村干部须指定区域（--area）。", "A cadre needs an area (--area).")
    if details.role is Role.CLERK and (details.bank or details.area):
        raise UserError(
            "数据员装载全县数据，不限银行或区域。", "A clerk loads the data of all banks; leave bank and area out."
        )
    if details.role is Role.COUNTY_OFFICIAL and details.area is not None and len(details.area) < 6:
        raise UserError("县级部门的区域至少 6 位。", "A county official's area has at least 6 digits.")
    return details


def check_bank(details: AccountDetails, banks: Collection[str]) -> None:
    """Refuse an account of a bank without a loan: its officer would see nothing, and nobody would know why.

    banks: those that have loans; where there are none yet, every bank is taken.

    Raises:
        UserError: with the bank that is meant, or all there are.
    """
    if details.bank is not None and banks and details.bank not in banks:
        hint = spelling_hint(details.bank, banks)
        raise UserError(
            f"没有银行 {details.bank!r} 的贷款。{hint.zh}", f"There is no loan of a bank {details.bank!r}. {hint.en}"
        )


def create_account(session: Session, details: AccountDetails, at: datetime) -> Person:
    """Add an account that can sign in once it has a link or a password.

    Args:
        session: a writing session of the service's database; the caller commits.
        details: name, role and scope, from `account_details`.
        at: the time of creation, with a time zone.

    Returns:
        The new row of the table `people`.

    Raises:
        UserError: the name is taken.

    Example:
        >>> from datetime import UTC, datetime
        >>> from serving.access.accounts import account_details, create_account, create_link
        >>> from serving.audit.command_line import database_of
        >>> at = datetime(2026, 1, 10, tzinfo=UTC)
        >>> with database_of(tmp).write_session() as session:
        ...     person = create_account(session, account_details("audit.1", "auditor"), at)
        ...     token = create_link(session, person, at, hours=24)
        >>> person.name, person.active, len(token)
        ('audit.1', True, 43)
    """
    if account_called(session, details.name):
        raise UserError(f"账号 {details.name} 已存在。", f"There is an account {details.name} already.")
    person = Person(
        name=details.name, role=details.role.value, bank=details.bank, area=details.area, active=True, created_at=at
    )
    session.add(person)
    session.flush()
    return person


def change_account(session: Session, person: Person, details: AccountDetails) -> None:
    """Give an account another role, bank and area. Raises UserError where no administrator would be left."""
    if details.role is not Role.ADMINISTRATOR:
        _check_other_administrator(session, person)
    person.role, person.bank, person.area = details.role.value, details.bank, details.area


def disable_account(session: Session, person: Person, at: datetime) -> None:
    """Disable an account and end its sessions, links and keys for good: enabling it brings none of them back.

    at: now. Raises UserError where no administrator would be left.
    """
    _check_other_administrator(session, person)
    person.active = False
    end_credentials(session, person, at)


def enable_account(person: Person) -> None:
    """Let a disabled account sign in again."""
    person.active = True


def reset_account(session: Session, person: Person, at: datetime, hours: int) -> str:
    """Remove an account's password, sessions and keys; returns the token of a new one-time link."""
    person.password_hash = None
    end_credentials(session, person, at)
    return create_link(session, person, at, hours)


def create_link(session: Session, person: Person, at: datetime, hours: int) -> str:
    """Add a one-time sign-in link that expires after `hours`; returns its token, of which only the digest is stored."""
    token = new_token()
    session.add(SignInLink(digest=digest(token), person_id=person.id, expires_at=at + timedelta(hours=hours)))
    return token


def set_password(session: Session, person: Person, password: str, at: datetime) -> None:
    """Set a password and end all sessions and keys. Raises UserError where the password is too weak."""
    person.password_hash = password_hash(password, person.name)
    end_credentials(session, person, at)


def create_key(session: Session, person: Person, label: str, at: datetime) -> str:
    """Add a key for programs; returns it, the only time it can be read.

    Raises UserError where the person has MOST_KEYS that are not revoked.
    """
    if sum(key.revoked_at is None for key in keys_of(session, person)) >= MOST_KEYS:
        raise UserError(
            f"每个账号最多 {MOST_KEYS} 个密钥；请先停用不用的密钥。",
            f"An account has at most {MOST_KEYS} keys; revoke one that is no longer used first.",
        )
    prefix, key = new_key()
    session.add(ApiKey(prefix=prefix, digest=digest(key), person_id=person.id, label=label[:64], created_at=at))
    return key


def revoke_key(session: Session, person: Person, prefix: str, at: datetime) -> None:
    """End a key by its prefix. Raises UserError where the person has no such key."""
    key = session.scalar(select(ApiKey).where(ApiKey.prefix == prefix, ApiKey.person_id == person.id))
    if key is None:
        raise UserError("没有此密钥。", "There is no such key.")
    key.revoked_at = key.revoked_at or at


def keys_of(session: Session, person: Person) -> Sequence[ApiKey]:
    """The keys of a person, revoked ones too, oldest first."""
    return session.scalars(select(ApiKey).where(ApiKey.person_id == person.id).order_by(ApiKey.created_at)).all()


def all_people(session: Session) -> Sequence[Person]:
    """All accounts by name, disabled ones too."""
    return session.scalars(select(Person).order_by(Person.name)).all()


def person_named(session: Session, name: str) -> Person:
    """The account of a name. Raises UserError where there is none."""
    person = account_called(session, name)
    if person is None:
        raise UserError(
            f"没有账号 {name}；用 lights user list 查看。", f"There is no account {name}; see lights user list."
        )
    return person


def end_credentials(session: Session, person: Person, at: datetime) -> None:
    """End the sessions, one-time links and keys of an account; at: now, when the keys end."""
    valid_keys = (ApiKey.person_id == person.id) & ApiKey.revoked_at.is_(None)
    session.execute(update(ApiKey).where(valid_keys).values(revoked_at=at))
    session.execute(delete(SignInSession).where(SignInSession.person_id == person.id))
    session.execute(delete(SignInLink).where(SignInLink.person_id == person.id))


def _check_other_administrator(session: Session, person: Person) -> None:
    """Raises UserError where the person is the last active administrator.

    All administrators' rows are locked, so that two of them cannot demote each other at the same moment.
    """
    if person.role != Role.ADMINISTRATOR or not person.active:
        return
    active = (Person.role == Role.ADMINISTRATOR.value) & Person.active
    administrators = select(Person.id).where(active).order_by(Person.id).with_for_update()
    if session.scalars(administrators).all() == [person.id]:
        raise UserError(
            f"{person.name} 是最后一名管理员，不能停用或改任；请先添加另一名。",
            f"{person.name} is the last administrator and can be neither disabled nor demoted; add another one first.",
        )
