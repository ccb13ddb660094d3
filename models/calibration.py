"""Calibration curves from raw scores to log-odds of going bad; they rise, so the ranking stays as it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
_SMALL_STEP = 1e-6


class CalibrationCurve(ABC):
    """A strictly rising curve from raw scores to calibrated log-odds.

    Example:
        >>> import numpy as np
        >>> from models.calibration import Beta, calibration_of
        >>> curve = Beta(a=0.9, b=0.8, c=-0.1)
        >>> probability = curve.probability(np.array([-2.0, 0.0, 2.0]))
        >>> bool((np.diff(probability) > 0).all())
        True
        >>> calibration_of(curve.json_values) == curve
        True
    """

    @abstractmethod
    def log_odds(self, raw: Floats) -> Floats:
        """Calibrated log-odds of each raw score (both natural logarithms); strictly rising."""

    def probability(self, raw: Floats) -> Floats:
        """The calibrated probability of each raw score, between 0 and 1."""
        return 1.0 / (1.0 + np.exp(-self.log_odds(raw)))

    def chord_slope(self, raw: Floats, base: float) -> Floats:
        """The slope of the chord from `base` to each raw score.

        Contributions that sum to raw score - base, multiplied by it, sum to the difference of calibrated log-odds.
        """
        distance = np.where(np.abs(raw - base) < _SMALL_STEP, _SMALL_STEP, raw - base)
        return np.asarray((self.log_odds(base + distance) - self.log_odds(np.array(base))) / distance, dtype=np.float64)

    @property
    def json_values(self) -> dict[str, Any]:
        """The curve as JSON values: {"beta" or "isotonic": its parameters}; `calibration_of` reads them back."""
        return {type(self).__name__.lower(): asdict(self)}  # type: ignore[call-overload]


@dataclass(frozen=True)
class Beta(CalibrationCurve):
    """The beta curve: log-odds = c + a ln p - b ln(1 - p), p the raw probability; for few bad loans.

    a, b: 0 or more, not both 0. Raises ValueError otherwise: a falling curve would reverse the ranking.

    Source: Kull, Silva Filho, Flach 2017, Beta calibration. With a = b it is a line (Platt 1999).
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not (self.a >= 0 and self.b >= 0 and self.a + self.b > 0):
            raise ValueError(f"A calibration with a={self.a}, b={self.b} would turn the order of risk round.")

    def log_odds(self, raw: Floats) -> Floats:
        """Calibrated log-odds of each raw score."""
        return self.c - self.a * np.logaddexp(0, -raw) + self.b * np.logaddexp(0, raw)


@dataclass(frozen=True)
class Isotonic(CalibrationCurve):
    """Linear between the centres of the blocks of an isotonic fit, of slope one beyond them; for many bad loans.

    raw, calibrated: the centres in log-odds, both rising. Raises ValueError otherwise.
    Source: Oron, Flournoy 2017, Centered isotonic regression.
    """

    raw: tuple[float, ...]
    calibrated: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.raw or len(self.raw) != len(self.calibrated):
            raise ValueError("A calibration needs as many raw scores as log-odds, and one at least.")
        if (np.diff(self.raw) <= 0).any() or (np.diff(self.calibrated) <= 0).any():
            raise ValueError("A calibration whose knots do not rise would turn the order of risk round.")

    def log_odds(self, raw: Floats) -> Floats:
        """Calibrated log-odds of each raw score."""
        inside = np.interp(raw, self.raw, self.calibrated)
        return inside + np.minimum(raw - self.raw[0], 0) + np.maximum(raw - self.raw[-1], 0)


def calibration_of(stored: Mapping[str, Any]) -> CalibrationCurve:
    """The calibration curve whose `json_values` were stored.

    Args:
        stored: {"beta": {"a", "b", "c"}} or {"isotonic": {"raw", "calibrated"}}.

    Raises:
        KeyError, TypeError, ValueError: where it is no such curve.
    """
    ((kind, values),) = stored.items()
    if kind == "beta":
        return Beta(**values)
    if kind == "isotonic":
        return Isotonic(**{name: tuple(map(float, knots)) for name, knots in values.items()})
    raise KeyError(f"no calibration is called {kind}")
