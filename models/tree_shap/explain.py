"""Many rows explained: a model's text laid out once, rows in blocks, exact parts of the raw score out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from models.tree_shap.kernel import ROWS, ZERO, Program, add_up
from models.tree_shap.patterns import Leaf, base_value, leaves_of
from models.tree_shap.trees import Floats, Tree, trees_of

_BLOCKS_AT_ONCE = 128


class TableExplainer:
    """Exact TreeSHAP of one model, whose tables are made once.

    Raises Unreadable for a model it cannot explain: paths over more than LONGEST_PATH features, linear leaves,
    averaged trees, several classes.
    """

    def __init__(self, text: str, features: int) -> None:
        trees = trees_of(text)
        grown = [tree for tree in trees if len(tree.feature)]
        self._features = features
        self._base = sum(base_value(tree) for tree in trees)
        self._program = _laid_out(grown, [leaves_of(tree) for tree in grown])

    def contributions(self, rows: Floats, threads: int = numba.config.NUMBA_NUM_THREADS) -> Floats:
        """Rows x (features + 1), as LightGBM's pred_contrib: parts of the raw score, and the base value last.

        A row's parts are the same bit for bit whatever rows stand beside it, and whatever the number of threads.
        """
        parts = np.empty((len(rows), self._features + 1))
        parts[:, -1] = self._base
        begins = range(0, len(rows), ROWS * _BLOCKS_AT_ONCE)
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda begin: self._fill(rows, parts, begin), begins))
        return parts

    def _fill(self, rows: Floats, parts: Floats, begin: int) -> None:
        """Some blocks of rows; the last one is filled up with rows that are not looked at."""
        block, found = np.zeros((self._features, ROWS)), np.empty((self._features, ROWS))
        end = min(begin + ROWS * _BLOCKS_AT_ONCE, len(rows))
        for start in range(begin, end, ROWS):
            some = rows[start : min(start + ROWS, end)]
            block[:, : len(some)] = np.where(np.abs(some) <= ZERO, 0, some).T
            found[:] = 0
            add_up(self._program, block, found)
            parts[start : start + len(some), :-1] = found[:, : len(some)].T


def _laid_out(trees: Sequence[Tree], leaves: Sequence[Sequence[Leaf]]) -> Program:
    every = list(chain.from_iterable(leaves))
    slots = list(chain.from_iterable(zip(leaf.features, leaf.tests, strict=True) for leaf in every))
    tests = list(chain.from_iterable(mine for _, mine in slots))
    sets = [_as_bytes(levels) for tree in trees for levels in tree.levels]
    bounds = _begins(map(len, sets))
    return Program(
        feature=_joined((tree.feature for tree in trees), np.int32),
        threshold=_joined((tree.threshold for tree in trees), np.float64),
        missing=_joined((tree.missing for tree in trees), np.uint8),
        default_left=_joined((tree.default_left for tree in trees), np.uint8),
        levels_from=bounds[:-1],
        levels_to=bounds[1:],
        level_set=_joined(sets, np.uint8),
        tree_nodes=_begins(len(tree.feature) for tree in trees),
        tree_leaves=_begins(map(len, leaves)),
        leaf_slots=_begins(len(leaf.features) for leaf in every),
        leaf_entries=_begins(leaf.table.size for leaf in every),
        slot_feature=np.array([feature for feature, _ in slots], dtype=np.int32),
        slot_tests=_begins(len(mine) for _, mine in slots),
        test_node=np.array([node for node, _ in tests], dtype=np.int32),
        test_left=np.array([goes_left for _, goes_left in tests], dtype=np.uint8),
        entries=_joined((leaf.table.ravel() for leaf in every), np.float32),
        most_nodes=max((len(tree.feature) for tree in trees), default=0),
    )


def _begins(sizes: Iterable[int]) -> npt.NDArray[np.int64]:
    """Where each of them begins, and where the last one ends."""
    return np.array(list(accumulate(sizes, initial=0)), dtype=np.int64)


def _joined(parts: Iterable[npt.NDArray[Any]], dtype: type[Any]) -> npt.NDArray[Any]:
    return np.concatenate([np.zeros(0), *parts]).astype(dtype)


def _as_bytes(levels: frozenset[int] | None) -> npt.NDArray[np.uint8]:
    """One byte a level, 1 where it goes left; nothing for a numerical test."""
    found = np.zeros(0 if levels is None else max(levels, default=0) + 1, dtype=np.uint8)
    found[list(levels or ())] = 1
    return found
