"""The calibration: order is kept, and parts stretched by it sum to the calibrated log-odds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.calibration import Beta, CalibrationCurve, Isotonic, calibration_of

CURVES = [
    Beta(0.9, 0.8, -0.1),
    Beta(1, 0, 0.5),
    Beta(0, 2, 0),
    Isotonic((-3, -1, 2), (-4, -3.5, 1)),
    Isotonic((0,), (1,)),
]


@pytest.mark.parametrize("curve", CURVES, ids=str)
def test_a_higher_score_never_has_a_lower_probability(curve: CalibrationCurve) -> None:
    assert (np.diff(curve.probability(np.linspace(-9, 9, 500))) >= 0).all()


@pytest.mark.parametrize("curve", CURVES, ids=str)
@given(raw=st.floats(-9, 9), base=st.floats(-9, 9))
def test_parts_stretched_by_the_steepness_sum_to_the_calibrated_log_odds(
    curve: CalibrationCurve, raw: float, base: float
) -> None:
    stretched = curve.chord_slope(np.array([raw]), base)[0] * (raw - base) + curve.log_odds(np.array(base))
    assert stretched == pytest.approx(curve.log_odds(np.array([raw]))[0], abs=1e-5)


@pytest.mark.parametrize("curve", CURVES, ids=str)
def test_a_calibration_is_kept_as_plain_values(curve: CalibrationCurve) -> None:
    assert calibration_of(json.loads(json.dumps(curve.json_values))) == curve


def test_a_line_with_slope_one_changes_nothing() -> None:
    assert Beta(1, 1, 0).log_odds(np.array([-2.0, 0.5])) == pytest.approx([-2, 0.5])


@pytest.mark.parametrize(("a", "b"), [(-1, 1), (1, -0.1), (0, 0)])
def test_a_curve_that_turns_the_order_round_is_refused(a: float, b: float) -> None:
    with pytest.raises(ValueError, match="turn the order of risk round"):
        Beta(a, b, 0)


@pytest.mark.parametrize("knots", [((1, 0), (0, 1)), ((0, 1), (1, 0)), ((0, 0), (0, 1))])
def test_knots_that_do_not_rise_are_refused(knots: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="turn the order of risk round"):
        Isotonic(*knots)


@pytest.mark.parametrize("knots", [((), ()), ((1, 2), (1,))])
def test_knots_without_a_partner_are_refused(knots: tuple[tuple[float, ...], tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="as many raw scores as log-odds"):
        Isotonic(*knots)


@pytest.mark.parametrize("stored", [{"spline": {}}, {"beta": {"a": 1}}])
def test_an_unknown_calibration_is_no_calibration(stored: dict[str, dict[str, float]]) -> None:
    with pytest.raises((KeyError, TypeError)):
        calibration_of(stored)
