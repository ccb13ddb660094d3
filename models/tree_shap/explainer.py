"""The explainer of one model: pattern tables built once, then exact contributions of blocks of rows."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numba
import numpy as np

from models.tree_shap.kernel import CATEGORICAL, MISSING, MOST_CUTS, ROWS, TABLE_END, Program, fill
from models.tree_shap.patterns import Subtree, base_value, subtrees_of
from models.tree_shap.stored_program import program_path, read_program, write_program
from models.tree_shap.trees import Floats, Tree, UnreadableModelError, concatenate, level_flags, offsets, trees_of

_ROWS_AT_ONCE = 4 * ROWS


class TableExplainer:
    """Exact TreeSHAP of one model, whose tables are built once.

    text: the model as LightGBM writes it. features: the number of its columns. folder: where the tables are kept from
    one process to the next; None for in memory alone. Raises UnreadableModelError for a model with paths over more than
    WIDEST features, linear leaves, averaged trees or several classes.
    """

    def __init__(self, text: str, features: int, folder: Path | None = None) -> None:
        self._features = features
        path = None if folder is None else program_path(folder, text)
        stored = None if path is None else read_program(path)
        if stored is not None:
            self._program, self._base = stored
            return
        trees = trees_of(text)
        self._base = sum(base_value(tree) for tree in trees)
        self._program = _program(trees, [subtrees_of(tree) for tree in trees])
        if path is not None:
            write_program(path, self._program, self._base)

    def explain(self, rows: Floats, threads: int = numba.config.NUMBA_NUM_THREADS) -> tuple[Floats, Floats]:
        """Contributions to the raw scores, rows x (features + 1) with the base value last, and the raw scores.

        Contributions are ordered as LightGBM's pred_contrib; scores equal LightGBM's to the last bit. Neither the other
        rows nor the number of threads changes a row's result by a bit.
        """
        contributions, scores = np.empty((len(rows), self._features + 1)), np.empty(len(rows))
        contributions[:, -1] = self._base
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        blocks = [slice(begin, begin + _ROWS_AT_ONCE) for begin in range(0, len(rows), _ROWS_AT_ONCE)]

        def explain_block(these: slice) -> None:
            fill(self._program, rows[these], contributions[these], scores[these])

        if len(blocks) < 2:  # a household: starting threads takes longer
            explain_block(slice(None))
            return contributions, scores
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(explain_block, blocks))
        return contributions, scores


def _program(trees: Sequence[Tree], subtrees: Sequence[Sequence[Subtree]]) -> Program:
    all_subtrees = list(chain.from_iterable(subtrees))
    bits = list(chain.from_iterable(subtree.bits for subtree in all_subtrees))
    tests = list(chain.from_iterable(bits))
    flags, columns = level_flags(trees), _Columns(trees)
    bounds = offsets(map(len, flags))
    return Program(
        column_feature=np.array([feature for feature, _ in columns.of], dtype=np.int32),
        column_kind=np.array([kind for _, kind in columns.of], dtype=np.uint8),
        column_cuts=offsets(map(len, columns.cuts)),
        cuts=concatenate(columns.cuts, np.float64),
        node_column=columns.of_nodes,
        rank=columns.ranks,
        default_left=concatenate((tree.default_left for tree in trees), np.uint8),
        levels_from=bounds[:-1],
        levels_to=bounds[1:],
        level_set=concatenate(flags, np.uint8),
        tree_nodes=offsets(len(tree.feature) for tree in trees),
        tree_subtrees=offsets(map(len, subtrees)),
        subtree_bits=offsets(len(subtree.bits) for subtree in all_subtrees),
        subtree_slots=offsets(len(subtree.features) for subtree in all_subtrees),
        subtree_entries=offsets(subtree.table.size for subtree in all_subtrees),
        subtree_values=offsets(subtree.values.size for subtree in all_subtrees),
        slot_feature=np.array([feature for subtree in all_subtrees for feature in subtree.features], dtype=np.int32),
        bit_tests=offsets(map(len, bits)),
        test_node=np.array([node for node, _ in tests], dtype=np.int32),
        test_left=np.array([goes_left for _, goes_left in tests], dtype=np.uint8),
        entries=concatenate([*(subtree.table.ravel() for subtree in all_subtrees), np.zeros(TABLE_END)], np.float32),
        values=concatenate((subtree.values for subtree in all_subtrees), np.float64),
        most_nodes=max((len(tree.feature) for tree in trees), default=0),
    )


class _Columns:
    """The features as nodes read them: with each kind of missing values, or as levels.

    of: the feature and kind of each. cuts: its different thresholds, rising; levels have none. of_nodes: each node's
    column. ranks: the position of each node's threshold among its column's.

    Raises UnreadableModelError for levels from MISSING on.
    """

    def __init__(self, trees: Sequence[Tree]) -> None:
        levels = list(chain.from_iterable(tree.levels for tree in trees))
        if any(max(each, default=0) >= MISSING for each in levels if each is not None):
            raise UnreadableModelError(f"a feature has levels of {MISSING} and more")
        feature = concatenate((tree.feature for tree in trees), np.int64)
        missing = concatenate((tree.missing for tree in trees), np.int64)
        kind = np.where([each is not None for each in levels], CATEGORICAL, missing)
        threshold = concatenate((tree.threshold for tree in trees), np.float64)
        self.of: list[tuple[int, int]] = []
        self.cuts: list[Floats] = []
        self.of_nodes, self.ranks = np.zeros(len(feature), np.int32), np.zeros(len(feature), np.uint8)
        for key in sorted(set(zip(feature.tolist(), kind.tolist(), strict=True))):
            nodes = np.flatnonzero((feature == key[0]) & (kind == key[1]))
            cuts = np.zeros(0) if key[1] == CATEGORICAL else np.unique(threshold[nodes])
            ranks = np.searchsorted(cuts, threshold[nodes]) if len(cuts) else np.zeros(len(nodes), np.int64)
            self.of_nodes[nodes], self.ranks[nodes] = len(self.of) + ranks // MOST_CUTS, ranks % MOST_CUTS
            some = [cuts[begin : begin + MOST_CUTS] for begin in range(0, len(cuts), MOST_CUTS)] or [cuts]
            self.cuts += some
            self.of += [key] * len(some)
