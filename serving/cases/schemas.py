"""Cases in requests and responses of the API, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from serving.cases.kinds import (
    ESCALATION_WORDS,
    EVENT_RULES,
    MAX_TEXT_LENGTH,
    OUTCOME_WORDS,
    CaseEventKind,
    CaseOutcome,
    EscalationLevel,
)
from serving.cases.repository import EventFields
from serving.database.tables import Case, CaseEvent
from serving.schemas.basis import Answer, LightCode
from serving.text.written_day import Day

Text = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MAX_TEXT_LENGTH, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
    ),
]
DatabaseId = Annotated[int, Field(ge=1, le=2_147_483_647)]
AccountName = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Amount = Annotated[float, Field(gt=0, le=100_000_000, allow_inf_nan=False)]


class NewCaseEvent(BaseModel):
    """An event to be added to a case. Which fields a kind needs and takes, the refusal of a wrong one says."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "note", "text": "电话已联系，下周卖羊后还款"}]},
    )

    kind: CaseEventKind
    on_date: Day | None = None
    amount: Amount | None = None
    outcome: CaseOutcome | None = None
    judgement: LightCode | None = None
    text: Text | None = None
    answers: DatabaseId | None = None
    responsible: AccountName | None = None
    joint: bool | None = None
    escalated_to: EscalationLevel | None = None

    def to_fields(self, text: str | None) -> EventFields:
        """The event's fields, with the text as it may be stored."""
        return EventFields(
            self.kind,
            self.on_date,
            self.amount,
            self.outcome.value if self.outcome else None,
            self.judgement,
            text,
            self.answers,
            self.responsible,
            self.joint,
            self.escalated_to.value if self.escalated_to else None,
        )


class CaseEventAnswer(Answer):
    """One event. zh, en: its kind, its outcome and to whom it was handed up, in words.

    id: its number within the case; one over all cases would tell how many other banks record. answers: the number of
    the objection that it answers.
    """

    id: int
    kind: CaseEventKind
    zh: str
    en: str
    at: datetime
    by: str
    on_date: date | None
    amount: float | None
    outcome: CaseOutcome | None
    outcome_zh: str | None
    outcome_en: str | None
    judgement: LightCode | None
    text: str | None
    answers: int | None
    responsible: str | None
    joint: bool | None
    escalated_to: EscalationLevel | None
    escalated_to_zh: str | None
    escalated_to_en: str | None


class CaseAnswer(Answer):
    """A case and everything that happened in it. version: to be given with the next change.

    responsible: the account that it is assigned to. next_step, next_step_on: what is planned, and the day.
    """

    id: int
    loan_id: str
    household_id: str
    bank: str
    village_code: str | None
    as_of: date
    light: LightCode
    state: Literal["open", "closed"]
    version: int
    snoozed_until: date | None
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    responsible: str | None
    next_step: str | None
    next_step_on: date | None
    escalated_to: EscalationLevel | None
    events: list[CaseEventAnswer]


class CasePage(Answer):
    """Cases, the newest first; `next_cursor` asks for the next page, null on the last."""

    total: int
    items: list[CaseAnswer]
    next_cursor: str | None


def case_answer(case: Case, events: Sequence[CaseEvent]) -> CaseAnswer:
    """A case with its events, with the words of kinds and outcomes. events: all of the case, oldest first."""
    answers, numbers = [], {event.id: number for number, event in enumerate(events, start=1)}
    for event in events:
        label = EVENT_RULES[CaseEventKind(event.kind)].label
        outcome = OUTCOME_WORDS[CaseOutcome(event.outcome)] if event.outcome else None
        level = ESCALATION_WORDS[EscalationLevel(event.escalated_to)] if event.escalated_to else None
        words = {
            "zh": label.zh,
            "en": label.en,
            "outcome_zh": outcome.zh if outcome else None,
            "outcome_en": outcome.en if outcome else None,
            "escalated_to_zh": level.zh if level else None,
            "escalated_to_en": level.en if level else None,
        }
        within_case = {"id": numbers[event.id], "answers": numbers.get(event.answers or 0)}
        answers.append(CaseEventAnswer.model_validate({**_columns(event), **words, **within_case}))
    return CaseAnswer.model_validate({**_columns(case), "id": case.number, "events": answers})


def _columns(row: Case | CaseEvent) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
