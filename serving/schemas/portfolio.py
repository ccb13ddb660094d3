"""What county officials look at: groups compared, common causes, what falls due, the model."""

from __future__ import annotations

from datetime import date

from serving.schemas.basis import Answer, Colour, Versions


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
