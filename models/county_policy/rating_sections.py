"""The sections of the policy table for the ratings: points, weights, grades."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from features.messages import Bilingual
from models.county_policy.section import Binding, Section
from models.toml_tables import Share, StrictModel, Text, Yuan

HouseholdType = Literal["lifted_out", "unstable", "marginal", "sudden_hardship", "ordinary"]


class Points(Section):
    """How facts become shares of an item's points, and how many facts a grade needs."""

    binds: ClassVar[Binding] = "as_of"

    monitoring_line: Annotated[float, Field(gt=0, le=1e6)] = Field(
        description="net income per head and year, yuan; rule R203 has its bound in the rule table: change both"
    )
    income_none_at: Share = Field(description="times the line at which income earns nothing")
    income_full_at: Annotated[float, Field(gt=1, le=100)] = Field(description="times the line at which it earns all")
    late_instalment: Share = Field(description="taken off integrity for each instalment paid late in 12 months")
    late_at_most: Share = Field(description="and for all of them together")
    open_arrears: Share = Field(description="taken off while anything is overdue")
    diverted_use: Share = Field(description="taken off while diverted use is not put right")
    default_elsewhere: Share = Field(description="taken off while a default or enforcement elsewhere is open")
    workers_full_at: Annotated[float, Field(gt=0, le=1)] = Field(description="workers per head that earn all points")
    schooled_full_at: Annotated[float, Field(gt=0, le=1)] = Field(description="share with senior schooling that does")
    least_known: Share = Field(description="of the points whose facts must be known for a grade")


class Grade(StrictModel):
    """A grade: the points it begins at, and the loan limit and rate discount it gives a household."""

    code: Literal["excellent", "good", "fair", "poor"] = Field(description="which grade")
    from_points: Annotated[float, Field(ge=0, le=100)] = Field(description="points from which it is reached")
    limit: Yuan = Field(description="yuan a household of this grade may owe")
    rate_discount: Annotated[float, Field(ge=0, le=0.1)] = Field(
        description="taken off the yearly rate: 0.005 is half a point"
    )


class Weights(StrictModel):
    """The most points of each item; they sum to 100."""

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


class RatingTable(Section):
    """One rating: the weights of its items, and its grades from the best to the worst."""

    binds: ClassVar[Binding] = "as_of"

    zh: Text = Field(description="its name in Chinese")
    en: Text = Field(description="its name in English")
    for_types: tuple[HouseholdType, ...] = Field(strict=False, description="types of household it is for; none: all")
    weights: Weights
    grades: tuple[Grade, ...] = Field(strict=False, min_length=1)

    @property
    def words(self) -> Bilingual:
        """The rating's name in Chinese and English."""
        return Bilingual(self.zh, self.en)

    @model_validator(mode="after")
    def _in_order(self) -> RatingTable:
        bounds = [grade.from_points for grade in self.grades]
        if any(above <= below for above, below in pairwise(bounds)) or bounds[-1] != 0:
            raise ValueError(f"grades run from the best to the worst, which begins at 0; they begin at {bounds}")
        if len({grade.code for grade in self.grades}) < len(self.grades):
            raise ValueError("a grade stands twice")
        limits = [grade.limit for grade in self.grades]
        if limits != sorted(limits, reverse=True):
            raise ValueError(f"a worse grade has a higher limit than a better one: {limits}")
        return self
