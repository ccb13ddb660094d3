"""The compiled loops: tests of a block of rows, the pattern of each row in each subtree, sums of table entries."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

ROWS = 512
"""Rows of a block: many, so that a table is read once for many of them; few, so that a block stays in the L1 cache."""
ZERO = float(np.float32(1e-35))
"""Absolute value up to which LightGBM takes a value for zero (kZeroThreshold)."""


class Program(NamedTuple):
    """All trees as flat arrays, in their order. Offsets say where each element begins, and where the last one ends.

    Nodes: feature, threshold, missing, default_left; levels_from and levels_to bound the node's levels in level_set,
    one byte a level, none for numerical tests. tree_nodes, tree_subtrees: offsets of each tree's nodes and subtrees.
    Subtrees: offsets of their bits, slots, table entries, and of the value that a row scores under each pattern. Slots:
    the feature. Bits: offsets of their tests. Tests: the node (counted from the tree's first), and whether a row has to
    go left.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    missing: npt.NDArray[np.uint8]
    default_left: npt.NDArray[np.uint8]
    levels_from: npt.NDArray[np.int64]
    levels_to: npt.NDArray[np.int64]
    level_set: npt.NDArray[np.uint8]
    tree_nodes: npt.NDArray[np.int64]
    tree_subtrees: npt.NDArray[np.int64]
    subtree_bits: npt.NDArray[np.int64]
    subtree_slots: npt.NDArray[np.int64]
    subtree_entries: npt.NDArray[np.int64]
    subtree_values: npt.NDArray[np.int64]
    slot_feature: npt.NDArray[np.int32]
    bit_tests: npt.NDArray[np.int64]
    test_node: npt.NDArray[np.int32]
    test_left: npt.NDArray[np.uint8]
    entries: npt.NDArray[np.float32]
    values: npt.NDArray[np.float64]
    most_nodes: int


@numba.njit(nogil=True, cache=True, error_model="numpy")
def fill(program, rows, parts, scores):  # type: ignore[no-untyped-def]
    """Write each row's contributions into all columns of `parts` but the last, and its raw score into `scores`.

    Each block of rows is transposed, its sums back again. Leaves are added up tree by tree, as LightGBM does, so that a
    score equals LightGBM's to the last bit.
    """
    features = rows.shape[1]
    values, sums, scored = np.zeros((features, ROWS)), np.empty((features, ROWS)), np.empty(ROWS)
    for begin in range(0, len(rows), ROWS):
        count = min(ROWS, len(rows) - begin)
        for row in range(count):
            for feature in range(features):
                value = rows[begin + row, feature]
                values[feature, row] = 0.0 if abs(value) <= ZERO else value
        sums[:] = 0
        scored[:] = 0
        _add_up(program, values, sums, scored)
        for row in range(count):
            scores[begin + row] = scored[row]
            for feature in range(features):
                parts[begin + row, feature] = sums[feature, row]


# one nest of loops, which numba compiles as a whole
@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add_up(program, values, sums, scored):  # type: ignore[no-untyped-def]  # noqa: C901
    goes = np.empty((program.most_nodes, ROWS), np.uint8)
    pattern = np.empty(ROWS, np.uint8)
    holds = np.empty(ROWS, np.uint8)
    for tree in range(len(program.tree_nodes) - 1):
        first = program.tree_nodes[tree]
        for node in range(first, program.tree_nodes[tree + 1]):
            _test(program, node, values[program.feature[node]], goes[node - first])
        for subtree in range(program.tree_subtrees[tree], program.tree_subtrees[tree + 1]):
            begin, end = program.subtree_bits[subtree], program.subtree_bits[subtree + 1]
            pattern[:] = 0
            for bit in range(begin, end):
                holds[:] = 1
                for test in range(program.bit_tests[bit], program.bit_tests[bit + 1]):
                    went, wanted = goes[program.test_node[test]], program.test_left[test]
                    for row in range(ROWS):
                        holds[row] &= went[row] == wanted
                shift = np.uint8(bit - begin)
                for row in range(ROWS):
                    pattern[row] |= holds[row] << shift
            size, at = 1 << (end - begin), program.subtree_entries[subtree]
            leaf = program.values[program.subtree_values[subtree] : program.subtree_values[subtree] + size]
            for row in range(ROWS):
                scored[row] += leaf[pattern[row]]
            for slot in range(program.subtree_slots[subtree], program.subtree_slots[subtree + 1]):
                table = program.entries[at : at + size]
                total = sums[program.slot_feature[slot]]
                for row in range(ROWS):
                    total[row] += table[pattern[row]]
                at += size


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _test(program, node, values, left):  # type: ignore[no-untyped-def]
    """Write whether each row goes left at a node, as LightGBM decides it (tree.h, Numerical/CategoricalDecision)."""
    threshold, default = program.threshold[node], program.default_left[node]
    if program.levels_to[node] > program.levels_from[node]:
        levels = program.level_set[program.levels_from[node] : program.levels_to[node]]
        for row in range(ROWS):
            value = values[row]
            is_level = value > -1 and value < len(levels)
            left[row] = levels[int(value)] if is_level else 0
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


@numba.njit(cache=True, error_model="numpy")
def weights(covers):  # type: ignore[no-untyped-def]
    """D x 2^D: the contribution of a leaf of value 1 to each of its D features under each pattern.

    covers: the z of each feature (see models.tree_shap.patterns).
    """
    size = len(covers)
    patterns = 1 << size
    result, product = np.empty((size, patterns)), np.empty(size)
    shares = np.full(size, 1.0 / size)  # k! (size-1-k)! / size!
    for k in range(1, size):
        shares[k] = shares[k - 1] * k / (size - k)
    for feature in range(size):
        for pattern in range(patterns):
            # coefficients of the product of (z_i + o_i t) over the other features, lowest power first
            product[:] = 0.0
            product[0] = 1.0
            for other in range(size):
                if other != feature:
                    satisfied = pattern >> other & 1
                    for power in range(size - 1, 0, -1):
                        product[power] = covers[other] * product[power] + satisfied * product[power - 1]
                    product[0] *= covers[other]
            result[feature, pattern] = ((pattern >> feature & 1) - covers[feature]) * (shares * product).sum()
    return result


@numba.njit(cache=True, error_model="numpy")
def add_leaf(table, values, rows, leaf, value, tests, begins):  # type: ignore[no-untyped-def]
    """Add a leaf's table to the table of its subtree, and its value to the patterns under which all its tests hold.

    rows: the subtree's row of each of the leaf's features. tests: of each of the leaf's tests, the subtree's bit and
    whether it has to be unset (1). begins: offsets of each feature's tests.
    """
    for under in range(table.shape[1]):
        pattern = 0
        for slot in range(len(rows)):
            holds = 1
            for test in range(begins[slot], begins[slot + 1]):
                holds &= (under >> tests[test, 0] & 1) ^ tests[test, 1]
            pattern |= holds << slot
        for slot in range(len(rows)):
            table[rows[slot], under] += leaf[slot, pattern]
        if pattern == (1 << len(rows)) - 1:
            values[under] += value
