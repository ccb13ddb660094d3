"""Explanations of a light: against the next light, against the previous month, and what would turn it green."""

from __future__ import annotations

from datetime import date

from serving.schemas.basis import Answer, LightCode
from serving.schemas.loan_warning import ChangeKind, ChangeReason, Reason


class ThresholdReasons(Answer):
    """Why the model's light is not the next one: a comparison with the loans just beyond the threshold.

    instead: the light beyond the threshold. compared_zh, compared_en: the loans compared with; loans: how many. A
    reason's typical value is their median. log_odds is the sum of compared_log_odds, the reasons' contributions and
    other_facts.
    """

    light: LightCode
    instead: LightCode
    zh: str
    en: str
    compared_zh: str
    compared_en: str
    loans: int
    compared_log_odds: float
    reasons: list[Reason]
    other_facts: float
    log_odds: float


class ChangesByKind(Answer):
    """The changes of one kind, the largest first. contribution: their sum."""

    kind: ChangeKind
    zh: str
    en: str
    contribution: float
    changes: list[ChangeReason]


class ScoreChanges(Answer):
    """The change of the log-odds since the previous month; all changes sum to total.

    since: the previous month. zh, en: the change in words, or why it is unknown (total is null then).
    """

    since: date | None
    total: float | None
    zh: str
    en: str
    kinds: list[ChangesByKind]


class SuggestedFact(Answer):
    """A fact that the household, the bank or the office can change."""

    code: str
    zh: str
    en: str


class Counterfactual(Answer):
    """A counterfactual: facts that together improve the light, and the light and probability they would give.

    light: null where the facts close the loan.
    """

    remedies: list[SuggestedFact]
    light: LightCode | None
    probability: float | None
    zh: str
    en: str


class Counterfactuals(Answer):
    """Counterfactuals with the fewest facts that somebody can change; empty where none improves the light.

    Each is recomputed in full. looked_at: the facts that apply to the loan and were tried.
    """

    zh: str
    en: str
    looked_at: list[SuggestedFact]
    ways: list[Counterfactual]
