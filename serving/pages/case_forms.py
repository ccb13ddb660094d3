"""Template values of cases: forms by kind of event, outcomes and words, in one language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from serving.cases.kinds import (
    ESCALATION_WORDS,
    EVENT_RULES,
    FIELD_WORDS,
    MAX_TEXT_LENGTH,
    OUTCOME_WORDS,
    CaseEventKind,
)
from serving.cases.schemas import CasePage
from serving.text.page_words import Language

_OFFERED_KINDS = (
    CaseEventKind.VISIT,
    CaseEventKind.CALL,
    CaseEventKind.PROMISE,
    CaseEventKind.NEXT_STEP,
    CaseEventKind.ASSIGNMENT,
    CaseEventKind.ESCALATION,
    CaseEventKind.WITHDRAWAL,
    CaseEventKind.OUTCOME,
    CaseEventKind.SNOOZE,
    CaseEventKind.OBJECTION,
    CaseEventKind.NOTE,
)


def case_form_values(page: CasePage, language: Language, assignees: Sequence[str] = ()) -> dict[str, Any]:
    """The template values of a page of cases and of the forms on it.

    assignees: names of the accounts that a case can be assigned to.

    waiting: case and number of objections without an answer. kinds: code, words, and whether each field is required.
    """
    answered = {(case.id, event.answers) for case in page.items for event in case.events}
    objections = {
        (case.id, event.id) for case in page.items for event in case.events if event.kind is CaseEventKind.OBJECTION
    }

    def required_fields(kind: CaseEventKind) -> dict[str, bool]:
        rule = EVENT_RULES[kind]
        return {name: name in rule.required for name in FIELD_WORDS if name in rule.required | rule.optional}

    return {
        "cases": page,
        "waiting": objections - answered,
        "kinds": [
            (kind.value, getattr(EVENT_RULES[kind].label, language), required_fields(kind)) for kind in _OFFERED_KINDS
        ],
        "outcomes": {code.value: getattr(words, language) for code, words in OUTCOME_WORDS.items()},
        "field_words": {name: getattr(words, language) for name, words in FIELD_WORDS.items()},
        "escalation_levels": {code.value: getattr(words, language) for code, words in ESCALATION_WORDS.items()},
        "assignees": assignees,
        "most_text": MAX_TEXT_LENGTH,
    }
