"""The gate: what a model has to reach before it may become champion, and whether it does, criterion by criterion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from features.messages import Words
from models.toml_tables import Share, Strict, Text, Written, faults

SHIPPED = Path(__file__).parent / "gates" / "default.toml"
_WHAT = Words("关口文件", "gate file")
Number = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Segmented = Literal["month", "bank", "township", "product", "arrears", "loan_age", "borrower"]
Grouped = Literal["sex", "age", "disability", "household_type"]


class Floor(Strict):
    """The least AUC, and the least recall over that of the rules at their number of visits."""

    auc: Share
    recall_over_rules: Number


class CeilingBound(Strict):
    """The highest AUC that is believed; and way, of the way to the true hazards' own AUC, where they are known."""

    auc: Share
    way: Number


class Calibration(Strict):
    """The largest expected calibration error; the least share of months in which each light's interval holds."""

    ece: Share
    months_hold: Share


class Segments(Strict):
    """The least AUC in each part with enough data."""

    by: tuple[Segmented, ...] = Field(strict=False)
    auc: Share


class Fairness(Strict):
    """The largest difference, between two groups, of the share of bad loans that were green."""

    by: tuple[Grouped, ...] = Field(strict=False)
    false_greens: Share


class Drift(Strict):
    """PSI above which a feature has moved, and the largest share of features that may have."""

    psi: Number
    features_above: Share


class LeakBounds(Strict):
    """Where the AUC under shuffled labels has to lie."""

    permuted_auc_from: Share
    permuted_auc_to: Share

    @model_validator(mode="after")
    def _is_an_interval(self) -> LeakBounds:
        if self.permuted_auc_from >= self.permuted_auc_to:
            raise ValueError("下限应小于上限 / expected permuted_auc_from below permuted_auc_to")
        return self


class Enough(Strict):
    """The least number of bad loans to judge by; blocks: whether fewer block on their own."""

    least_bad: Annotated[int, Field(ge=1)]
    blocks: bool


class Gate(Strict):
    """All criteria, in the order they are told."""

    version: Text
    floor: Floor
    ceiling: CeilingBound
    calibration: Calibration
    segments: Segments
    fairness: Fairness
    drift: Drift
    leaks: LeakBounds
    evidence: Enough


def gate_in(path: Path = SHIPPED) -> Gate:
    """A gate file (TOML). Raises Refused with all its faults at once."""
    written = Written.of(path, _WHAT)
    try:
        return Gate.model_validate(written.whole())
    except ValidationError as error:
        raise written.not_taken(faults(error, Gate)) from error


@dataclass(frozen=True)
class Criterion:
    """One thing asked. value: None where it could not be measured; passed is then what the gate makes of it."""

    id: str
    value: float | None
    bound: str
    passed: bool
    words: Words


@dataclass(frozen=True)
class GateResult:
    """What a gate says of a report."""

    gate_version: str
    criteria: tuple[Criterion, ...]

    @property
    def failed(self) -> tuple[Criterion, ...]:
        return tuple(criterion for criterion in self.criteria if not criterion.passed)

    @property
    def passed(self) -> bool:
        return not self.failed


def gate_lines(result: GateResult) -> Iterator[str]:
    """A line a criterion, what failed in both languages below it, and the verdict."""
    for criterion in result.criteria:
        value = "-" if criterion.value is None else f"{criterion.value:.3f}"
        yield f"{'✓' if criterion.passed else '✗'} {criterion.id:<34}{value:>9}  {criterion.bound}"
        if not criterion.passed:
            yield f"    {criterion.words.zh}\n    {criterion.words.en}"
    failed = len(result.failed)
    verdict = "通过 / passes" if result.passed else f"{failed} 项未通过 / {failed} failed"
    yield f"gate {result.gate_version}: {verdict}"
