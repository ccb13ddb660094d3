"""Resident identity numbers as people and spreadsheets write them: found in any text, brought to one form.

Source: GB 11643-1999 (18 digits, check digit by ISO 7064 MOD 11-2), GB 11643-1989 (15 digits, year of two digits).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|91")
_WEIGHTS = tuple(pow(2, 17 - position, 11) for position in range(17))
_CHECK_DIGITS = "10X98765432"
_DIGITS = re.compile(r"\d(?:[ \-\u00a0\u3000]?\d)*(?:[ \-\u00a0\u3000]?[Xx](?![A-Za-z]))?")
"""A run of digits, which may be spaced or hyphened, and an X behind it."""
_SEPARATORS = re.compile(r"[ \-\u00a0\u3000]")
_MASKED = re.compile(r"(?<!\d)\d{6}[*＊●]{4,12}[\dXx]{0,4}")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_OLDEST = 1920
_YOUNGEST_BORROWER = 2010
"""A number with a wrong check digit and a later birthday is taken for one with the day of the loan in it."""

Doubt = Literal["rounded", "masked", "length"]


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number that was found: where it stands in the text, and the form that is the same for all its writings."""

    start: int
    end: int
    canonical: str


def half_width(text: str) -> str:
    """The text with full-width letters, digits and signs as ASCII; its length stays."""
    return text.translate(_FULL_WIDTH)


def without_marks(text: str) -> str:
    """The text in half width, without white space and the marks that spreadsheets put around a number (' or ="...")."""
    return half_width(text).strip().strip("='\"`’‘“”").strip()


def is_identity_number(text: str) -> bool:
    """Whether a text is an identity number and nothing else, in any writing."""
    plain = without_marks(text)
    found = list(identity_numbers(plain))
    return len(found) == 1 and found[0].start == 0 and found[0].end == len(plain)


def identity_numbers(text: str) -> Iterator[IdentityNumber]:
    """All identity numbers in a text, from left to right: of 18 or 15 digits, alone or within a longer number.

    A wrong check digit is taken for a mistyped number, not for another kind of number, where birthday and province
    are those of a borrower.
    """
    text = half_width(text)
    for run in _DIGITS.finditer(text):
        positions = [run.start() + at for at, sign in enumerate(run.group()) if not _SEPARATORS.match(sign)]
        signs = "".join(text[position] for position in positions).upper()
        for first, last, canonical in _in_run(signs):
            yield IdentityNumber(positions[first], positions[last - 1] + 1, canonical)


def doubt(text: str) -> Doubt | None:
    """Why a text that looks like an identity number cannot be told to be one person's; None where it can, or is none.

    rounded: a spreadsheet has put zeros in the place of the last three digits; masked: digits are starred out;
    length: a digit is missing or too many.
    """
    plain = without_marks(text)
    if _MASKED.search(plain):
        return "masked"
    digits = _SEPARATORS.sub("", plain).upper()
    if re.fullmatch(r"\d{15}000", digits) and _has_birthday(digits, _OLDEST, 2100) and not _checks(digits):
        return "rounded"
    if re.fullmatch(r"\d{16,17}|\d{18}[\dX]", digits) and _has_birthday(digits, _OLDEST, _YOUNGEST_BORROWER):
        return "length" if not list(identity_numbers(plain)) else None
    return None


def _in_run(signs: str) -> Iterator[tuple[int, int, str]]:
    """First and last position (exclusive) of each number in a run of digits, with its canonical form."""
    at = 0
    while at <= len(signs) - 15:
        whole = signs[at : at + 18]
        if len(whole) == 18 and (_checks(whole) or (_mistyped(whole) and not _any_checks(signs, at))):
            yield at, at + 18, whole
            at += 18
        elif _first_generation(signs, at):
            longer = f"{signs[at : at + 6]}19{signs[at + 6 : at + 15]}"
            yield at, at + 15, longer + check_digit(longer)
            at += 15
        else:
            at += 1


def _any_checks(signs: str, at: int) -> bool:
    """Whether a number with a right check digit begins a little later: it is the one that is meant."""
    return any(_checks(signs[later : later + 18]) for later in range(at + 1, min(at + 18, len(signs) - 17)))


def _checks(whole: str) -> bool:
    """Whether 18 signs are a number of a real birthday with a right check digit."""
    if len(whole) != 18 or not whole[:17].isdigit() or not _is_day(whole[6:14], 1, 9999):
        return False
    return whole[0] != "0" and check_digit(whole[:17]) == whole[17]


def _mistyped(whole: str) -> bool:
    return whole[:17].isdigit() and not whole.endswith("000") and _has_birthday(whole, _OLDEST, _YOUNGEST_BORROWER)


def _first_generation(signs: str, at: int) -> bool:
    """Whether 15 digits that stand alone, or begin or end the run, are a number of the first generation."""
    number = signs[at : at + 15]
    alone = at == 0 and len(signs) in (15, 16, 17)
    return alone and number.isdigit() and number[6] >= "2" and _has_birthday(f"{number[:6]}19{number[6:]}", 1920, 1999)


def check_digit(digits: str) -> str:
    """The last sign of a number of 18, from the 17 digits before it."""
    return _CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=True)) % 11]


def _has_birthday(digits: str, earliest: int, latest: int) -> bool:
    """Whether digits begin with a province and have a real day of these years in the places of the birthday."""
    return _PROVINCES.match(digits) is not None and _is_day(digits[6:14], earliest, latest)


def _is_day(digits: str, earliest: int, latest: int) -> bool:
    """Whether eight digits are a real day of these years."""
    try:
        day = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return earliest <= day.year <= latest
