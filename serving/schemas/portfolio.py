"""Response models for county officials: groups of loans, common causes, the maturity calendar, the model."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, LightCode, Versions


class GroupLight(Answer):
    """A group of open loans: its overdue shares with 95% intervals, and its light; null for too few loans.

    Money in yuan; the expected loss is null without a model.
    overdue_balance: the whole outstanding principal of loans in arrears.
    """

    code: str
    light: LightCode | None
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
    """A group in which more loans lost their green light than chance explains, corrected for all groups tested."""

    level: str
    code: str
    was_green: int
    lost_green: int
    expected: float
    chance: float
    zh: str
    en: str


class OfferedThresholds(Answer):
    """Thresholds that would use up the budget of visits; nothing applies them by itself.

    red, lit: loans that would be red, and red or yellow. groups: thresholds by bank or township where they differ.
    turns: by `before` and `after` (lights) the loans that would change colour.
    """

    yellow_from: float
    red_from: float
    red: int
    lit: int
    groups: dict[str, dict[str, float]]
    turns: list[dict[str, str | int]]


class VisitBudgetReport(Answer):
    """The lit loans of all counties beside the budget of visits.

    bad: loans gone bad, counted apart. sound: the other open loans; red, yellow: their lights; apart: those of them
    that are lit whatever the thresholds are. rules_red, rules_lit: sound loans that today's rules would light.
    budget_red, budget_lit: how many may be. most_lit: the ceiling, as a share. verdict: fine, above the ceiling, over
    or under the budget, or few loans to tell. zh, en: the counts in a sentence; to_do_zh, to_do_en: where they are off,
    what to do, else null.
    """

    bad: int
    sound: int
    red: int
    yellow: int
    apart: int
    lit_share: float | None
    rules_red: int
    rules_lit: int
    budget_red: int
    budget_lit: int
    most_lit: float
    chosen_by: str | None
    verdict: Literal["fine", "above", "over", "under", "few"]
    offer: OfferedThresholds | None
    zh: str
    en: str
    to_do_zh: str | None
    to_do_en: str | None


class GroupSummary(Versions):
    """The groups of a level, the common causes of all levels, and the budget of visits.

    visits: null for months published before it was counted, and for readers who see a part of the loans.
    """

    level: str
    visits: VisitBudgetReport | None
    yellow_above: float
    red_above: float
    least_loans: int
    groups: list[GroupLight]
    common_causes: list[CommonCause]


class MaturityWindow(Answer):
    """The loans that fall due within `days` of as_of, that day included. principal: yuan."""

    days: int
    loans: int
    households: int
    principal: float
    red_loans: int
    yellow_loans: int
    green_loans: int


class MaturityGroup(Answer):
    """A group of the maturity calendar, with a window for each number of days."""

    code: str
    windows: list[MaturityWindow]


class MaturingLoan(Answer):
    """A loan whose principal falls due. notify_by: the day by which the household should be notified."""

    loan_id: str
    household_id: str
    bank: str
    township_code: str | None
    village_code: str | None
    matures_on: date
    days_to_maturity: int
    notify_by: date
    outstanding_principal: float
    light: LightCode


class MaturityCalendar(Versions):
    """The loans that fall due, of any light: totals, groups, and a page of loans, the nearest first."""

    within_days: int
    level: str
    windows: list[MaturityWindow]
    groups: list[MaturityGroup]
    total: int
    items: list[MaturingLoan]
    next_cursor: str | None


class ChampionReport(Answer):
    """The model in use: its card and policy, and the history of champions.

    refused: why there is no model, or null. shadow: whether it is a challenger that has not passed the gate, and moves
    no light. visit_effect: what `lights cases effect` measured last; null where it was not run.
    """

    model_version: str | None
    policy_version: str | None
    refused: str | None
    shadow: bool
    card: dict[str, object] | None
    policy: dict[str, object] | None
    history: list[dict[str, object]]
    visit_effect: dict[str, object] | None = None
