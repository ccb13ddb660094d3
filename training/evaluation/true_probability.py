"""How true the probabilities are: Brier, log loss, calibration curve and error, each month and each light."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import beta
from sklearn.metrics import brier_score_loss, log_loss

from models.boosting import Floats
from models.light import CODES
from training.evaluation.evaluated_loans import Judged
from training.evaluation.measures import Bools
from training.evaluation.report import Calibrated, CurvePoint, InTheLarge, LightCheck, Settings


def calibrated(judged: Judged, settings: Settings) -> Calibrated:
    """Of the published probability against what became of the loans."""
    curve = calibration_curve(judged.probability, judged.bad, settings.deciles)
    lights = tuple(_lights(judged))
    return Calibrated(
        brier=float(brier_score_loss(judged.bad, judged.probability)),
        log_loss=float(log_loss(judged.bad, judged.probability, labels=[False, True])),
        ece=expected_calibration_error(curve),
        curve=curve,
        in_the_large=tuple(_in_the_large(judged)),
        lights=lights,
        months={code: sum(light.light == code for light in lights) for code in CODES},
        months_hold={code: sum(light.holds for light in lights if light.light == code) for code in CODES},
    )


def calibration_curve(probability: Floats, bad: Bools, bins: int) -> tuple[CurvePoint, ...]:
    """As many loans in each bin as can be, from the safest to the riskiest; loans of one probability stay together."""
    edges = np.unique(np.quantile(probability, np.linspace(0, 1, bins + 1)[1:-1], method="lower"))
    place = np.searchsorted(edges, probability, side="left")
    return tuple(
        CurvePoint(int(of.sum()), float(probability[of].mean()), float(bad[of].mean()))
        for of in (place == number for number in range(len(edges) + 1))
        if of.any()
    )


def expected_calibration_error(curve: tuple[CurvePoint, ...]) -> float:
    """The mean distance between predicted and observed, each bin by its loans (Naeini, Cooper, Hauskrecht 2015)."""
    loans = sum(point.loans for point in curve)
    return sum(point.loans * abs(point.predicted - point.observed) for point in curve) / loans


def jeffreys(bad: int, loans: int) -> tuple[float, float]:
    """The 95% interval of a share by Jeffreys' prior, from 0 for none, to 1 for all (Brown, Cai, DasGupta 2001)."""
    low, high = beta.ppf([0.025, 0.975], bad + 0.5, loans - bad + 0.5)
    return (0.0 if bad == 0 else float(low)), (1.0 if bad == loans else float(high))


def _lights(judged: Judged) -> Iterator[LightCheck]:
    levels = judged.frame["model_level"].to_numpy()
    for number, day in enumerate(judged.days):
        for level, code in enumerate(CODES):
            of = (judged.months == number) & (levels == level)
            if of.any():
                loans, bad = int(of.sum()), int(judged.bad[of].sum())
                low, high = jeffreys(bad, loans)
                mean = float(judged.probability[of].mean())
                yield LightCheck(str(day), code, loans, bad, mean, low, high, low <= mean <= high)


def _in_the_large(judged: Judged) -> Iterator[InTheLarge]:
    for number, day in enumerate(judged.days):
        of = judged.months == number
        yield InTheLarge(str(day), int(of.sum()), float(judged.probability[of].mean()), float(judged.bad[of].mean()))
