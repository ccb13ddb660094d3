"""The sections of the policy table: every number a notice can change, with what it means."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.words import Words
from models.light import Light
from models.strict import Share, Strict, Text, Yuan

Days = Annotated[int, Field(ge=0, le=3660)]
Age = Annotated[int, Field(ge=0, le=120)]
PolicyKind = Literal["accident", "serious_illness", "sheep_income", "daylily_price", "crop", "other"]
SuddenCause = Literal["illness", "disability", "death", "disaster", "epidemic", "accident", "price_collapse"]
OtherCause = Literal["missing", "custody", "business_failure", "unemployment", "schooling", "other"]
Cause = SuddenCause | OtherCause


Product = Literal["microloan", "revolving", "other"]
HouseholdType = Literal["lifted_out", "unstable", "marginal", "sudden_hardship", "ordinary"]


class Lending(Strict):
    """Who is granted how much for how long. A breach is a note, never a rejection."""

    limit: Yuan = Field(description="yuan a household may owe with subsidy and compensation")
    longest_months: Days = Field(description="longest term of a loan, months")
    youngest: Age = Field(description="completed years from which the national notice grants")
    granted_to: Age = Field(description="completed years up to which the county grants all")
    oldest: Age = Field(description="completed years up to which the county includes a household")
    renewals: Days = Field(description="how often a loan may be renewed or extended")


class Action(Strict):
    """What a light asks for."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")] = Field(description="as files and interfaces write it")
    zh: Text = Field(description="the sentence in Chinese")
    en: Text = Field(description="the sentence in English")

    @property
    def words(self) -> Words:
        return Words(self.zh, self.en)


class Actions(Strict):
    """What each light asks for."""

    green: Action
    yellow: Action
    red: Action

    def of(self, light: Light) -> Action:
        found = getattr(self, light.code)
        assert isinstance(found, Action)  # noqa: S101 - the three are declared above
        return found


class Classes(Strict):
    """By which of the published matrices loans are put into the five classes."""

    matrices: tuple[Literal["rule_2023", "unsecured_small"], ...] = Field(
        strict=False, min_length=1, description="shown for each loan, as far as they were in force"
    )


class Groups(Strict):
    """When a village, township, bank, product or county is yellow or red."""

    yellow_above: Share = Field(description="overdue balance / balance above which a group is yellow")
    red_above: Share = Field(description="and red")
    least_loans: Annotated[int, Field(ge=1)] = Field(description="open loans it takes to judge a group")
    chance: Share = Field(
        description="largest probability, corrected for all groups looked at, that is not put down to chance"
    )

    @model_validator(mode="after")
    def _in_order(self) -> Groups:
        if self.yellow_above > self.red_above:
            raise ValueError(f"yellow_above {self.yellow_above} is above red_above {self.red_above}")
        return self


class Fund(Strict):
    """The compensation fund: what it takes over, and from when."""

    share: Share = Field(description="of a loss by force majeure that the fund bears; the bank bears the rest")
    from_days_overdue: Days = Field(description="days past due from which a loan may be compensated")
    products: tuple[Product, ...] = Field(strict=False, description="products it answers for, up to the lending limit")
    causes: tuple[Cause, ...] = Field(strict=False, description="hardships that count as force majeure")
    loss_given_bad: Share = Field(description="of the outstanding principal that is lost where a loan goes bad")


class Insurance(Strict):
    """Which hardships each policy answers for, and how long a claim can be filed."""

    covers: Mapping[PolicyKind, Annotated[tuple[Cause, ...], Field(strict=False)]] = Field(
        description="hardships by kind of policy"
    )
    claim_within_days: Mapping[PolicyKind, Days] = Field(description="latest filing, days after the event")

    @model_validator(mode="after")
    def _of_the_same_kinds(self) -> Insurance:
        for kind in sorted(set(self.covers) ^ set(self.claim_within_days)):
            raise ValueError(f"{kind} needs a row in covers and one in claim_within_days")
        return self


class Plans(Strict):
    """The maturity calendar and the plan for those who are willing but short."""

    lists_days_ahead: tuple[Days, ...] = Field(strict=False, min_length=1, description="lists of what falls due within")
    notice_days_ahead: Days = Field(description="days before maturity by which the household is told")
    instalments: Annotated[int, Field(ge=2, le=60)] = Field(description="months of an instalment plan")


class Points(Strict):
    """How facts become shares of the points of an item."""

    monitoring_line: Yuan = Field(description="net income per head and year, yuan")
    income_none_at: Share = Field(description="times the line at which income earns nothing")
    income_full_at: Annotated[float, Field(gt=1)] = Field(description="times the line at which it earns all")
    late_instalment: Share = Field(description="taken off integrity for each instalment paid late in 12 months")
    late_at_most: Share = Field(description="and for all of them together")
    open_arrears: Share = Field(description="taken off while anything is overdue")
    diverted_use: Share = Field(description="taken off while diverted use is not put right")
    default_elsewhere: Share = Field(description="taken off while a default or enforcement elsewhere is open")
    workers_full_at: Annotated[float, Field(gt=0, le=1)] = Field(description="workers per head that earn all points")
    schooled_full_at: Annotated[float, Field(gt=0, le=1)] = Field(description="share with senior schooling that does")
    least_known: Share = Field(description="of the points whose facts must be known for a grade")


class Grade(Strict):
    """What a household of this grade is granted."""

    code: Literal["excellent", "good", "fair", "poor"] = Field(description="which grade")
    from_points: Annotated[float, Field(ge=0, le=100)] = Field(description="points from which it is reached")
    limit: Yuan = Field(description="yuan a household of this grade may owe")
    rate_discount: Annotated[float, Field(ge=0, le=0.1)] = Field(
        description="taken off the yearly rate: 0.005 is half a point"
    )


class Weights(Strict):
    """Points of each item; 100 together."""

    civility: Annotated[int, Field(ge=0)] = Field(0, description="village review of manners and conduct")
    integrity: Annotated[int, Field(ge=0)] = Field(description="village review, less what is taken off")
    income: Annotated[int, Field(ge=0)] = Field(description="net income per head")
    labour: Annotated[int, Field(ge=0)] = Field(description="workers per head")
    education: Annotated[int, Field(ge=0)] = Field(description="share with senior schooling")
    health: Annotated[int, Field(ge=0)] = Field(description="share of healthy members")

    @model_validator(mode="after")
    def _sum_to_100(self) -> Weights:
        total = sum(self.model_dump().values())
        if total != 100:
            raise ValueError(f"the points of the items sum to {total}, not to 100")
        return self


class RatingTable(Strict):
    """One rating: what its items weigh, and its grades from the best to the worst."""

    zh: Text = Field(description="its name in Chinese")
    en: Text = Field(description="its name in English")
    for_types: tuple[HouseholdType, ...] = Field(strict=False, description="types of household it is for; none: all")
    weights: Weights
    grades: tuple[Grade, ...] = Field(strict=False, min_length=1)

    @property
    def words(self) -> Words:
        return Words(self.zh, self.en)

    @model_validator(mode="after")
    def _in_order(self) -> RatingTable:
        bounds = [grade.from_points for grade in self.grades]
        if any(above <= below for above, below in pairwise(bounds)) or bounds[-1] != 0:
            raise ValueError(f"grades run from the best to the worst, which begins at 0; they begin at {bounds}")
        return self


class CountyPolicy(Strict):
    """All that holds from `since` on, until the next row of the table."""

    since: date
    source: Text
    lending: Lending
    actions: Actions
    classes: Classes
    groups: Groups
    fund: Fund
    insurance: Insurance
    plans: Plans
    points: Points
    ratings: Mapping[Literal["631", "1531"], RatingTable]

    @property
    def version(self) -> str:
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]
