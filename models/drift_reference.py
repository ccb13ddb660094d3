"""What a model was fitted on, kept as bins and shares; how far another population lies from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from models.boosting import Column, Floats

SCORE = "score"
_DECILES = tuple(step / 10 for step in range(1, 10))
_LEAST_SHARE = 1e-4
"""An empty bin counts as so much: the index has no value for none."""


@dataclass(frozen=True)
class Bins:
    """Where one value was: the upper edges of all bins but the last, or the levels of a code; shares of all bins.

    Beyond the bins of the edges or levels there is one more: for missing values, and levels that are not known.
    """

    edges: tuple[float, ...]
    levels: tuple[str, ...]
    shares: tuple[float, ...]

    def shares_of(self, values: pl.Series) -> list[float]:
        """The share of values in each bin; all zero where there are none."""
        if self.levels:
            places = {level: place for place, level in enumerate(self.levels)}
            places_of = values.replace_strict(places, default=len(self.levels), return_dtype=pl.Int64).to_numpy()
        else:
            numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            found = np.searchsorted(np.asarray(self.edges), numbers, side="left")
            places_of = np.where(np.isnan(numbers), len(self.edges) + 1, found)
        counts = np.bincount(places_of.astype(np.int64), minlength=self.size)
        return [float(count) / max(len(values), 1) for count in counts]

    @property
    def size(self) -> int:
        return len(self.levels) + 1 if self.levels else len(self.edges) + 2


def bins_of(values: pl.Series, levels: Sequence[str] = ()) -> Bins:
    """Bins at the deciles of the known values, each edge once; or the levels."""
    known = values.drop_nulls()
    numbers = () if levels else tuple(_edges(known.cast(pl.Float64)))
    empty = Bins(numbers, tuple(levels), ())
    return Bins(numbers, tuple(levels), tuple(empty.shares_of(values)))


def _edges(known: pl.Series) -> list[float]:
    known = known.filter(known.is_finite())
    return sorted({float(value) for value in np.quantile(known.to_numpy(), _DECILES)}) if len(known) else []


def reference_of(frame: pl.DataFrame, columns: Sequence[Column], scores: Floats) -> dict[str, Any]:
    """Plain values for the card of a model: `rows`, and the bins of each column and of the score."""
    values = {column.name: bins_of(frame[column.name], column.levels) for column in columns}
    values[SCORE] = bins_of(pl.Series(scores))
    return {"rows": frame.height, "bins": {name: asdict(bins) for name, bins in values.items()}}


def bins_in(reference: Mapping[str, Any]) -> dict[str, Bins]:
    """Read back what `reference_of` made, by column."""
    return {
        name: Bins(tuple(kept["edges"]), tuple(kept["levels"]), tuple(kept["shares"]))
        for name, kept in reference["bins"].items()
    }


def psi(expected: Sequence[float], observed: Sequence[float]) -> float:
    """Population stability index: the sum of (o - e) ln(o / e) over the bins; exactly 0 for equal shares.

    Source: Siddiqi 2006, Credit Risk Scorecards, on the stability of a population.
    """
    e, o = (np.maximum(np.asarray(shares), _LEAST_SHARE) for shares in (expected, observed))
    return float(((o - e) * np.log(o / e)).sum())


def drifts(reference: Mapping[str, Any], frame: pl.DataFrame) -> dict[str, float]:
    """The index of each column of the frame that the reference knows."""
    known = bins_in(reference).items()
    return {name: psi(bins.shares, bins.shares_of(frame[name])) for name, bins in known if name in frame.columns}
