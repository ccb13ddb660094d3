"""Calibration: a rising curve from raw scores to log-odds of the label; order is kept, reasons still add up."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_SMALL_STEP = 1e-6


class Calibration(ABC):
    """What both curves share: the probability, and how far a stretch of the curve is steeper than the raw score."""

    @abstractmethod
    def log_odds(self, raw: Floats) -> Floats:
        """Calibrated log-odds of each raw score; strictly rising."""

    def probability(self, raw: Floats) -> Floats:
        return 1.0 / (1.0 + np.exp(-self.log_odds(raw)))

    def steepness(self, raw: Floats, base: float) -> Floats:
        """The slope of the chord from `base` to each raw score.

        Parts of a raw score above its base, multiplied by it, sum to the calibrated log-odds above theirs.
        """
        apart = np.where(np.abs(raw - base) < _SMALL_STEP, _SMALL_STEP, raw - base)
        return np.asarray((self.log_odds(base + apart) - self.log_odds(np.array(base))) / apart, dtype=np.float64)

    @property
    def stored(self) -> dict[str, Any]:
        """Plain values; `calibration_of` reads them back."""
        return {type(self).__name__.lower(): asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class Beta(Calibration):
    """Log-odds = c + a ln p - b ln(1 - p), p the raw probability; for few positives. a, b not below 0.

    Source: Kull, Silva Filho, Flach 2017, Beta calibration. With a = b it is a line (Platt 1999).
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not (self.a >= 0 and self.b >= 0 and self.a + self.b > 0):
            raise ValueError(f"A calibration with a={self.a}, b={self.b} would turn the order of risk round.")

    def log_odds(self, raw: Floats) -> Floats:
        return self.c - self.a * np.logaddexp(0, -raw) + self.b * np.logaddexp(0, raw)


@dataclass(frozen=True)
class Isotonic(Calibration):
    """Straight between the centres of the blocks of an isotonic fit, and on at slope one; for many positives.

    raw, calibrated: the centres, both rising. Source: Oron, Flournoy 2017, Centered isotonic regression.
    """

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.raw or len(self.raw) != len(self.calibrated):
            raise ValueError("A calibration needs as many raw scores as log-odds, and one at least.")
        if (np.diff(self.raw) <= 0).any() or (np.diff(self.calibrated) <= 0).any():
            raise ValueError("A calibration whose knots do not rise would turn the order of risk round.")

    def log_odds(self, raw: Floats) -> Floats:
        inside = np.interp(raw, self.raw, self.calibrated)
        return inside + np.minimum(raw - self.raw[0], 0) + np.maximum(raw - self.raw[-1], 0)


def calibration_of(stored: Mapping[str, Any]) -> Calibration:
    """Raises KeyError, TypeError or ValueError where it is none."""
    ((kind, values),) = stored.items()
    if kind == "beta":
        return Beta(**values)
    if kind == "isotonic":
        return Isotonic(**{name: tuple(map(float, knots)) for name, knots in values.items()})
    raise KeyError(f"no calibration is called {kind}")
