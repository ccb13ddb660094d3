"""Raw scores by a walk down each tree, as LightGBM takes it, to the same bit and without LightGBM."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from models.tree_shap.kernel import CATEGORICAL, NO_MISSING, ROWS, ZERO, ZERO_IS_MISSING
from models.tree_shap.trees import Floats, Tree, joined, level_flags, offsets

_ROWS_AT_ONCE = 32 * ROWS


class Walk(NamedTuple):
    """All trees as flat arrays. Offsets say where each tree or node begins, and where the last one ends.

    Nodes: the column of the row; kind: its missing type or CATEGORICAL; threshold; left, right: nodes counted from the
    tree's first, below zero leaves, -1 being leaf 0; default_left: whether a missing value goes left; node_levels:
    offsets of its levels in level_set, one byte a level, 1 where it goes left. tree_nodes, tree_leaves: offsets of each
    tree's nodes and leaves. value: of each leaf.
    """

    feature: npt.NDArray[np.int32]
    kind: npt.NDArray[np.uint8]
    threshold: npt.NDArray[np.float64]
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    default_left: npt.NDArray[np.uint8]
    node_levels: npt.NDArray[np.int64]
    level_set: npt.NDArray[np.uint8]
    tree_nodes: npt.NDArray[np.int64]
    tree_leaves: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


def walk_of(trees: Sequence[Tree]) -> Walk:
    """The trees laid out for `raw_scores`."""
    flags, missing = level_flags(trees), joined((tree.missing for tree in trees), np.uint8)
    return Walk(
        feature=joined((tree.feature for tree in trees), np.int32),
        kind=np.where([len(each) > 0 for each in flags], CATEGORICAL, missing).astype(np.uint8),
        threshold=joined((tree.threshold for tree in trees), np.float64),
        left=joined((tree.left_child for tree in trees), np.int32),
        right=joined((tree.right_child for tree in trees), np.int32),
        default_left=joined((tree.default_left for tree in trees), np.uint8),
        node_levels=offsets(map(len, flags)),
        level_set=joined(flags, np.uint8),
        tree_nodes=offsets(len(tree.feature) for tree in trees),
        tree_leaves=offsets(len(tree.value) for tree in trees),
        value=joined((tree.value for tree in trees), np.float64),
    )


def raw_scores(walk: Walk, rows: Floats, threads: int = numba.config.NUMBA_NUM_THREADS) -> Floats:
    """The sum of the leaves that each row reaches, tree by tree; equal to LightGBM's raw score to the last bit.

    rows: rows x features. Neither the other rows nor the number of threads changes a row's result by a bit.
    """
    scores, rows = np.zeros(len(rows)), np.asfortranarray(rows, dtype=np.float64)
    blocks = [(begin, min(begin + _ROWS_AT_ONCE, len(rows))) for begin in range(0, len(rows), _ROWS_AT_ONCE)]
    if len(blocks) < 2:
        _add_leaves(walk, rows, scores, 0, len(rows))
        return scores
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda block: _add_leaves(walk, rows, scores, *block), blocks))
    return scores


# one nest of loops, which numba compiles as a whole
@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add_leaves(walk, rows, scores, begin, end):  # type: ignore[no-untyped-def]
    for first in range(begin, end, ROWS):  # a block of rows stays in the cache while all trees are walked
        last = min(first + ROWS, end)
        for tree in range(len(walk.tree_nodes) - 1):
            nodes, leaves = walk.tree_nodes[tree], walk.tree_leaves[tree]
            root = 0 if walk.tree_nodes[tree + 1] > nodes else -1
            for row in range(first, last):
                place = root
                while place >= 0:
                    node = nodes + place
                    value, kind = rows[row, walk.feature[node]], walk.kind[node]
                    if kind == CATEGORICAL:
                        levels = walk.node_levels[node + 1] - walk.node_levels[node]
                        goes_left = False
                        if value > -1 and value < levels:
                            goes_left = walk.level_set[walk.node_levels[node] + int(value)] != 0
                    elif value != value and kind != NO_MISSING and kind != ZERO_IS_MISSING:
                        goes_left = walk.default_left[node] != 0
                    else:
                        value = 0.0 if value != value else value
                        if kind == ZERO_IS_MISSING and abs(value) <= ZERO:
                            goes_left = walk.default_left[node] != 0
                        else:
                            goes_left = value <= walk.threshold[node]
                    place = walk.left[node] if goes_left else walk.right[node]
                scores[row] += walk.value[leaves + ~place]
