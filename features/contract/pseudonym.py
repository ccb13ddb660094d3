"""Identity numbers become pseudonyms at the door: the ledger never holds one."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import date
from pathlib import Path

from features.messages import Refused

_KEY_BYTES = 32
_IDENTITY_NUMBER = re.compile(r"[1-9]\d{16}[\dXx]")
_WITHIN = re.compile(rf"(?=({_IDENTITY_NUMBER.pattern}))")
"""At every place, also inside a longer number: what stands before it may be the end of another."""
_WEIGHTS = tuple(pow(2, 17 - place, 11) for place in range(17))
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
    """Keyed pseudonyms: the same number always gives the same one, and no one without the key gets back."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def of(self, text: str) -> str:
        """The pseudonym of an identity number; any other text unchanged."""
        if not is_identity_number(text):
            return text
        return "p" + hmac.new(self._key, text.upper().encode(), "sha256").hexdigest()[:24]

    def key_for(self, purpose: str) -> bytes:
        """A key of its own for another purpose: from neither can the other be found."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def hidden(self, text: str) -> str:
        """A text with a pseudonym in the place of every identity number in it."""
        for found in _WITHIN.finditer(text):
            text = text.replace(found[1], self.of(found[1]))
        return text

    def renamed(self, texts: Iterable[str]) -> dict[str, str]:
        """Only those of `texts` that are identity numbers, each with its pseudonym."""
        return {text: self.of(text) for text in texts if is_identity_number(text)}


def pseudonyms(folder: Path) -> Pseudonyms:
    """The pseudonyms of this installation; the key is made once and readable by its owner alone.

    Raises Refused where the key is damaged: with another one nobody would be found again.
    """
    path = folder / "pseudonym.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _make_key(path)
    key = path.read_bytes()
    if len(key) != _KEY_BYTES:
        raise Refused(
            f"密钥文件 {path} 已损坏; 请从备份恢复。", f"The key {path} is damaged; restore it from a backup."
        )
    return Pseudonyms(key)


def _make_key(path: Path) -> None:
    """Whole and on disk before it has its name."""
    making = path.with_suffix(f".{os.getpid()}")
    making.touch(mode=0o600)
    try:
        with making.open("wb") as file:
            file.write(secrets.token_bytes(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):  # another process made it first: theirs counts
            path.hardlink_to(making)
    finally:
        making.unlink()
