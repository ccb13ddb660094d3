"""A loan's warning with its sentences in Chinese and English, a page of warnings, and a month of a loan's history."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, Incomplete, LightCode, Versions

ChangeKind = Literal["household", "time", "surroundings", "model", "policy"]


class Reason(Answer):
    """A reason of the probability: a feature, the township's median (typical), and its contribution to the log-odds.

    zh, en: name the median only where it agrees with the contribution; for a missing value they say what to bring.
    """

    feature: str
    value: float | str | None
    typical: float | str | None
    contribution: float
    zh: str
    en: str


class FiredRule(Answer):
    """A rule that fired, with its sentence. hard: whether the published light is at least its light."""

    id: str
    light: Literal["note", "yellow", "red"]
    hard: bool
    zh: str
    en: str


class UnassessedRule(Answer):
    """A rule that could not be assessed, with a sentence on what is missing for it."""

    id: str
    zh: str
    en: str


class ChangeReason(Answer):
    """A change of the score since the previous month. contribution: to the log-odds.

    feature: null for a change of model or policy.
    """

    kind: ChangeKind
    feature: str | None
    before: float | str | None
    after: float | str | None
    contribution: float
    zh: str
    en: str


class FailedCheck(Answer):
    """A check on the whole loan that it fails, with the two amounts (yuan) or days that contradict each other."""

    check: str
    first: str
    second: str
    zh: str
    en: str


class Lacked(Answer):
    """Something that the loan lacked, without which its light says less than it could."""

    code: str
    zh: str
    en: str


LoanStatus = Literal["performing", "probation", "bad"]


class LoanWarning(Answer):
    """The published warning of one open loan, with a sentence for each code.

    status: of the loan; a bad one is red without a forecast, one on probation yellow at the least. status_zh,
    status_en: since when it was bad and why, when its arrears ended, and what ends its probation; null where it never
    was bad. incomplete: what it lacked. shadow: whether the model has not passed the gate, so that probability,
    model_light and reasons move no light. probability_low, probability_high: the 95% range of the share that goes bad
    among loans of this probability; null for models of earlier programs.

    probability_1m, probability_3m, probability_12m: of going bad within so many months; they agree with `probability`.
    due_probability: where the maturity falls within the horizon, probability that at the month end before it the loan
    is neither bad nor repaid, settled or renewed. bad_if_due: probability that a loan still open then goes bad up to
    the end of the month in which unpaid principal makes it bad. All are null for bad loans, and where the model has no
    hazards by month ahead.
    """

    loan_id: str
    household_id: str
    bank: str
    county_code: str | None
    township_code: str | None
    village_code: str | None
    as_of: date
    light: LightCode
    rule_light: LightCode
    model_light: LightCode | None
    probability: float | None
    probability_low: float | None
    probability_high: float | None
    probability_1m: float | None
    probability_3m: float | None
    probability_12m: float | None
    due_probability: float | None
    bad_if_due: float | None
    score_rank: int | None
    shadow: bool
    status: LoanStatus | None
    bad_since: date | None
    bad_by: Literal["principal", "interest", "event"] | None
    bad_due_on: date | None
    arrears_ended_on: date | None
    probation_until: date | None
    probation_dues_left: int | None
    status_zh: str | None
    status_en: str | None
    incomplete: list[Lacked]
    rules: list[FiredRule]
    not_assessable: list[str]
    open_rules: list[UnassessedRule]
    reasons: list[Reason]
    base_value: float | None
    outstanding_principal: float
    days_to_maturity: int
    days_past_due: int
    previous_light: LightCode | None
    changes: list[ChangeReason]
    loan_checks: list[FailedCheck]
    action: str
    action_zh: str
    action_en: str
    model_version: str
    policy_version: str
    data_version: str


class SingleWarning(LoanWarning):
    """The warning of one loan as an answer of its own.

    month_incomplete: what was missing for the whole month; null where its deliveries were complete.
    """

    month_incomplete: Incomplete | None = None


class WarningPage(Versions):
    """A page of a work list. next_cursor: of the next page; null on the last."""

    total: int
    items: list[LoanWarning]
    next_cursor: str | None


class LoanMonth(Versions):
    """A loan at one month end, as it was published then. outstanding_principal: yuan."""

    household_id: str
    light: LightCode
    rule_light: LightCode
    model_light: LightCode | None
    probability: float | None
    score_rank: int | None
    outstanding_principal: float
    days_past_due: int
    days_to_maturity: int
