"""What a person is told: warnings and explanations with their sentences in Chinese and English."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

Colour = Literal["green", "yellow", "red"]


class Answer(BaseModel):
    """Every answer is typed; a missing value is null."""

    model_config = ConfigDict(frozen=True)


class Reason(Answer):
    """One part of the probability's log-odds: the fact, what is usual in the township, how much it adds."""

    feature: str
    value: float | str | None
    typical: float | str | None
    contribution: float
    zh: str
    en: str


class FiredRule(Answer):
    """A rule that fired, with its sentence."""

    id: str
    light: Literal["note", "yellow", "red"]
    hard: bool
    zh: str
    en: str


class OpenRule(Answer):
    """A rule that could not be assessed, and what is missing for it."""

    id: str
    zh: str
    en: str


Kind = Literal["household", "time", "surroundings", "model", "policy"]


class Change(Answer):
    """What moved the score since the month before, in log-odds; a change of model or policy is of no feature."""

    kind: Kind
    feature: str | None
    before: float | str | None
    after: float | str | None
    contribution: float
    zh: str
    en: str


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


class LoanWarning(Answer):
    """The contract's warning of one open loan, with the sentences beside the codes."""

    loan_id: str
    household_id: str
    bank: str
    county_code: str | None
    township_code: str | None
    village_code: str | None
    as_of: date
    light: Colour
    rule_light: Colour
    model_light: Colour | None
    probability: float | None
    score_rank: int | None
    rules: list[FiredRule]
    not_assessable: list[str]
    open_rules: list[OpenRule]
    reasons: list[Reason]
    base_value: float | None
    outstanding_principal: float
    days_to_maturity: int
    days_past_due: int
    previous_light: Colour | None
    changes: list[Change]
    action: str
    action_zh: str
    action_en: str
    model_version: str
    policy_version: str
    data_version: str


class Versions(Answer):
    """What an answer rests on."""

    as_of: date
    model_version: str
    policy_version: str
    data_version: str


class WarningPage(Versions):
    """One page of a work list; `next_cursor` asks for the next, null on the last."""

    total: int
    items: list[LoanWarning]
    next_cursor: str | None


class MonthOfLoan(Versions):
    """A loan at one month end, as it was published then; money in yuan."""

    household_id: str
    light: Colour
    rule_light: Colour
    model_light: Colour | None
    probability: float | None
    score_rank: int | None
    outstanding_principal: float
    days_past_due: int
    days_to_maturity: int


class LoanHistory(Versions):
    """A loan's published months, the oldest first; the versions are those of the newest of them."""

    loan_id: str
    household_id: str
    months: list[MonthOfLoan]


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


class WhatIfLoan(Answer):
    """One loan as published and with what is supposed; after is null where that closes it.

    before_zh .. after_en: the likelihood in words. `score_rank` of `after` is null: it is in no list.
    """

    loan_id: str
    before: LoanWarning
    after: LoanWarning | None
    before_zh: str
    before_en: str
    after_zh: str
    after_en: str


class WhatIf(Versions):
    """The open loans of a household with facts supposed; nothing is stored."""

    household_id: str
    loans: list[WhatIfLoan]


class Scored(Versions):
    """The warnings of one household's rows, judged as a published month was; nothing is stored."""

    household_id: str
    warnings: list[LoanWarning]


class GroupLight(Answer):
    """One group of open loans: what is overdue, with 95% intervals, and its light; null where too few to judge.

    Money in yuan; the expected loss is null where no model judged.
    overdue_balance is the whole outstanding principal of loans in arrears.
    """

    code: str
    light: Colour | None
    zh: str
    en: str
    loans: int
    households: int
    balance: float
    overdue_balance: float
    overdue_share: float
    overdue_share_low: float
    overdue_share_high: float
    overdue_household_share: float
    overdue_household_share_low: float
    overdue_household_share_high: float
    green_loans: int
    yellow_loans: int
    red_loans: int
    expected_loss: float | None
    expected_loss_fund: float | None
    expected_loss_bank: float | None


class CommonCause(Answer):
    """A group in which more loans lost their green light than chance allows, corrected for all groups looked at."""

    level: str
    code: str
    was_green: int
    lost_green: int
    expected: float
    chance: float
    zh: str
    en: str


class Summary(Versions):
    """The groups of a level, and the common causes at every level."""

    level: str
    yellow_above: float
    red_above: float
    least_loans: int
    groups: list[GroupLight]
    common_causes: list[CommonCause]


class DueWithin(Answer):
    """What falls due within so many days of as_of, that day included; yuan."""

    days: int
    loans: int
    households: int
    principal: float
    red_loans: int
    yellow_loans: int
    green_loans: int


class DueGroup(Answer):
    """One group of the calendar, window by window."""

    code: str
    windows: list[DueWithin]


class Maturity(Answer):
    """One loan whose principal falls due. notify_by: the day by which the household should be told."""

    loan_id: str
    household_id: str
    bank: str
    township_code: str | None
    village_code: str | None
    matures_on: date
    days_to_maturity: int
    notify_by: date
    outstanding_principal: float
    light: Colour


class MaturityCalendar(Versions):
    """Everything that falls due, whatever its light: totals, groups, and the loans page by page, the nearest first."""

    within_days: int
    level: str
    windows: list[DueWithin]
    groups: list[DueGroup]
    total: int
    items: list[Maturity]
    next_cursor: str | None


class ModelAnswer(Answer):
    """The champion's card and policy, and who was champion when."""

    model_version: str | None
    policy_version: str | None
    refused: str | None
    card: dict[str, object] | None
    policy: dict[str, object] | None
    history: list[dict[str, object]]
