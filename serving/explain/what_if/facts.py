"""Facts that an officer supposes about a household, as types with strict limits."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.messages import Refused
from models.county_policy.sections import Cause
from serving.text.validation_errors import fault

MOST_FACTS = 20
Identifier = Annotated[str, Field(min_length=1, max_length=64)]
Yuan = Annotated[float, Field(gt=0, le=10_000_000, allow_inf_nan=False)]
YuanOrNone = Annotated[float | None, Field(ge=0, le=10_000_000, allow_inf_nan=False)]
Heads = Annotated[int, Field(ge=0, le=100_000)]


class Impossible(Refused):
    """What is supposed cannot be: the words say which fact, why, and what would be."""


class Supposed(BaseModel):
    """One fact, as of the evening of the month; what it does not declare is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Payment(Supposed):
    """Paid on a loan: first the interest that is overdue, then principal."""

    kind: Literal["payment"]
    loan_id: Identifier
    yuan: Yuan
    payer: Literal["borrower", "subsidy", "insurance", "compensation_fund", "other"] = "borrower"


class LivestockSold(Supposed):
    """Animals sold; the proceeds go to the savings, or repay a loan."""

    kind: Literal["livestock_sold"]
    sheep: Heads = 0
    cattle: Heads = 0
    yuan: Yuan
    repays: Identifier | None = None

    @model_validator(mode="after")
    def _some(self) -> LivestockSold:
        return _with_animals(self)


class LivestockBought(Supposed):
    """Animals bought, paid from the savings."""

    kind: Literal["livestock_bought"]
    sheep: Heads = 0
    cattle: Heads = 0
    yuan: Yuan

    @model_validator(mode="after")
    def _some(self) -> LivestockBought:
        return _with_animals(self)


class NewHardship(Supposed):
    """A hardship of that day."""

    kind: Literal["hardship"]
    cause: Cause
    loss_amount: YuanOrNone = None


class HardshipResolved(Supposed):
    """All hardships that stand are resolved."""

    kind: Literal["hardship_resolved"]


class UseCheck(Supposed):
    """What a check of that day found."""

    kind: Literal["use_check"]
    loan_id: Identifier
    finding: Literal["as_declared", "partly_diverted", "diverted", "idle", "put_right"]


class IncomeStatement(Supposed):
    """A statement of the year up to that day; a figure not given is that of the newest statement."""

    kind: Literal["income_statement"]
    wage_income: YuanOrNone = None
    business_income: YuanOrNone = None
    property_income: YuanOrNone = None
    transfer_income: YuanOrNone = None
    production_cost: YuanOrNone = None
    living_cost: YuanOrNone = None
    medical_cost: YuanOrNone = None
    education_cost: YuanOrNone = None


class MoreTime(Supposed):
    """A renewal or extension agreed; the principal falls due on the new day, with interest every quarter until then."""

    kind: Literal["more_time"]
    loan_id: Identifier
    event: Literal["extended", "renewed"] = "extended"
    new_matures_on: date


class ClaimSettled(Supposed):
    """An open claim settled, or all of them; paid: what was claimed where nothing else is said."""

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


_Herd = TypeVar("_Herd", LivestockSold, LivestockBought)


def _with_animals(fact: _Herd) -> _Herd:
    if not fact.sheep and not fact.cattle:
        raise fault("羊和牛至少填一项", "should name sheep or cattle, one at least")
    return fact


class Asked(BaseModel):
    """What is supposed, in order: each fact finds what the ones before it have left."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    facts: Annotated[list[Fact], Field(min_length=1, max_length=MOST_FACTS)]
