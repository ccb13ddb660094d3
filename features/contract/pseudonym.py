"""Keyed pseudonyms for identity numbers, which are replaced before anything is stored."""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from features.atomic_files import atomic_file
from features.messages import UserError

_KEY_BYTES = 32
_IDENTITY_NUMBER = re.compile(r"[1-9]\d{16}[\dXx]")
_IDENTITY_NUMBER_ANYWHERE = re.compile(rf"(?=({_IDENTITY_NUMBER.pattern}))")
"""Matches at every position, also inside a longer number: the digits before may be the end of another."""
_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
_CHECK_DIGITS = "10X98765432"


def is_identity_number(text: str) -> bool:
    """Whether `text` is an 18-digit resident identity number: a real birthday, a right check digit.

    Source: GB 11643-1999, check digit by ISO 7064 MOD 11-2.
    """
    if not _IDENTITY_NUMBER.fullmatch(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, text[:17], strict=True))
    return _CHECK_DIGITS[total % 11] == text[17].upper()


class Pseudonyms:
    """Pseudonyms by a secret key: a number always gets the same one, which cannot be reversed without the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def pseudonym(self, text: str) -> str:
        """The pseudonym of an identity number; any other text unchanged."""
        if not is_identity_number(text):
            return text
        return "p" + hmac.new(self._key, text.upper().encode(), "sha256").hexdigest()[:24]

    def key_for(self, purpose: str) -> bytes:
        """A key derived from this one for another purpose; this one cannot be computed from it."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def replace_identity_numbers(self, text: str) -> str:
        """The text with a pseudonym for every identity number in it."""
        for match in _IDENTITY_NUMBER_ANYWHERE.finditer(text):
            text = text.replace(match[1], self.pseudonym(match[1]))
        return text

    def by_identity_number(self, texts: Iterable[str]) -> dict[str, str]:
        """The pseudonyms of those `texts` that are identity numbers, by number."""
        return {text: self.pseudonym(text) for text in texts if is_identity_number(text)}


def load_pseudonyms(folder: Path) -> Pseudonyms:
    """Load the pseudonym key of a data folder; the first call makes it, readable by its owner alone.

    Raises UserError where the key is damaged: a new one would give every person another pseudonym.
    """
    path = folder / "pseudonym.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        # Where another process writes a key first, that one stays.
        with atomic_file(path, unique=True, replace=False, mode=0o600) as staging:
            staging.write_bytes(secrets.token_bytes(_KEY_BYTES))
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise UserError(
            f"密钥文件 {path} 已损坏; 请从备份恢复。", f"The key {path} is damaged; restore it from a backup."
        )
    return Pseudonyms(key)
