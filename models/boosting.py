"""Trees: LightGBM fits them; their raw scores and exact SHAP contributions; columns and levels are checked."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from types import MappingProxyType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from features.declare import Feature
from features.messages import UserError
from models.raw_score import Floats, ModelColumn, RawContributions
from models.tree_shap.trees import UnreadableModelError, parse_model

if TYPE_CHECKING:
    import lightgbm as lgb  # takes seconds, and brings pandas and scikit-learn: imported where trees are used

    from models.tree_shap.explainer import TableExplainer  # brings numba: imported where rows are scored
    from models.tree_shap.kernel import Walk

ROW_WEIGHT = "row_weight"
"""Column with the weight of a row in a fit, where rows count differently; without it each counts once."""
CARD_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "num_iterations": "trees",
        "num_leaves": "leaves",
        "max_depth": "depth",
        "learning_rate": "learning_rate",
        "min_data_in_leaf": "rows_in_leaf",
        "lambda_l2": "ridge",
        "feature_fraction": "column_share",
        "bagging_fraction": "row_share",
        "extra_trees": "random_cuts",
        "seed": "seed",
    }
)
"""LightGBM's name of each parameter, and its key on the cards of stored models and in plans of version 0.1."""
_SUM_TOLERANCE = 1e-6
"""Log-odds by which a row's contributions may miss its score."""
_ROWS_CHECKED = 256
"""Rows of each explained frame whose scores are compared with those of a walk down the trees."""
_EARLY_STOPPING_ROUNDS = 40
"""Iterations without a lower log loss on the later rows after which training stops."""
_FEW_TO_EXPLAIN = 256
"""Rows up to which LightGBM explains faster than pattern tables are built that no process has built yet."""
_ROWS_OF_A_HOUSEHOLD = 16
"""Rows up to which plain Python builds the matrix faster than a polars query."""
_AS_FLOATS = pl.all().cast(pl.Float64).fill_null(float("nan"))


def columns_of(features: Sequence[Feature]) -> tuple[ModelColumn, ...]:
    """The model's inputs as the feature catalogue declares them."""
    return tuple(ModelColumn(f.name, int(f.risk), tuple(f.unit.codes) if f.is_code else ()) for f in features)


def matrix(frame: pl.DataFrame, columns: Sequence[ModelColumn]) -> Floats:
    """Rows x columns as LightGBM reads them: a code as the number of its level; missing values, unknown codes as NaN.

    Many rows are laid out column by column, as polars has them, and curves read a column at a time.

    Raises KeyError naming the columns that the frame lacks.
    """
    position_of = {name: position for position, name in enumerate(frame.columns)}
    missing = [column.name for column in columns if column.name not in position_of]
    if missing:
        raise KeyError(f"The frame lacks the model's columns {missing}.")
    if frame.height <= _ROWS_OF_A_HOUSEHOLD:
        cells = [(position_of[column.name], column.levels) for column in columns]
        rows = [
            [_level_numbers(levels).get(row[at], np.nan) if levels else row[at] for at, levels in cells]
            for row in frame.rows()
        ]
        return np.array(rows, dtype=np.float64).reshape(len(rows), len(columns))
    numbers = frame.select(column.name for column in columns).with_columns(_codes_as_numbers(tuple(columns)))
    return np.asarray(numbers.select(_AS_FLOATS).to_numpy(order="fortran"), dtype=np.float64)


@cache
def _level_numbers(levels: tuple[str, ...]) -> Mapping[object, int]:
    return {level: number for number, level in enumerate(levels)}


@cache
def _codes_as_numbers(columns: tuple[ModelColumn, ...]) -> tuple[pl.Expr, ...]:
    """Every code as the number of its level. Cached: for a few rows building the expressions takes longest."""
    return tuple(
        pl.col(column.name).replace_strict(_level_numbers(column.levels), default=None, return_dtype=pl.Float64)
        for column in columns
        if column.levels
    )


@dataclass(frozen=True)
class TreeParams:
    """LightGBM's parameters that a plan sets or the search varies, under LightGBM's own names.

    Small trees of capped depth keep exact reasons for every loan affordable. num_iterations: trees at most.
    lambda_l2: on leaf values. feature_fraction, bagging_fraction: shares of columns and rows, drawn anew for each tree.
    extra_trees: one random cut is tried for each column (Geurts, Ernst, Wehenkel 2006, Extremely randomized trees).
    """

    num_iterations: int = 400
    num_leaves: int = 15
    max_depth: int = 5
    learning_rate: float = 0.05
    min_data_in_leaf: int = 40
    lambda_l2: float = 100.0
    feature_fraction: float = 0.3
    bagging_fraction: float = 0.5
    extra_trees: bool = True
    seed: int = 20260101

    @staticmethod
    def from_card(stored: Mapping[str, Any]) -> TreeParams:
        """The parameters that `to_card` stored. Raises KeyError or TypeError where they are none."""
        names = {key: name for name, key in CARD_KEYS.items()}
        return TreeParams(**{names[key]: value for key, value in stored.items()})

    def to_card(self) -> dict[str, Any]:
        """The parameters under the keys that model cards have had since version 0.1 (CARD_KEYS)."""
        return {CARD_KEYS[name]: value for name, value in asdict(self).items()}

    def for_lightgbm(self, columns: Sequence[ModelColumn]) -> dict[str, object]:
        """All parameters of a fit. No class weights: they would distort the probabilities."""
        return {
            "objective": "binary",
            "num_leaves": self.num_leaves,
            "max_depth": self.max_depth,
            "learning_rate": self.learning_rate,
            "min_data_in_leaf": self.min_data_in_leaf,
            "lambda_l2": self.lambda_l2,
            "feature_fraction": self.feature_fraction,
            "bagging_fraction": self.bagging_fraction,
            "bagging_freq": 1,
            "extra_trees": self.extra_trees,
            "monotone_constraints": [column.sign for column in columns],
            "monotone_constraints_method": "basic",  # the others break signs where cells are missing (4.7.0)
            "seed": self.seed,
            "deterministic": True,
            # a tree reads few of the columns: two threads by rows take twice the processor for the same trees
            "force_col_wise": True,
            "num_threads": 1,
            "verbosity": -1,
        }


@dataclass(frozen=True)
class TrainedBooster:
    """A fitted booster.

    text: as LightGBM writes it. num_iterations: trees it has. loss: log loss on the later rows; None without them.
    """

    text: str
    num_iterations: int
    loss: float | None


class TrainingSet:
    """Rows with outcomes, binned once for any number of fits.

    Args:
        rows: the model's columns and `bad` (0 or 1), and ROW_WEIGHT where rows count differently.
        columns: the inputs, in their order.
        later: such rows of later months; where there are any, training stops once their log loss no longer falls.
        bad: outcomes to use instead of those in `rows`.

    Raises:
        KeyError: where rows lack a column, which the message names.
    """

    def __init__(
        self,
        rows: pl.DataFrame,
        columns: Sequence[ModelColumn],
        later: pl.DataFrame | None = None,
        bad: Floats | None = None,
    ) -> None:
        self._columns = tuple(columns)
        self._data = _dataset(rows, columns, bad)
        self._later = None if later is None else _dataset(later, columns, None, reference=self._data)

    def fit(self, params: TreeParams) -> TrainedBooster:
        """Fit trees on the rows.

        Args:
            params: LightGBM's parameters. Rows and parameters that are equal give equal trees.

        Returns:
            `num_iterations` trees or, with later rows, as many as give these the lowest log loss.

        Example:
            >>> import polars as pl
            >>> from models.boosting import TrainingSet, TreeParams, Trees
            >>> from models.raw_score import ModelColumn
            >>> days = [float(loan % 60) for loan in range(400)]
            >>> rows = pl.DataFrame({"days_past_due": days, "bad": [int(late > 40) for late in days]})
            >>> columns = [ModelColumn("days_past_due", sign=1)]
            >>> booster = TrainingSet(rows, columns).fit(TreeParams(num_iterations=20, lambda_l2=1.0))
            >>> punctual, late = Trees(booster.text, columns).log_odds(rows)[[0, 59]]
            >>> booster.num_iterations, bool(punctual < late)
            (20, True)
        """
        import lightgbm as lgb

        stop = [] if self._later is None else [lgb.early_stopping(_EARLY_STOPPING_ROUNDS, verbose=False)]
        booster = lgb.train(
            params.for_lightgbm(self._columns),
            self._data,
            num_boost_round=params.num_iterations,
            valid_sets=None if self._later is None else [self._later],
            callbacks=stop,
        )
        num_iterations = max(booster.best_iteration, 1) if stop else params.num_iterations
        loss = booster.best_score["valid_0"]["binary_logloss"] if stop else None
        return TrainedBooster(str(booster.model_to_string(num_iteration=num_iterations)), num_iterations, loss)


def row_weights(rows: pl.DataFrame) -> Floats | None:
    """The weight of each row in a fit; None where each counts once."""
    return rows[ROW_WEIGHT].to_numpy().astype(np.float64) if ROW_WEIGHT in rows.columns else None


def _dataset(
    rows: pl.DataFrame, columns: Sequence[ModelColumn], bad: Floats | None, reference: lgb.Dataset | None = None
) -> lgb.Dataset:
    import lightgbm as lgb

    return lgb.Dataset(
        matrix(rows, columns),
        rows["bad"].to_numpy() if bad is None else bad,
        weight=row_weights(rows),
        feature_name=[column.name for column in columns],
        categorical_feature=[column.name for column in columns if column.levels],
        reference=reference,
        params={"verbosity": -1, "feature_pre_filter": False},
        free_raw_data=False,
    )


def _import_lightgbm() -> ModuleType:
    """LightGBM without scikit-learn, which takes it 1.5 seconds to import, for wrappers that are not used here."""
    if {"lightgbm", "sklearn"}.isdisjoint(sys.modules):
        sys.modules["sklearn"] = None  # type: ignore[assignment] # as the import system says that there is none
        try:
            importlib.import_module("lightgbm")
        finally:
            del sys.modules["sklearn"]
    return importlib.import_module("lightgbm")


def import_explainer() -> None:
    """Import what takes a process a second, before it has rows to score."""
    import models.tree_shap.explainer
    import models.tree_shap.leaf_walk  # noqa: F401


class Trees:
    """A fitted model: LightGBM's text and the model's columns; scores and explains feature frames.

    LightGBM itself, which takes a process time and memory, is imported only for what the loops here cannot do.

    Args:
        text: the model as LightGBM writes it.
        columns: its inputs, in their order.
        tables: the folder in which pattern tables are kept for the next process; None for in memory alone.

    Raises:
        ValueError: where the text is incomplete or names other columns.

    Example:
        >>> import polars as pl
        >>> from models.boosting import TrainingSet, TreeParams, Trees
        >>> from models.raw_score import ModelColumn
        >>> days = [float(loan % 60) for loan in range(400)]
        >>> rows = pl.DataFrame({"days_past_due": days, "bad": [int(late > 40) for late in days]})
        >>> columns = [ModelColumn("days_past_due", sign=1)]
        >>> trees = Trees(TrainingSet(rows, columns).fit(TreeParams(num_iterations=20)).text, columns)
        >>> raw = trees.explain(rows)
        >>> raw.contributions.shape == (400, len(trees.columns) + 1)
        True
        >>> bool(abs(raw.contributions.sum(axis=1) - trees.log_odds(rows)).max() < 1e-6)
        True
    """

    def __init__(self, text: str, columns: Sequence[ModelColumn], tables: Path | None = None) -> None:
        self.text, self.columns, self._tables = text, tuple(columns), tables
        try:
            parsed = parse_model(text)
        except (ValueError, IndexError) as error:
            raise ValueError(f"model.txt is no LightGBM model: {error}") from error
        if parsed.columns != tuple(column.name for column in self.columns):
            raise ValueError("The model's text and its card name different columns.")
        self._trees = parsed.trees

    @cached_property
    def booster(self) -> lgb.Booster:
        """LightGBM's booster, read from the text at first use."""
        return _import_lightgbm().Booster(model_str=self.text)

    def log_odds(self, frame: pl.DataFrame) -> Floats:
        """The raw score of each row, in uncalibrated log-odds.

        Raises KeyError naming the columns that the frame lacks.
        """
        return self.log_odds_of(matrix(frame, self.columns))

    def log_odds_of(self, inputs: Floats) -> Floats:
        """The raw score of each row of inputs: rows x columns, as `matrix` makes them."""
        if self._walk is None:
            return self._predict(inputs, raw_score=True)
        from models.tree_shap.leaf_walk import raw_scores

        return raw_scores(self._walk, inputs)

    def check_scores(self, inputs: Floats) -> None:
        """Compare the scores of rows of inputs with LightGBM's own; for a model that has just been fitted.

        Raises UserError where they differ in any bit.
        """
        if not np.array_equal(self.log_odds_of(inputs), self._predict(inputs, raw_score=True)):
            raise UserError(
                "模型的分数与 LightGBM 自己算的不一致，未予采用。请报告此问题，并写明 LightGBM 的版本。",
                "The model's scores differ from LightGBM's own, so it is not taken. Report it, and LightGBM's version.",
            )

    def load_tables(self) -> None:
        """Read the pattern tables where a process has built them, so that few rows need no LightGBM; else its text."""
        _ = self._walk, self._table_explainer if self._has_tables else self.booster

    def explain(self, frame: pl.DataFrame) -> RawContributions:
        """Exact path-dependent TreeSHAP of each row.

        frame: the model's columns, any others beside them. Pattern tables explain the rows. LightGBM itself does where
        there are few rows and no tables yet (they take longer to build), where the model's paths are too long for
        tables, for rows whose contributions do not sum to their score, and for all rows where a sample's scores differ
        from those of a walk down the trees.
        Source: Lundberg et al. 2020, From local explanations to global understanding, algorithm 2.
        """
        if frame.is_empty():
            nothing = np.zeros((0, len(self.columns) + 1))
            return RawContributions(nothing[:, :-1], nothing, np.zeros(0), 0)
        inputs = matrix(frame, self.columns)
        is_quicker = len(inputs) > _FEW_TO_EXPLAIN or self._has_tables
        if not is_quicker or self._table_explainer is None:
            return RawContributions(inputs, *self._explain_by_lightgbm(inputs), 0)
        contributions, scores = self._table_explainer.explain(inputs)
        mismatched = np.abs(contributions.sum(axis=1) - scores) > _SUM_TOLERANCE
        sample = slice(None, None, -(-len(inputs) // _ROWS_CHECKED))
        if not np.array_equal(self.log_odds_of(inputs[sample]), scores[sample]):
            mismatched[:] = True
        if mismatched.any():
            contributions[mismatched], scores[mismatched] = self._explain_by_lightgbm(inputs[mismatched])
        return RawContributions(inputs, contributions, scores, int(mismatched.sum()))

    def _explain_by_lightgbm(self, rows: Floats) -> tuple[Floats, Floats]:
        return self._predict(rows, pred_contrib=True), self._predict(rows, raw_score=True)

    def _predict(self, rows: Floats, **output: bool) -> Floats:
        """LightGBM's output for the rows; by one thread where they are few, since starting more takes longer."""
        threads = {"num_threads": 1} if len(rows) <= _FEW_TO_EXPLAIN else {}
        return np.asarray(self.booster.predict(rows, **output, **threads), dtype=np.float64)

    @cached_property
    def _walk(self) -> Walk | None:
        """The trees laid out for a walk; None where they are of no kind known here."""
        if self._trees is None:
            return None
        from models.tree_shap.leaf_walk import walk_of

        return walk_of(self._trees)

    @property
    def _has_tables(self) -> bool:
        """Whether pattern tables are in memory, or stored by another process."""
        if "_table_explainer" in self.__dict__:
            return True
        if self._tables is None:
            return False
        from models.tree_shap.stored_program import program_path

        return program_path(self._tables, self.text).exists()

    @cached_property
    def _table_explainer(self) -> TableExplainer | None:
        """The explainer by pattern tables; None where the model cannot be explained by them."""
        from models.tree_shap.explainer import TableExplainer

        try:
            return TableExplainer(self.text, len(self.columns), self._tables)
        except UnreadableModelError:
            return None
