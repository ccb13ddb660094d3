"""The explanation of one household: facts, reasons, schedule, ratings and help for each of its loans."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, Versions
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import Counterfactuals, ScoreChanges, ThresholdReasons


class ExplainedFeature(Answer):
    """One feature of a loan: value, the township's median (typical), and why an officer should care.

    contribution: to the log-odds; null where the model does not use the feature, or no model scored the loan.
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


class FeatureFamily(Answer):
    """A family of features, sorted by contribution, those that raise the risk first. contribution: their sum."""

    family: str
    zh: str
    en: str
    contribution: float | None
    features: list[ExplainedFeature]


class Instalment(Answer):
    """One instalment of the schedule in force; `days_late` is null before the due day."""

    loan_id: str
    due_on: date
    principal_due: float
    interest_due: float
    days_late: int | None
    covered: bool


class FiveClassGrade(Answer):
    """The five-class grade of a loan by one of the published matrices, with the floors that other facts set.

    code: not_assessable where nothing puts it below normal, but its repayment cannot be judged. reason_zh, reason_en:
    the facts behind it, those for the worst class first.
    """

    matrix: str
    code: Literal["normal", "special_mention", "substandard", "doubtful", "loss", "not_assessable"]
    zh: str
    en: str
    reason_zh: str
    reason_en: str


class GrantNote(Answer):
    """A note on the grant of the loan by the notices in force. breach: whether they rule it out; it rejects nobody."""

    code: str
    breach: bool
    zh: str
    en: str


class HelpRoute(Answer):
    """A route of help. until: its last day; its first day for state `later`. yuan: what it brings."""

    code: str
    state: Literal["open", "pending", "later", "closed", "unknown"]
    zh: str
    en: str
    until: date | None
    yuan: float | None


class ExpectedLoss(Answer):
    """The expected loss of a loan, in yuan: whole, and the shares of fund and bank; null without a model."""

    whole: float | None
    fund: float | None
    bank: float | None


class RatingLine(Answer):
    """The points of one fact; below zero where it costs points, null where it is unknown. of: the most it can give."""

    code: str
    zh: str
    en: str
    value_zh: str
    value_en: str
    points: float | None
    of: float


class VillageRating(Answer):
    """A village rating line by line. known: the share of points whose facts are known. limit: credit limit, yuan."""

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


class MainReason(Answer):
    """One of the three main reasons of a light in plain words.

    feature: null for a rule. points: the fact's part of all facts that raise the risk (or lower it, by direction),
    which are 100 points together; null for a rule, and without a model.
    """

    feature: str | None
    zh: str
    en: str
    direction: Literal["raises", "lowers"]
    points: int | None


class ExplainedLoan(Answer):
    """The explanation of one loan: warning, features by family, repayment history, notes, routes of help.

    summary_zh, summary_en: one sentence on the loan. main_reasons: up to three, in plain words.
    likelihood_zh, likelihood_en: the probability in words, or why there is none. months_ahead_zh, months_ahead_en: the
    probabilities within 1, 3 and 12 months. due_zh, due_en: how many such loans are still open when the principal falls
    due within the horizon, and how many of them go bad; null otherwise.
    other_facts: the contributions of all features that are not among the reasons, in log-odds; with the base value and
    the reasons they sum to the log-odds of the probability.
    threshold: why this light and not the next; null without a model, or with too few loans to compare with.
    """

    warning: LoanWarning
    summary_zh: str
    summary_en: str
    main_reasons: list[MainReason]
    likelihood_zh: str
    likelihood_en: str
    months_ahead_zh: str | None
    months_ahead_en: str | None
    due_zh: str | None
    due_en: str | None
    threshold: ThresholdReasons | None
    changed: ScoreChanges
    turn_green: Counterfactuals
    other_facts: float | None
    classes: list[FiveClassGrade]
    families: list[FeatureFamily]
    instalments: list[Instalment]
    notes: list[GrantNote]
    routes: list[HelpRoute]
    expected_loss: ExpectedLoss


class HouseholdExplanation(Versions):
    """The explanation of a household's open loans, and its village ratings."""

    household_id: str
    loans: list[ExplainedLoan]
    ratings: list[VillageRating]
