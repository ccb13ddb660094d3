"""A sentence in Chinese and English, and the refusal that carries one to whoever has to act on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Words:
    """One meaning in both languages; placeholders in braces are the same in each."""

    zh: str
    en: str

    def filled(self, **values: object) -> Words:
        """The same sentence with its placeholders filled."""
        return Words(self.zh.format(**values), self.en.format(**values))

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"


class Refused(Exception):  # noqa: N818 - a refusal is an answer, not a fault of the program
    """What was asked cannot be done; the words say what is wrong, where, and what to do instead."""

    def __init__(self, zh: str, en: str) -> None:
        self.words = Words(zh, en)
        super().__init__(str(self.words))

    def __reduce__(self) -> tuple[type[Refused], tuple[str, str]]:
        """So that it comes back whole from another process."""
        return Refused, (self.words.zh, self.words.en)


def meant(word: str, known: Iterable[str]) -> Words:
    """`Did you mean 'days_late'?` after a misspelling, or the names there are where nothing is near."""
    names = sorted(known)
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return Words(f"是否为 '{near[0]}'?", f"Did you mean '{near[0]}'?")
    return Words(f"可用的有: {', '.join(names)}。", f"There are: {', '.join(names)}.")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The same in English alone, for whoever writes the declarations."""
    return meant(word, known).en
