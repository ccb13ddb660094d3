"""A case as a person is told it, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from serving.cases.kinds import KINDS, MOST_TEXT, OUTCOME_WORDS, Kind, Outcome
from serving.cases.repository import Event
from serving.database.tables import Case, CaseEvent
from serving.schemas.basis import Answer, Colour

Text = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=1, max_length=MOST_TEXT, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
    ),
]
Number = Annotated[int, Field(ge=1, le=2_147_483_647)]
Amount = Annotated[float, Field(gt=0, le=100_000_000, allow_inf_nan=False)]


class EventIn(BaseModel):
    """What happened: which fields a kind takes, and which it must have, the answer says where they are wrong."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"kind": "note", "text": "电话已联系, 下周卖羊后还款"}]},
    )

    kind: Kind
    on_date: date | None = None
    amount: Amount | None = None
    outcome: Outcome | None = None
    judgement: Colour | None = None
    text: Text | None = None
    answers: Number | None = None

    def event(self, text: str | None) -> Event:
        """With the text as it may be kept."""
        outcome = self.outcome.value if self.outcome else None
        return Event(self.kind, self.on_date, self.amount, outcome, self.judgement, text, self.answers)


class CaseEventAnswer(Answer):
    """One event. zh, en: its kind, and its outcome, in words."""

    id: int
    kind: Kind
    zh: str
    en: str
    at: datetime
    by: str
    on_date: date | None
    amount: float | None
    outcome: Outcome | None
    outcome_zh: str | None
    outcome_en: str | None
    judgement: Colour | None
    text: str | None
    answers: int | None


class CaseAnswer(Answer):
    """A case and everything that happened in it. version: to be given with the next change."""

    id: int
    loan_id: str
    household_id: str
    bank: str
    village_code: str | None
    as_of: date
    light: Colour
    state: Literal["open", "closed"]
    version: int
    snoozed_until: date | None
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    events: list[CaseEventAnswer]


class CasePage(Answer):
    """Cases, the newest first; `next_cursor` asks for the next page, null on the last."""

    total: int
    items: list[CaseAnswer]
    next_cursor: str | None


def case_told(case: Case, events: Sequence[CaseEvent]) -> CaseAnswer:
    return CaseAnswer.model_validate({**_columns(case), "events": [_event_told(event) for event in events]})


def _event_told(event: CaseEvent) -> CaseEventAnswer:
    words = KINDS[Kind(event.kind)].words
    ended = OUTCOME_WORDS[Outcome(event.outcome)] if event.outcome else None
    said = {"outcome_zh": ended.zh if ended else None, "outcome_en": ended.en if ended else None}
    return CaseEventAnswer.model_validate({**_columns(event), **said, "zh": words.zh, "en": words.en})


def _columns(row: Case | CaseEvent) -> dict[str, object]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
