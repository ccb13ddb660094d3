"""The questions on an upload: by sheet, with the answers that were given to the same question before."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from features.delivery.map_questions import MapQuestion
from features.delivery.suggest_map import SuggestedSheet


@dataclass(frozen=True)
class AskedSheet:
    """The questions on one sheet of an upload.

    sheet: with its first rows and its lines. remembered: by question, the answers that were given for a sheet of the
    same table and headings before.
    """

    sheet: SuggestedSheet
    remembered: Mapping[str, Sequence[str]]

    def prefilled(self, question: MapQuestion) -> Sequence[str]:
        """The answers to show first: those given before, else those that are likely."""
        before = self.remembered.get(question.id)
        if before is None:
            return question.suggested
        by_word = dict(zip(self.remembered.get(f"{question.id} of", question.asked_of), before, strict=False))
        return tuple(
            by_word.get(word, likely) for word, likely in zip(question.asked_of, question.suggested, strict=True)
        )


@dataclass(frozen=True)
class AskedSheets:
    """What is to be answered before an upload can be read.

    sheets: those that need an entry of a column map. untold: files of which nothing says which table they are.
    """

    sheets: tuple[AskedSheet, ...]
    untold: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The same as long as the same is asked of the same sheets, so that an old form is told."""
        asked = [
            (one.sheet.file, one.sheet.sheet, [question.id for line in one.sheet.lines for question in line.questions])
            for one in self.sheets
        ]
        return hashlib.sha256(json.dumps(asked).encode()).hexdigest()[:24]
