"""Calibration: a straight line on the log-odds, so that reasons still add up to the probability that is published."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Calibrated log-odds = intercept + slope x raw score (Platt 1999). The slope is positive: order is kept."""

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError(f"A calibration with slope {self.slope} would turn the order of risk round.")

    def log_odds(self, raw: Floats) -> Floats:
        return self.intercept + self.slope * raw

    def probability(self, raw: Floats) -> Floats:
        return 1.0 / (1.0 + np.exp(-self.log_odds(raw)))
