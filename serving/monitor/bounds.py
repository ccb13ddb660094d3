"""Bounds of the monitor, beyond which it warns: a TOML file that ships, and a county's own that overrides it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from features.messages import UserError
from models.calendar_features import LEFT_OUT
from models.toml_tables import Share, StrictModel, validation_faults

SHIPPED_BOUNDS = Path(__file__).with_name("bounds.toml")
Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]


class DriftLimits(StrictModel):
    """Bounds on the drift of a month's loans from those the model was fitted on."""

    feature_psi: Positive = Field(description="population stability index of a feature, beyond what chance gives")
    score_psi: Positive = Field(description="and of the published probability")
    missing_rise: Share = Field(description="more of a feature missing than at the fit and in the months before")
    slow_importance: Share = Field(
        description="share of the score of the features that have moved slowly since the fit"
    )
    least_loans: Count = Field(description="loans with a value that it takes to compare a month")
    by_calendar: tuple[str, ...] = Field(
        default=LEFT_OUT, strict=False, description="features shown, but never warned of"
    )


class CodeLimits(StrictModel):
    """How many loans of a bank may change a code that is agreed at the grant."""

    changed: Share = Field(description="share of a bank's loans whose code differs from the month before")
    least_loans: Count = Field(description="loans of a bank it takes to compare")
    new_loans_psi: Positive = Field(description="index of a bank's new loans against its others, beyond chance")


class CalibrationLimits(StrictModel):
    """When an expected and an observed rate count as different."""

    level: Share = Field(description="of the intervals of the observed rates of a month together")
    factor: Annotated[float, Field(ge=1)] = Field(description="by which an expected rate may be off, up or down")
    least_loans: Count = Field(description="loans it takes to compare")


class PerformanceLimits(StrictModel):
    """How well probabilities have to rank loans."""

    least_auc: Share = Field(description="expected or observed AUC")


class AcknowledgementLimits(StrictModel):
    """When an acknowledged finding counts as another one."""

    moved: Positive = Field(description="share of its value, or of its bound, by which the value moves")


class QualityLimits(StrictModel):
    """How punctual and regular deliveries have to be."""

    days_late: Count = Field(description="days beyond the longest usual gap")
    late_share: Share = Field(description="and this share of the gap, where that is longer")
    least_rows: Count = Field(description="rows of a month it takes to judge a table")
    rows_jump: Positive = Field(description="share beyond the months before, of row counts")
    mean_jump: Positive = Field(description="share beyond the months before, of means")
    missing_jump: Share = Field(description="more missing than in any month before")


class MonitorLimits(StrictModel):
    """All bounds, by section of the file."""

    drift: DriftLimits
    codes: CodeLimits
    calibration: CalibrationLimits
    performance: PerformanceLimits
    quality: QualityLimits
    acknowledged: AcknowledgementLimits


def load_limits(path: Path | None = None) -> MonitorLimits:
    """The bounds that ship, overridden by those of a TOML file.

    Raises UserError with everything that is wrong in the file.
    """
    shipped = tomllib.loads(SHIPPED_BOUNDS.read_text("utf-8"))
    if path is None:
        return MonitorLimits.model_validate(shipped)
    try:
        own = tomllib.loads(path.read_text("utf-8"))
        sections = {
            name: {**shipped.get(name, {}), **section} for name, section in own.items() if isinstance(section, dict)
        }
        return MonitorLimits.model_validate({**shipped, **own, **sections})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UserError(
            f"界限 {path.name} 无法读取：{error}", f"The limits {path.name} cannot be read: {error}"
        ) from error
    except ValidationError as error:
        faults = validation_faults(error, MonitorLimits)
        zh, en = "；".join(fault.zh for fault in faults), "; ".join(fault.en for fault in faults)
        raise UserError(f"界限 {path.name} 有误：{zh}", f"The limits {path.name} are wrong: {en}") from error
