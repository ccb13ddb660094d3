"""The additive model: log-odds as a sum of one curve a column, which a person can read off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl

from models.boosting import matrix
from models.raw_score import Floats, ModelColumn, RawContributions


@dataclass(frozen=True)
class Curve:
    """What one column adds to the log-odds, less its mean over the rows of the fit.

    Args:
        scale: a number x is read as the sign of x times log(1 + |x| / scale).
        knots: ascending values of what is read; of a code its level numbers.
        values: log-odds at the knots; straight between them and constant beyond. A level without a knot counts as
            missing.
        missing: log-odds where the value is missing.
    """

    scale: float
    knots: tuple[float, ...]
    values: tuple[float, ...]
    missing: float = 0.0

    def __post_init__(self) -> None:
        if len(self.knots) != len(self.values) or list(self.knots) != sorted(set(self.knots)) or not self.scale > 0:
            raise ValueError("A curve needs a scale above 0 and one value for each of its ascending knots.")

    def added(self, cells: Floats, is_code: bool) -> Floats:
        """What the curve adds for each cell, in log-odds."""
        if not self.knots:
            return np.full(len(cells), self.missing)
        if is_code:
            at = np.clip(np.searchsorted(self.knots, cells), 0, len(self.knots) - 1)
            is_known = np.asarray(self.knots)[at] == cells
            return np.where(is_known, np.asarray(self.values)[at], self.missing)
        read = np.sign(cells) * np.log1p(np.abs(cells) / self.scale)
        return np.where(np.isnan(cells), self.missing, np.interp(read, self.knots, self.values))


@dataclass(frozen=True)
class AdditiveModel:
    """A base value and a curve for each column.

    Its contributions are exact: the curves' own values. They are centred on the rows of the fit, so that the base value
    is the mean log-odds of those rows, as SHAP's is for a model without interactions (Lundberg, Lee 2017, corollary 1).

    Args:
        base: log-odds of the average row of the fit.
        columns: the inputs, in their order.
        curves: one for each column.

    Raises:
        ValueError: where there are not as many curves as columns.

    Example:
        >>> import polars as pl
        >>> from models.additive import AdditiveModel, Curve
        >>> from models.raw_score import ModelColumn
        >>> late = Curve(scale=10.0, knots=(0.0, 1.0), values=(-0.5, 2.0), missing=0.25)
        >>> model = AdditiveModel(-3.0, (ModelColumn("days_past_due", sign=1),), (late,))
        >>> loans = pl.DataFrame({"days_past_due": [0.0, 90.0, None]})
        >>> model.log_odds(loans).tolist(), model.explain(loans).contributions[1].tolist()
        ([-3.5, -1.0, -2.75], [2.0, -3.0])
    """

    base: float
    columns: tuple[ModelColumn, ...]
    curves: tuple[Curve, ...]

    def __post_init__(self) -> None:
        if len(self.columns) != len(self.curves):
            raise ValueError(f"The additive model has {len(self.curves)} curves for {len(self.columns)} columns.")

    @property
    def text(self) -> str:
        """The base value and the curves as JSON, by column; `additive_model_of` reads it."""
        named = {column.name: asdict(curve) for column, curve in zip(self.columns, self.curves, strict=True)}
        return json.dumps({"base": self.base, "curves": named}, indent=1)

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """The raw score of each row. Raises KeyError naming the columns that the frame lacks."""
        inputs = matrix(frame, self.columns)
        scores = np.full(len(inputs), self.base)
        for number, (column, curve) in enumerate(zip(self.columns, self.curves, strict=True)):
            scores += curve.added(inputs[:, number], bool(column.levels))
        return scores

    def explain(self, frame: pl.DataFrame) -> RawContributions:
        """The contribution of each column to each row's score; they and the base value sum to it."""
        inputs = matrix(frame, self.columns)
        contributions = np.empty((len(inputs), len(self.columns) + 1))
        contributions[:, -1] = self.base
        scores = np.full(len(inputs), self.base)  # added up in the same order for one row and for many
        for number, (column, curve) in enumerate(zip(self.columns, self.curves, strict=True)):
            contributions[:, number] = curve.added(inputs[:, number], bool(column.levels))
            scores += contributions[:, number]
        return RawContributions(inputs, contributions, scores, 0)


def additive_model_of(text: str, columns: tuple[ModelColumn, ...]) -> AdditiveModel:
    """The model whose `text` was stored; columns: of the card.

    Raises KeyError, TypeError or ValueError where the text is none or has other columns.
    """
    stored: Mapping[str, Any] = json.loads(text)
    if list(stored["curves"]) != [column.name for column in columns]:
        raise ValueError("The additive model's text and the card name different columns.")
    curves = [
        Curve(each["scale"], tuple(each["knots"]), tuple(each["values"]), each["missing"])
        for each in stored["curves"].values()
    ]
    return AdditiveModel(float(stored["base"]), columns, tuple(curves))
