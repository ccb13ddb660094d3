"""The audit log: who read, exported, changed or was refused what, as a chain of hashes that shows every later edit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text
from sqlalchemy.orm import Session

from features.messages import Bilingual, UserError
from serving.audit.chain import PRUNING, chain_head, chain_key, chain_start, entries_after, entry_hash
from serving.audit.heads import Head
from serving.database.tables import AuditAnchor, AuditEntry, utc_text

_LOCK = 6_404_322
"""PostgreSQL's advisory lock on adding an entry; SQLite has a single writer anyway."""
_INSERT = insert(AuditEntry.__table__)  # type: ignore[arg-type]
"""The statement, built once: every request waits for it."""
_MIN_YEARS, _DAYS_A_YEAR = 3, 366
Detail = Mapping[str, Any]


class AuditAction(StrEnum):
    """The kind of an audit entry."""

    LIST = "list"
    LOOK = "look"
    EXPORT = "export"
    CHANGE = "change"
    PROMOTION = "promotion"
    REFUSAL = "refusal"
    SIGN_IN = "sign_in"


AUDIT_ACTION_WORDS: Mapping[AuditAction, Bilingual] = {
    AuditAction.LIST: Bilingual("查看台账", "list seen"),
    AuditAction.LOOK: Bilingual("查看农户", "person looked at"),
    AuditAction.EXPORT: Bilingual("导出", "export"),
    AuditAction.CHANGE: Bilingual("更改", "change"),
    AuditAction.PROMOTION: Bilingual("模型上线", "promotion"),
    AuditAction.REFUSAL: Bilingual("拒绝", "refusal"),
    AuditAction.SIGN_IN: Bilingual("登录", "sign-in"),
}


@dataclass(frozen=True)
class Actor:
    """The person that an entry is about, or the operating-system user of a command (`machine:NAME`)."""

    name: str
    role: str


ANONYMOUS = Actor("-", "-")
"""The actor of a request without a valid credential."""


def machine_user(user: str) -> Actor:
    """The actor of a command that an operating-system user ran."""
    return Actor(f"machine:{user}", "machine")


@dataclass(frozen=True)
class NewEntry:
    """An entry to be added. subject: a route such as `GET /households/{household_id}`, or a command."""

    actor: Actor
    action: AuditAction
    subject: str
    detail: Detail
    at: datetime


def add_entry(session: Session, actor: Actor, action: AuditAction, subject: str, detail: Detail, at: datetime) -> None:
    """Append an entry to the log, in the transaction of the change that it records.

    Args:
        session: a writing session of the service's database; the caller commits.
        actor: who did it.
        action: the kind of entry.
        subject: a route or a command; its first 200 characters are stored.
        detail: what was asked for or changed, without personal data; stored as JSON.
        at: the time, with a time zone.

    Example:
        >>> from datetime import UTC, datetime
        >>> from serving.audit.command_line import database_of
        >>> from serving.audit.chain import chain_head
        >>> from serving.audit.log import AuditAction, add_entry, machine_user
        >>> with database_of(tmp).write_session() as session:
        ...     actor, at = machine_user("li.wei"), datetime(2026, 1, 10, tzinfo=UTC)
        ...     add_entry(session, actor, AuditAction.EXPORT, "lights backup", {"files": 12}, at)
        ...     chain_head(session).number >= 1
        True
    """
    add_entries(session.connection(), [NewEntry(actor, action, subject, detail, at)])


def add_entries(connection: Connection, entries: Sequence[NewEntry]) -> None:
    """Append entries in their order, in the transaction of the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    key, last, rows = chain_key(connection), chain_head(connection), []
    for entry in entries:
        row = {
            "number": last.number + 1,
            "at": entry.at,
            "person": entry.actor.name,
            "role": entry.actor.role,
            "action": entry.action.value,
            "subject": entry.subject[:200],
            "detail": _as_text(entry.detail),
            "previous": last.hash,
        }
        last = Head(last.number + 1, entry_hash(row, key))
        rows.append({**row, "hash": last.hash})
    connection.execute(_INSERT, rows)


def _as_text(detail: Detail) -> str:
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)


def prune_entries(session: Session, years: int, actor: Actor, at: datetime) -> int:
    """Delete entries older than so many years; an anchor says from where the chain goes on, and an entry records it.

    Returns how many were deleted. Raises UserError under three years.
    """
    if years < _MIN_YEARS:
        raise UserError("审计记录至少保存 3 年。", "Entries of the audit are kept at least 3 years.")
    old = AuditEntry.at < at - timedelta(days=_DAYS_A_YEAR * years)
    last = session.execute(
        select(AuditEntry.number, AuditEntry.hash).where(old).order_by(AuditEntry.number.desc()).limit(1)
    ).first()
    if last is None:
        add_entry(session, actor, AuditAction.CHANGE, PRUNING, {"entries": 0}, at)
        return 0
    session.add(AuditAnchor(number=last[0], hash=last[1], at=at))
    session.flush()
    count = session.scalar(select(func.count()).where(AuditEntry.number <= last[0])) or 0
    session.execute(delete(AuditEntry).where(AuditEntry.number <= last[0]))
    detail = {"entries": count, "through": last[0], "hash": last[1]}
    add_entry(session, actor, AuditAction.CHANGE, PRUNING, detail, at)
    return count


@dataclass(frozen=True)
class AuditQuery:
    """Filters of a search in the log. until: exclusive. before_number: only entries with a smaller number."""

    person: str | None = None
    action: AuditAction | None = None
    since: datetime | None = None
    until: datetime | None = None
    before_number: int | None = None
    limit: int = 50


def search_entries(session: Session, query: AuditQuery) -> Sequence[AuditEntry]:
    """The entries that match a query, newest first."""
    statement = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(query.limit)
    if query.person is not None:
        statement = statement.where(AuditEntry.person == query.person)
    if query.action is not None:
        statement = statement.where(AuditEntry.action == query.action.value)
    if query.since is not None:
        statement = statement.where(AuditEntry.at >= query.since)
    if query.until is not None:
        statement = statement.where(AuditEntry.at < query.until)
    if query.before_number is not None:
        statement = statement.where(AuditEntry.number < query.before_number)
    return session.scalars(statement).all()


def export_lines(session: Session) -> Iterator[str]:
    """All entries as lines of JSON, oldest first."""
    for entry in entries_after(session, 0):
        yield json.dumps(entry_json(entry), ensure_ascii=False)


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as JSON values; `detail` as an object, `at` in UTC to the microsecond."""
    names = ("number", "person", "role", "action", "subject", "previous", "hash")
    plain = {name: getattr(entry, name) for name in names}
    return {**plain, "at": utc_text(entry.at), "detail": json.loads(entry.detail)}


def add_promotions(session: Session, history: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Add an entry for each promotion in the model store's history that has none yet.

    history: rows with `at`, `by` and the reason. A promotion whose entry was pruned gets no second one.
    """
    recorded = set(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == AuditAction.PROMOTION.value)))
    oldest = utc_text(at - timedelta(days=_DAYS_A_YEAR * _MIN_YEARS)) if chain_start(session).number else ""
    for promotion in history:
        if _as_text(promotion) not in recorded and str(promotion.get("at", oldest)) >= oldest:
            actor = machine_user(str(promotion.get("by", "")))
            add_entry(session, actor, AuditAction.PROMOTION, "lights promote", dict(promotion), at)
