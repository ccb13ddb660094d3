"""The gate: what a model has to reach before it may become champion, as a file, and the result of its criteria."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError, model_validator

from features.messages import Bilingual, Line
from models.toml_tables import Share, StrictModel, Text, WrittenTable, validation_faults

DEFAULT_GATE_FILE = Path(__file__).parent / "gates" / "default.toml"
_FILE_KIND = Bilingual("关口文件", "gate file")
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
SegmentDimension = Literal["month", "bank", "township", "product", "arrears", "loan_age", "borrower"]
GroupDimension = Literal["sex", "age", "disability", "household_type"]


class FloorBounds(StrictModel):
    """Least AUC, least recall compared to the rules', largest lead of the best opponent, at the rules' visits.

    recall_over_rules: recall of the model divided by that of the rules. best_opponent_lead: how far the recall of the
    best opponent may lie above the model's at the low end of the 95% interval.
    """

    auc: Share
    recall_over_rules: NonNegative
    best_opponent_lead: Share = 0.0


class CeilingBounds(StrictModel):
    """Highest plausible AUC and, for simulated counties, highest share of the way to the true hazards' own AUC."""

    auc: Share
    way: NonNegative


class CalibrationBounds(StrictModel):
    """Largest calibration error, least share of months that hold for each light, largest factor of shares in green.

    months_hold: in which the light's Jeffreys interval holds. green_factor: between the share of green loans that went
    bad and the share foretold, either way.
    """

    ece: Share
    months_hold: Share
    green_factor: Annotated[float, Field(ge=1, allow_inf_nan=False)] = 2.0


class SegmentBounds(StrictModel):
    """Least AUC in each segment with enough data, of these dimensions."""

    by: tuple[SegmentDimension, ...] = Field(strict=False)
    auc: Share


class FairnessBounds(StrictModel):
    """Largest difference between groups in the share of bad loans that were green, by these characteristics."""

    by: tuple[GroupDimension, ...] = Field(strict=False)
    false_greens: Share


class DriftBounds(StrictModel):
    """PSI above which a feature has drifted, and largest share of features that may have."""

    psi: NonNegative
    features_above: Share


class LeakBounds(StrictModel):
    """Interval in which the AUC under shuffled labels has to lie."""

    permuted_auc_from: Share
    permuted_auc_to: Share

    @model_validator(mode="after")
    def _check_interval(self) -> LeakBounds:
        if self.permuted_auc_from >= self.permuted_auc_to:
            raise ValueError("下限应小于上限 / expected permuted_auc_from below permuted_auc_to")
        return self


class EvidenceBounds(StrictModel):
    """Least number of bad loans to evaluate by, and in each fold; blocks: whether fewer fail the gate on their own."""

    least_bad: Annotated[int, Field(ge=1)]
    least_bad_in_fold: Annotated[int, Field(ge=1)] = 20
    blocks: bool


class Gate(StrictModel):
    """All bounds of a gate, in the order in which the criteria are reported; version: of the gate's file."""

    version: Text
    floor: FloorBounds
    ceiling: CeilingBounds
    calibration: CalibrationBounds
    segments: SegmentBounds
    fairness: FairnessBounds
    drift: DriftBounds
    leaks: LeakBounds
    evidence: EvidenceBounds


def load_gate(path: Path = DEFAULT_GATE_FILE) -> Gate:
    """Read a gate file (TOML).

    Args:
        path: the file; the gate that ships with the project if not said.

    Returns:
        The bounds of every criterion.

    Raises:
        UserError: with all faults of the file at once, or why it cannot be read.

    Example:
        >>> gate = load_gate()
        >>> gate.version, 0.5 < gate.floor.auc < gate.ceiling.auc
        ('2', True)
    """
    table = WrittenTable.read(path, _FILE_KIND)
    try:
        return Gate.model_validate(table.document())
    except ValidationError as error:
        raise table.refusal(validation_faults(error, Gate)) from error


@dataclass(frozen=True)
class Criterion:
    """One criterion and its result.

    value: None where it could not be measured. bound: with its sign, such as `>= 0.6`. words: a sentence on both.
    """

    id: str
    value: float | None
    bound: str
    passed: bool
    words: Bilingual


@dataclass(frozen=True)
class GateResult:
    """The result of every criterion of a gate for one report."""

    gate_version: str
    criteria: tuple[Criterion, ...]

    @property
    def failed(self) -> tuple[Criterion, ...]:
        """The criteria that were not passed."""
        return tuple(criterion for criterion in self.criteria if not criterion.passed)

    @property
    def passes(self) -> bool:
        """Whether every criterion was passed."""
        return not self.failed


def gate_lines(result: GateResult) -> Iterator[Line]:
    """A line for each criterion, below each failed one its sentence, and the verdict."""
    for criterion in result.criteria:
        value = "-" if criterion.value is None else f"{criterion.value:.3f}"
        yield f"{'✓' if criterion.passed else '✗'} {criterion.id:<34}{value:>9}  {criterion.bound}"
        if not criterion.passed:
            yield Bilingual(f"    {criterion.words.zh}", f"    {criterion.words.en}")
    failed = len(result.failed)
    verdict = Bilingual("通过", "passes") if result.passes else Bilingual(f"{failed} 项未通过", f"{failed} failed")
    version = result.gate_version
    yield Bilingual(f"关口 {version}：{verdict.zh}", f"gate {version}: {verdict.en}")
