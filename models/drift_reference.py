"""The population a model was trained on, as bins and shares, and the drift (PSI) of another one from it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from models.calendar_features import BY_MONTH
from models.raw_score import Floats, ModelColumn

SCORE = "score"
_DECILES = tuple(step / 10 for step in range(1, 10))
_LEAST_SHARE = 1e-4
"""Share that an empty bin counts as: PSI is not defined for 0."""
_SAME_EDGE = 0.025
"""Values nearer than this share are in one bin: three years are 1,095 or 1,096 days, and that is no drift."""
_NEARLY_ALL = 0.95
RARE = 3.29
"""Normal quantile of 1 in 2,000."""
_SLICE = ("as_of", "county_code")
"""Columns of the training rows that a delivery belongs to."""


@dataclass(frozen=True)
class Bins:
    """The distribution of one column. Its fields are keys of a model card.

    edges: upper edges of all bins of a number but the last. levels: of a code, a bin each. shares: of the values that
    are present, by bin; all 0 where none is. missing: the share of rows without a value or with an unknown level; None
    on a card of version 0.2 or before, which counted months before the table was delivered.
    """

    edges: tuple[float, ...]
    levels: tuple[str, ...]
    shares: tuple[float, ...]
    missing: float | None = None

    def counts_of(self, values: pl.Series) -> list[int]:
        """The number of present values in each bin."""
        if self.levels:
            number_of_level = {level: number for number, level in enumerate(self.levels)}
            numbers_of_levels = values.replace_strict(number_of_level, default=None, return_dtype=pl.Int64).drop_nulls()
            bin_of_value = numbers_of_levels.to_numpy()
        else:
            numbers = values.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
            bin_of_value = np.searchsorted(np.asarray(self.edges), numbers, side="left")
        counts = np.bincount(bin_of_value.astype(np.int64), minlength=self.size)
        return [int(count) for count in counts]

    def shares_of(self, values: pl.Series) -> list[float]:
        """The share of the present values in each bin; all zero where there are none."""
        counts = self.counts_of(values)
        return [count / max(sum(counts), 1) for count in counts]

    @property
    def size(self) -> int:
        """The number of bins."""
        return len(self.levels) or len(self.edges) + 1


def bins_of(values: pl.Series, levels: Sequence[str] = ()) -> Bins:
    """The bins of a code's levels, or of a number: its edges lie just above the deciles of its finite values."""
    edges: list[float] = []
    if not levels:
        numbers = values.drop_nulls().cast(pl.Float64)
        finite = numbers.filter(numbers.is_finite()).to_numpy()
        deciles = np.quantile(finite, _DECILES) if len(finite) else ()
        for edge in (float(decile) + _SAME_EDGE * abs(float(decile)) for decile in deciles):
            if not edges or edge - edges[-1] > _SAME_EDGE * abs(edges[-1]):
                edges.append(edge)
    bins = Bins(tuple(edges), tuple(levels), ())
    counts = bins.counts_of(values)
    missing = 1 - sum(counts) / len(values) if len(values) else None
    return replace(bins, shares=tuple(count / max(sum(counts), 1) for count in counts), missing=missing)


def reference_of(
    frame: pl.DataFrame,
    columns: Sequence[ModelColumn],
    scores: Floats,
    importance: Mapping[str, float] | None = None,
    recent: pl.DataFrame | None = None,
) -> dict[str, Any]:
    """The training population as JSON values for a model's card.

    Of each column those month ends of a county count in which some loan has a value: earlier, its table had not been
    delivered yet. Of the score those count in which nearly all columns have one.

    Args:
        frame: the rows the model was trained on, with `as_of` and `county_code` where they are of several.
        columns: the model's inputs, all columns of `frame`.
        scores: the probability of each row.
        importance: the share of each column in the score (`training.global_reasons.importance_by_column`).
        recent: rows of later month ends, with the columns and SCORE: what a month is compared with before others are
            published.

    Returns:
        `rows`, the number of rows; `bins`, those of each column and of the score (SCORE); `by_month`, those of the
        columns that turn with the year by calendar month; `importance`; and `recent`, the profiles of `columns` and
        `by_month` by the bins of `frame`.

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
    by = [name for name in _SLICE if name in frame.columns]
    is_delivered = _columns_delivered(frame, [column.name for column in columns])
    bins: dict[str, Bins] = {}
    by_month: dict[str, dict[str, Bins]] = {}
    for column in columns:
        in_slice, delivered = is_delivered[column.name], frame.select(*by, column.name)
        if not in_slice.all():
            delivered = delivered.filter(in_slice)
        bins[column.name] = bins_of(delivered[column.name], column.levels)
        if column.name in BY_MONTH and "as_of" in by:
            by_month[column.name] = {
                month: bins_of(rows[column.name], column.levels) for month, rows in by_calendar_month(delivered)
            }
    bins[SCORE] = bins_of(pl.Series(scores).filter(is_fully_delivered(frame, [column.name for column in columns])))
    return {
        "rows": frame.height,
        "bins": {name: asdict(of) for name, of in bins.items()},
        "by_month": {name: {month: asdict(of) for month, of in months.items()} for name, months in by_month.items()},
        "importance": dict(importance) if importance is not None else None,
        "recent": None if recent is None else recent_profiles(recent, bins, by_month),
    }


def is_fully_delivered(frame: pl.DataFrame, names: Sequence[str]) -> pl.Series:
    """For each row, whether nearly all columns have a value somewhere in its month end and county.

    Scores of months whose tables had not been delivered yet are not those that the model gives now.
    """
    if not names:
        return pl.repeat(True, frame.height, eager=True)
    present = pl.sum_horizontal(_columns_delivered(frame, names).values())
    return pl.select(present >= _NEARLY_ALL * present.max()).to_series()


def _columns_delivered(frame: pl.DataFrame, names: Sequence[str]) -> dict[str, pl.Series]:
    """By column, whether it has a value somewhere in the month end and county of each row; always, without these."""
    by = [name for name in _SLICE if name in frame.columns]
    if not by:
        return {name: pl.repeat(True, frame.height, eager=True) for name in names}
    in_slices = frame.group_by(by).agg(pl.col(name).is_not_null().any() for name in names)
    of_rows = frame.select(by).join(in_slices, on=by, how="left", nulls_equal=True, maintain_order="left")
    return {name: of_rows[name] for name in names}


def by_calendar_month(rows: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """The rows of each calendar month that there is, 1 to 12, with its number as text."""
    for (month,), of_month in rows.group_by(pl.col("as_of").dt.month(), maintain_order=True):
        yield str(month), of_month


def recent_profiles(
    recent: pl.DataFrame, bins: Mapping[str, Bins], by_month: Mapping[str, Mapping[str, Bins]]
) -> dict[str, Any]:
    """Later rows by the bins of a reference, as JSON values for a card: `columns`, and `by_month` as there."""
    months = dict(by_calendar_month(recent)) if by_month else {}
    return {
        "columns": {name: asdict(profile_column(recent[name], of)) for name, of in bins.items()},
        "by_month": {
            name: {month: asdict(profile_column(months[month][name], of[month])) for month in months if month in of}
            for name, of in by_month.items()
        },
    }


@dataclass(frozen=True)
class ColumnProfile:
    """One column of some loans, by the bins of another population. Its fields are keys of a model card.

    values: the number of loans with a value. missing: the share of the others. shares: of the values, by bin.
    """

    values: int
    missing: float
    shares: Sequence[float]


def profile_column(values: pl.Series, bins: Bins) -> ColumnProfile:
    """A column by the bins of another population."""
    counts = bins.counts_of(values)
    present = sum(counts)
    return ColumnProfile(present, 1 - present / max(len(values), 1), [count / max(present, 1) for count in counts])


@dataclass(frozen=True)
class DriftReference:
    """The training population as a card holds it.

    bins: by column, and of the score. by_month: by column and calendar month, of those that turn with the year.
    importance: the share of each column in the score. recent, recent_by_month: the columns of the newest training
    months. These are empty on a card without. is_complete: whether the card holds missing shares, calendar months and
    importance, which cards of version 0.2 and before do not.
    """

    bins: Mapping[str, Bins]
    by_month: Mapping[str, Mapping[int, Bins]]
    importance: Mapping[str, float]
    recent: Mapping[str, ColumnProfile]
    recent_by_month: Mapping[str, Mapping[int, ColumnProfile]]
    is_complete: bool


def read_reference(stored: Mapping[str, Any]) -> DriftReference:
    """The reference that `reference_of` stored, or version 0.2, whose last bin was that of the missing values."""
    recent = stored.get("recent") or {"columns": {}, "by_month": {}}
    return DriftReference(
        {name: read_bins(bins) for name, bins in stored["bins"].items()},
        {
            name: {int(month): read_bins(bins) for month, bins in months.items()}
            for name, months in stored.get("by_month", {}).items()
        },
        stored.get("importance") or {},
        {name: ColumnProfile(**profile) for name, profile in recent["columns"].items()},
        {
            name: {int(month): ColumnProfile(**profile) for month, profile in months.items()}
            for name, months in recent["by_month"].items()
        },
        all(stored.get(name) is not None for name in ("by_month", "importance")),
    )


def read_bins(stored: Mapping[str, Any]) -> Bins:
    """The bins of one column as a card holds them; of version 0.2 without the bin of the missing values."""
    shares, missing = tuple(stored["shares"]), stored.get("missing")
    if "missing" not in stored:
        present = max(1 - shares[-1], _LEAST_SHARE)
        shares = tuple(share / present for share in shares[:-1])
    return Bins(tuple(stored["edges"]), tuple(stored["levels"]), shares, missing)


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


def psi_by_chance(bins: int, values: int) -> float:
    """The index that so many values of an unchanged population exceed once in 2,000 times.

    The index is nearly chi-squared over `values`, with a degree of freedom less than there are bins; its quantile by
    Wilson and Hilferty 1931.

    Example:
        >>> from models.drift_reference import psi_by_chance
        >>> round(psi_by_chance(10, 1000), 3), psi_by_chance(1, 1000)
        (0.03, 0.0)
    """
    degrees = bins - 1
    if degrees < 1 or values < 1:
        return 0.0
    spread = 2 / (9 * degrees)
    return float(degrees * (1 - spread + RARE * math.sqrt(spread)) ** 3 / values)


def drifts(reference: Mapping[str, Any], frame: pl.DataFrame) -> dict[str, float]:
    """The drift of a population from the one a model was trained on.

    Args:
        reference: as `reference_of` gave it (`card["reference"]`).
        frame: the other population.

    Returns:
        The population stability index of the values present, of each column that has some in both.

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
    shares = {
        name: (bins.shares, bins.shares_of(frame[name]))
        for name, bins in read_reference(reference).bins.items()
        if name in frame.columns
    }
    return {name: psi(*both) for name, both in shares.items() if all(map(any, both))}
