"""The inner loops: tests of a block of rows at once, the pattern of each row at each bough, table entries added up."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

ROWS = 512
"""Rows of a block: so many that a table read once serves many of them, so few that a block stays in the near cache."""
ZERO = float(np.float32(1e-35))
"""Up to which LightGBM takes a value for zero (kZeroThreshold)."""


class Program(NamedTuple):
    """All trees laid out flat, in order.

    Nodes: feature, threshold, missing, default_left; levels_from and levels_to bound the node's part of level_set, one
    byte a level; empty for numerical tests. tree_nodes, tree_boughs: where each tree's begin, and the end of the last.
    Boughs: bits from bough_bits[i] to the next, slots from bough_slots[i]; entries of its table begin at
    bough_entries[i], what a row scores under each pattern at bough_values[i]. Slots: the feature. Bits: where their
    tests begin. Tests: the node (counted from the tree's first) and whether a row has to go left.
    """

    feature: npt.NDArray[np.int32]
    threshold: npt.NDArray[np.float64]
    missing: npt.NDArray[np.uint8]
    default_left: npt.NDArray[np.uint8]
    levels_from: npt.NDArray[np.int64]
    levels_to: npt.NDArray[np.int64]
    level_set: npt.NDArray[np.uint8]
    tree_nodes: npt.NDArray[np.int64]
    tree_boughs: npt.NDArray[np.int64]
    bough_bits: npt.NDArray[np.int64]
    bough_slots: npt.NDArray[np.int64]
    bough_entries: npt.NDArray[np.int64]
    bough_values: npt.NDArray[np.int64]
    slot_feature: npt.NDArray[np.int32]
    bit_tests: npt.NDArray[np.int64]
    test_node: npt.NDArray[np.int32]
    test_left: npt.NDArray[np.uint8]
    entries: npt.NDArray[np.float32]
    values: npt.NDArray[np.float64]
    most_nodes: int


@numba.njit(nogil=True, cache=True, error_model="numpy")
def fill(program, rows, parts, scores):  # type: ignore[no-untyped-def]
    """Each row's parts into all columns of `parts` but the last, its raw score into `scores`.

    Rows a block turned, and their sums turned back. Leaves are added up tree by tree, as LightGBM does: a score is its
    own to the last bit.
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


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _add_up(program, values, sums, scored):  # type: ignore[no-untyped-def]
    goes = np.empty((program.most_nodes, ROWS), np.uint8)
    pattern = np.empty(ROWS, np.uint8)
    holds = np.empty(ROWS, np.uint8)
    for tree in range(len(program.tree_nodes) - 1):
        first = program.tree_nodes[tree]
        for node in range(first, program.tree_nodes[tree + 1]):
            _test(program, node, values[program.feature[node]], goes[node - first])
        for bough in range(program.tree_boughs[tree], program.tree_boughs[tree + 1]):
            begin, end = program.bough_bits[bough], program.bough_bits[bough + 1]
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
            size, at = 1 << (end - begin), program.bough_entries[bough]
            leaf = program.values[program.bough_values[bough] : program.bough_values[bough] + size]
            for row in range(ROWS):
                scored[row] += leaf[pattern[row]]
            for slot in range(program.bough_slots[bough], program.bough_slots[bough + 1]):
                table = program.entries[at : at + size]
                total = sums[program.slot_feature[slot]]
                for row in range(ROWS):
                    total[row] += table[pattern[row]]
                at += size


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


@numba.njit(cache=True, error_model="numpy")
def weights(covers):  # type: ignore[no-untyped-def]
    """D x 2^D: what a leaf of value one adds to each of its D features under each pattern. covers: their z."""
    size = len(covers)
    patterns = 1 << size
    found, others = np.empty((size, patterns)), np.empty(size)
    shares = np.full(size, 1.0 / size)  # k! (size-1-k)! / size!
    for k in range(1, size):
        shares[k] = shares[k - 1] * k / (size - k)
    for feature in range(size):
        for pattern in range(patterns):
            others[:] = 0.0
            others[0] = 1.0  # of the product of (z_i + o_i t) over the others, lowest power first
            for other in range(size):
                if other != feature:
                    satisfied = pattern >> other & 1
                    for power in range(size - 1, 0, -1):
                        others[power] = covers[other] * others[power] + satisfied * others[power - 1]
                    others[0] *= covers[other]
            found[feature, pattern] = ((pattern >> feature & 1) - covers[feature]) * (shares * others).sum()
    return found


@numba.njit(cache=True, error_model="numpy")
def add_leaf(table, values, rows, leaf, value, tests, begins):  # type: ignore[no-untyped-def]
    """Under each pattern of a bough, what one of its leaves adds under its own; its value where all its tests hold.

    rows: the bough's row of each of the leaf's features. tests: the bough's bit of each of the leaf's tests, 1 where
    it has to be unset; begins: where each feature's tests begin, and where the last one's end.
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
