"""The compiled loops: codes of a block of rows, the pattern of each row in each subtree, sums of entries, raw scores.

Where the processor has AVX-512, sixteen rows look their entries up at once in a table that lies in registers: one
permutation reads 32 entries by five bits of the pattern, the further bits choose between permutations. Both ways add
the same numbers in the same order, so that a result is the same to the last bit on every processor.

All loops stand in this file: numba compiles a function anew where its own file has changed, and not where a file that
it imports has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import llvmlite.binding
import numba
import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

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
_LANES = 16
"""Rows at once; entries of one register."""
TABLE_END = _LANES
"""Entries after the last table, so that a small table is read as a whole register."""
_MOST_BITS = 8
_pointer: Any = types.CPointer  # type: ignore[attr-defined]
_INT64 = ir.IntType(64)
_FLOATS, _INDEXES = ir.VectorType(ir.FloatType(), _LANES), ir.VectorType(ir.IntType(32), _LANES)
_PATTERNS, _SUMS = ir.VectorType(ir.IntType(8), _LANES), ir.VectorType(ir.DoubleType(), _LANES)


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


def has_permutations() -> bool:
    """Whether numba compiles for a processor with AVX-512: this one has it, and no setting names another."""
    if config.CPU_NAME not in (None, "host") or config.CPU_FEATURES is not None:
        return False
    return bool(llvmlite.binding.get_host_cpu_features().get("avx512f", False))


@intrinsic
def _data(_, array):  # type: ignore[no-untyped-def]
    """A pointer to the first element of a contiguous array."""

    def generate(compiler, builder, signature, values):  # type: ignore[no-untyped-def]
        return compiler.make_array(signature.args[0])(compiler, builder, values[0]).data

    return _pointer(array.dtype)(array), generate


def _adding(bits: int) -> Any:
    """The addition of entries of tables with 2^bits of them, for loops that numba compiles."""
    registers = max(1, (1 << bits) // _LANES)
    floats, bytes_, doubles = map(_pointer, (types.float32, types.uint8, types.float64))
    signature = types.void(floats, types.int64, bytes_, doubles, types.int64, types.int64)

    def generate(compiler, builder, _, values):  # type: ignore[no-untyped-def]
        table, at, pattern, sums, feature, rows = values
        name, kind = "llvm.x86.avx512.vpermi2var.ps.512", ir.FunctionType(_FLOATS, [_FLOATS, _INDEXES, _FLOATS])
        permute = cgutils.get_or_insert_function(builder.module, kind, name)
        read = builder.bitcast(builder.gep(table, [at]), _FLOATS.as_pointer())
        entries = [builder.load(builder.gep(read, [_INT64(number)]), align=4) for number in range(registers)]
        entries *= 2 if registers == 1 else 1
        of_patterns = builder.bitcast(pattern, _PATTERNS.as_pointer())
        of_sums = builder.bitcast(builder.gep(sums, [builder.mul(feature, rows)]), _SUMS.as_pointer())
        with cgutils.for_range(builder, builder.udiv(rows, _INT64(_LANES))) as loop:
            index = builder.zext(builder.load(builder.gep(of_patterns, [loop.index]), align=1), _INDEXES)
            pairs = zip(entries[::2], entries[1::2], strict=True)
            found = [builder.call(permute, [low, index, high]) for low, high in pairs]
            for bit in range(5, bits):
                masked = builder.and_(index, ir.Constant(_INDEXES, [1 << bit] * _LANES))
                is_set = builder.icmp_unsigned("!=", masked, ir.Constant(_INDEXES, [0] * _LANES))
                pairs = zip(found[::2], found[1::2], strict=True)
                found = [builder.select(is_set, high, low) for low, high in pairs]
            place = builder.gep(of_sums, [loop.index])
            added = builder.fadd(builder.load(place, align=8), builder.fpext(found[0], _SUMS))
            builder.store(added, place, align=8)
        return compiler.get_dummy_value()

    @intrinsic
    def add(_, _table, _at, _pattern, _sums, _feature, _rows):  # type: ignore[no-untyped-def]
        """Add the entries of the table that begins at a position to the sums of a feature; rows: a multiple of 16."""
        return signature, generate

    return add


_add_16, _add_32, _add_64, _add_128, _add_256 = map(_adding, range(4, _MOST_BITS + 1))


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _by_permutations(entries, at, bits, pattern, sums, feature):  # type: ignore[no-untyped-def]
    table, patterns, totals, rows = _data(entries), _data(pattern), _data(sums), len(pattern)
    if bits == 8:
        _add_256(table, at, patterns, totals, feature, rows)
    elif bits == 7:
        _add_128(table, at, patterns, totals, feature, rows)
    elif bits == 6:
        _add_64(table, at, patterns, totals, feature, rows)
    elif bits == 5:
        _add_32(table, at, patterns, totals, feature, rows)
    else:
        _add_16(table, at, patterns, totals, feature, rows)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _one_by_one(entries, at, bits, pattern, sums, feature):  # type: ignore[no-untyped-def]  # noqa: ARG001
    for row in range(len(pattern)):
        sums[feature, row] += entries[at + pattern[row]]


add_entries = _by_permutations if has_permutations() else _one_by_one
"""Add each row's entry of a table to its sum.

entries: of all tables, and TABLE_END more. at, bits: where the table begins, and the bits of its patterns. pattern: of
each row. sums: of each feature, a line for each, and of each row. feature: whose table it is.
"""


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


# one nest of loops, which numba compiles as a whole
@numba.njit(nogil=True, cache=True, error_model="numpy")
def add_scores(walk, cells, scores, begin, end):  # type: ignore[no-untyped-def]
    """Add the leaf that each row from `begin` up to `end` reaches in each tree to its score, tree by tree.

    cells: features x rows.
    """
    for first in range(begin, end, ROWS):  # a block of rows stays in the cache while all trees are walked
        last = min(first + ROWS, end)
        for tree in range(len(walk.tree_nodes) - 1):
            nodes, leaves = walk.tree_nodes[tree], walk.tree_leaves[tree]
            root = 0 if walk.tree_nodes[tree + 1] > nodes else -1
            for row in range(first, last):
                position = root
                while position >= 0:
                    node = nodes + position
                    value, kind = cells[walk.feature[node], row], walk.kind[node]
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
                    position = walk.left[node] if goes_left else walk.right[node]
                scores[row] += walk.value[leaves + ~position]


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
