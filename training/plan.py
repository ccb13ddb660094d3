"""The plan of a training run: month ends, horizon, folds, growth. Written before the run, kept with the model."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from features.months import is_month_end, month_end, month_ends, months_after
from features.words import Refused
from models.boosting import Growth
from models.strict import faults

SHIPPED = Path(__file__).with_name("plans")
Share = Annotated[float, Field(gt=0, lt=1)]
_SPAN_POLICY, _SPAN_JUDGEMENT = 3, 3
_LEAST_FIT_MONTHS, _MOST_FIT_MONTHS = 6, 24


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MonthEnds(_Strict):
    """Which month ends fit the trees, set calibration and thresholds, and judge the result."""

    fit: tuple[date, ...] = Field(min_length=2)
    policy: tuple[date, ...] = Field(min_length=1)
    judgement: tuple[date, ...] = Field(min_length=1)


class Households(_Strict):
    """Which share of the households belongs to each fold; no household is in two."""

    fit: Share = 0.5
    policy: Share = 0.2
    judgement: Share = 0.3


class GrowthPlan(_Strict):
    """How the trees are grown; what is left out stands at the default."""

    trees: Annotated[int, Field(ge=1, le=2000)] = Growth.trees
    leaves: Annotated[int, Field(ge=2, le=63)] = Growth.leaves
    depth: Annotated[int, Field(ge=1, le=8)] = Growth.depth
    learning_rate: Annotated[float, Field(gt=0, le=1)] = Growth.learning_rate
    rows_in_leaf: Annotated[int, Field(ge=1)] = Growth.rows_in_leaf


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

    @model_validator(mode="after")
    def _is_in_order(self) -> Plan:
        faults = [*self._calendar_faults(), *self._order_faults()]
        if abs(sum(self.households.model_dump().values()) - 1) > 1e-9:
            faults.append("households: the shares of fit, policy and judgement do not sum to 1")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _calendar_faults(self) -> list[str]:
        ends = self.month_ends
        all_days = (*ends.fit, *ends.policy, *ends.judgement)
        return [
            f"{day} is not a month end (that would be {month_end(day)})" for day in all_days if not is_month_end(day)
        ]

    def _order_faults(self) -> list[str]:
        """A fold begins when the labels of the fold before it have ended: the embargo is the horizon."""
        ends, faults = self.month_ends, []
        for before, after in (("fit", "policy"), ("policy", "judgement")):
            ended = self.label_end(max(getattr(ends, before)))
            begins = min(getattr(ends, after))
            if begins < ended:
                faults.append(f"{after} begins {begins}, before the labels of {before} end ({ended})")
        return faults

    def label_end(self, as_of: date) -> date:
        """The last day on which a loan can go bad and still count for as_of."""
        return months_after(as_of, self.horizon_months)

    def is_mature(self, as_of: date, data_until: date) -> bool:
        """Whether all labels of as_of are known."""
        return self.label_end(as_of) + timedelta(days=self.reporting_lag_days) <= data_until

    @property
    def growth_of_trees(self) -> Growth:
        return Growth(**self.growth.model_dump(), seed=self.seed)


def plan_from(path: Path) -> Plan:
    """Read a plan (TOML), or one that ships with the project by its bare name.

    Under month_ends, fit may be {first, last} for all month ends between.

    Raises Refused with all its faults at once.
    """
    shipped = SHIPPED / f"{path}.toml"
    path = shipped if not path.exists() and shipped.is_file() else path
    try:
        stored = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"计划 {path.name} 无法读取: {error}", f"The plan {path.name} cannot be read: {error}") from error
    try:
        return Plan.model_validate(_spelled_out(stored))
    except ValidationError as error:
        found = faults(error, Plan)
        zh, en = "; ".join(fault.zh for fault in found), "; ".join(fault.en for fault in found)
        raise Refused(f"计划 {path.name} 有误: {zh}", f"The plan {path.name} is wrong: {en}") from error


def _spelled_out(stored: dict[str, Any]) -> dict[str, Any]:
    ends = stored.get("month_ends")
    if not isinstance(ends, dict) or not isinstance(fit := ends.get("fit"), dict):
        return stored
    if set(fit) != {"first", "last"} or not all(isinstance(day, date) for day in fit.values()):
        return stored
    return {**stored, "month_ends": {**ends, "fit": month_ends(fit["first"], fit["last"])}}


def plan_for(data_from: date, data_until: date) -> Plan:
    """The plan where none is given: the newest mature months judge, those a horizon earlier set the policy.

    Raises Refused where the data are too short for a fit before them.
    """
    defaults = Plan.model_fields
    horizon, lag = defaults["horizon_months"].default, defaults["reporting_lag_days"].default
    last = months_after(data_until - timedelta(days=lag), -horizon)
    last = last if months_after(last, horizon) + timedelta(days=lag) <= data_until else months_after(last, -1)
    judged = tuple(months_after(last, -k) for k in reversed(range(_SPAN_JUDGEMENT)))
    policy = tuple(months_after(judged[0], -horizon - k) for k in reversed(range(_SPAN_POLICY)))
    fit = tuple(month_ends(month_end(data_from), months_after(policy[0], -horizon)))[-_MOST_FIT_MONTHS:]
    if len(fit) < _LEAST_FIT_MONTHS:
        raise Refused(
            f"数据从 {data_from} 到 {data_until}, 不足以训练 (至少约 30 个月); 请先用规则灯。",
            f"The data run from {data_from} to {data_until}, too short to train on (about 30 months are needed);"
            " use the rule light until then.",
        )
    return Plan(month_ends=MonthEnds(fit=fit, policy=policy, judgement=judged))
