"""How sure a share is: Wilson's interval, for counts and, with Kish's effective size, for sums of money."""

from __future__ import annotations

import math

import polars as pl

_STANDARD_ERRORS = 1.959963984540054
"""Of a normal distribution, 95% lie within so many."""


def wilson(share: pl.Expr, size: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """Lower and upper end of the 95% interval of a share observed in `size` cases (Wilson, JASA 22, 1927)."""
    z2 = _STANDARD_ERRORS**2
    middle = (share + z2 / (2 * size)) / (1 + z2 / size)
    half = _STANDARD_ERRORS * (share * (1 - share) / size + z2 / (4 * size**2)).sqrt() / (1 + z2 / size)
    return (middle - half).round(12).clip(0, 1), (middle + half).round(12).clip(0, 1)


def effective_size(amounts: pl.Expr) -> pl.Expr:
    """How many equal amounts tell as much as these (Kish, Survey Sampling, 1965): sum squared over sum of squares."""
    return amounts.sum() ** 2 / (amounts**2).sum()


def at_least_by_chance(found: int, drawn: int, marked: int, total: int) -> float:
    """The probability that of `drawn` out of `total`, `marked` of them marked, `found` or more are marked.

    The upper tail of the hypergeometric distribution (Fisher, 1935), summed from its logarithms.
    """
    most = min(drawn, marked)
    everyone = _log_choose(total, drawn)
    logs = (_log_choose(marked, k) + _log_choose(total - marked, drawn - k) - everyone for k in range(found, most + 1))
    return min(1.0, math.fsum(math.exp(log) for log in logs))


def _log_choose(of: int, chosen: int) -> float:
    if not 0 <= chosen <= of:
        return -math.inf
    return math.lgamma(of + 1) - math.lgamma(chosen + 1) - math.lgamma(of - chosen + 1)
