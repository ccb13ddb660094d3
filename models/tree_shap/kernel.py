"""The inner loops: tests of 64 rows at once, the pattern of each row at each leaf, table entries added up."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

ROWS = 64
ZERO = float(np.float32(1e-35))
"""Up to which LightGBM takes a value for zero (kZeroThreshold)."""


class Program(NamedTuple):
    """All trees laid out flat, in order.

    Nodes: feature, threshold, missing, default_left; levels_from and levels_to bound the node's part of level_set, one
    byte a level; empty for numerical tests. tree_nodes, tree_leaves: where each tree's begin, and the end of the last.
    Leaves: slots from leaf_slots[i] to the next; entries of its table begin at leaf_entries[i]. Slots: the feature, and
    where its tests begin. Tests: the node (counted from the tree's first) and whether it has to go left.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    missing: npt.NDArray[np.uint8]
    default_left: npt.NDArray[np.uint8]
    levels_from: npt.NDArray[np.int64]
    levels_to: npt.NDArray[np.int64]
    level_set: npt.NDArray[np.uint8]
    tree_nodes: npt.NDArray[np.int64]
    tree_leaves: npt.NDArray[np.int64]
    leaf_slots: npt.NDArray[np.int64]
    leaf_entries: npt.NDArray[np.int64]
    slot_feature: npt.NDArray[np.int32]
    slot_tests: npt.NDArray[np.int64]
    test_node: npt.NDArray[np.int32]
    test_left: npt.NDArray[np.uint8]
    entries: npt.NDArray[np.float32]
    most_nodes: int


@numba.njit(nogil=True, cache=True, error_model="numpy")
def add_up(program, rows, parts):  # type: ignore[no-untyped-def]
    """Add each row's parts to `parts` (features x ROWS); `rows` the same way round, no value nearer to 0 than ZERO."""
    goes = np.empty((program.most_nodes, ROWS), np.uint8)
    pattern = np.empty(ROWS, np.uint8)
    holds = np.empty(ROWS, np.uint8)
    for tree in range(len(program.tree_nodes) - 1):
        first = program.tree_nodes[tree]
        for node in range(first, program.tree_nodes[tree + 1]):
            _test(program, node, rows[program.feature[node]], goes[node - first])
        for leaf in range(program.tree_leaves[tree], program.tree_leaves[tree + 1]):
            begin, end = program.leaf_slots[leaf], program.leaf_slots[leaf + 1]
            pattern[:] = 0
            for slot in range(begin, end):
                holds[:] = 1
                for test in range(program.slot_tests[slot], program.slot_tests[slot + 1]):
                    went, wanted = goes[program.test_node[test]], program.test_left[test]
                    for row in range(ROWS):
                        holds[row] &= went[row] == wanted
                shift = np.uint8(slot - begin)
                for row in range(ROWS):
                    pattern[row] |= holds[row] << shift
            size = 1 << (end - begin)
            for slot in range(begin, end):
                at = program.leaf_entries[leaf] + (slot - begin) * size
                table = program.entries[at : at + size]
                part = parts[program.slot_feature[slot]]
                for row in range(ROWS):
                    part[row] += table[pattern[row]]


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _test(program, node, values, left):  # type: ignore[no-untyped-def]
    """Which of the rows go left at a node, as LightGBM decides (tree.h, NumericalDecision, CategoricalDecision)."""
    threshold, default = program.threshold[node], program.default_left[node]
    if program.levels_to[node] > program.levels_from[node]:
        levels = program.level_set[program.levels_from[node] : program.levels_to[node]]
        for row in range(ROWS):
            value = values[row]
            known = value > -1 and value < len(levels)
            left[row] = levels[int(value)] if known else 0
    elif program.missing[node] == 2:
        for row in range(ROWS):
            value = values[row]
            left[row] = (value <= threshold) | ((value != value) & default)
    elif program.missing[node] == 1:
        for row in range(ROWS):
            value = 0.0 if values[row] != values[row] else values[row]
            left[row] = default if value == 0 else value <= threshold
    else:
        for row in range(ROWS):
            value = 0.0 if values[row] != values[row] else values[row]
            left[row] = value <= threshold
