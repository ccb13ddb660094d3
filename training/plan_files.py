"""A plan read from a file, or the one made where none is given."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from features.messages import Refused
from features.months import month_end, month_ends, months_after
from models.toml_tables import faults
from training.plan import LightPolicy, MonthEnds, Plan

Kind = TypeVar("Kind", bound=BaseModel)
SHIPPED = Path(__file__).with_name("plans")
_LEAST_FIT_MONTHS, _MOST_FIT_MONTHS = 6, 36
_MOST_JUDGED, _MOST_POLICY = 12, 6


def plan_from(path: Path) -> Plan:
    """Read a plan (TOML), or one that ships with the project by its bare name.

    Under month_ends, fit may be {first, last} for all month ends between.

    Raises Refused with all its faults at once.
    """
    shipped = SHIPPED / f"{path}.toml"
    path = shipped if not path.exists() and shipped.is_file() else path
    return _as(Plan, _spelled_out(_read(path)), path)


def light_policy_from(path: Path) -> LightPolicy:
    """Read how thresholds are chosen (TOML): `keeps` and a table `chosen`, as under light_policy in a plan.

    Raises Refused with all its faults at once.
    """
    return _as(LightPolicy, _read(path), path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"计划 {path.name} 无法读取: {error}", f"The plan {path.name} cannot be read: {error}") from error


def _as(kind: type[Kind], stored: Mapping[str, Any], path: Path) -> Kind:
    try:
        return kind.model_validate(stored)
    except ValidationError as error:
        found = faults(error, kind)
        zh, en = "; ".join(fault.zh for fault in found), "; ".join(fault.en for fault in found)
        raise Refused(f"计划 {path.name} 有误: {zh}", f"The plan {path.name} is wrong: {en}") from error


def _spelled_out(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A {first, last} of month ends as all of them; anything else as it is, for the plan itself to refuse."""
    ends = stored.get("month_ends")
    if not isinstance(ends, dict):
        return dict(stored)
    return {**stored, "month_ends": {name: _every(days) for name, days in ends.items()}}


def _every(days: Any) -> Any:
    if not isinstance(days, dict) or set(days) != {"first", "last"}:
        return days
    return month_ends(days["first"], days["last"]) if all(isinstance(day, date) for day in days.values()) else days


def plan_for(data_from: date, data_until: date) -> Plan:
    """The plan where none is given: the newest mature months judge (a quarter of those there are, a year at most),
    those a horizon earlier set calibration and policy, those a horizon before them fit.

    Raises Refused where the data are too short for a fit before them.
    """
    horizon = Plan.model_fields["horizon_months"].default
    last = _newest_mature(data_until)
    there = len(tuple(month_ends(month_end(data_from), last))) - 2 * (horizon - 1)
    judged = _months_until(last, min(_MOST_JUDGED, max(there // 4, 1)))
    policy = _months_until(months_after(judged[0], -horizon), min(_MOST_POLICY, max(there // 6, 1)))
    fit = tuple(month_ends(month_end(data_from), months_after(policy[0], -horizon)))[-_MOST_FIT_MONTHS:]
    if len(fit) < _LEAST_FIT_MONTHS:
        raise Refused(
            f"数据从 {data_from} 到 {data_until}, 不足以训练 (至少约 30 个月); 请先用规则灯。",
            f"The data run from {data_from} to {data_until}, too short to train on (about 30 months are needed);"
            " use the rule light until then.",
        )
    return Plan(month_ends=MonthEnds(fit=fit, policy=policy, judgement=judged))


def _newest_mature(data_until: date) -> date:
    defaults = Plan.model_fields
    horizon, lag = defaults["horizon_months"].default, timedelta(days=defaults["reporting_lag_days"].default)
    last = months_after(data_until - lag, -horizon)
    return last if months_after(last, horizon) + lag <= data_until else months_after(last, -1)


def _months_until(last: date, months: int) -> tuple[date, ...]:
    return tuple(months_after(last, -back) for back in reversed(range(months)))
