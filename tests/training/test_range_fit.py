"""The range of a probability: it holds the true share for most scores, narrows with data, and holds the probability."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from models.boosting import ROW_WEIGHT
from models.calibration import Beta, CalibrationCurve
from models.probability_range import ProbabilityRange, probability_range_of
from training.calibrate import fit_beta, fit_isotonic
from training.range_fit import BinnedRows, fit_probability_range

AT = np.array([0.002, 0.01, 0.03, 0.1, 0.3])


def rows(count: int, seed: int, level: float = -0.5) -> pl.DataFrame:
    """Rows of households of two, of which both go bad together more often than by chance."""
    random = np.random.default_rng(seed)
    raw = random.normal(-3, 1.5, count // 2).repeat(2)
    shared = random.normal(0, 0.5, count // 2).repeat(2)
    bad = (random.random(count) < 1 / (1 + np.exp(-(0.7 * raw + level + shared)))).astype(np.int8)
    return pl.DataFrame({"raw": raw, "bad": bad, "household_id": np.arange(count) // 2})


def true_share(curve: CalibrationCurve, probability: float) -> float:
    """The true share gone bad at the score that the curve gives this probability."""
    grid = np.linspace(-12, 8, 20_001)
    at = grid[np.argmin(np.abs(curve.probability(grid) - probability))]
    draws = np.random.default_rng(0).normal(0, 0.5, 20_000)
    return float((1 / (1 + np.exp(-(0.7 * at - 0.5 + draws)))).mean())


def test_it_holds_the_true_share_for_most_samples() -> None:
    held = []
    for seed in range(12):
        sample = rows(2000, seed)
        curve = fit_beta(sample["raw"].to_numpy(), sample["bad"].to_numpy())
        assert curve
        low, high = fit_probability_range(curve, sample, None, seed).bounds(AT)
        held += [a <= true_share(curve, p) <= b for p, a, b in zip(AT, low, high, strict=True)]
    assert 0.85 <= np.mean(held) <= 1


@pytest.mark.parametrize("fitted", [fit_beta, fit_isotonic])
def test_more_data_narrow_it(fitted: object) -> None:
    widths = []
    for count in (2000, 40_000):
        sample = rows(count, 1)
        curve = fitted(sample["raw"].to_numpy(), sample["bad"].to_numpy())  # type: ignore[operator]
        middle = AT[1:-1]
        low, high = fit_probability_range(curve, sample, None, 1).bounds(middle)
        assert (low < middle).all()
        assert (high > middle).all()
        widths.append((high - low).mean())
    assert widths[1] < widths[0] / 2


def test_rows_that_set_the_slopes_alone_leave_the_width_of_the_level() -> None:
    sample, pooled = rows(600, 1), rows(40_000, 2, level=-1.5)
    raw, bad = (np.concatenate([frame[name] for frame in (sample, pooled)]) for name in ("raw", "bad"))
    alone = fit_beta(sample["raw"].to_numpy(), sample["bad"].to_numpy())
    both = fit_beta(raw, bad, np.arange(len(raw)) < sample.height)
    assert alone
    assert both
    wide, narrow = (
        np.subtract(*fit_probability_range(curve, sample, others, 1).bounds(AT)[::-1])
        for curve, others in ((alone, None), (both, pooled))
    )
    assert (narrow < wide).all()
    level = fit_probability_range(both, sample, pooled, 1)
    assert min(level.below) > 0.1, "the level is known from the sample alone"


@pytest.mark.parametrize(("bad_rows", "is_pooled"), [(None, False), (None, True), (12, False)])
def test_all_draws_together_are_as_each_fitted_on_its_own(bad_rows: int | None, is_pooled: bool) -> None:
    sample, pooled = rows(600, 3), rows(3000, 4, level=-1.5) if is_pooled else None
    if bad_rows is not None:  # spread evenly: of many draws a slope is below 0
        sample = sample.with_columns((pl.int_range(pl.len()) % (600 // bad_rows) == 0).cast(pl.Int8).alias("bad"))
    curve = Beta(1.0, 0.5, -0.5)
    knots = np.unique(np.quantile(sample["raw"], np.linspace(0, 1, 41)))
    low, high = np.percentile(
        [fitted.log_odds(knots) for fitted in fitted_on_their_own(sample, pooled, seed=5) if fitted],
        [2.5, 97.5],
        axis=0,
    )
    found = fit_probability_range(curve, sample, pooled, 5)
    log_odds = curve.log_odds(knots)
    assert found.below == pytest.approx(np.maximum(log_odds - low, 0), abs=1e-6)
    assert found.above == pytest.approx(np.maximum(high - log_odds, 0), abs=1e-6)


def fitted_on_their_own(sample: pl.DataFrame, pooled: pl.DataFrame | None, seed: int) -> Iterator[Beta | None]:
    """The curve of each of 200 draws by `fit_beta`."""
    random, frames = np.random.default_rng(seed), [frame for frame in (sample, pooled) if frame is not None]
    edges = np.quantile(np.concatenate([frame["raw"] for frame in frames]), np.linspace(0, 1, 301)[1:-1])
    binned = [BinnedRows.of(frame, edges) for frame in frames]
    raw, bad = (np.concatenate([getattr(each, name) for each in binned]) for name in ("raw", "bad"))
    of_level = np.arange(len(raw)) < len(binned[0].raw) if pooled is not None else None
    for _ in range(200):
        weight = np.concatenate([each.draw(random) for each in binned])
        yield fit_beta(raw, bad, of_level, weight) if weight[bad == 1].any() else None


def test_a_row_counts_by_its_weight() -> None:
    sample = rows(2000, 1).with_columns(
        pl.when(pl.int_range(pl.len()) % 4 == 0).then(0.0).otherwise(1.5).alias(ROW_WEIGHT)
    )
    edges = np.quantile(sample["raw"], np.linspace(0, 1, 11)[1:-1])
    binned, unweighted = (BinnedRows.of(each, edges) for each in (sample, sample.drop(ROW_WEIGHT)))
    drawn, all_rows = (each.draw(np.random.default_rng(1)).sum() for each in (binned, unweighted))
    assert all_rows == pytest.approx(2000)
    assert drawn == pytest.approx(1500 * 1.5, rel=0.1)
    assert drawn != all_rows


def test_it_is_read_back_as_it_was_written() -> None:
    of_model = ProbabilityRange((-3.0, 0.0), (1.0, 0.5), (0.8, 0.4))
    assert probability_range_of(of_model.json_values) == of_model
    assert probability_range_of(None) is None


@pytest.mark.parametrize(
    "broken",
    [((), (), ()), ((0.0,), (0.1, 0.2), (0.1,)), ((1.0, 0.0), (0.1,) * 2, (0.1,) * 2), ((0.0,), (-0.1,), (0.1,))],
)
def test_a_broken_range_is_refused(broken: tuple[tuple[float, ...], ...]) -> None:
    with pytest.raises(ValueError, match="range"):
        ProbabilityRange(*broken)
