"""Calibration of the probabilities: Brier score, log loss, calibration curve and error, by month and by light."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import beta
from sklearn.metrics import brier_score_loss, log_loss

from models.light import CODES
from models.raw_score import Floats
from training.evaluation.bootstrap import BootstrapWeights, estimate
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.measures import Bools
from training.evaluation.report import (
    CalibrationInTheLarge,
    CalibrationMetrics,
    CurvePoint,
    EvaluationSettings,
    LightCalibration,
    LightOutcome,
)


def calibration_metrics(loans: EvaluatedLoans, settings: EvaluationSettings) -> CalibrationMetrics:
    """Agreement of the model's probabilities with the outcomes."""
    curve = calibration_curve(loans.probability, loans.bad, settings.deciles)
    lights = tuple(_light_calibrations(loans))
    months = [(str(as_of), loans.month_index == number) for number, as_of in enumerate(loans.month_ends)]
    return CalibrationMetrics(
        brier=float(brier_score_loss(loans.bad, loans.probability)),
        log_loss=float(log_loss(loans.bad, loans.probability, labels=[False, True])),
        ece=expected_calibration_error(curve),
        curve=curve,
        in_the_large=tuple(
            CalibrationInTheLarge(
                month, int(rows.sum()), float(loans.probability[rows].mean()), float(loans.bad[rows].mean())
            )
            for month, rows in months
        ),
        lights=lights,
        months={code: sum(light.light == code for light in lights) for code in CODES},
        months_hold={code: sum(light.holds for light in lights if light.light == code) for code in CODES},
        outcomes=tuple(light_outcomes(loans, settings)),
    )


def light_outcomes(loans: EvaluatedLoans, settings: EvaluationSettings) -> Iterator[LightOutcome]:
    """For each light that has loans, how many went bad over how many were foretold, with the bootstrap's interval."""
    weights = BootstrapWeights(loans.household_index, settings.draws, settings.seed)
    levels = loans.frame["model_level"].to_numpy()
    for level, code in enumerate(CODES):
        rows = (levels == level).astype(np.float64)
        if rows.any():
            bad, foretold = loans.bad * rows, loans.probability * rows
            ratio = estimate(weights.ratio(bad, foretold))
            yield LightOutcome(code, int(rows.sum()), int(bad.sum()), float(foretold.sum()), ratio)


def calibration_curve(probability: Floats, bad: Bools, bins: int) -> tuple[CurvePoint, ...]:
    """Bins of about equal size from the safest to the riskiest loans; equal probabilities share a bin."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    bin_of_row = np.searchsorted(edges, probability, side="left")
    return tuple(
        CurvePoint(int(rows.sum()), float(probability[rows].mean()), float(bad[rows].mean()))
        for rows in (bin_of_row == number for number in range(len(edges) + 1))
        if rows.any()
    )


def expected_calibration_error(curve: tuple[CurvePoint, ...]) -> float:
    """The mean distance between predicted and observed share over the bins, weighted by their loans.

    Source: Naeini, Cooper, Hauskrecht 2015, Obtaining well calibrated probabilities using Bayesian binning.
    """
    loans = sum(point.loans for point in curve)
    return sum(point.loans * abs(point.predicted - point.observed) for point in curve) / loans


def clipped_jeffreys_interval(bad: int, loans: int) -> tuple[float, float]:
    """The 95% interval of a share by Jeffreys' prior, which begins at 0 where none is bad and ends at 1 where all are.

    Source: Brown, Cai, DasGupta 2001, Interval estimation for a binomial proportion.
    """
    low, high = beta.ppf([0.025, 0.975], bad + 0.5, loans - bad + 0.5)
    return (0.0 if bad == 0 else float(low)), (1.0 if bad == loans else float(high))


def _light_calibrations(loans: EvaluatedLoans) -> Iterator[LightCalibration]:
    levels = loans.frame["model_level"].to_numpy()
    for number, as_of in enumerate(loans.month_ends):
        for level, code in enumerate(CODES):
            rows = (loans.month_index == number) & (levels == level)
            if rows.any():
                size, bad = int(rows.sum()), int(loans.bad[rows].sum())
                low, high = clipped_jeffreys_interval(bad, size)
                mean = float(loans.probability[rows].mean())
                yield LightCalibration(str(as_of), code, size, bad, mean, low, high, low <= mean <= high)
