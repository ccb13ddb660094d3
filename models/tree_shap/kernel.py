"""The compiled loops: tests of a block of rows, the pattern of each row in each subtree, sums of table entries."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from models.tree_shap.permutes import add_entries

ROWS = 512
"""Rows of a block: many, so that a table is read once for many of them; few, so that a block stays in the L1 cache."""
ZERO = float(np.float32(1e-35))
"""Absolute value up to which LightGBM takes a value for zero (kZeroThreshold)."""
NO_MISSING, ZERO_IS_MISSING, NAN_IS_MISSING, CATEGORICAL = 0, 1, 2, 3
"""Kinds of columns: what counts as a missing value (LightGBM's missing types), or that the values are levels."""
MISSING = 255
"""The code of a missing value: above all others where it goes right; one more is 0, where it goes left."""
MOST_CUTS = MISSING - 1
"""Thresholds of a column: a feature with more has several columns."""


class Program(NamedTuple):
    """All trees as flat arrays, in their order. Offsets say where each element begins, and where the last one ends.

    Columns: a feature as nodes of one kind read it; column_cuts: offsets of its different thresholds in cuts, rising,
    at most MOST_CUTS. A value's code is the number of cuts below it, or its level.
    Nodes: column; rank: the position of its threshold among the column's cuts; default_left: whether a missing value
    goes left; levels_from and levels_to bound its levels in level_set, one byte a level, none for numerical tests.
    tree_nodes, tree_subtrees: offsets of each tree's nodes and subtrees.
    Subtrees: offsets of their bits, slots, table entries, and of the value that a row scores under each pattern. Slots:
    the feature. Bits: offsets of their tests. Tests: the node (counted from the tree's first), and whether a row has to
    go left. entries has TABLE_END entries more than the tables, which are read but never used.
    """

    column_feature: npt.NDArray[np.int32]
    column_kind: npt.NDArray[np.uint8]
    column_cuts: npt.NDArray[np.int64]
    cuts: npt.NDArray[np.float64]
    node_column: npt.NDArray[np.int32]
    rank: npt.NDArray[np.uint8]
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

    Each block of rows is coded column by column, its sums are transposed back. Leaves are added up tree by tree, as
    LightGBM does, so that a score equals LightGBM's to the last bit.
    """
    features = rows.shape[1]
    values, codes = np.zeros(ROWS), np.zeros((len(program.column_feature), ROWS), np.uint8)
    sums, scored = np.empty((features, ROWS)), np.empty(ROWS)
    for begin in range(0, len(rows), ROWS):
        count = min(ROWS, len(rows) - begin)
        for column in range(len(program.column_feature)):
            for row in range(count):
                value = rows[begin + row, program.column_feature[column]]
                values[row] = 0.0 if abs(value) <= ZERO else value
            cuts = program.cuts[program.column_cuts[column] : program.column_cuts[column + 1]]
            _code(program.column_kind[column], cuts, values, codes[column])
        sums[:] = 0
        scored[:] = 0
        _add_up(program, codes, sums, scored)
        for row in range(count):
            scores[begin + row] = scored[row]
            for feature in range(features):
                parts[begin + row, feature] = sums[feature, row]


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _code(kind, cuts, values, codes):  # type: ignore[no-untyped-def]
    """Write the code of each value of a column.

    LightGBM decides by the same comparisons, node by node (tree.h, NumericalDecision and CategoricalDecision).
    """
    if kind == CATEGORICAL:
        for row in range(ROWS):
            is_level = values[row] > -1 and values[row] < MISSING
            codes[row] = int(values[row]) if is_level else MISSING
        return
    if kind == NO_MISSING:
        for row in range(ROWS):
            values[row] = 0.0 if values[row] != values[row] else values[row]
    size, below = len(cuts), np.zeros(ROWS, np.int64)
    while size > 1:  # all rows halve at once, without a branch that a processor could guess wrongly
        half = size >> 1
        for row in range(ROWS):
            below[row] += half * (cuts[below[row] + half - 1] < values[row])
        size -= half
    for row in range(ROWS):
        codes[row] = below[row] + (cuts[below[row]] < values[row])
    if kind != NO_MISSING:
        for row in range(ROWS):
            is_missing = values[row] != values[row] or (kind == ZERO_IS_MISSING and values[row] == 0)
            codes[row] = MISSING if is_missing else codes[row]


# one nest of loops, which numba compiles as a whole
@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add_up(program, codes, sums, scored):  # type: ignore[no-untyped-def]  # noqa: C901
    goes = np.empty((program.most_nodes, ROWS), np.uint8)
    pattern = np.empty(ROWS, np.uint8)
    holds = np.empty(ROWS, np.uint8)
    for tree in range(len(program.tree_nodes) - 1):
        first = program.tree_nodes[tree]
        for node in range(first, program.tree_nodes[tree + 1]):
            _test(program, node, codes, goes, node - first)
        for subtree in range(program.tree_subtrees[tree], program.tree_subtrees[tree + 1]):
            begin, end = program.subtree_bits[subtree], program.subtree_bits[subtree + 1]
            pattern[:] = 0
            for bit in range(begin, end):
                first_test, weight = program.bit_tests[bit], np.uint8(1 << (bit - begin))
                node, wanted = program.test_node[first_test], program.test_left[first_test]
                for row in range(ROWS):
                    holds[row] = weight if goes[node, row] == wanted else np.uint8(0)
                for test in range(first_test + 1, program.bit_tests[bit + 1]):
                    node, wanted = program.test_node[test], program.test_left[test]
                    for row in range(ROWS):
                        holds[row] = holds[row] if goes[node, row] == wanted else np.uint8(0)
                for row in range(ROWS):
                    pattern[row] |= holds[row]
            size, at = 1 << (end - begin), program.subtree_entries[subtree]
            leaf = program.subtree_values[subtree]
            for row in range(ROWS):
                scored[row] += program.values[leaf + pattern[row]]
            for slot in range(program.subtree_slots[subtree], program.subtree_slots[subtree + 1]):
                add_entries(program.entries, at, end - begin, pattern, sums, program.slot_feature[slot])
                at += size


@numba.njit(nogil=True, cache=True, error_model="numpy", inline="always")
def _test(program, node, codes, goes, place):  # type: ignore[no-untyped-def]
    """Write whether each row goes left at a node to a line of `goes`."""
    column, begin = program.node_column[node], program.levels_from[node]
    count = program.levels_to[node] - begin
    if count > 0:
        for row in range(ROWS):
            code = codes[column, row]
            goes[place, row] = program.level_set[begin + code] if code < count else 0
    else:
        above = program.default_left[node]
        bound = np.uint8(program.rank[node] + above)
        for row in range(ROWS):
            goes[place, row] = np.uint8(codes[column, row] + above) <= bound


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
