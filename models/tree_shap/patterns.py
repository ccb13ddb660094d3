"""Pattern tables: what leaves add to each feature for every pattern of tests a row may satisfy.

A leaf's path tests D distinct features. For one row it matters only which of the D satisfy all their tests on the path:
one of 2^D patterns. With z_j the product of cover ratios along the path's tests of feature j and o_j in {0, 1} whether
the row satisfies them, the leaf adds to feature j

    value x (o_j - z_j) x sum over k of k! (D-1-k)! / D! x c_k,

c_k the coefficients of the product over i != j of (z_i + o_i t). Over all leaves this is path-dependent TreeSHAP
(Lundberg et al. 2020, algorithm 2); the tables are the idea of FastTreeSHAP v2 (Yang 2021).

Neighbouring leaves share most of their path. A bough is as many of them as WIDEST bits tell apart: a bit for each
feature tested on what their paths share, one for each node where they part. Their tables, over the bough's patterns,
are one sum: a row is looked up once for each feature of a bough, not of a leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod

import numpy as np

from models.tree_shap.kernel import add_leaf, weights
from models.tree_shap.trees import Floats, Tree, Unreadable

WIDEST = 8
"""Bits of a bough, and distinct features on a path: a pattern is kept in one byte."""

Tests = tuple[tuple[int, bool], ...]
"""Nodes, and whether a row goes left there, for all of them."""


@dataclass(frozen=True)
class Leaf:
    """features: the D distinct ones on the path. tests: for each, the (node, goes left) a row has to satisfy.

    table: D x 2^D; bit j of a pattern says whether the tests of features[j] hold. value: what a row in it scores.
    """

    features: tuple[int, ...]
    tests: tuple[Tests, ...]
    table: Floats
    value: float


@dataclass(frozen=True)
class Bough:
    """features: all that the leaves' paths test. bits: what a row has to satisfy for each. table: features x 2^bits.

    values: what a row scores under each pattern: its leaf's value, 0 where that is on another bough.
    """

    features: tuple[int, ...]
    bits: tuple[Tests, ...]
    table: Floats
    values: Floats


def boughs_of(tree: Tree) -> tuple[Bough, ...]:
    """The leaves of a tree, in order, as few boughs as that gives; a tree of one leaf is a bough without bits.

    Raises Unreadable where a path tests more than WIDEST features.
    """
    if not len(tree.feature):
        return (Bough((), (), np.zeros((0, 1)), tree.value),)
    found: list[list[Leaf]] = []
    for leaf in leaves_of(tree):
        if found and len(_bits([*found[-1], leaf])) <= WIDEST:
            found[-1].append(leaf)
        else:
            found.append([leaf])
    return tuple(_bough(leaves) for leaves in found)


def leaves_of(tree: Tree) -> tuple[Leaf, ...]:
    """The leaves of a tree with their tables; none for a tree of one leaf, which explains nothing.

    Raises Unreadable where a path tests more than WIDEST features.
    """
    return tuple(_leaf(tree, number, path) for number, path in _paths(tree, 0, ())) if len(tree.feature) else ()


def _bits(leaves: Sequence[Leaf]) -> tuple[Tests, ...]:
    """For each feature its tests that all leaves share, together; for each other node, whether a row goes left."""
    every = [frozenset(chain.from_iterable(leaf.tests)) for leaf in leaves]
    shared = frozenset.intersection(*every)
    together = [tuple(test for test in mine if test in shared) for mine in leaves[0].tests]
    apart = sorted({node for node, _ in frozenset.union(*every) - shared})
    return (*filter(None, together), *(((node, True),) for node in apart))


def _bough(leaves: Sequence[Leaf]) -> Bough:
    bits = _bits(leaves)
    features = tuple(dict.fromkeys(chain.from_iterable(leaf.features for leaf in leaves)))
    rows, places = {feature: row for row, feature in enumerate(features)}, _places(bits)
    table, values = np.zeros((len(features), 2 ** len(bits))), np.zeros(2 ** len(bits))
    for leaf in leaves:
        told = [places[test] for test in chain.from_iterable(leaf.tests)]
        begins = np.cumsum([0, *map(len, leaf.tests)])
        mine = np.array([rows[feature] for feature in leaf.features])
        add_leaf(table, values, mine, leaf.table, leaf.value, np.array(told), begins)
    return Bough(features, bits, table, values)


def _places(bits: Sequence[Tests]) -> dict[tuple[int, bool], tuple[int, int]]:
    """For each test that leaves of a bough make: its bit, and 1 where that has to be unset."""
    holds = {test: (place, 0) for place, together in enumerate(bits) for test in together}
    return {(node, not left): (place, 1) for (node, left), (place, _) in holds.items()} | holds


def base_value(tree: Tree) -> float:
    """The score of the average training row."""
    return float(np.average(tree.value, weights=tree.leaf_cover))


Path = tuple[tuple[int, bool, float], ...]
"""Node, whether the path goes left there, and the share of the node's rows that do as the path does."""


def _paths(tree: Tree, node: int, so_far: Path) -> Iterator[tuple[int, Path]]:
    for child, goes_left in ((tree.left[node], True), (tree.right[node], False)):
        path = (*so_far, (node, goes_left, tree.cover_of(int(child)) / float(tree.cover[node])))
        if child < 0:
            yield ~int(child), path
        else:
            yield from _paths(tree, int(child), path)


def _leaf(tree: Tree, number: int, path: Path) -> Leaf:
    features = tuple(dict.fromkeys(int(tree.feature[node]) for node, _, _ in path))
    if len(features) > WIDEST:
        raise Unreadable(f"a path tests {len(features)} features, more than {WIDEST}")
    steps = [[step for step in path if tree.feature[step[0]] == feature] for feature in features]
    covers = [prod(share for _, _, share in mine) for mine in steps]
    tests = tuple(tuple((node, goes_left) for node, goes_left, _ in mine) for mine in steps)
    value = float(tree.value[number])
    return Leaf(features, tests, value * weights(np.array(covers)), value)
