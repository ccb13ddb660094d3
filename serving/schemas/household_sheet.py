"""Everything an officer asks about one household."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, Versions
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import ThresholdReasons, TurnGreen, WhatChanged


class ShownFeature(Answer):
    """One fact about a loan: value, township's median, why an officer should care.

    contribution: its part of the log-odds; null where the model does not look at it, or did not judge.
    """

    feature: str
    label_zh: str
    label_en: str
    value: float | str | None
    value_zh: str
    value_en: str
    typical: float | str | None
    typical_zh: str
    typical_en: str
    contribution: float | None
    why: str


class Family(Answer):
    """A family of facts, those first that raise the risk, the most first; contribution: all of its facts together."""

    family: str
    zh: str
    en: str
    contribution: float | None
    features: list[ShownFeature]


class Instalment(Answer):
    """One instalment of the schedule in force; `days_late` is null before the due day."""

    loan_id: str
    due_on: date
    principal_due: float
    interest_due: float
    days_late: int | None
    covered: bool


class FiveClass(Answer):
    """The class of a loan by one of the published matrices, by days past due alone."""

    matrix: str
    code: Literal["normal", "special_mention", "substandard", "doubtful", "loss"]
    zh: str
    en: str


class GrantNote(Answer):
    """A note on what the notices in force grant; `breach` where they do not. It never rejects anybody."""

    code: str
    breach: bool
    zh: str
    en: str


class HelpRoute(Answer):
    """A route of help. until: the last day it can be taken; for a later one, the first. yuan: what it brings."""

    code: str
    state: Literal["open", "pending", "later", "closed", "unknown"]
    zh: str
    en: str
    until: date | None
    yuan: float | None


class ExpectedLoss(Answer):
    """Yuan; null where no model judged."""

    whole: float | None
    fund: float | None
    bank: float | None


class RatingLine(Answer):
    """What one fact earned (or took off, below zero) of the points it could; null where the fact is not known."""

    code: str
    zh: str
    en: str
    value_zh: str
    value_en: str
    points: float | None
    of: float


class Rating(Answer):
    """A village rating line by line. known: the share of the points whose facts are known. limit: yuan."""

    table: str
    zh: str
    en: str
    points: float | None
    known: float
    grade: Literal["excellent", "good", "fair", "poor"] | None
    grade_zh: str
    grade_en: str
    limit: float | None
    rate_discount: float | None
    lines: list[RatingLine]


class ExplainedLoan(Answer):
    """One loan of a household, whole: warning, facts by family, repayment history, notes, routes of help.

    likelihood: the probability in words, or why there is none.
    other_facts: what all facts that are not among the reasons add, in log-odds; with the base value and the
    reasons it sums to the log-odds of the probability.
    threshold: why this light and not the next; null where no model judged, or too few loans to compare with.
    """

    warning: LoanWarning
    likelihood_zh: str
    likelihood_en: str
    threshold: ThresholdReasons | None
    changed: WhatChanged
    turn_green: TurnGreen
    other_facts: float | None
    classes: list[FiveClass]
    families: list[Family]
    instalments: list[Instalment]
    notes: list[GrantNote]
    routes: list[HelpRoute]
    expected_loss: ExpectedLoss


class HouseholdExplanation(Versions):
    """Everything an officer asks about one household."""

    household_id: str
    loans: list[ExplainedLoan]
    ratings: list[Rating]
