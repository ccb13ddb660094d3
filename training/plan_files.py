"""Plans read from files, and the default plan of a county's data."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from features.messages import UserError
from features.months import month_end, month_end_after, month_ends
from models.toml_tables import validation_faults
from training.plan import LightPolicy, MonthEnds, Plan

Model = TypeVar("Model", bound=BaseModel)
SHIPPED_PLANS = Path(__file__).with_name("plans")
_MIN_FIT_MONTHS, _MAX_FIT_MONTHS = 6, 36
_MAX_JUDGEMENT_MONTHS, _MAX_POLICY_MONTHS = 12, 6


def load_plan(path: Path) -> Plan:
    """Read a plan (TOML).

    Args:
        path: the file, or the bare name of a plan that ships with the project. In the file, each entry of
            `month_ends` may be `{first = ..., last = ...}` for all month ends between.

    Returns:
        The plan.

    Raises:
        UserError: with all faults of the file at once, or why it cannot be read.

    Example:
        >>> plan = load_plan(Path("demo"))
        >>> plan == load_plan(SHIPPED_PLANS / "demo.toml")
        True
        >>> len(plan.month_ends.judgement)
        12
    """
    shipped = SHIPPED_PLANS / f"{path}.toml"
    path = shipped if not path.exists() and shipped.is_file() else path
    stored = _read(path)
    ends = stored.get("month_ends")
    if isinstance(ends, dict):
        stored["month_ends"] = {name: _all_month_ends(days) for name, days in ends.items()}
    return _validate(Plan, stored, path)


def load_light_policy(path: Path) -> LightPolicy:
    r"""Read how thresholds are chosen (TOML): `keeps` and a table `chosen`, as under `light_policy` in a plan.

    Raises UserError with all faults of the file at once.

    Example:
        >>> path = tmp / "by_bank.toml"
        >>> _ = path.write_text('[chosen]\nby = "capacity"\neach = "bank"\nred_in_100 = 2\nlit_in_100 = 15')
        >>> load_light_policy(path).chosen.each
        'bank'
    """
    return _validate(LightPolicy, _read(path), path)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            f"计划 {path.name} 无法读取：{error}", f"The plan {path.name} cannot be read: {error}"
        ) from error


def _validate(model: type[Model], stored: Mapping[str, Any], path: Path) -> Model:
    try:
        return model.model_validate(stored)
    except ValidationError as error:
        faults = validation_faults(error, model)
        zh, en = "；".join(fault.zh for fault in faults), "; ".join(fault.en for fault in faults)
        raise UserError(f"计划 {path.name} 有误：{zh}", f"The plan {path.name} is wrong: {en}") from error


def _all_month_ends(days: Any) -> Any:
    """All month ends from `{first, last}`; anything else unchanged, for the plan to accept or refuse."""
    if not isinstance(days, dict) or set(days) != {"first", "last"}:
        return days
    return month_ends(days["first"], days["last"]) if all(isinstance(day, date) for day in days.values()) else days


def default_plan(data_start: date, data_end: date) -> Plan:
    """The plan where none is named, from the first loan and the last reported day.

    Args:
        data_start: day of the first loan (`data_start`).
        data_end: last day that the banks have reported on (`data_end`).

    Returns:
        A plan in which the newest mature months evaluate (a quarter of those there are, at most twelve), those a
        horizon earlier set calibration and thresholds, and those a horizon before them fit (at most 36).

    Raises:
        UserError: the data are too short for six months of fit.

    Example:
        >>> plan = default_plan(date(2021, 1, 1), date(2025, 12, 31))
        >>> len(plan.month_ends.fit), len(plan.month_ends.policy), len(plan.month_ends.judgement)
        (27, 6, 10)
    """
    defaults = Plan.model_fields
    horizon, lag = defaults["horizon_months"].default, timedelta(days=defaults["reporting_lag_days"].default)
    last = month_end_after(data_end - lag, -horizon)
    if month_end_after(last, horizon) + lag > data_end:
        last = month_end_after(last, -1)
    months = len(tuple(month_ends(month_end(data_start), last))) - 2 * (horizon - 1)
    judgement = _months_until(last, min(_MAX_JUDGEMENT_MONTHS, max(months // 4, 1)))
    policy = _months_until(month_end_after(judgement[0], -horizon), min(_MAX_POLICY_MONTHS, max(months // 6, 1)))
    fit = tuple(month_ends(month_end(data_start), month_end_after(policy[0], -horizon)))[-_MAX_FIT_MONTHS:]
    if len(fit) < _MIN_FIT_MONTHS:
        raise UserError(
            f"数据从 {data_start} 到 {data_end}，不足以训练（至少约 30 个月）；请先用规则预警。",
            f"The data run from {data_start} to {data_end}, too short to train on (about 30 months are needed);"
            " use the rule light until then.",
        )
    return Plan(month_ends=MonthEnds(fit=fit, policy=policy, judgement=judgement))


def _months_until(last: date, months: int) -> tuple[date, ...]:
    return tuple(month_end_after(last, -back) for back in reversed(range(months)))
