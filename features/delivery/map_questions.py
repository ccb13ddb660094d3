"""Questions that a column map leaves open: what may be answered, and the line of the map that an answer makes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from features.messages import Bilingual

Answers = Sequence[Sequence[str]]
"""For each question of a line its answers: one, or one for each word that is asked of."""


@dataclass(frozen=True)
class Choice:
    """An answer that may be chosen: `value` as the map needs it, and its words."""

    value: str
    words: Bilingual


@dataclass(frozen=True)
class MapQuestion:
    """A question of a column map.

    id: the same for the same question of another delivery, such as `unit:principal`. words: the question. suggested:
    the likely answers, empty where nothing is likely. choices: what may be answered; none for a text to fill in.
    asked_of: words of cells that are asked of one by one; one empty text for a question that is answered once.
    """

    id: str
    words: Bilingual
    suggested: tuple[str, ...]
    choices: tuple[Choice, ...] = ()
    asked_of: tuple[str, ...] = ("",)


@dataclass(frozen=True)
class MapLine:
    """A line of a column map, with the questions that decide how it reads.

    write: the line for some answers; None where they say that it is left out.
    """

    questions: tuple[MapQuestion, ...]
    write: Callable[[Answers], str | None]

    @property
    def suggested(self) -> Answers:
        """The likely answers to its questions."""
        return [question.suggested for question in self.questions]


@dataclass
class MapLines:
    """The lines of a column map under one title."""

    lines: list[MapLine] = field(default_factory=list)

    @property
    def questions(self) -> int:
        """How many questions are open."""
        return sum(len(line.questions) for line in self.lines)

    def ask(self, question: MapQuestion, write: Callable[[str], str | None]) -> None:
        """Add a line that one answer to one question decides."""
        self.lines.append(MapLine((question,), lambda answers: write(answers[0][0])))

    def text(self, answers: Sequence[Answers] | None = None) -> list[str]:
        """The lines with the answers; without them each question stands before its line, which is as suggested."""
        written = list[str]()
        for at, line in enumerate(self.lines):
            if answers is None:
                written += [
                    f"# ? {' '.join(f'{question.words.zh} / {question.words.en}'.split())}"
                    for question in line.questions
                ]
            text = line.write(line.suggested if answers is None else answers[at])
            written += [text] if text is not None else []
        return written


def toml_text(value: str) -> str:
    """A text as TOML writes it."""
    return json.dumps(value, ensure_ascii=False)
