"""The bounds beyond which a warning is given: data, those that ship and a county's own over them."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from features.messages import Refused
from models.calendar_features import BY_CALENDAR
from models.toml_tables import Share, Strict, faults

SHIPPED = Path(__file__).with_name("bounds.toml")
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class Drift(Strict):
    """How far a population may lie from the one the model was fitted on."""

    feature_psi: Positive = Field(description="population stability index of a feature")
    score_psi: Positive = Field(description="and of the published probability")
    least_loans: Count = Field(description="loans it takes to compare a month")
    by_calendar: tuple[str, ...] = Field(
        default=BY_CALENDAR, strict=False, description="features shown, but never warned of"
    )


class Calibrated(Strict):
    """When expected and observed count as different."""

    level: Share = Field(description="of the interval of an observed rate")
    least_loans: Count = Field(description="loans it takes to compare")


class Performance(Strict):
    """How well the probabilities have to rank."""

    least_auc: Share = Field(description="expected or observed AUC")


class Quality(Strict):
    """How regular deliveries have to be."""

    days_late: Count = Field(description="days beyond the longest usual gap")
    least_rows: Count = Field(description="rows of a month it takes to judge a table")
    rows_jump: Positive = Field(description="share beyond the months before, of row counts")
    mean_jump: Positive = Field(description="share beyond the months before, of means")
    missing_jump: Share = Field(description="more missing than in any month before")


class Limits(Strict):
    """All bounds."""

    drift: Drift
    calibration: Calibrated
    performance: Performance
    quality: Quality


def limits_from(path: Path | None = None) -> Limits:
    """The bounds that ship, with those of a file laid over them.

    Raises Refused with everything that is wrong in the file.
    """
    shipped = tomllib.loads(SHIPPED.read_text("utf-8"))
    if path is None:
        return Limits.model_validate(shipped)
    try:
        return Limits.model_validate(_over(shipped, tomllib.loads(path.read_text("utf-8"))))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(
            f"界限 {path.name} 无法读取: {error}", f"The limits {path.name} cannot be read: {error}"
        ) from error
    except ValidationError as error:
        found = faults(error, Limits)
        zh, en = "; ".join(fault.zh for fault in found), "; ".join(fault.en for fault in found)
        raise Refused(f"界限 {path.name} 有误: {zh}", f"The limits {path.name} are wrong: {en}") from error


def _over(shipped: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    sections = {
        name: {**shipped.get(name, {}), **section} for name, section in own.items() if isinstance(section, dict)
    }
    return {**shipped, **own, **sections}
