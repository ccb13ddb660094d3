"""Passwords that are guessed first: common ones, runs along the alphabet or the keyboard, and repeats."""

from __future__ import annotations

from importlib.resources import files

_COMMON = frozenset(files("serving.access").joinpath("common_passwords.txt").read_text("utf-8").split())
"""Words that a password is not, in small letters; digits and signs around them do not make one of them another."""
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p")
_LEAST_FREE = 8
"""Characters that have to be free: a run counts as two, and what repeats counts once."""


def is_weak(password: str) -> bool:
    """Whether a password is a common one with digits or signs around it, or mostly runs and repeats.

    Example:
        >>> from serving.access.weak_passwords import is_weak
        >>> [is_weak(each) for each in ("Password2026!", "abcdefgh12345678", "xyq7xyq7xyq7", "three blue sheep")]
        [True, True, True, False]
    """
    text = password.casefold()
    letters = text.strip("".join(sign for sign in text if not sign.isalpha()))
    return letters in _COMMON or text in _COMMON or free_characters(text) < _LEAST_FREE


def free_characters(text: str) -> int:
    """How many characters of a text are not the continuation of a run or of a repeat."""
    period = next(size for size in range(1, len(text) + 1) if text.startswith(text[size:])) if text else 0
    free, length = 0, 0
    for number, sign in enumerate(text[:period]):
        is_run = number > 0 and _continues(text[number - 1], sign)
        length = length + 1 if is_run else 1
        free += length <= 2
    return free


def _continues(before: str, sign: str) -> bool:
    """Whether a character is the same as the one before it, or next to it in the alphabet or on the keyboard."""
    if abs(ord(sign) - ord(before)) <= 1:
        return True
    return any(before + sign in row or sign + before in row for row in _ROWS)
