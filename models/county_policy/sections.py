"""The sections of the policy table: every number that a notice can change, with its meaning."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from features.contract.tables import HardshipCause, PolicyKind
from features.messages import Bilingual
from models.county_policy.rating_sections import Points, RatingTable
from models.light import Light
from models.toml_tables import Share, StrictModel, Text, Yuan

Days = Annotated[int, Field(ge=0, le=3660)]
Count = Annotated[int, Field(ge=0, le=600)]
Age = Annotated[int, Field(ge=0, le=120)]
Product = Literal["microloan", "revolving", "other"]


class Lending(StrictModel):
    """Bounds of age, amount, term and renewals. A loan beyond them gets a note; nothing is rejected."""

    limit: Yuan = Field(description="yuan a household may owe with subsidy and compensation")
    longest_months: Count = Field(description="longest term of a loan, months")
    youngest: Age = Field(description="completed years from which the national notice grants")
    granted_to: Age = Field(description="completed years up to which the county grants all")
    oldest: Age = Field(description="completed years up to which the county includes a household")
    renewals: Count = Field(description="how often a loan may be renewed or extended")

    @model_validator(mode="after")
    def _ages_in_order(self) -> Lending:
        if not self.youngest <= self.granted_to <= self.oldest:
            raise ValueError(f"ages {self.youngest}, {self.granted_to}, {self.oldest} do not rise")
        return self


class LightAction(StrictModel):
    """The measure that a light calls for."""

    code: Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")] = Field(description="as files and interfaces write it")
    zh: Text = Field(description="the sentence in Chinese")
    en: Text = Field(description="the sentence in English")

    @property
    def words(self) -> Bilingual:
        """The sentence in Chinese and English."""
        return Bilingual(self.zh, self.en)


class LightActions(StrictModel):
    """The measures that the three lights call for."""

    green: LightAction
    yellow: LightAction
    red: LightAction

    def of(self, light: Light) -> LightAction:
        """The measure of a light."""
        action = getattr(self, light.code)
        assert isinstance(action, LightAction)  # noqa: S101 - the three are declared above
        return action


class Classes(StrictModel):
    """The published matrices by which loans are put into the five classes."""

    matrices: tuple[Literal["rule_2023", "unsecured_small"], ...] = Field(
        strict=False, min_length=1, description="shown for each loan, as far as they were in force"
    )

    @model_validator(mode="after")
    def _each_once(self) -> Classes:
        if len(set(self.matrices)) < len(self.matrices):
            raise ValueError(f"a matrix is named twice: {', '.join(self.matrices)}")
        return self


class GroupBounds(StrictModel):
    """Bounds of the lights of villages, townships, banks, products and counties, and of common causes."""

    yellow_above: Share = Field(description="overdue balance / balance above which a group is yellow")
    red_above: Share = Field(description="and red")
    least_loans: Annotated[int, Field(ge=1)] = Field(description="open loans it takes to judge a group")
    chance: Share = Field(
        description="largest probability, corrected for all groups looked at, that is not put down to chance"
    )

    @model_validator(mode="after")
    def _in_order(self) -> GroupBounds:
        if self.yellow_above > self.red_above:
            raise ValueError(f"yellow_above {self.yellow_above} is above red_above {self.red_above}")
        return self


class Fund(StrictModel):
    """The compensation fund: the losses it bears, and from when."""

    share: Share = Field(description="of a loss by force majeure that the fund bears; the bank bears the rest")
    from_days_overdue: Days = Field(description="days past due from which a loan may be compensated")
    products: tuple[Product, ...] = Field(strict=False, description="products it answers for, up to the lending limit")
    causes: tuple[HardshipCause, ...] = Field(strict=False, description="hardships that count as force majeure")
    loss_given_bad: Share = Field(description="of the outstanding principal that is lost where a loan goes bad")


class Insurance(StrictModel):
    """The hardships that each kind of insurance covers, and how long a claim can be filed."""

    covers: Mapping[PolicyKind, Annotated[tuple[HardshipCause, ...], Field(strict=False)]] = Field(
        description="hardships by kind of policy"
    )
    claim_within_days: Mapping[PolicyKind, Days] = Field(description="latest filing, days after the event")

    @model_validator(mode="after")
    def _of_the_same_kinds(self) -> Insurance:
        for kind in sorted(set(self.covers) ^ set(self.claim_within_days)):
            raise ValueError(f"{kind} needs a row in covers and one in claim_within_days")
        return self


class Plans(StrictModel):
    """The maturity calendar, and instalment plans for households that are willing but short of money."""

    lists_days_ahead: tuple[Days, ...] = Field(strict=False, min_length=1, description="lists of what falls due within")
    notice_days_ahead: Days = Field(description="days before maturity by which the household is told")
    instalments: Annotated[int, Field(ge=2, le=60)] = Field(description="months of an instalment plan")


class CountyPolicy(StrictModel):
    """The policy from the day `since` until the next row of the table."""

    since: date
    source: Text
    lending: Lending
    actions: LightActions
    classes: Classes
    groups: GroupBounds
    fund: Fund
    insurance: Insurance
    plans: Plans
    points: Points
    ratings: Mapping[Literal["631", "1531"], RatingTable]

    @property
    def version(self) -> str:
        """Eight hexadecimal digits of a hash of all its numbers."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:8]
