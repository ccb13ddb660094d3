"""Keyed pseudonyms for identity numbers, which are replaced before anything is stored."""

from __future__ import annotations

import hmac
import re
import secrets
from pathlib import Path

import polars as pl

from features.atomic_files import atomic_file
from features.contract.identity_numbers import Doubt, doubt, identity_numbers, is_identity_number, without_marks
from features.messages import Bilingual, UserError

_KEY_BYTES = 32
_MAY_HOLD_ONE = r"[0-9０-９][0-9０-９ \-\x{00A0}\x{3000}]{13,}|[0-9０-９]{6}[*＊●]{4,}"
"""What every text with an identity number matches; few other texts do."""
_LOOKS_LIKE_ONE = re.compile(
    r"(?<![0-9a-zA-Z])(?:\d{6}[*＊●]{4,12}[\dXx]{0,4}|\d{16,17}|\d{18,19}[\dXx]?)(?![0-9a-zA-Z])"
)
UNCLEAR: dict[Doubt, str] = {
    "masked": "（证件号码已打码）",
    "rounded": "（证件号码末位已舍入）",
    "length": "（证件号码位数不对）",
}
"""What stands in the place of a text that looks like an identity number and is not one that can be told."""
UNCLEAR_FAULTS = {
    UNCLEAR["masked"]: Bilingual("证件号码已打码，无法辨认是谁", "a masked identity number: nobody can tell whose"),
    UNCLEAR["rounded"]: Bilingual(
        "证件号码末三位被电子表格舍入为 0；请按文本存放", "an identity number rounded by a spreadsheet; keep it as text"
    ),
    UNCLEAR["length"]: Bilingual("证件号码位数不对", "an identity number with a digit missing or too many"),
}
"""Why a row with such a text in the place of a person is set aside."""


class Pseudonyms:
    """Pseudonyms by a secret key: a number always gets the same one, which cannot be reversed without the key."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def pseudonym(self, text: str) -> str:
        """The pseudonym of an identity number in any writing; any other text unchanged."""
        return self.replace_identity_numbers(without_marks(text)) if is_identity_number(text) else text

    def key_for(self, purpose: str) -> bytes:
        """A key derived from this one for another purpose; this one cannot be computed from it."""
        return hmac.digest(self._key, purpose.encode(), "sha256")

    def replace_identity_numbers(self, text: str) -> str:
        """The text with a pseudonym for every identity number in it, and none of what only looks like one.

        All writings of a number have one pseudonym. What is masked, rounded or of a wrong length is replaced by the
        word for it, since nobody can tell whose it is.
        """
        for number in reversed(list(identity_numbers(text))):
            pseudonym = "p" + hmac.new(self._key, number.canonical.encode(), "sha256").hexdigest()[:24]
            text = f"{text[: number.start]}{pseudonym}{text[number.end :]}"
        return _LOOKS_LIKE_ONE.sub(lambda like: UNCLEAR[why] if (why := doubt(like.group())) else like.group(), text)

    def replacements(self, texts: pl.Series) -> dict[str, str]:
        """Those of some texts that hold an identity number, or look like one, with what replaces them."""
        candidates = texts.drop_nulls().unique()
        candidates = candidates.filter(candidates.str.contains(_MAY_HOLD_ONE))
        replaced = {
            text: self.pseudonym(text) if is_identity_number(text) else self.replace_identity_numbers(text)
            for text in candidates.to_list()
        }
        return {text: stored for text, stored in replaced.items() if stored != text}


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
            f"密钥文件 {path} 已损坏；请从备份恢复。", f"The key {path} is damaged; restore it from a backup."
        )
    return Pseudonyms(key)
