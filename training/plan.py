"""The plan of a training run: month ends, horizon, folds, search, growth, policy; written before the run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from features.months import is_month_end, month_end, months_after
from models.boosting import Growth

Share = Annotated[float, Field(gt=0, lt=1)]
Yuan = Annotated[float, Field(ge=0, le=1_000_000)]
Visits = Annotated[int, Field(ge=0, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MonthEnds(_Strict):
    """Which month ends fit the trees, set calibration and thresholds (`policy`), and judge the result."""

    fit: tuple[date, ...] = Field(min_length=2)
    policy: tuple[date, ...] = Field(min_length=1)
    judgement: tuple[date, ...] = Field(min_length=1)


class Households(_Strict):
    """Which share of the households belongs to each fold; no household is in two."""

    fit: Share = 0.5
    calibration: Share = 0.15
    policy: Share = 0.1
    judgement: Share = 0.25


class GrowthPlan(_Strict):
    """How the trees are grown where the search does not say otherwise; what is left out stands at the default."""

    trees: Annotated[int, Field(ge=1, le=2000)] = Growth.trees
    leaves: Annotated[int, Field(ge=2, le=63)] = Growth.leaves
    depth: Annotated[int, Field(ge=1, le=8)] = Growth.depth
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Growth.learning_rate
    rows_in_leaf: Annotated[int, Field(ge=1)] = Growth.rows_in_leaf
    ridge: Annotated[float, Field(ge=0)] = Growth.ridge
    column_share: Annotated[float, Field(gt=0, le=1)] = Growth.column_share
    row_share: Annotated[float, Field(gt=0, le=1)] = Growth.row_share
    random_cuts: bool = Growth.random_cuts


class Search(_Strict):
    """How many ways of growing are tried (the first is the plan's own), in how many seconds at most; on how many
    rolling origins each."""

    trials: Annotated[int, Field(ge=1, le=1000)] = 20
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    origins: Annotated[int, Field(ge=1, le=6)] = 3


class RulesVisits(_Strict):
    """As many red, and as many red or yellow, as the rules light on the policy fold."""

    by: Literal["rules_visits"] = "rules_visits"


class Capacity(_Strict):
    """As many as each bank or township can visit in a month, of a hundred open loans."""

    by: Literal["capacity"]
    each: Literal["bank", "township_code"]
    red_in_100: Annotated[float, Field(ge=0, le=100)]
    lit_in_100: Annotated[float, Field(ge=0, le=100)]


class Cost(_Strict):
    """Where a visit costs less than what it saves: chance x balance x loss x share of it that a visit averts.

    The defaults are assumed; the sweep kept with the policy says how much hangs on them.
    """

    by: Literal["cost"]
    visit_yellow: Yuan = 60
    visit_red: Yuan = 400
    loss_given_bad: Annotated[float, Field(gt=0, le=1)] = 0.4
    averted_yellow: Annotated[float, Field(gt=0, le=1)] = 0.15
    averted_red: Annotated[float, Field(gt=0, le=1)] = 0.35


class LightPolicy(_Strict):
    """How thresholds are chosen, and the share of its threshold down to which a light once lit stays."""

    chosen: Annotated[RulesVisits | Capacity | Cost, Field(discriminator="by")] = RulesVisits()
    keeps: Annotated[float, Field(gt=0, le=1)] = 0.8


class Calibrating(_Strict):
    """From how many bad loans in the calibration fold on the curve is isotonic; with fewer it is a beta curve.

    Source: Niculescu-Mizil, Caruana 2005, Predicting good probabilities: isotonic from about a thousand cases on.
    """

    isotonic_from_bad: Annotated[int, Field(ge=10)] = 1000


class Judging(_Strict):
    """What only other fits can tell: on so many shufflings of the labels, without each family, under so many seeds."""

    permuted_fits: Annotated[int, Field(ge=0, le=20)] = 3
    ablation: bool = True
    seeds: Annotated[int, Field(ge=0, le=20)] = 5


class Plan(_Strict):
    """A training run, whole.

    The label: goes bad (`bad_after_days` past due, compensated or written off) within `horizon_months`. A label
    counts once `reporting_lag_days` have passed after its last day.
    """

    seed: int = 20260101
    horizon_months: Annotated[int, Field(ge=1, le=24)] = 6
    bad_after_days: Annotated[int, Field(ge=1, le=360)] = 30
    reporting_lag_days: Annotated[int, Field(ge=0, le=366)] = 31
    month_ends: MonthEnds
    households: Households = Households()
    growth: GrowthPlan = GrowthPlan()
    search: Search = Search()
    calibrating: Calibrating = Calibrating()
    light_policy: LightPolicy = LightPolicy()
    judging: Judging = Judging()

    @model_validator(mode="after")
    def _is_in_order(self) -> Plan:
        faults = [*self._calendar_faults(), *self._order_faults()]
        if abs(sum(self.households.model_dump().values()) - 1) > 1e-9:
            faults.append("households: the shares of fit, calibration, policy and judgement do not sum to 1")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _calendar_faults(self) -> Iterator[str]:
        ends = self.month_ends
        for day in (*ends.fit, *ends.policy, *ends.judgement):
            if not is_month_end(day):
                yield f"{day} is not a month end (that would be {month_end(day)})"
        for name, days in ends:
            if list(days) != sorted(set(days)):
                yield f"month_ends.{name} are not in order, or name a day twice"

    def _order_faults(self) -> Iterator[str]:
        """A fold begins when the labels of the fold before it have ended: the embargo is the horizon."""
        ends = self.month_ends
        for before, after in (("fit", "policy"), ("policy", "judgement")):
            ended = self.label_end(max(getattr(ends, before)))
            begins = min(getattr(ends, after))
            if begins < ended:
                yield f"{after} begins {begins}, before the labels of {before} end ({ended})"

    def label_end(self, as_of: date) -> date:
        """The last day on which a loan can go bad and still count for as_of."""
        return months_after(as_of, self.horizon_months)

    def is_mature(self, as_of: date, data_until: date) -> bool:
        """Whether all labels of as_of are known."""
        return self.label_end(as_of) + timedelta(days=self.reporting_lag_days) <= data_until

    @property
    def growth_of_trees(self) -> Growth:
        return Growth(**self.growth.model_dump(), seed=self.seed)
