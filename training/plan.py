"""The plan of a training run: month ends, horizon, folds, search, LightGBM's parameters, thresholds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, AliasGenerator, BaseModel, ConfigDict, Field, model_validator

from features.months import is_month_end, month_end, month_end_after
from models.boosting import CARD_KEYS, TreeParams

Share = Annotated[float, Field(gt=0, lt=1)]
Yuan = Annotated[float, Field(ge=0, le=1_000_000)]
Visits = Annotated[int, Field(ge=0, le=1_000_000)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MonthEnds(_Strict):
    """Month ends that fit the trees, set calibration and thresholds (`policy`), and evaluate the result."""

    fit: tuple[date, ...] = Field(min_length=2)
    policy: tuple[date, ...] = Field(min_length=1)
    judgement: tuple[date, ...] = Field(min_length=1)


class HouseholdShares(_Strict):
    """Share of the households in each fold; no household is in two folds."""

    fit: Share = 0.5
    calibration: Share = 0.15
    policy: Share = 0.1
    judgement: Share = 0.25


class TreeParamsPlan(_Strict):
    """LightGBM's parameters where the search does not vary them; defaults are those of TreeParams.

    Read under LightGBM's names or the keys of version 0.1 (CARD_KEYS), which model cards and so `Plan.to_card` keep.
    """

    model_config = ConfigDict(
        alias_generator=AliasGenerator(
            validation_alias=lambda name: AliasChoices(name, CARD_KEYS[name]),
            serialization_alias=lambda name: CARD_KEYS[name],
        )
    )

    num_iterations: Annotated[int, Field(ge=1, le=2000)] = TreeParams.num_iterations
    num_leaves: Annotated[int, Field(ge=2, le=63)] = TreeParams.num_leaves
    max_depth: Annotated[int, Field(ge=1, le=8)] = TreeParams.max_depth
    learning_rate: Annotated[float, Field(gt=0, le=1)] = TreeParams.learning_rate
    min_data_in_leaf: Annotated[int, Field(ge=1)] = TreeParams.min_data_in_leaf
    lambda_l2: Annotated[float, Field(ge=0)] = TreeParams.lambda_l2
    feature_fraction: Annotated[float, Field(gt=0, le=1)] = TreeParams.feature_fraction
    bagging_fraction: Annotated[float, Field(gt=0, le=1)] = TreeParams.bagging_fraction
    extra_trees: bool = TreeParams.extra_trees


class SearchPlan(_Strict):
    """The search for parameters.

    trials: parameters tried, the plan's own first. seconds: time after which no further trial begins. origins:
    rolling origins on which each is evaluated.
    """

    trials: Annotated[int, Field(ge=1, le=1000)] = 20
    seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    origins: Annotated[int, Field(ge=1, le=6)] = 3


class RulesVisits(_Strict):
    """Thresholds with as many red loans, and as many red or yellow ones, as the rules give on the policy fold.

    most_lit: share of the loans that are yellow or red at most; where the rules light more, red and yellow loans are
    fewer in the same proportion. None: the county policy's `visits.most_lit`.
    """

    by: Literal["rules_visits"] = "rules_visits"
    most_lit: Annotated[float | None, Field(gt=0, le=1)] = None


class Capacity(_Strict):
    """Thresholds by the number of loans that each bank or township can visit in a month, of a hundred open loans."""

    by: Literal["capacity"]
    each: Literal["bank", "township_code"]
    red_in_100: Annotated[float, Field(ge=0, le=100)]
    lit_in_100: Annotated[float, Field(ge=0, le=100)]


class Cost(_Strict):
    """Thresholds from which on a visit saves more than it costs; costs in yuan.

    It saves probability x outstanding principal x `loss_given_bad` x the share of the loss that a visit averts. The
    defaults are assumptions; the sweep stored with the policy shows how the thresholds depend on them.
    """

    by: Literal["cost"]
    visit_yellow: Yuan = 60
    visit_red: Yuan = 400
    loss_given_bad: Annotated[float, Field(gt=0, le=1)] = 0.4
    averted_yellow: Annotated[float, Field(gt=0, le=1)] = 0.15
    averted_red: Annotated[float, Field(gt=0, le=1)] = 0.35


class MonthVisits(_Strict):
    """Thresholds that light exactly so many loans of one month; `lights thresholds` chooses them, training does not.

    They keep the `keeps` of the model's own thresholds. Loans that are lit whatever the thresholds are (bad, on
    probation, under a hard rule) do not count. lit: loans red or yellow; None for the budget of the model's own
    thresholds, within the county policy's `visits.most_lit`. red: of them; None for as large a part as there.
    """

    by: Literal["visits"]
    as_of: date
    lit: Visits | None = None
    red: Visits | None = None


class LightPolicy(_Strict):
    """How thresholds are chosen; keeps: share of its threshold above which a light that is on stays on."""

    chosen: Annotated[RulesVisits | Capacity | Cost | MonthVisits, Field(discriminator="by")] = RulesVisits()
    keeps: Annotated[float, Field(gt=0, le=1)] = 0.8

    def within(self, most_lit: float) -> LightPolicy:
        """The light policy with the county's ceiling of lit loans, where it goes by the rules' visits without one."""
        if not isinstance(self.chosen, RulesVisits) or self.chosen.most_lit is not None:
            return self
        return self.model_copy(update={"chosen": RulesVisits(most_lit=most_lit)})


class CalibrationPlan(_Strict):
    """The number of bad loans in the calibration fold from which the curve is isotonic.

    With fewer it is a beta curve, for whose slopes out-of-fold rows of the fit fold may count, too.

    Source: Niculescu-Mizil, Caruana 2005, Predicting good probabilities: isotonic from about a thousand cases on.
    """

    isotonic_from_bad: Annotated[int, Field(ge=10)] = 1000


class VisitedRowsPlan(_Strict):
    """What becomes of rows whose loan was visited while its label was open, where a table of visits is there.

    treated: `weight` leaves them out and lets the others of their light and score count for them, `censor` leaves them
    out alone, `keep` takes their labels as they are. score_bins: of the published probability within a light, in which
    the chance of a visit is counted. largest_weight: of a row.
    """

    treated: Literal["weight", "censor", "keep"] = "weight"
    score_bins: Annotated[int, Field(ge=1, le=50)] = 5
    largest_weight: Annotated[float, Field(ge=1, le=1000)] = 10


class EvaluationPlan(_Strict):
    """Refits of the evaluation: fits to shuffled labels, whether to leave out each feature family, number of seeds."""

    permuted_fits: Annotated[int, Field(ge=0, le=20)] = 3
    ablation: bool = True
    seeds: Annotated[int, Field(ge=0, le=20)] = 5


class Plan(_Strict):
    """A training run as it was planned before any data were looked at.

    The label: the loan goes bad (`bad_after_days` past due, compensated or written off) within `horizon_months`. A
    label counts once `reporting_lag_days` have passed after its last day.

    Args:
        seed: of folds, search, trees and resampling.
        horizon_months: months after a month end in which a loan has to go bad to count.
        bad_after_days: days past due from which a loan has gone bad.
        reporting_lag_days: days after which the banks' reports on a day are complete.
        month_ends: month ends of each fold, in this order of time: `fit`, `policy`, `judgement`.
        households: share of the households in each fold.
        growth: LightGBM's parameters of the first trial.
        search: trials, seconds and rolling origins of the search for parameters.
        calibrating: which calibration curve is fitted.
        light_policy: how the thresholds of the lights are chosen.
        judging: refits of the evaluation.
        visits: what becomes of rows of visited loans.

    Raises:
        ValidationError: with every fault: unknown or misspelt names, days that are no month ends, folds that begin
            before the labels of the fold before them have ended, shares that do not sum to 1.

    Example:
        >>> ends = MonthEnds(fit=["2021-01-31", "2021-02-28"], policy=["2021-08-31"], judgement=["2022-02-28"])
        >>> plan = Plan(month_ends=ends)
        >>> plan.label_end(date(2022, 2, 28))
        datetime.date(2022, 8, 31)
        >>> plan.is_mature(date(2022, 2, 28), data_until=date(2022, 9, 30))
        False
        >>> Plan.model_validate(plan.to_card()) == plan
        True
    """

    seed: int = 20260101
    horizon_months: Annotated[int, Field(ge=1, le=24)] = 6
    bad_after_days: Annotated[int, Field(ge=1, le=360)] = 30
    reporting_lag_days: Annotated[int, Field(ge=0, le=366)] = 31
    month_ends: MonthEnds
    households: HouseholdShares = HouseholdShares()
    growth: TreeParamsPlan = TreeParamsPlan()
    search: SearchPlan = SearchPlan()
    calibrating: CalibrationPlan = CalibrationPlan()
    light_policy: LightPolicy = LightPolicy()
    judging: EvaluationPlan = EvaluationPlan()
    visits: VisitedRowsPlan = VisitedRowsPlan()

    @model_validator(mode="after")
    def _check_calendar(self) -> Plan:
        faults = [*self._month_end_faults(), *self._embargo_faults()]
        if abs(sum(self.households.model_dump().values()) - 1) > 1e-9:
            faults.append("households: the shares of fit, calibration, policy and judgement do not sum to 1")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _month_end_faults(self) -> Iterator[str]:
        ends = self.month_ends
        for day in (*ends.fit, *ends.policy, *ends.judgement):
            if not is_month_end(day):
                yield f"{day} is not a month end (that would be {month_end(day)})"
        for name, days in ends:
            if list(days) != sorted(set(days)):
                yield f"month_ends.{name} are not in order, or name a day twice"

    def _embargo_faults(self) -> Iterator[str]:
        """A fold begins when the labels of the earlier fold have ended: the embargo is the horizon."""
        ends = self.month_ends
        for earlier, later in (("fit", "policy"), ("policy", "judgement")):
            ended = self.label_end(max(getattr(ends, earlier)))
            begins = min(getattr(ends, later))
            if begins < ended:
                yield f"{later} begins {begins}, before the labels of {earlier} end ({ended})"

    def label_end(self, as_of: date) -> date:
        """The last day on which a loan can go bad and still count for as_of."""
        return month_end_after(as_of, self.horizon_months)

    def mature_on(self, as_of: date) -> date:
        """The day on which the labels of as_of are complete: the horizon and the reporting lag have passed."""
        return self.label_end(as_of) + timedelta(days=self.reporting_lag_days)

    def is_mature(self, as_of: date, data_until: date) -> bool:
        """Whether all labels of as_of are complete in data that end on `data_until`."""
        return self.mature_on(as_of) <= data_until

    def last_mature_day(self, data_until: date) -> date:
        """The last month end whose events are complete in data that end on `data_until`: the reporting lag has passed.

        >>> ends = MonthEnds(fit=["2021-01-31", "2021-02-28"], policy=["2021-08-31"], judgement=["2022-02-28"])
        >>> Plan(month_ends=ends).last_mature_day(date(2022, 9, 30))
        datetime.date(2022, 7, 31)
        """
        day = data_until - timedelta(days=self.reporting_lag_days)
        return day if is_month_end(day) else month_end_after(day, -1)

    def to_card(self) -> dict[str, Any]:
        """The plan as plain JSON values under the keys of model cards; `Plan.model_validate` reads them back."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def tree_params(self) -> TreeParams:
        """LightGBM's parameters of the first trial, with the plan's seed."""
        return TreeParams(**self.growth.model_dump(), seed=self.seed)
