"""The chain of the audit log: each entry's hash covers the one before it, under a key that no database holds."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from features.messages import Bilingual
from serving.audit.heads import Head, SavedHead
from serving.database.engine import AUDIT_KEY
from serving.database.tables import AuditAnchor, AuditEntry, utc_text

FIRST_PREVIOUS = "0" * 64
PRUNING = "lights audit prune"
"""Subject of the entry that says from where the chain goes on."""
_BATCH_SIZE = 5_000
_HASHED_FIELDS = ("number", "at", "person", "role", "action", "subject", "detail", "previous")
"""The fields that the hash of an entry covers, in this order."""
_SELECT_LAST = select(AuditEntry.number, AuditEntry.hash).order_by(AuditEntry.number.desc()).limit(1)


@dataclass(frozen=True)
class ChainCheck:
    """The result of a check of the chain.

    entries: how many are intact up to the first fault. head: the last of them. fault: the first one, in two languages;
    None where all is intact. heads: how many saved heads were compared. newest_head_on: the day of the newest of them.
    after_newest_head: entries that stand after it, of which a cut end would not show yet.
    """

    entries: int
    head: Head
    fault: Bilingual | None
    heads: int
    newest_head_on: date | None
    after_newest_head: int

    @property
    def summary(self) -> Bilingual:
        """How far an intact chain reaches, and what it was compared with."""
        on = self.newest_head_on or "—"
        return Bilingual(
            f"审计链完整：{self.entries} 条，末条 {self.head.number}；已比对链头 {self.heads} 个，最新一个为 {on}，"
            f"其后 {self.after_newest_head} 条。",
            f"The chain holds: {self.entries} entries, the last {self.head.number}; {self.heads} saved heads compared, "
            f"the newest of {on}, {self.after_newest_head} entries after it.",
        )


def entry_hash(row: Mapping[str, Any], key: bytes) -> str:
    """The keyed hash of an entry's fields, HMAC-SHA-256 in hexadecimal."""
    return hmac.new(key, _hashed_text(row), "sha256").hexdigest()


def chain_key(reader: Session | Connection) -> bytes:
    """The key that the database was opened with.

    Raises KeyError where it was opened without one: nothing may write to the log then.
    """
    connection = reader.connection() if isinstance(reader, Session) else reader
    key = connection.get_execution_options()[AUDIT_KEY]
    assert isinstance(key, bytes)  # noqa: S101 - `service_database` sets it
    return key


def chain_head(reader: Session | Connection) -> Head:
    """Number and hash of the last entry; of the anchor where all were pruned, number 0 where there was none yet."""
    row = reader.execute(_SELECT_LAST).first()
    return Head(row[0], row[1]) if row else chain_start(reader)


def chain_start(reader: Session | Connection) -> Head:
    """What the first entry follows: the anchor of the last pruning, number 0 where nothing was pruned."""
    last = select(AuditAnchor.number, AuditAnchor.hash).order_by(AuditAnchor.number.desc()).limit(1)
    row = reader.execute(last).first()
    return Head(row[0], row[1]) if row else Head(0, FIRST_PREVIOUS)


def ends_without_key(session: Session) -> bool:
    """Whether the last entry is one of an earlier program, which hashed without a key."""
    last = session.scalars(select(AuditEntry).order_by(AuditEntry.number.desc()).limit(1)).first()
    return last is not None and last.hash != entry_hash(_hashed_row(last), chain_key(session))


def verify_chain(session: Session, heads: Sequence[SavedHead]) -> ChainCheck:
    """Check every entry of the log against its hash and the entry before it, and the saved heads against the log.

    Entries of an earlier program, whose hash has no key, may stand before the first with a keyed one, not after it. An
    anchor must be recorded by an entry after it: a made-up one would hide that entries were cut off.

    Args:
        session: a session of the service's database.
        heads: ends of the chain that were saved earlier (`saved_heads`), which must still be in it.

    Returns:
        How far the chain holds, what it was compared with, and the first fault; a chain without any saved head is a
        fault, since nothing shows whether its end was cut off.

    Example:
        >>> from serving.audit.command_line import database_of
        >>> from serving.audit.heads import saved_heads
        >>> from serving.audit.chain import verify_chain
        >>> with database_of(data).read_session() as session:
        ...     check = verify_chain(session, saved_heads(data))
        >>> check.fault is None, check.heads > 0
        (True, True)
    """
    key, start = chain_key(session), chain_start(session)
    walk = _Walk(start, {head.number: head.hash for head in heads if head.number > start.number})
    fault = next((found for entry in entries_after(session, start.number) if (found := walk.step(entry, key))), None)
    if fault is None:
        fault = walk.fault_at_end(has_heads=bool(heads))
    newest = max(heads, key=lambda head: head.number, default=None)
    after = walk.at.number - max(newest.number, start.number) if newest else walk.at.number - start.number
    return ChainCheck(
        entries=walk.at.number - start.number,
        head=walk.at,
        fault=fault,
        heads=len(heads),
        newest_head_on=newest.on if newest else None,
        after_newest_head=max(after, 0),
    )


class _Walk:
    """A walk along the chain. at: the last intact entry. expected: saved heads that were not passed yet."""

    def __init__(self, start: Head, expected: dict[int, str]) -> None:
        self.at, self._start, self._expected = start, start, expected
        self._is_keyed, self._anchors = False, set[tuple[int, str]]()

    def step(self, entry: AuditEntry, key: bytes) -> Bilingual | None:
        """The fault of the next entry; None where it is intact."""
        if entry.number != self.at.number + 1 or entry.previous != self.at.hash:
            return _chain_fault(self.at.number + 1)
        row = _hashed_row(entry)
        if entry.hash == entry_hash(row, key):
            self._is_keyed = True
            if entry.subject == PRUNING:
                anchor = json.loads(entry.detail)
                self._anchors.add((anchor.get("through", 0), anchor.get("hash", FIRST_PREVIOUS)))
        elif self._is_keyed or entry.hash != hashlib.sha256(_hashed_text(row)).hexdigest():
            return _chain_fault(entry.number)
        if self._expected.pop(entry.number, entry.hash) != entry.hash:
            return _chain_fault(entry.number)
        self.at = Head(entry.number, entry.hash)
        return None

    def fault_at_end(self, *, has_heads: bool) -> Bilingual | None:
        """What is wrong where every entry is intact: a cut end, an anchor that nobody recorded, no saved head."""
        if self._expected:
            return _chain_fault(self.at.number + 1)
        if self._start.number and (self._start.number, self._start.hash) not in self._anchors:
            return Bilingual(
                f"第 {self._start.number} 条以前的审计记录不在，且没有清理记录：它们被删去。",
                f"The entries up to {self._start.number} are gone and no entry records a pruning: they were deleted.",
            )
        if self.at.number and not has_heads:
            return Bilingual(
                "没有留存的链头（audit_heads 文件夹）可比对：无法判断末尾是否被截去；请从备份恢复该文件夹。",
                "There is no saved head (folder audit_heads) to compare: whether the end was cut off cannot be told; "
                "restore that folder from a backup.",
            )
        return None


def entries_after(session: Session, number: int) -> Iterator[AuditEntry]:
    """Entries with a larger number, in their order, read in batches."""
    while True:
        query = select(AuditEntry).where(AuditEntry.number > number).order_by(AuditEntry.number).limit(_BATCH_SIZE)
        batch = session.scalars(query).all()
        yield from batch
        if len(batch) < _BATCH_SIZE:
            return
        number = batch[-1].number
        session.expunge_all()


def _hashed_row(entry: AuditEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in _HASHED_FIELDS}


def _hashed_text(row: Mapping[str, Any]) -> bytes:
    values = [utc_text(row[name]) if name == "at" else row[name] for name in _HASHED_FIELDS]
    return json.dumps(values, ensure_ascii=False).encode()


def _chain_fault(number: int) -> Bilingual:
    return Bilingual(
        f"审计链在第 {number} 条处断开：该条被改、被删或被截去，或 pseudonym.key 不是写入时的那一个。",
        f"The chain breaks at entry {number}: it was changed, deleted or cut off, or pseudonym.key is not the one that "
        "it was written with.",
    )
