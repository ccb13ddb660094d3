"""The address book: names and phones of households, encrypted in the database, masked by the reader's role."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from features.contract.pseudonym import Pseudonyms
from features.delivery.sheets import sheets
from features.messages import UserError
from serving.access.roles import Role
from serving.database.tables import Contact

_PURPOSE = "address book"
_FULL = frozenset({Role.OFFICER, Role.CADRE})
"""Roles that work with households; the county's office sees masked names and phones, others none."""
_MASKED = frozenset({Role.COUNTY_OFFICIAL})
_HEADINGS: Mapping[str, tuple[str, ...]] = {
    "household_id": ("household_id", "农户编号", "户编号", "户号", "户主身份证号", "身份证号", "证件号码"),
    "name": ("name", "姓名", "户主姓名", "户主", "借款人", "借款人姓名"),
    "phone": ("phone", "电话", "手机", "手机号", "联系电话"),
    "officer": ("village_officer", "村干部", "包村干部", "网格员"),
    "officer_phone": ("village_officer_phone", "村干部电话", "包村干部电话", "网格员电话"),
}
_LONGEST = 60
_AT_ONCE = 500
"""Households in one query: databases bound the number of parameters."""
_LINES_NAMED = 5
_FIRST_SHOWN, _LAST_SHOWN = 3, 4
"""Digits of a masked phone number that are shown."""


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
        >>> from features.contract.pseudonym import Pseudonyms
        >>> from serving.contacts.address_book import AddressBook, ContactDetails
        >>> book = AddressBook(Pseudonyms(b"k" * 32))
        >>> sealed = book.seal(ContactDetails("甲某", "13800000000"))
        >>> "甲某" in sealed, book.opened("H1", sealed).name
        (False, '甲某')
    """

    def __init__(self, pseudonyms: Pseudonyms) -> None:
        self._pseudonyms = pseudonyms
        self._fernet = Fernet(base64.urlsafe_b64encode(pseudonyms.key_for(_PURPOSE)))

    def seal(self, details: ContactDetails) -> str:
        """An entry as the database keeps it."""
        return self._fernet.encrypt(json.dumps(asdict(details), ensure_ascii=False).encode()).decode()

    def opened(self, household_id: str, sealed: str) -> ContactDetails:
        """An entry of the database. Raises UserError where it was not sealed with this key, or is damaged."""
        try:
            return ContactDetails(**json.loads(self._fernet.decrypt(sealed.encode())))
        except (InvalidToken, ValueError, TypeError) as error:
            raise UserError(
                f"通讯录中 {household_id} 的条目无法解开: 密钥不符或已损坏; 请用 lights contacts 重新载入。",
                f"The entry of {household_id} cannot be opened: another key, or damaged; load it again with "
                "lights contacts.",
            ) from error

    def read_file(self, path: Path) -> dict[str, ContactDetails]:
        """The entries of a file (CSV or workbook), by household; identity numbers become pseudonyms.

        Raises UserError where it cannot be read, lacks the household's number, or a line is wrong.
        """
        entries, wrong = dict[str, ContactDetails](), list[int]()
        for number, row in _rows(path):
            household = self._pseudonyms.pseudonym(row.pop("household_id", "").strip())
            details = ContactDetails(**{name: " ".join(text.split()) for name, text in row.items()})
            too_long = any(len(text) > _LONGEST for text in asdict(details).values())
            if not household or household in entries or too_long:
                wrong.append(number)
            entries[household] = details
        if wrong:
            lines = "、".join(map(str, wrong[:_LINES_NAMED])) + (" …" if len(wrong) > _LINES_NAMED else "")
            raise UserError(
                f"{path.name}: {len(wrong)} 行有误 (第 {lines} 行): 农户编号为空或重复, "
                f"或内容超过 {_LONGEST} 字; 未载入。",
                f"{path.name}: {len(wrong)} lines are wrong ({lines}): no household, one that comes twice, or a text "
                f"of more than {_LONGEST} signs; nothing was taken in.",
            )
        return entries

    def store(self, session: Session, entries: Mapping[str, ContactDetails], by: str, at: datetime) -> StoredContacts:
        """Add and change entries; those of other households stay.

        session: a writing session; the caller commits. by: who stores them.
        """
        known = self.find(session, list(entries))
        changed = {key: value for key, value in entries.items() if known.get(key) != value}
        for household, details in changed.items():
            entry = Contact(household_id=household, sealed=self.seal(details), updated_at=at, updated_by=by)
            session.merge(entry)
        added = len(changed.keys() - known.keys())
        return StoredContacts(added, len(changed) - added, len(entries) - len(changed))

    def find(self, session: Session, household_ids: Sequence[str]) -> dict[str, ContactDetails]:
        """The entries of households that have one. Raises UserError where one cannot be opened."""
        found = dict[str, ContactDetails]()
        ids = list(dict.fromkeys(household_ids))
        for first in range(0, len(ids), _AT_ONCE):
            query = select(Contact).where(Contact.household_id.in_(ids[first : first + _AT_ONCE]))
            found |= {
                entry.household_id: self.opened(entry.household_id, entry.sealed) for entry in session.scalars(query)
            }
        return found

    def shown_to(self, role: Role, session: Session, household_ids: Sequence[str]) -> dict[str, ContactDetails]:
        """The entries as a role may see them: whole, masked, or none."""
        if role not in _FULL | _MASKED:
            return {}
        found = self.find(session, household_ids)
        return found if role in _FULL else {household: details.masked for household, details in found.items()}


def remove_contacts(session: Session, household_ids: Collection[str]) -> int:
    """Remove entries; returns how many there were."""
    found = session.scalars(select(Contact.household_id).where(Contact.household_id.in_(household_ids))).all()
    session.execute(delete(Contact).where(Contact.household_id.in_(found)))
    return len(found)


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The lines of a file below its headings, with the cells that are known by their heading."""
    columns: dict[int, str] | None = None
    for sheet in sheets(path):
        for number, cells in sheet.lines:
            if columns is None:
                texts = [(cell or "").strip() for cell in cells]
                told = {at: name for at, text in enumerate(texts) for name, words in _HEADINGS.items() if text in words}
                if "household_id" in told.values():
                    columns = told
                continue
            yield number, {name: cells[at] or "" for at, name in columns.items() if at < len(cells)}
        break
    if columns is None:
        zh = "、".join(words[1] for words in _HEADINGS.values())
        en = ", ".join(words[0] for words in _HEADINGS.values())
        raise UserError(
            f"{path.name}: 没有农户编号列; 可用的列: {zh}。",
            f"{path.name} has no column household_id; the columns are {en}.",
        )


def _masked_phone(phone: str) -> str:
    hidden = len(phone) - _FIRST_SHOWN - _LAST_SHOWN
    return phone[:_FIRST_SHOWN] + "*" * hidden + phone[-_LAST_SHOWN:] if hidden > 0 else "*" * len(phone)
