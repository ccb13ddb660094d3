"""Raw scores in uncalibrated log-odds with exact contributions: what a model is to the rest of the program."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ModelColumn:
    """One input of the model: its name, its monotone sign, and the levels of a code (empty for a number)."""

    name: str
    sign: int
    levels: tuple[str, ...] = ()


class RawContributions(NamedTuple):
    """Contributions to raw scores, in log-odds.

    inputs: rows x columns as the model reads them. contributions: rows x (columns + 1), the base value last. scores:
    the raw scores they sum to. recomputed_rows: rows that LightGBM explained because their contributions by pattern
    tables did not sum to their score.
    """

    inputs: Floats
    contributions: Floats
    scores: Floats
    recomputed_rows: int


class RawScore(Protocol):
    """A fitted model: scores and explains feature frames."""

    @property
    def columns(self) -> tuple[ModelColumn, ...]:
        """The inputs, in their order."""

    @property
    def text(self) -> str:
        """Everything that decides a score, as text."""

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """The raw score of each row. Raises KeyError naming the columns that the frame lacks."""

    def explain(self, frame: pl.DataFrame) -> RawContributions:
        """The contribution of each column to each row's score; they and the base value sum to it."""


@dataclass(frozen=True)
class Blend:
    """A weighted mean of raw scores; its contributions are the weighted means of theirs, so that they sum to its score.

    Args:
        parts: each with its weight; they have the same columns.

    Example:
        >>> import numpy as np
        >>> import polars as pl
        >>> from models.additive import AdditiveModel, Curve
        >>> from models.raw_score import Blend, ModelColumn
        >>> columns = (ModelColumn("herd", sign=-1),)
        >>> steep, flat = (AdditiveModel(-3.0, columns, (Curve(1.0, (0.0, 1.0), (0.0, top)),)) for top in (-2.0, 0.0))
        >>> loans = pl.DataFrame({"herd": [0.0, np.expm1(1.0)]})
        >>> Blend(((0.25, steep), (0.75, flat))).log_odds(loans).round(6).tolist()
        [-3.0, -3.5]
    """

    parts: tuple[tuple[float, RawScore], ...]

    @property
    def columns(self) -> tuple[ModelColumn, ...]:
        """The inputs, in their order."""
        return self.parts[0][1].columns

    @property
    def text(self) -> str:
        """Everything that decides a score, as text."""
        return json.dumps([[weight, part.text] for weight, part in self.parts])

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """The raw score of each row. Raises KeyError naming the columns that the frame lacks."""
        return np.asarray(sum(weight * part.log_odds(frame) for weight, part in self.parts), dtype=np.float64)

    def explain(self, frame: pl.DataFrame) -> RawContributions:
        """The contribution of each column to each row's score; they and the base value sum to it."""
        explained = [(weight, part.explain(frame)) for weight, part in self.parts]
        return RawContributions(
            explained[0][1].inputs,
            np.asarray(sum(weight * raw.contributions for weight, raw in explained), dtype=np.float64),
            np.asarray(sum(weight * raw.scores for weight, raw in explained), dtype=np.float64),
            sum(raw.recomputed_rows for _, raw in explained),
        )
