"""Raw scores by a walk down each tree, as LightGBM takes it, to the same bit and without LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

from models.tree_shap.kernel import CATEGORICAL, ROWS, Walk, add_scores
from models.tree_shap.trees import Floats, Tree, concatenate, level_flags, offsets

_ROWS_AT_ONCE = 32 * ROWS


def walk_of(trees: Sequence[Tree]) -> Walk:
    """The trees laid out for `raw_scores`."""
    flags, missing = level_flags(trees), concatenate((tree.missing for tree in trees), np.uint8)
    return Walk(
        feature=concatenate((tree.feature for tree in trees), np.int32),
        kind=np.where([len(each) > 0 for each in flags], CATEGORICAL, missing).astype(np.uint8),
        threshold=concatenate((tree.threshold for tree in trees), np.float64),
        left=concatenate((tree.left_child for tree in trees), np.int32),
        right=concatenate((tree.right_child for tree in trees), np.int32),
        default_left=concatenate((tree.default_left for tree in trees), np.uint8),
        node_levels=offsets(map(len, flags)),
        level_set=concatenate(flags, np.uint8),
        tree_nodes=offsets(len(tree.feature) for tree in trees),
        tree_leaves=offsets(len(tree.value) for tree in trees),
        value=concatenate((tree.value for tree in trees), np.float64),
    )


def raw_scores(walk: Walk, rows: Floats, threads: int = numba.config.NUMBA_NUM_THREADS) -> Floats:
    """The sum of the leaves that each row reaches, tree by tree; equal to LightGBM's raw score to the last bit.

    rows: rows x features. Neither the other rows nor the number of threads changes a row's result by a bit.
    """
    # a line a feature, which is how many rows come: one layout, for which numba compiles the loop once
    scores, cells = np.zeros(len(rows)), np.ascontiguousarray(rows.T, dtype=np.float64)
    blocks = [(begin, min(begin + _ROWS_AT_ONCE, len(rows))) for begin in range(0, len(rows), _ROWS_AT_ONCE)]
    if len(blocks) < 2:
        add_scores(walk, cells, scores, 0, len(rows))
        return scores
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda block: add_scores(walk, cells, scores, *block), blocks))
    return scores
