"""Why this light and not the next, what changed since the month before, and what would turn it green."""

from __future__ import annotations

from datetime import date

from serving.schemas.basis import Answer, Colour
from serving.schemas.loan_warning import Change, Kind, Reason


class ThresholdReasons(Answer):
    """Why the model's light and not the next: against the loans just on the other side of the threshold.

    compared: with whom, loans: how many. A reason's typical value is the median of those. In log-odds: this loan's
    is compared_log_odds and the reasons' contributions and other_facts together.
    """

    light: Colour
    instead: Colour
    zh: str
    en: str
    compared_zh: str
    compared_en: str
    loans: int
    compared_log_odds: float
    reasons: list[Reason]
    other_facts: float
    log_odds: float


class ChangesOfKind(Answer):
    """What moved the score in one way, the largest change first; contribution: all of it together."""

    kind: Kind
    zh: str
    en: str
    contribution: float
    changes: list[Change]


class WhatChanged(Answer):
    """The difference of the log-odds from the month before, whole: all changes sum to total.

    since: the month before; zh, en: how it moved, or why it cannot be said (total is null then).
    """

    since: date | None
    total: float | None
    zh: str
    en: str
    kinds: list[ChangesOfKind]


class Remedy(Answer):
    """A fact somebody can act on."""

    code: str
    zh: str
    en: str


class Way(Answer):
    """Facts that together lower the light, and the light and probability the loan would then have.

    A light is null where the loan is closed by them.
    """

    remedies: list[Remedy]
    light: Colour | None
    probability: float | None
    zh: str
    en: str


class TurnGreen(Answer):
    """The fewest facts that can be acted on and would lower the light, each way recomputed; or that none would.

    looked_at: those that apply to the loan; others are no matter of it, or cannot be acted on.
    """

    zh: str
    en: str
    looked_at: list[Remedy]
    ways: list[Way]
