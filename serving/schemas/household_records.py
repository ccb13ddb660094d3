"""A household's records in the ledger, whether it has an open loan or not; and a page of households."""

from __future__ import annotations

from datetime import date
from typing import Literal

from serving.schemas.basis import Answer, LightCode, Sentence, Versions
from serving.schemas.loan_record import LoanRecord


class StatementRecord(Answer):
    """An income statement in yuan, as delivered. net_income: the four incomes less production cost.

    A single missing income counts as 0 in it; it is null where all four are missing.
    """

    period_start: date
    period_end: date
    wage_income: float | None
    business_income: float | None
    property_income: float | None
    transfer_income: float | None
    production_cost: float | None
    living_cost: float | None
    medical_cost: float | None
    education_cost: float | None
    net_income: float | None
    known_on: date


class AssetsRecord(Answer):
    """An observation of a household's assets; savings and outside_debt in yuan, farmland in mu."""

    observed_on: date
    sheep_count: float | None
    cattle_count: float | None
    farmland_mu: float | None
    savings: float | None
    outside_debt: float | None


class PolicyRecord(Answer):
    """An insurance policy that had begun by the month's end. sum_insured: yuan."""

    policy_id: str
    kind: str
    zh: str
    en: str
    insured_from: date
    insured_to: date
    in_force: bool
    sum_insured: float | None


class ClaimRecord(Answer):
    """An insurance claim. settled_on: null while it waits; paid_amount (yuan) counts from that day."""

    policy_id: str
    zh: str
    en: str
    occurred_on: date
    claimed_amount: float | None
    paid_amount: float | None
    settled_on: date | None


class ReviewRecord(Answer):
    """A village review: points from 0 to 100."""

    reviewed_on: date
    integrity_points: float | None
    civility_points: float | None


class HouseholdRecords(Versions):
    """What the ledger holds of a household at the month's end, by what was known then.

    members: present or working away; with_labour: of these, able to work in full or in part; null where no member is
    recorded. loans: those that exist for the reader, open and closed, the newest first; the other lists hold the newest
    row first. missing: what was not delivered for the household, in sentences.
    """

    household_id: str
    village_code: str | None
    township_code: str | None
    household_type: str | None
    type_zh: str
    type_en: str
    registered_on: date | None
    members: int | None
    working_away: int | None
    with_labour: int | None
    loans: list[LoanRecord]
    statements: list[StatementRecord]
    assets: list[AssetsRecord]
    policies: list[PolicyRecord]
    claims: list[ClaimRecord]
    reviews: list[ReviewRecord]
    missing: list[Sentence]

    @property
    def closed_loans(self) -> list[LoanRecord]:
        """The loans that have ended."""
        return [loan for loan in self.loans if loan.ending is not None]


class ListedHousehold(Answer):
    """A household of a list, with the loans that exist for the reader.

    loans: open and closed. open_loans, outstanding_principal (yuan) and light (the worst) are of the open ones; light
    is null without any. last_ended_on: the day the last closed loan ended; null without one.
    """

    household_id: str
    village_code: str | None
    township_code: str | None
    household_type: str | None
    loans: int
    open_loans: int
    outstanding_principal: float
    light: LightCode | None
    last_ended_on: date | None


class HouseholdPage(Versions):
    """A page of households, by village and number. next_cursor: of the next page; null on the last."""

    total: int
    items: list[ListedHousehold]
    next_cursor: str | None


LoanFilter = Literal["open", "none"]
"""Households with an open loan, or without one."""
