"""What the pages show of cases: forms by kind, outcomes, colours, in one language."""

from __future__ import annotations

from typing import Any

from serving.cases.kinds import FIELD_WORDS, KINDS, MOST_TEXT, OUTCOME_WORDS, Kind
from serving.cases.schemas import CasePage
from serving.text.page_words import Language

_OFFERED = (Kind.VISIT, Kind.PROMISE, Kind.OUTCOME, Kind.SNOOZE, Kind.OBJECTION, Kind.NOTE)


def case_values(worked: CasePage, language: Language) -> dict[str, Any]:
    """`cases`, and what their forms offer."""
    answered = {event.answers for case in worked.items for event in case.events}
    waiting = {
        event.id
        for case in worked.items
        for event in case.events
        if event.kind is Kind.OBJECTION and event.id not in answered
    }
    return {
        "cases": worked,
        "waiting": waiting,
        "kinds": [(kind.value, getattr(KINDS[kind].words, language), _fields(kind)) for kind in _OFFERED],
        "outcomes": {code.value: getattr(words, language) for code, words in OUTCOME_WORDS.items()},
        "field_words": {name: getattr(words, language) for name, words in FIELD_WORDS.items()},
        "most_text": MOST_TEXT,
    }


def _fields(kind: Kind) -> dict[str, bool]:
    """Each field of a kind, and whether it must be filled in."""
    declared = KINDS[kind]
    order = (name for name in FIELD_WORDS if name in declared.must | declared.may)
    return {name: name in declared.must for name in order}
