"""Many rows explained: a model's text laid out once, rows in blocks, exact parts of the raw score out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, chain
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from models.tree_shap.kernel import ROWS, Program, fill
from models.tree_shap.patterns import Bough, base_value, boughs_of
from models.tree_shap.trees import Floats, Tree, trees_of

_ROWS_AT_ONCE = 4 * ROWS


class TableExplainer:
    """Exact TreeSHAP of one model, whose tables are made once.

    Raises Unreadable for a model it cannot explain: paths over more than WIDEST features, linear leaves,
    averaged trees, several classes.
    """

    def __init__(self, text: str, features: int) -> None:
        trees = trees_of(text)
        self._features = features
        self._base = sum(base_value(tree) for tree in trees)
        self._program = _laid_out(trees, [boughs_of(tree) for tree in trees])

    def explained(self, rows: Floats, threads: int = numba.config.NUMBA_NUM_THREADS) -> tuple[Floats, Floats]:
        """Rows x (features + 1), as LightGBM's pred_contrib: parts of the raw score, and the base value last; and the
        raw scores themselves, to the last bit as LightGBM has them.

        A row's are the same bit for bit whatever rows stand beside it, and whatever the number of threads.
        """
        parts, scores = np.empty((len(rows), self._features + 1)), np.empty(len(rows))
        parts[:, -1] = self._base
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        some = [slice(begin, begin + _ROWS_AT_ONCE) for begin in range(0, len(rows), _ROWS_AT_ONCE)]
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(lambda these: fill(self._program, rows[these], parts[these], scores[these]), some))
        return parts, scores


def _laid_out(trees: Sequence[Tree], boughs: Sequence[Sequence[Bough]]) -> Program:
    every = list(chain.from_iterable(boughs))
    bits = list(chain.from_iterable(bough.bits for bough in every))
    tests = list(chain.from_iterable(bits))
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
        tree_boughs=_begins(map(len, boughs)),
        bough_bits=_begins(len(bough.bits) for bough in every),
        bough_slots=_begins(len(bough.features) for bough in every),
        bough_entries=_begins(bough.table.size for bough in every),
        bough_values=_begins(bough.values.size for bough in every),
        slot_feature=np.array([feature for bough in every for feature in bough.features], dtype=np.int32),
        bit_tests=_begins(map(len, bits)),
        test_node=np.array([node for node, _ in tests], dtype=np.int32),
        test_left=np.array([goes_left for _, goes_left in tests], dtype=np.uint8),
        entries=_joined((bough.table.ravel() for bough in every), np.float32),
        values=_joined((bough.values for bough in every), np.float64),
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
