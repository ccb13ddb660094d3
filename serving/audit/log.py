"""The audit log: who read, exported, changed or was refused what, as a chain of hashes that shows every later edit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text
from sqlalchemy.orm import Session

from features.atomic_files import write_bytes
from features.messages import Bilingual, UserError
from features.stored_files import read_stored_json
from serving.database.tables import AuditAnchor, AuditEntry, utc_text

_LOCK = 6_404_322
"""PostgreSQL's advisory lock on adding an entry; SQLite has a single writer anyway."""
_FIRST_PREVIOUS = "0" * 64
_BATCH_SIZE = 5_000
_HASHED_FIELDS = ("number", "at", "person", "role", "action", "subject", "detail", "previous")
"""The fields that the hash of an entry covers, in this order."""
_SELECT_LAST = select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)
_INSERT = insert(AuditEntry.__table__)  # type: ignore[arg-type]
"""Statements built once: every request waits for them."""
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
class Head:
    """Number and hash of the last entry; a copy kept elsewhere shows whether entries were cut off."""

    number: int
    hash: str


@dataclass(frozen=True)
class ChainCheck:
    """The result of a check: entries that are intact, the last of them, and the first fault or None."""

    entries: int
    head: Head
    fault: Bilingual | None


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
        >>> from serving.audit.log import AuditAction, add_entry, machine_user, verify_chain
        >>> with database_of(tmp).write_session() as session:
        ...     actor, at = machine_user("li.wei"), datetime(2026, 1, 10, tzinfo=UTC)
        ...     add_entry(session, actor, AuditAction.EXPORT, "lights backup", {"files": 12}, at)
        ...     check = verify_chain(session)
        >>> check.entries >= 1, check.fault
        (True, None)
    """
    add_entries(session.connection(), [NewEntry(actor, action, subject, detail, at)])


def add_entries(connection: Connection, entries: Sequence[NewEntry]) -> None:
    """Append entries in their order, in the transaction of the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    last, rows = chain_head(connection), []
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
        last = Head(last.number + 1, _hash(row))
        rows.append({**row, "hash": last.hash})
    connection.execute(_INSERT, rows)


def _as_text(detail: Detail) -> str:
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)


def chain_head(reader: Session | Connection) -> Head:
    """Number and hash of the last entry; of the anchor where all were pruned, number 0 where there was none yet."""
    row = reader.execute(_SELECT_LAST).first() or _anchor(reader)
    return Head(row[0], row[1]) if row else Head(0, _FIRST_PREVIOUS)


def verify_chain(session: Session, heads: Sequence[Head] = ()) -> ChainCheck:
    """Check every entry of the log against its hash and the entry before it.

    Args:
        session: a session of the service's database.
        heads: ends of the chain that were saved earlier, which must still be in it; see `save_head`.

    Returns:
        How many entries are intact up to the first fault, the last intact one, and the fault in two languages; None
        where the whole chain is intact.

    Example:
        >>> from serving.audit.command_line import database_of
        >>> from serving.audit.log import saved_heads, verify_chain
        >>> with database_of(data).read_session() as session:
        ...     check = verify_chain(session, saved_heads(data))
        >>> check.fault is None
        True
    """
    anchor = _anchor(session)
    start = at = Head(*anchor) if anchor else Head(0, _FIRST_PREVIOUS)
    expected = {head.number: head.hash for head in heads if head.number > start.number}
    for entry in _entries(session, start.number):
        row = {name: getattr(entry, name) for name in _HASHED_FIELDS}
        if entry.number != at.number + 1 or entry.previous != at.hash or entry.hash != _hash(row):
            return ChainCheck(at.number - start.number, at, _chain_fault(at.number + 1))
        if expected.pop(entry.number, entry.hash) != entry.hash:
            return ChainCheck(at.number - start.number, at, _chain_fault(entry.number))
        at = Head(entry.number, entry.hash)
    fault = _chain_fault(at.number + 1) if expected else None
    return ChainCheck(at.number - start.number, at, fault)


def prune_entries(session: Session, years: int, at: datetime) -> int:
    """Delete entries older than so many years, and add an anchor from which the chain goes on.

    Returns how many were deleted. Raises UserError under three years.
    """
    if years < _MIN_YEARS:
        raise UserError("审计记录至少保存 3 年。", "Entries of the audit are kept at least 3 years.")
    old = AuditEntry.at < at - timedelta(days=_DAYS_A_YEAR * years)
    last = session.execute(
        select(AuditEntry.number, AuditEntry.hash).where(old).order_by(AuditEntry.number.desc()).limit(1)
    ).first()
    if last is None:
        return 0
    session.add(AuditAnchor(number=last[0], hash=last[1], at=at))
    session.flush()
    count = session.scalar(select(func.count()).where(AuditEntry.number <= last[0])) or 0
    session.execute(delete(AuditEntry).where(AuditEntry.number <= last[0]))
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
    for entry in _entries(session, 0):
        yield json.dumps(entry_json(entry), ensure_ascii=False)


def entry_json(entry: AuditEntry) -> dict[str, Any]:
    """An entry as JSON values; `detail` as an object, `at` in UTC to the microsecond."""
    names = ("number", "person", "role", "action", "subject", "previous", "hash")
    plain = {name: getattr(entry, name) for name in names}
    return {**plain, "at": utc_text(entry.at), "detail": json.loads(entry.detail)}


def save_head(session: Session, folder: Path, name: str) -> Path:
    """Write the end of the chain to a file of the data folder.

    A copy of it kept elsewhere shows later whether entries were cut off.
    """
    path = folder / "audit_heads" / f"{name}.json"
    end = chain_head(session)
    write_bytes(json.dumps({"number": end.number, "hash": end.hash}).encode(), path)
    return path


def saved_heads(folder: Path) -> list[Head]:
    """The ends of the chain that `save_head` wrote, by file name."""
    paths = sorted((folder / "audit_heads").glob("*.json"))
    return [read_stored_json(path, lambda stored: Head(**stored)) for path in paths]


def add_promotions(session: Session, history: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Add an entry for each promotion in the model store's history that has none yet.

    history: rows with `at`, `by` and the reason. A promotion whose entry was pruned gets no second one.
    """
    recorded = set(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == AuditAction.PROMOTION.value)))
    oldest = utc_text(at - timedelta(days=_DAYS_A_YEAR * _MIN_YEARS)) if _anchor(session) else ""
    for promotion in history:
        if _as_text(promotion) not in recorded and str(promotion.get("at", oldest)) >= oldest:
            actor = machine_user(str(promotion.get("by", "")))
            add_entry(session, actor, AuditAction.PROMOTION, "lights promote", dict(promotion), at)


def _anchor(reader: Session | Connection) -> tuple[int, str] | None:
    last = select(AuditAnchor.number, AuditAnchor.hash).order_by(AuditAnchor.number.desc()).limit(1)
    row = reader.execute(last).first()
    return (row[0], row[1]) if row else None


def _entries(session: Session, after: int) -> Iterator[AuditEntry]:
    """Entries with a number above `after`, in their order, read in batches."""
    while True:
        query = select(AuditEntry).where(AuditEntry.number > after).order_by(AuditEntry.number).limit(_BATCH_SIZE)
        batch = session.scalars(query).all()
        yield from batch
        if len(batch) < _BATCH_SIZE:
            return
        after = batch[-1].number
        session.expunge_all()


def _hash(row: Mapping[str, Any]) -> str:
    values = [utc_text(row[name]) if name == "at" else row[name] for name in _HASHED_FIELDS]
    return hashlib.sha256(json.dumps(values, ensure_ascii=False).encode()).hexdigest()


def _chain_fault(number: int) -> Bilingual:
    return Bilingual(
        f"审计链在第 {number} 条处断开：该条被改、被删或被截去。",
        f"The chain breaks at entry {number}: it was changed, deleted or cut off.",
    )
