"""Messages in Chinese and English, and the error that carries one to the user."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True)
class Bilingual:
    """A text in both languages; placeholders in braces have the same names in each."""

    zh: str
    en: str

    def format(self, **values: object) -> Bilingual:
        """The text with its placeholders replaced by `values`, in both languages."""
        return Bilingual(self.zh.format(**values), self.en.format(**values))

    def __str__(self) -> str:
        return f"{self.zh} / {self.en}"

    @staticmethod
    def of(text: str) -> Bilingual:
        """The sentence of a text that `str` made: parted at its one " / "; else the text is the same in both languages.

        >>> Bilingual.of("尚无模型 / there is no model yet").en, Bilingual.of("--rules-only").zh
        ('there is no model yet', '--rules-only')
        """
        zh, _, en = text.partition(" / ") if text.count(" / ") == 1 else (text, "", "")
        return Bilingual(zh, en or zh)


Line = Bilingual | str
"""A line to print: one in two languages is printed in the reader's."""


class UserError(Exception):
    """A request that cannot be fulfilled. `message` says what is wrong, where, and what to do instead.

    The command line prints it and exits with `exit_code`, the service answers it as problem details; neither shows a
    traceback.
    """

    exit_code = 1

    def __init__(self, zh: str, en: str) -> None:
        self.message = Bilingual(zh, en)
        super().__init__(str(self.message))

    def __reduce__(self) -> tuple[type[UserError], tuple[str, str], dict[str, int]]:
        """Pickle by both texts and the exit code, so that the error survives the way back from another process."""
        return UserError, (self.message.zh, self.message.en), {"exit_code": self.exit_code}


def spelling_hint(word: str, names: Iterable[str]) -> Bilingual:
    """The closest of `names` to a misspelt `word`, as `Did you mean 'days_late'?`; all names where none is close."""
    candidates = sorted(names)
    closest = get_close_matches(word, candidates, n=1, cutoff=0.6)
    if closest:
        return Bilingual(f"是否为 '{closest[0]}'？", f"Did you mean '{closest[0]}'?")
    return Bilingual(f"可用的有：{', '.join(candidates)}。", f"There are: {', '.join(candidates)}.")


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The English text of `spelling_hint`, for errors that only developers see."""
    return spelling_hint(word, names).en
