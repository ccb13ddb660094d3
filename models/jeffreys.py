"""Jeffreys' interval of a rate, from quantiles of the beta distribution computed here."""

from __future__ import annotations

import math
from functools import lru_cache

_INTERVALS_IN_MEMORY = 1024
"""Those of a county's counts are asked for again with each household."""
_TINY, _STEPS, _PRECISION = 1e-300, 500, 1e-14


@lru_cache(_INTERVALS_IN_MEMORY)
def jeffreys_interval(cases: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Lower and upper end of the interval of a rate observed as `cases` out of `trials` (1 or more).

    Neither need be whole: rows that are not independent count for less.

    Quantiles of Beta(cases + 1/2, trials - cases + 1/2); 0 below where cases is 0, 1 above where it equals trials.
    Source: Brown, Cai, DasGupta 2001, Interval estimation for a binomial proportion.
    """
    a, b, outside = cases + 0.5, trials - cases + 0.5, (1 - level) / 2
    low = 0.0 if cases == 0 else beta_quantile(outside, a, b)
    return low, 1.0 if cases == trials else beta_quantile(1 - outside, a, b)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The value below which Beta(a, b) lies with the given probability; by bisection."""
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if beta_cdf(middle, a, b) < probability else (low, middle)
    return (low + high) / 2


def beta_cdf(x: float, a: float, b: float) -> float:
    """The probability that Beta(a, b) lies below x: the regularised incomplete beta function."""
    if not 0 < x < 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - beta_cdf(1 - x, b, a)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(log_front) / a / _fraction(x, a, b)


def _fraction(x: float, a: float, b: float) -> float:
    """The continued fraction 1 + d1/(1 + d2/(1 + ...)) (Abramowitz, Stegun 26.5.8), by Lentz's method."""
    value, c, d = 1.0, 1.0, 0.0
    for step in range(1, _STEPS):
        m = step // 2
        term = (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            if step % 2 == 0
            else -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        )
        d = 1 / _nonzero(1 + term * d)
        c = _nonzero(1 + term / c)
        value *= c * d
        if abs(c * d - 1) < _PRECISION:
            break
    return value


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
