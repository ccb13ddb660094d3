"""The address book: names and phones of households, encrypted in the database, masked by the reader's role."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from features.contract.pseudonym import UNCLEAR, Pseudonyms
from features.delivery.sheets import sheets
from features.messages import UserError
from serving.access.roles import Role
from serving.database.tables import Contact

_PURPOSE = "address book"
FULL_CONTACTS = frozenset({Role.OFFICER, Role.CADRE})
"""Roles that work with households; the county's office sees masked names and phones, others none."""
_MASKED = frozenset({Role.COUNTY_OFFICIAL})
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "household_id": ("household_id", "农户编号", "户编号", "户号", "户主身份证号", "身份证号", "证件号码"),
    "name": ("name", "姓名", "户主姓名", "户主", "借款人", "借款人姓名"),
    "phone": ("phone", "手机号", "手机号码", "手机", "电话", "电话号码", "联系电话", "联系方式", "户主电话"),
    "officer": ("village_officer", "村干部", "包村干部", "网格员", "村干部姓名"),
    "officer_phone": ("village_officer_phone", "村干部电话", "包村干部电话", "网格员电话"),
}
"""What a file may write above each column, the preferred heading first."""
_LONGEST = 60
_AT_ONCE = 500
"""Households in one query: databases bound the number of parameters."""
_LINES_NAMED = 5
_FIRST_SHOWN, _LAST_SHOWN, _LEAST_HIDDEN = 3, 4, 4
"""Digits of a masked phone number that are shown, and the fewest that are hidden: of a shorter one all are."""


@dataclass(frozen=True)
class ContactDetails:
    """How to reach a household: its name and phone, the village's officer and theirs; empty where not known."""

    name: str = ""
    phone: str = ""
    officer: str = ""
    officer_phone: str = ""

    @property
    def masked(self) -> ContactDetails:
        """The same with the first sign of the household's name and the ends of its phone number alone."""
        name = self.name[:1] + "*" * (len(self.name) - 1)
        return ContactDetails(name, _masked_phone(self.phone), self.officer, self.officer_phone)


@dataclass(frozen=True)
class AddressFile:
    """A file's entries: by household, the details that it has a column for; and the headings that were not read."""

    entries: Mapping[str, Mapping[str, str]]
    unread: tuple[str, ...]


@dataclass(frozen=True)
class FoundContacts:
    """The entries of some households. unreadable: how many could not be opened: another key, or damaged."""

    entries: Mapping[str, ContactDetails]
    unreadable: int = 0


NO_CONTACTS = FoundContacts({})


@dataclass(frozen=True)
class StoredContacts:
    """What a file changed: households that were added, changed, and left as they were."""

    added: int
    changed: int
    same: int


class AddressBook:
    """The address book of a data folder.

    Args:
        pseudonyms: of the data folder; the key that entries are encrypted with is derived from theirs.

    Example:
        >>> from features.contract.pseudonym import UNCLEAR, Pseudonyms
        >>> from serving.contacts.address_book import AddressBook, ContactDetails
        >>> book = AddressBook(Pseudonyms(b"k" * 32))
        >>> sealed = book.seal(ContactDetails("甲某", "13800000000"))
        >>> "甲某" in sealed, book.open_sealed(sealed).name
        (False, '甲某')
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._fernet = Fernet(base64.urlsafe_b64encode(pseudonyms.key_for(_PURPOSE)))

    def seal(self, details: ContactDetails) -> str:
        """An entry as the database keeps it."""
        return self._fernet.encrypt(json.dumps(asdict(details), ensure_ascii=False).encode()).decode()

    def open_sealed(self, sealed: str) -> ContactDetails | None:
        """An entry of the database; None where it was not sealed with this key, or is damaged."""
        try:
            return ContactDetails(**json.loads(self._fernet.decrypt(sealed.encode())))
        except (InvalidToken, ValueError, TypeError):
            return None

    def read_file(self, path: Path) -> AddressFile:
        """The entries of a file (CSV or workbook), by household; identity numbers become pseudonyms.

        Raises UserError where it cannot be read, lacks the household's number, or a line is wrong.
        """
        entries, wrong = dict[str, dict[str, str]](), list[int]()
        read = _read_lines(path)
        for number, row in read.lines:
            household = self._pseudonyms.replace_identity_numbers(self._pseudonyms.pseudonym(row.pop("household_id")))
            is_unclear = any(word in household for word in UNCLEAR.values())
            too_long = any(len(text) > _LONGEST for text in row.values())
            if not household or household in entries or too_long or is_unclear:
                wrong.append(number)
            entries[household] = row
        if wrong:
            lines = "、".join(map(str, wrong[:_LINES_NAMED])) + (" …" if len(wrong) > _LINES_NAMED else "")
            raise UserError(
                f"{path.name}：{len(wrong)} 行有误（第 {lines} 行）：农户编号为空、重复或证件号码不完整，"
                f"或内容超过 {_LONGEST} 字；未载入。",
                f"{path.name}: {len(wrong)} lines are wrong ({lines}): no household, one that comes twice, an identity "
                f"number that is not whole, or a text of more than {_LONGEST} signs; nothing was taken in.",
            )
        return AddressFile(entries, read.unread)

    def store(
        self, session: Session, entries: Mapping[str, Mapping[str, str]], by: str, at: datetime
    ) -> StoredContacts:
        """Add and change entries; details that the file has no column for stay, and those of other households.

        session: a writing session; the caller commits. by: who stores them.
        """
        known = self.find(session, list(entries)).entries
        wanted = {key: replace(known.get(key, ContactDetails()), **given) for key, given in entries.items()}
        changed = {key: value for key, value in wanted.items() if known.get(key) != value}
        for household, details in changed.items():
            entry = Contact(household_id=household, sealed=self.seal(details), updated_at=at, updated_by=by)
            session.merge(entry)
        added = len(changed.keys() - known.keys())
        return StoredContacts(added, len(changed) - added, len(entries) - len(changed))

    def find(self, session: Session, household_ids: Sequence[str]) -> FoundContacts:
        """The entries of households that have one."""
        found, unreadable = dict[str, ContactDetails](), 0
        for some in _batches(household_ids):
            for entry in session.scalars(select(Contact).where(Contact.household_id.in_(some))):
                details = self.open_sealed(entry.sealed)
                if details is None:
                    unreadable += 1
                else:
                    found[entry.household_id] = details
        return FoundContacts(found, unreadable)

    def shown_to(self, role: Role, session: Session, household_ids: Sequence[str]) -> FoundContacts:
        """The entries as a role may see them: whole, masked, or none."""
        if role not in FULL_CONTACTS | _MASKED:
            return FoundContacts({})
        found = self.find(session, household_ids)
        if role in FULL_CONTACTS:
            return found
        masked = {household: details.masked for household, details in found.entries.items()}
        return FoundContacts(masked, found.unreadable)


def remove_contacts(session: Session, household_ids: Collection[str]) -> int:
    """Remove entries; returns how many there were."""
    removed = 0
    for some in _batches(household_ids):
        is_named = Contact.household_id.in_(some)
        removed += session.scalar(select(func.count()).select_from(Contact).where(is_named)) or 0
        session.execute(delete(Contact).where(is_named))
    return removed


def _batches(household_ids: Collection[str]) -> Iterator[list[str]]:
    """The households, each once, so many at a time as one query takes."""
    ids = list(dict.fromkeys(household_ids))
    for first in range(0, len(ids), _AT_ONCE):
        yield ids[first : first + _AT_ONCE]


@dataclass(frozen=True)
class _ReadLines:
    """The lines of a file by column, and the headings that were not read."""

    lines: list[tuple[int, dict[str, str]]]
    unread: tuple[str, ...]


def _read_lines(path: Path) -> _ReadLines:
    """The lines of a file's first sheet below its headings; of several columns for one detail the first that is filled.

    Raises UserError where no heading names the household.
    """
    sheet = next(iter(sheets(path)), None)
    lines = [] if sheet is None else list(sheet.lines)
    for at, (_, cells) in enumerate(lines):
        headings = ["".join((cell or "").split()) for cell in cells]
        columns = {
            name: [headings.index(word) for word in words if word in headings] for name, words in _HEADINGS.items()
        }
        if not columns["household_id"]:
            continue
        columns["household_id"] = columns["household_id"][:1]
        read = {position for positions in columns.values() for position in positions}
        unread = tuple(text for position, text in enumerate(headings) if text and position not in read)
        rows = [
            (number, {name: _first_filled(row, positions) for name, positions in columns.items() if positions})
            for number, row in lines[at + 1 :]
        ]
        return _ReadLines(rows, unread)
    zh = "、".join(words[1] for words in _HEADINGS.values())
    en = ", ".join(words[0] for words in _HEADINGS.values())
    raise UserError(
        f"{path.name}：没有农户编号列；可用的列：{zh}。",
        f"{path.name} has no column household_id; the columns are {en}.",
    )


def _first_filled(row: Sequence[str | None], positions: Sequence[int]) -> str:
    """The first of some cells that holds anything, on one line."""
    texts = (" ".join((row[position] or "").split()) for position in positions if position < len(row))
    return next((text for text in texts if text), "")


def _masked_phone(phone: str) -> str:
    hidden = len(phone) - _FIRST_SHOWN - _LAST_SHOWN
    return phone[:_FIRST_SHOWN] + "*" * hidden + phone[-_LAST_SHOWN:] if hidden >= _LEAST_HIDDEN else "*" * len(phone)
