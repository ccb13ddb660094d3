"""LightGBM: a feature frame in, log-odds and their exact SHAP parts out; columns and levels are checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import polars as pl

from features.declare import Feature
from models.tree_shap.trees import Unreadable

if TYPE_CHECKING:
    import lightgbm as lgb  # takes seconds, and brings pandas and scikit-learn: imported where trees are used

    from models.tree_shap.explain import TableExplainer  # brings numba: imported where rows are explained

Floats = npt.NDArray[np.float64]
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Column:
    """One input of the model: its name, its monotone sign, and the levels of a code (empty for a number)."""

    name: str
    sign: int
    levels: tuple[str, ...] = ()


def columns_of(features: Sequence[Feature]) -> tuple[Column, ...]:
    """The model's inputs as the catalogue declares them."""
    return tuple(Column(f.name, int(f.risk), tuple(f.unit.codes) if f.is_code else ()) for f in features)


def matrix(frame: pl.DataFrame, columns: Sequence[Column]) -> Floats:
    """Rows x columns as LightGBM reads them: codes by the number of their level; missing and unknown as NaN.

    Raises KeyError naming a column that the frame lacks.
    """
    missing = [column.name for column in columns if column.name not in frame.columns]
    if missing:
        raise KeyError(f"The frame lacks the model's columns {missing}.")
    numbers = frame.select(_as_number(column) for column in columns)
    return np.ascontiguousarray(numbers.to_numpy(), dtype=np.float64)


def _as_number(column: Column) -> pl.Expr:
    cell = pl.col(column.name)
    if column.levels:
        places = {level: place for place, level in enumerate(column.levels)}
        cell = cell.replace_strict(places, default=None, return_dtype=pl.Float64)
    return cell.cast(pl.Float64).fill_null(float("nan")).alias(column.name)


@dataclass(frozen=True)
class Growth:
    """How the trees are grown. Small trees of capped depth keep exact reasons for every loan affordable."""

    trees: int = 300
    leaves: int = 15
    depth: int = 5
    learning_rate: float = 0.05
    rows_in_leaf: int = 40
    ridge: float = 10.0
    column_share: float = 0.7
    row_share: float = 0.8
    seed: int = 20260101

    def parameters(self, columns: Sequence[Column]) -> dict[str, object]:
        """As LightGBM names them. No class weights: they would distort the probabilities."""
        return {
            "objective": "binary",
            "num_leaves": self.leaves,
            "max_depth": self.depth,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.rows_in_leaf,
            "lambda_l2": self.ridge,
            "feature_fraction": self.column_share,
            "bagging_fraction": self.row_share,
            "bagging_freq": 1,
            "monotone_constraints": [column.sign for column in columns],
            "monotone_constraints_method": "intermediate",
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": 2,
            "verbosity": -1,
        }


def grown(
    frame: pl.DataFrame,
    bad: pl.Series,
    columns: Sequence[Column],
    growth: Growth,
    later: tuple[pl.DataFrame, pl.Series],
) -> str:
    """LightGBM's own text of a model fitted on `frame` and `bad` (0 or 1).

    The number of trees is the one at which the log loss on `later` (a later month of other loans) was lowest.
    """
    import lightgbm as lgb

    data = _dataset(frame, bad, columns)
    booster = lgb.train(
        growth.parameters(columns),
        data,
        num_boost_round=growth.trees,
        valid_sets=[_dataset(*later, columns, reference=data)],
        callbacks=[lgb.early_stopping(30, verbose=False)],
    )
    return str(booster.model_to_string(num_iteration=max(booster.best_iteration, 1)))


def _dataset(
    frame: pl.DataFrame, bad: pl.Series, columns: Sequence[Column], reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    import lightgbm as lgb

    return lgb.Dataset(
        matrix(frame, columns),
        bad.to_numpy(),
        feature_name=[column.name for column in columns],
        categorical_feature=[column.name for column in columns if column.levels],
        reference=reference,
        params={"verbosity": -1},
    )


class Trees:
    """A fitted model: the text, its columns, and what it says about a frame."""

    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        import lightgbm as lgb

        self.text, self.columns = text, tuple(columns)
        self.explained_again = 0  # rows whose tabled parts did not add up
        try:
            self._booster = lgb.Booster(model_str=text)
        except lgb.basic.LightGBMError as error:
            raise ValueError(f"model.txt is no LightGBM model: {error}") from error
        named = tuple(self._booster.feature_name())
        if named != tuple(column.name for column in self.columns):
            raise ValueError("The model's text and its card name different columns.")

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """The raw score of each row."""
        return np.asarray(self._booster.predict(matrix(frame, self.columns), raw_score=True), dtype=np.float64)

    def contributions(self, frame: pl.DataFrame) -> Floats:
        """Rows x (columns + 1): exact path-dependent TreeSHAP in log-odds; the last column is the base value.

        By pattern tables; where the model's paths are too long for them, and for a row whose parts do not sum to its
        score, by LightGBM itself.
        Source: Lundberg et al. 2020, From local explanations to global understanding, algorithm 2.
        """
        rows = matrix(frame, self.columns)
        if frame.is_empty():
            return np.zeros((0, len(self.columns) + 1))
        if self._tables is None:
            return self._by_lightgbm(rows)
        parts = self._tables.contributions(rows)
        off = np.abs(parts.sum(axis=1) - self._booster.predict(rows, raw_score=True)) > _SUM_TOLERANCE
        if off.any():
            parts[off] = self._by_lightgbm(rows[off])
            self.explained_again += int(off.sum())
        return parts

    def _by_lightgbm(self, rows: Floats) -> Floats:
        return np.asarray(self._booster.predict(rows, pred_contrib=True), dtype=np.float64)

    @cached_property
    def _tables(self) -> TableExplainer | None:
        """None where the model cannot be laid out in tables."""
        from models.tree_shap.explain import TableExplainer

        try:
            return TableExplainer(self.text, len(self.columns))
        except Unreadable:
            return None
