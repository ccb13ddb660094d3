"""Pattern tables: the contributions of leaves to each feature for every pattern of tests that a row may satisfy.

A leaf's path tests D distinct features. For one row it matters only which of the D satisfy all their tests on the path:
one of 2^D patterns. With z_j the product of cover ratios along the path's tests of feature j and o_j in {0, 1} whether
the row satisfies them, the leaf adds to feature j

    value x (o_j - z_j) x sum over k of k! (D-1-k)! / D! x c_k,

c_k the coefficients of the product over i != j of (z_i + o_i t). Over all leaves this is path-dependent TreeSHAP
(Lundberg et al. 2020, algorithm 2); the tables are the idea of FastTreeSHAP v2 (Yang 2021).

Neighbouring leaves share most of their path. A subtree is as many of them as 7 or 8 bits tell apart: a bit for each
feature that the common part of their paths tests, and one for each node below it. Their tables are added up over the
subtree's patterns, so that a row is looked up once for each feature of a subtree instead of each of a leaf.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from math import prod

import numpy as np

from models.tree_shap.kernel import add_leaf, weights
from models.tree_shap.trees import Floats, Tree, UnreadableModelError

WIDEST = 8
"""The most bits of a subtree, and distinct features on a path: a pattern fits one byte."""
USUAL_BITS = 7
"""The bits of a subtree where no path of its tree tests more features: tables of half the size, read faster."""

Tests = tuple[tuple[int, bool], ...]
"""Nodes, and whether a row has to go left at each."""
Path = tuple[tuple[int, bool, float], ...]
"""Of each node on a path: its number, whether the path goes left, and the share of its training rows that do, too."""


@dataclass(frozen=True)
class Leaf:
    """A leaf of a tree.

    features: the D distinct ones on its path. tests: of each, that a row in the leaf satisfies. table: D x 2^D
    contributions; bit j of a pattern says whether the tests of features[j] hold. value: the raw score of its rows.
    """

    features: tuple[int, ...]
    tests: tuple[Tests, ...]
    table: Floats
    value: float


@dataclass(frozen=True)
class Subtree:
    """Neighbouring leaves of a tree.

    features: all that their paths test. bits: of each, the tests that set it. table: features x 2^bits contributions.
    values: the raw score under each pattern; 0 where the row's leaf is in another subtree.
    """

    features: tuple[int, ...]
    bits: tuple[Tests, ...]
    table: Floats
    values: Floats

    @staticmethod
    def of(leaves: Sequence[Leaf]) -> Subtree:
        """The subtree of these leaves, whose bits fit one byte."""
        bits = _bits(leaves)
        features = tuple(dict.fromkeys(chain.from_iterable(leaf.features for leaf in leaves)))
        rows = {feature: row for row, feature in enumerate(features)}
        # each test's bit, and 1 where that has to be unset
        set_bits = {test: (bit, 0) for bit, tests in enumerate(bits) for test in tests}
        unset_bits = {(node, not goes_left): (bit, 1) for (node, goes_left), (bit, _) in set_bits.items()}
        bit_of_test = unset_bits | set_bits
        table, values = np.zeros((len(features), 2 ** len(bits))), np.zeros(2 ** len(bits))
        for leaf in leaves:
            test_bits = [bit_of_test[test] for test in chain.from_iterable(leaf.tests)]
            begins = np.cumsum([0, *map(len, leaf.tests)])
            leaf_rows = np.array([rows[feature] for feature in leaf.features])
            add_leaf(table, values, leaf_rows, leaf.table, leaf.value, np.array(test_bits), begins)
        return Subtree(features, bits, table, values)


def subtrees_of(tree: Tree) -> tuple[Subtree, ...]:
    """The leaves of a tree, in order, in as few subtrees as possible; a tree of one leaf is a subtree without bits.

    Raises UnreadableModelError where a path tests more than WIDEST features.
    """
    if not len(tree.feature):
        return (Subtree((), (), np.zeros((0, 1)), tree.value),)
    leaf_groups: list[list[Leaf]] = []
    leaves = leaves_of(tree)
    most_bits = max(USUAL_BITS, *(len(leaf.features) for leaf in leaves))
    for leaf in leaves:
        if leaf_groups and len(_bits([*leaf_groups[-1], leaf])) <= most_bits:
            leaf_groups[-1].append(leaf)
        else:
            leaf_groups.append([leaf])
    return tuple(Subtree.of(leaves) for leaves in leaf_groups)


def leaves_of(tree: Tree) -> tuple[Leaf, ...]:
    """The leaves of a tree with their tables; none for a tree of one leaf, which has no test.

    Raises UnreadableModelError where a path tests more than WIDEST features.
    """
    leaves = []
    for number, path in _paths(tree, 0, ()) if len(tree.feature) else ():
        features = tuple(dict.fromkeys(int(tree.feature[node]) for node, _, _ in path))
        if len(features) > WIDEST:
            raise UnreadableModelError(f"a path tests {len(features)} features, more than {WIDEST}")
        steps = [[step for step in path if tree.feature[step[0]] == feature] for feature in features]
        covers = [prod(share for _, _, share in of_feature) for of_feature in steps]
        tests = tuple(tuple((node, goes_left) for node, goes_left, _ in of_feature) for of_feature in steps)
        value = float(tree.value[number])
        leaves.append(Leaf(features, tests, value * weights(np.array(covers)), value))
    return tuple(leaves)


def _bits(leaves: Sequence[Leaf]) -> tuple[Tests, ...]:
    """A bit for each feature, of its tests that all leaves share, and one for each other node, of going left."""
    every = [frozenset(chain.from_iterable(leaf.tests)) for leaf in leaves]
    common_tests = frozenset.intersection(*every)
    common_bits = [tuple(test for test in mine if test in common_tests) for mine in leaves[0].tests]
    differing_nodes = sorted({node for node, _ in frozenset.union(*every) - common_tests})
    return (*filter(None, common_bits), *(((node, True),) for node in differing_nodes))


def base_value(tree: Tree) -> float:
    """The score of the average training row."""
    return float(np.average(tree.value, weights=tree.leaf_cover))


def _paths(tree: Tree, node: int, so_far: Path) -> Iterator[tuple[int, Path]]:
    for child, goes_left in ((tree.left_child[node], True), (tree.right_child[node], False)):
        path = (*so_far, (node, goes_left, tree.cover_of(int(child)) / float(tree.cover[node])))
        if child < 0:
            yield ~int(child), path
        else:
            yield from _paths(tree, int(child), path)
