"""LightGBM: a feature frame in, log-odds and their exact SHAP parts out; columns and levels are checked."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.declare import Feature
from models.tree_shap.trees import Unreadable, columns_named

if TYPE_CHECKING:
    import lightgbm as lgb  # takes seconds, and brings pandas and scikit-learn: imported where trees are used

    from models.tree_shap.explainer import TableExplainer  # brings numba: imported where rows are explained

Floats = npt.NDArray[np.float64]
_SUM_TOLERANCE = 1e-6
_CHECKED = 256
"""Rows of those explained at once that LightGBM scores, too."""
_FEW_ROWS = 20_000
_PATIENCE = 40
"""Trees grown without gain on the later rows before it is given up."""
_FEW = 256
"""Rows up to which LightGBM explains faster than tables are made."""
_A_HOUSEHOLD = 16
"""Rows up to which they are read one by one."""


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
    there = {name: place for place, name in enumerate(frame.columns)}
    missing = [column.name for column in columns if column.name not in there]
    if missing:
        raise KeyError(f"The frame lacks the model's columns {missing}.")
    if frame.height <= _A_HOUSEHOLD:
        return _row_by_row(frame.rows(), [(there[column.name], column.levels) for column in columns])
    numbers = frame.select(column.name for column in columns).with_columns(_codes_as_numbers(tuple(columns)))
    return np.ascontiguousarray(numbers.select(_AS_FLOATS).to_numpy(), dtype=np.float64)


def _row_by_row(rows: Sequence[tuple[object, ...]], columns: Sequence[tuple[int, tuple[str, ...]]]) -> Floats:
    """The same for a few rows, sooner than a query is begun; columns: the place and the levels of each."""
    numbers = [
        [_places(levels).get(row[place], np.nan) if levels else row[place] for place, levels in columns] for row in rows
    ]
    return np.array(numbers, dtype=np.float64).reshape(len(rows), len(columns))


@cache
def _places(levels: tuple[str, ...]) -> Mapping[object, int]:
    return {level: place for place, level in enumerate(levels)}


@cache
def _codes_as_numbers(columns: tuple[Column, ...]) -> tuple[pl.Expr, ...]:
    """Every code by the number of its level; built once, for a row alone waits longer for it than for its numbers."""
    return tuple(
        pl.col(column.name).replace_strict(_places(column.levels), default=None, return_dtype=pl.Float64)
        for column in columns
        if column.levels
    )


_AS_FLOATS = pl.all().cast(pl.Float64).fill_null(float("nan"))


@dataclass(frozen=True)
class Growth:
    """How the trees are grown. Small trees of capped depth keep exact reasons for every loan affordable.

    trees: at most so many. ridge: L2 on leaf values. column_share, row_share: drawn anew for each tree. random_cuts:
    one cut drawn at random for each column looked at (Geurts, Ernst, Wehenkel 2006, Extremely randomized trees).
    """

    trees: int = 400
    leaves: int = 15
    depth: int = 5
    learning_rate: float = 0.05
    rows_in_leaf: int = 40
    ridge: float = 100.0
    column_share: float = 0.3
    row_share: float = 0.5
    random_cuts: bool = True
    seed: int = 20260101

    def parameters(self, columns: Sequence[Column], rows: int) -> dict[str, object]:
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
            "extra_trees": self.random_cuts,
            "monotone_constraints": [column.sign for column in columns],
            "monotone_constraints_method": "intermediate",
            "seed": self.seed,
            "deterministic": True,
            "force_row_wise": True,
            "num_threads": _threads(rows),
            "verbosity": -1,
        }


@dataclass(frozen=True)
class Grown:
    """LightGBM's own text of a model, how many trees it kept, and its log loss on the later rows (None: none given)."""

    text: str
    trees: int
    loss: float | None


class Ground:
    """Rows with outcomes, binned once; trees can be grown on them again and again."""

    def __init__(
        self,
        rows: pl.DataFrame,
        columns: Sequence[Column],
        later: pl.DataFrame | None = None,
        bad: Floats | None = None,
    ) -> None:
        """rows, later: features and `bad` (0 or 1); bad: other outcomes of the rows, in their place."""
        self._columns = tuple(columns)
        self._data, self._rows = _dataset(rows, columns, bad), rows.height
        self._later = None if later is None else _dataset(later, columns, None, reference=self._data)

    def grown(self, growth: Growth) -> Grown:
        """As many trees as `growth` says; with later rows, as many as their log loss is lowest at."""
        import lightgbm as lgb

        stop = [] if self._later is None else [lgb.early_stopping(_PATIENCE, verbose=False)]
        booster = lgb.train(
            growth.parameters(self._columns, self._rows),
            self._data,
            num_boost_round=growth.trees,
            valid_sets=None if self._later is None else [self._later],
            callbacks=stop,
        )
        kept = max(booster.best_iteration, 1) if stop else growth.trees
        loss = booster.best_score["valid_0"]["binary_logloss"] if stop else None
        return Grown(str(booster.model_to_string(num_iteration=kept)), kept, loss)


def _threads(rows: int) -> int:
    """A second thread costs more than it gains on few rows. The same rows, the same number, so the same trees."""
    return 2 if rows > _FEW_ROWS else 1


def _dataset(
    rows: pl.DataFrame, columns: Sequence[Column], bad: Floats | None, reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    import lightgbm as lgb

    return lgb.Dataset(
        matrix(rows, columns),
        rows["bad"].to_numpy() if bad is None else bad,
        feature_name=[column.name for column in columns],
        categorical_feature=[column.name for column in columns if column.levels],
        reference=reference,
        params={"verbosity": -1, "feature_pre_filter": False},
        free_raw_data=False,
    )


def _lightgbm() -> ModuleType:
    """LightGBM without scikit-learn, which it would import for wrappers that nobody here uses: a second and a half."""
    if {"lightgbm", "sklearn"}.isdisjoint(sys.modules):
        sys.modules["sklearn"] = None  # type: ignore[assignment] # as the import system says that there is none
        try:
            importlib.import_module("lightgbm")
        finally:
            del sys.modules["sklearn"]
    return importlib.import_module("lightgbm")


def get_ready() -> None:
    """What takes a process seconds to import, before it has anything to judge."""
    _lightgbm()
    import models.tree_shap.explainer  # noqa: F401


class Explained(NamedTuple):
    """Rows x columns as the trees read them; rows x (columns + 1) of parts in log-odds, the base value last; the raw
    scores they sum to.

    again: rows that LightGBM had to explain, since their parts by pattern tables did not sum to their score.
    """

    cells: Floats
    parts: Floats
    scores: Floats
    again: int


class Trees:
    """A fitted model: the text, its columns, and what it says about a frame.

    Raises ValueError where the text is not whole, or of other columns. LightGBM reads it when a row is first judged.
    """

    def __init__(self, text: str, columns: Sequence[Column]) -> None:
        self.text, self.columns = text, tuple(columns)
        try:
            named = columns_named(text)
        except (ValueError, IndexError) as error:
            raise ValueError(f"model.txt is no LightGBM model: {error}") from error
        if named != tuple(column.name for column in self.columns):
            raise ValueError("The model's text and its card name different columns.")

    @cached_property
    def booster(self) -> lgb.Booster:
        """Read by LightGBM; asked for early, nobody waits for it later."""
        return _lightgbm().Booster(model_str=self.text)

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """The raw score of each row."""
        return self._predicted(matrix(frame, self.columns), raw_score=True)

    def explained(self, frame: pl.DataFrame) -> Explained:
        """Exact path-dependent TreeSHAP of each row.

        By pattern tables; by LightGBM itself where there are few rows (the tables take longer to make), where the
        model's paths are too long for them, for a row whose parts do not sum to its score, and for all rows where one
        of those that LightGBM scores, too, has another score.
        Source: Lundberg et al. 2020, From local explanations to global understanding, algorithm 2.
        """
        if frame.is_empty():
            nothing = np.zeros((0, len(self.columns) + 1))
            return Explained(nothing[:, :-1], nothing, np.zeros(0), 0)
        cells = matrix(frame, self.columns)
        if len(cells) <= _FEW or self._tables is None:
            return Explained(cells, *self._by_lightgbm(cells), 0)
        parts, scores = self._tables.explained(cells)
        off = np.abs(parts.sum(axis=1) - scores) > _SUM_TOLERANCE
        if not self._scores_alike(cells, scores):
            off[:] = True
        if off.any():
            parts[off], scores[off] = self._by_lightgbm(cells[off])
        return Explained(cells, parts, scores, int(off.sum()))

    def _scores_alike(self, cells: Floats, scores: Floats) -> bool:
        """Whether LightGBM gives some of the rows, here and there among them, the very same scores."""
        some = slice(None, None, -(-len(cells) // _CHECKED))
        return np.array_equal(self._predicted(cells[some], raw_score=True), scores[some])

    def _by_lightgbm(self, rows: Floats) -> tuple[Floats, Floats]:
        return self._predicted(rows, pred_contrib=True), self._predicted(rows, raw_score=True)

    def _predicted(self, rows: Floats, **asked: bool) -> Floats:
        """By one thread where there are few rows: to start more takes longer than they save."""
        threads = {"num_threads": 1} if len(rows) <= _FEW else {}
        return np.asarray(self.booster.predict(rows, **asked, **threads), dtype=np.float64)

    @cached_property
    def _tables(self) -> TableExplainer | None:
        """None where the model cannot be laid out in tables."""
        from models.tree_shap.explainer import TableExplainer

        try:
            return TableExplainer(self.text, len(self.columns))
        except Unreadable:
            return None
