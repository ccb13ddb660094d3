"""Confidence intervals of shares (Wilson), of counts and, with Kish's effective size, of sums of money."""

from __future__ import annotations

import math

import polars as pl

_STANDARD_ERRORS = 1.959963984540054
"""Half-width of the 95% interval of a normal distribution, in standard errors."""


def wilson_interval(share: pl.Expr, size: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper end of the 95% interval of a share observed in `size` cases (Wilson, JASA 22, 1927)."""
    z2 = _STANDARD_ERRORS**2
    middle = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = _STANDARD_ERRORS * (share * (1 - share) / size + z2 / (4 * size**2)).sqrt() / (1 + z2 / size)
    return (middle - half).round(12).clip(0, 1), (middle + half).round(12).clip(0, 1)


def effective_size(amounts: pl.Expr) -> pl.Expr:
    """Kish's effective sample size of unequal amounts, squared sum / sum of squares (Survey Sampling, 1965).

    amounts: in yuan; they are added as whole fen, so that the order of rows does not change the size.
    """
    fen = (amounts * 100).round().cast(pl.Int128)
    return fen.sum().cast(pl.Float64) ** 2 / (fen**2).sum().cast(pl.Float64)


def hypergeometric_tail(least: int, drawn: int, marked: int, total: int) -> float:
    """The probability that `drawn` of `total`, of which `marked` are marked, hold `least` marked ones or more.

    The upper tail of the hypergeometric distribution (Fisher, 1935), summed from its logarithms.
    """
    most = min(drawn, marked)
    everyone = _log_choose(total, drawn)
    logs = (_log_choose(marked, k) + _log_choose(total - marked, drawn - k) - everyone for k in range(least, most + 1))
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def _log_choose(of: int, chosen: int) -> float:
    if not 0 <= chosen <= of:
        return -math.inf
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
