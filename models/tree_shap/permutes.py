"""Adding each row's entry of a table to its sum: by permutations of registers where the processor has AVX-512.

Sixteen rows look their entries up at once in a table that lies in registers: one permutation reads 32 entries by five
bits of the pattern, the further bits choose between permutations. Both ways add the same numbers in the same order, so
a result is the same to the last bit on every processor.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding  # comes with numba
import numba
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.extending import intrinsic

_LANES = 16
"""Rows at once; entries of one register."""
TABLE_END = _LANES
"""Entries after the last table, so that a small table is read as a whole register."""
_MOST_BITS = 8
_INT64 = ir.IntType(64)
_FLOATS, _INDEXES = ir.VectorType(ir.FloatType(), _LANES), ir.VectorType(ir.IntType(32), _LANES)
_PATTERNS, _SUMS = ir.VectorType(ir.IntType(8), _LANES), ir.VectorType(ir.DoubleType(), _LANES)


_pointer: Any = types.CPointer  # type: ignore[attr-defined]


def has_permutes() -> bool:
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
def _by_permutes(entries, at, bits, pattern, sums, feature):  # type: ignore[no-untyped-def]
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


add_entries = _by_permutes if has_permutes() else _one_by_one
"""Add each row's entry of a table to its sum.

entries: of all tables, and TABLE_END more. at, bits: where the table begins, and the bits of its patterns. pattern: of
each row. sums: of each feature, a line for each, and of each row. feature: whose table it is.
"""
