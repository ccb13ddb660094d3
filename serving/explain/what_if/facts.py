"""Hypothetical facts about a household, as types with strict limits."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.contract.tables import HardshipCause
from features.messages import UserError
from serving.text.validation_errors import bilingual_error
from serving.text.written_day import Day

MAX_FACTS = 20
"""Facts that one request may name."""
Identifier = Annotated[str, Field(min_length=1, max_length=64)]
Yuan = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
YuanOrNone = Annotated[float | None, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
AnimalCount = Annotated[int, Field(ge=0, le=100_000)]


class ImpossibleFactsError(UserError):
    """A hypothetical fact, or a table of rows, that is impossible: which one, why, and what is possible instead."""


class HypotheticalFact(BaseModel):
    """One fact, as of the month's end; unknown fields are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Payment(HypotheticalFact):
    """A payment on a loan: first overdue interest, then principal."""

    kind: Literal["payment"]
    loan_id: Identifier
    yuan: Yuan
    payer: Literal["borrower", "subsidy", "insurance", "compensation_fund", "other"] = "borrower"


_WITH_ANIMALS = ConfigDict(
    json_schema_extra={
        "anyOf": [
            {"properties": {kind: {"type": "integer", "minimum": 1}}, "required": [kind]}
            for kind in ("sheep", "cattle")
        ]
    }
)
"""Sheep or cattle, one at least, as the OpenAPI document says it."""
_LivestockTrade = TypeVar("_LivestockTrade", bound="LivestockSold | LivestockBought")


def _require_animals(fact: _LivestockTrade) -> _LivestockTrade:
    if not fact.sheep and not fact.cattle:
        raise bilingual_error("羊和牛至少填一项", "should name sheep or cattle, one at least")
    return fact


class LivestockSold(HypotheticalFact):
    """A sale of animals; the proceeds (yuan) go to the savings, or repay the loan `repays`."""

    model_config = _WITH_ANIMALS

    kind: Literal["livestock_sold"]
    sheep: AnimalCount = 0
    cattle: AnimalCount = 0
    yuan: Yuan
    repays: Identifier | None = None

    _check_animals = model_validator(mode="after")(_require_animals)


class LivestockBought(HypotheticalFact):
    """A purchase of animals, paid (yuan) from the savings."""

    model_config = _WITH_ANIMALS

    kind: Literal["livestock_bought"]
    sheep: AnimalCount = 0
    cattle: AnimalCount = 0
    yuan: Yuan

    _check_animals = model_validator(mode="after")(_require_animals)


class NewHardship(HypotheticalFact):
    """A hardship that occurs at the month's end; loss in yuan."""

    kind: Literal["hardship"]
    cause: HardshipCause
    loss_amount: YuanOrNone = None


class HardshipResolved(HypotheticalFact):
    """The resolution of all hardships that are not resolved yet."""

    kind: Literal["hardship_resolved"]


class UseCheck(HypotheticalFact):
    """A check at the month's end of how a loan was used."""

    kind: Literal["use_check"]
    loan_id: Identifier
    finding: Literal["as_declared", "partly_diverted", "diverted", "idle", "put_right"]


class IncomeStatement(HypotheticalFact):
    """An income statement (yuan) of the year up to the month's end; a missing figure is the yearly one told so far."""

    kind: Literal["income_statement"]
    wage_income: YuanOrNone = None
    business_income: YuanOrNone = None
    property_income: YuanOrNone = None
    transfer_income: YuanOrNone = None
    production_cost: YuanOrNone = None
    living_cost: YuanOrNone = None
    medical_cost: YuanOrNone = None
    education_cost: YuanOrNone = None


class MoreTime(HypotheticalFact):
    """A renewal or extension; the principal falls due on the new day, with interest every quarter until then."""

    kind: Literal["more_time"]
    loan_id: Identifier
    event: Literal["extended", "renewed"] = "extended"
    new_matures_on: Day


class ClaimSettled(HypotheticalFact):
    """The settlement of one open claim, or of all; without `paid_amount` (yuan) what was claimed is paid."""

    kind: Literal["claim_settled"]
    claim_id: Identifier | None = None
    paid_amount: YuanOrNone = None


Fact = Annotated[
    Payment
    | LivestockSold
    | LivestockBought
    | NewHardship
    | HardshipResolved
    | UseCheck
    | IncomeStatement
    | MoreTime
    | ClaimSettled,
    Field(discriminator="kind"),
]


class WhatIfRequest(BaseModel):
    """Hypothetical facts in order; each is applied to the household as the facts before it left it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: Annotated[list[Fact], Field(min_length=1, max_length=MAX_FACTS)]
