"""A loan's warning with its sentences in Chinese and English, a page of them, and its months."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, Colour, Versions

Kind = Literal["household", "time", "surroundings", "model", "policy"]


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


class Change(Answer):
    """What moved the score since the month before, in log-odds; a change of model or policy is of no feature."""

    kind: Kind
    feature: str | None
    before: float | str | None
    after: float | str | None
    contribution: float
    zh: str
    en: str


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
