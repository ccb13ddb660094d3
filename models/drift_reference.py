"""The population a model was trained on, as bins and shares, and the drift (PSI) of another one from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from models.raw_score import Floats, ModelColumn

SCORE = "score"
_DECILES = tuple(step / 10 for step in range(1, 10))
_LEAST_SHARE = 1e-4
"""Share that an empty bin counts as: PSI is not defined for 0."""


@dataclass(frozen=True)
class Bins:
    """The distribution of one column. Its fields are keys of a model card.

    edges: upper edges of all bins of a number but the last. levels: of a code, a bin each. shares: of all bins; the
    last is that of missing values and unknown levels.
    """

    edges: tuple[float, ...]
    levels: tuple[str, ...]
    shares: tuple[float, ...]

    def shares_of(self, values: pl.Series) -> list[float]:
        """The share of values in each bin; all zero where there are no values."""
        if self.levels:
            number_of_level = {level: number for number, level in enumerate(self.levels)}
            bin_of_row = values.replace_strict(
                number_of_level, default=len(self.levels), return_dtype=pl.Int64
            ).to_numpy()
        else:
            numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
            bin_by_edges = np.searchsorted(np.asarray(self.edges), numbers, side="left")
            bin_of_row = np.where(np.isnan(numbers), len(self.edges) + 1, bin_by_edges)
        counts = np.bincount(bin_of_row.astype(np.int64), minlength=self.size)
        return [float(count) / max(len(values), 1) for count in counts]

    @property
    def size(self) -> int:
        """The number of bins, that of missing values among them."""
        return len(self.levels) + 1 if self.levels else len(self.edges) + 2


def bins_of(values: pl.Series, levels: Sequence[str] = ()) -> Bins:
    """The bins of a code's levels, or of a number at the deciles of its finite values, each edge once."""
    edges: set[float] = set()
    if not levels:
        numbers = values.drop_nulls().cast(pl.Float64)
        finite = numbers.filter(numbers.is_finite()).to_numpy()
        edges = {float(edge) for edge in np.quantile(finite, _DECILES)} if len(finite) else set()
    bins = Bins(tuple(sorted(edges)), tuple(levels), ())
    return replace(bins, shares=tuple(bins.shares_of(values)))


def reference_of(frame: pl.DataFrame, columns: Sequence[ModelColumn], scores: Floats) -> dict[str, Any]:
    """The training population as JSON values for a model's card.

    Args:
        frame: the rows the model was trained on.
        columns: the model's inputs, all columns of `frame`.
        scores: the probability of each row.

    Returns:
        `rows`, the number of rows; `bins`, those of each column and of the score (SCORE).

    Example:
        >>> import numpy as np
        >>> import polars as pl
        >>> from models.raw_score import ModelColumn
        >>> from models.drift_reference import drifts, reference_of
        >>> loans = pl.DataFrame({"savings": [float(yuan) for yuan in range(100)]})
        >>> reference = reference_of(loans, [ModelColumn("savings", sign=-1)], np.linspace(0, 1, 100))
        >>> reference["rows"], sorted(reference["bins"])
        (100, ['savings', 'score'])
        >>> drifts(reference, loans), drifts(reference, loans.head(50))["savings"] > 0.2
        ({'savings': 0.0}, True)
    """
    values = {column.name: bins_of(frame[column.name], column.levels) for column in columns}
    values[SCORE] = bins_of(pl.Series(scores))
    return {"rows": frame.height, "bins": {name: asdict(bins) for name, bins in values.items()}}


def read_bins(reference: Mapping[str, Any]) -> dict[str, Bins]:
    """The bins that `reference_of` stored, by column."""
    return {
        name: Bins(tuple(stored["edges"]), tuple(stored["levels"]), tuple(stored["shares"]))
        for name, stored in reference["bins"].items()
    }


def psi(expected: Sequence[float], observed: Sequence[float]) -> float:
    """Population stability index: the sum of (o - e) ln(o / e) over the bins.

    Args:
        expected: the share of each bin in the reference, e.
        observed: its share in the other population, o; as many.

    Returns:
        0 for equal shares, and more the further they differ; above 0.25 is usually taken for a changed population.
        Source: Siddiqi 2006, Credit Risk Scorecards.

    Example:
        >>> from models.drift_reference import psi
        >>> psi([0.5, 0.5], [0.5, 0.5])
        0.0
        >>> round(psi([0.5, 0.5], [0.3, 0.7]), 3)
        0.169
    """
    e, o = (np.maximum(np.asarray(shares), _LEAST_SHARE) for shares in (expected, observed))
    return float(((o - e) * np.log(o / e)).sum())


def drifts(reference: Mapping[str, Any], frame: pl.DataFrame) -> dict[str, float]:
    """The drift of a population from the one a model was trained on.

    Args:
        reference: as `reference_of` gave it (`card["reference"]`).
        frame: the other population.

    Returns:
        The population stability index of each column that both have.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.drift_reference import drifts
        >>> from models.registry import ModelStore
        >>> reference = ModelStore(data / "models").champion.card["reference"]
        >>> loans = features_at(date(2025, 12, 31), Ledger(data / "ledger").tables())
        >>> drifts(reference, loans)["days_past_due"] >= 0
        True
    """
    bins_by_column = read_bins(reference).items()
    return {
        name: psi(bins.shares, bins.shares_of(frame[name])) for name, bins in bins_by_column if name in frame.columns
    }
