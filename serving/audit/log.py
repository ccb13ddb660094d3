"""The audit: who looked at, exported, changed or was refused what; a chain of hashes that shows every edit."""

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
from features.messages import Refused, Words
from serving.database.tables import AuditAnchor, AuditEntry, written

_LOCK = 6_404_322
"""PostgreSQL's advisory lock of whoever writes the next entry; SQLite has one writer anyway."""
_BEGINNING = "0" * 64
_AT_ONCE = 5_000
_SEALED = ("number", "at", "person", "role", "action", "subject", "detail", "previous")
"""What the hash of an entry is of, in this order."""
_LAST = select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)
_APPENDED = insert(AuditEntry.__table__)  # type: ignore[arg-type]
"""Built once: each answer waits for them."""
_LEAST_YEARS, _DAYS_A_YEAR = 3, 366
Detail = Mapping[str, Any]


class Action(StrEnum):
    """What was done."""

    LIST = "list"
    LOOK = "look"
    EXPORT = "export"
    CHANGE = "change"
    PROMOTION = "promotion"
    REFUSAL = "refusal"
    SIGN_IN = "sign_in"


ACTION_WORDS: Mapping[Action, Words] = {
    Action.LIST: Words("查看名单", "list seen"),
    Action.LOOK: Words("查看农户", "person looked at"),
    Action.EXPORT: Words("导出", "export"),
    Action.CHANGE: Words("更改", "change"),
    Action.PROMOTION: Words("模型上线", "promotion"),
    Action.REFUSAL: Words("拒绝", "refusal"),
    Action.SIGN_IN: Words("登录", "sign-in"),
}


@dataclass(frozen=True)
class Who:
    """A person of the service, or the user at the machine (`machine:NAME`)."""

    name: str
    role: str


NOBODY = Who("-", "-")
"""Somebody who is not known."""


def at_machine(user: str) -> Who:
    return Who(f"machine:{user}", "machine")


@dataclass(frozen=True)
class Head:
    """The end of the chain: kept elsewhere, it shows where entries were cut off."""

    number: int
    hash: str


@dataclass(frozen=True)
class Verified:
    """What was found: how many entries, the head, and the first fault, or None."""

    entries: int
    head: Head
    fault: Words | None


@dataclass(frozen=True)
class Entry:
    """What is to be kept. subject: an address's template or a command."""

    who: Who
    action: Action
    subject: str
    detail: Detail
    at: datetime


def record(session: Session, who: Who, action: Action, subject: str, detail: Detail, at: datetime) -> None:
    """Append an entry, in the transaction of what it tells of."""
    record_all(session.connection(), [Entry(who, action, subject, detail, at)])


def record_all(connection: Connection, entries: Sequence[Entry]) -> None:
    """Append entries, one after another, in the transaction of the connection."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    last, rows = head(connection), []
    for entry in entries:
        row = _row(entry, last)
        last = Head(row["number"], row["hash"])
        rows.append(row)
    connection.execute(_APPENDED, rows)


def _row(entry: Entry, before: Head) -> dict[str, Any]:
    row = {
        "number": before.number + 1,
        "at": entry.at,
        "person": entry.who.name,
        "role": entry.who.role,
        "action": entry.action.value,
        "subject": entry.subject[:200],
        "detail": _as_text(entry.detail),
        "previous": before.hash,
    }
    return {**row, "hash": _hash(row)}


def _as_text(detail: Detail) -> str:
    return json.dumps(detail, ensure_ascii=False, sort_keys=True, default=str)


def head(reader: Session | Connection) -> Head:
    found = reader.execute(_LAST).first() or _anchor(reader)
    return Head(found[0], found[1]) if found else Head(0, _BEGINNING)


def verify(session: Session, heads: Sequence[Head] = ()) -> Verified:
    """Walk the whole chain; `heads` were kept elsewhere and have to stand in it still."""
    anchor = _anchor(session)
    start = at = Head(*anchor) if anchor else Head(0, _BEGINNING)
    wanted = {kept.number: kept.hash for kept in heads if kept.number > start.number}
    for entry in _entries(session, start.number):
        if entry.number != at.number + 1 or entry.previous != at.hash or entry.hash != _hash_of(entry):
            return Verified(at.number - start.number, at, _broken(at.number + 1))
        if wanted.pop(entry.number, entry.hash) != entry.hash:
            return Verified(at.number - start.number, at, _broken(entry.number))
        at = Head(entry.number, entry.hash)
    fault = _broken(at.number + 1) if wanted else None
    return Verified(at.number - start.number, at, fault)


def prune(session: Session, years: int, at: datetime) -> int:
    """Delete entries older than the policy keeps, behind an anchor that carries the chain on; how many went.

    Raises Refused under three years.
    """
    if years < _LEAST_YEARS:
        raise Refused("审计记录至少保存 3 年。", "Entries of the audit are kept at least 3 years.")
    old = AuditEntry.at < at - timedelta(days=_DAYS_A_YEAR * years)
    last = session.execute(
        select(AuditEntry.number, AuditEntry.hash).where(old).order_by(AuditEntry.number.desc()).limit(1)
    ).first()
    if last is None:
        return 0
    session.add(AuditAnchor(number=last[0], hash=last[1], at=at))
    session.flush()
    gone = session.scalar(select(func.count()).where(AuditEntry.number <= last[0])) or 0
    session.execute(delete(AuditEntry).where(AuditEntry.number <= last[0]))
    return gone


@dataclass(frozen=True)
class Sought:
    """What of the audit is asked for, newest first. before: entries with a smaller number."""

    person: str | None = None
    action: Action | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None
    limit: int = 50


def found(session: Session, sought: Sought) -> Sequence[AuditEntry]:
    asked = select(AuditEntry).order_by(AuditEntry.number.desc()).limit(sought.limit)
    for condition in _conditions(sought):
        asked = asked.where(condition)
    return session.scalars(asked).all()


def _conditions(sought: Sought) -> Iterator[Any]:
    if sought.person is not None:
        yield AuditEntry.person == sought.person
    if sought.action is not None:
        yield AuditEntry.action == sought.action.value
    if sought.since is not None:
        yield AuditEntry.at >= sought.since
    if sought.until is not None:
        yield AuditEntry.at < sought.until
    if sought.before is not None:
        yield AuditEntry.number < sought.before


def exported(session: Session) -> Iterator[str]:
    """Every entry as a line of JSON, oldest first."""
    for entry in _entries(session, 0):
        yield json.dumps(told(entry), ensure_ascii=False)


def told(entry: AuditEntry) -> dict[str, Any]:
    names = ("number", "person", "role", "action", "subject", "previous", "hash")
    plain = {name: getattr(entry, name) for name in names}
    return {**plain, "at": written(entry.at), "detail": json.loads(entry.detail)}


def keep_head(session: Session, folder: Path, name: str) -> Path:
    """Write the chain's end beside the data, to be carried elsewhere month by month."""
    path = folder / "audit_heads" / f"{name}.json"
    end = head(session)
    write_bytes(json.dumps({"number": end.number, "hash": end.hash}).encode(), path)
    return path


def kept_heads(folder: Path) -> list[Head]:
    paths = sorted((folder / "audit_heads").glob("*.json"))
    return [Head(**json.loads(path.read_text("utf-8"))) for path in paths]


def note_promotions(session: Session, history: Sequence[Mapping[str, Any]], at: datetime) -> None:
    """Champions crowned at the machine since the last look, each with who, when and why, by the models' own history.

    One whose entry was pruned is not noted again.
    """
    noted = set(session.scalars(select(AuditEntry.detail).where(AuditEntry.action == Action.PROMOTION.value)))
    oldest = written(at - timedelta(days=_DAYS_A_YEAR * _LEAST_YEARS)) if _anchor(session) else ""
    for crowned in history:
        if _as_text(crowned) not in noted and str(crowned.get("at", oldest)) >= oldest:
            who = at_machine(str(crowned.get("by", "")))
            record(session, who, Action.PROMOTION, "lights promote", dict(crowned), at)


def _anchor(reader: Session | Connection) -> tuple[int, str] | None:
    last = select(AuditAnchor.number, AuditAnchor.hash).order_by(AuditAnchor.number.desc()).limit(1)
    row = reader.execute(last).first()
    return (row[0], row[1]) if row else None


def _entries(session: Session, after: int) -> Iterator[AuditEntry]:
    while True:
        asked = select(AuditEntry).where(AuditEntry.number > after).order_by(AuditEntry.number).limit(_AT_ONCE)
        some = session.scalars(asked).all()
        yield from some
        if len(some) < _AT_ONCE:
            return
        after = some[-1].number
        session.expunge_all()


def _hash_of(entry: AuditEntry) -> str:
    return _hash({name: getattr(entry, name) for name in _SEALED})


def _hash(row: Mapping[str, Any]) -> str:
    said = [written(row[name]) if name == "at" else row[name] for name in _SEALED]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()


def _broken(number: int) -> Words:
    return Words(
        f"审计链在第 {number} 条处断开: 该条被改、被删或被截去。",
        f"The chain breaks at entry {number}: it was changed, deleted or cut off.",
    )
