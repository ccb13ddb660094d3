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

_IDENTITY_NUMBER = re.compile(r"[1-9]\d{16}[\dXx]")
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

    def renamed(self, texts: Iterable[str]) -> dict[str, str]:
        """Only those of `texts` that are identity numbers, each with its pseudonym."""
        return {text: self.of(text) for text in texts if is_identity_number(text)}


def pseudonyms(folder: Path) -> Pseudonyms:
    """The pseudonyms of this installation; the key is made once and readable by its owner alone."""
    path = folder / "pseudonym.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        making = path.with_suffix(f".{os.getpid()}")
        making.touch(mode=0o600)
        making.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process made it first: theirs counts
            path.hardlink_to(making)
        making.unlink()
    return Pseudonyms(path.read_bytes())
