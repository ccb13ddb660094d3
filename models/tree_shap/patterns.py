"""Pattern tables: for each leaf, what it adds to each feature for every pattern of tests a row may satisfy.

A leaf's path tests D distinct features. For one row it matters only which of the D satisfy all their tests on the path:
one of 2^D patterns. With z_j the product of cover ratios along the path's tests of feature j and o_j in {0, 1} whether
the row satisfies them, the leaf adds to feature j

    value x (o_j - z_j) x sum over k of k! (D-1-k)! / D! x c_k,

c_k the coefficients of the product over i != j of (z_i + o_i t). Over all leaves this is path-dependent TreeSHAP
(Lundberg et al. 2020, algorithm 2); the tables are the idea of FastTreeSHAP v2 (Yang 2021).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import factorial

import numpy as np

from models.tree_shap.trees import Floats, Tree, Unreadable

LONGEST_PATH = 8
"""Distinct features on a path: a pattern is kept in one byte."""


@dataclass(frozen=True)
class Leaf:
    """features: the D distinct ones on the path. tests: for each, the (node, goes left) a row has to satisfy.

    table: D x 2^D; bit j of a pattern says whether the tests of features[j] hold. value: what a row in it scores.
    """

    features: tuple[int, ...]
    tests: tuple[tuple[tuple[int, bool], ...], ...]
    table: Floats
    value: float


def leaves_of(tree: Tree) -> tuple[Leaf, ...]:
    """The leaves of a tree with their tables; none for a tree of one leaf, which explains nothing.

    Raises Unreadable where a path tests more than LONGEST_PATH features.
    """
    return tuple(_leaf(tree, number, path) for number, path in _paths(tree, 0, ())) if len(tree.feature) else ()


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
    if len(features) > LONGEST_PATH:
        raise Unreadable(f"a path tests {len(features)} features, more than {LONGEST_PATH}")
    steps = [[step for step in path if tree.feature[step[0]] == feature] for feature in features]
    covers = [float(np.prod([share for _, _, share in mine])) for mine in steps]
    tests = tuple(tuple((node, goes_left) for node, goes_left, _ in mine) for mine in steps)
    value = float(tree.value[number])
    return Leaf(features, tests, value * _weights(covers), value)


def _weights(covers: Sequence[float]) -> Floats:
    """D x 2^D: what a leaf of value one adds to each feature under each pattern."""
    size = len(covers)
    z = np.array(covers)
    o = (np.arange(2**size)[None, :] >> np.arange(size)[:, None] & 1).astype(np.float64)
    shares = np.array([factorial(k) * factorial(size - 1 - k) / factorial(size) for k in range(size)])
    others = (_coefficients(np.delete(z, j), np.delete(o, j, axis=0)) for j in range(size))
    return np.array([(o[j] - z[j]) * (shares @ coefficients) for j, coefficients in enumerate(others)])


def _coefficients(z: Floats, o: Floats) -> Floats:
    """Of the product of (z_i + o_i t), lowest power first, for each pattern: (len(z) + 1) x patterns."""
    found = np.zeros((len(z) + 1, o.shape[1]))
    found[0] = 1
    for cover, satisfied in zip(z, o, strict=True):
        found[1:] = cover * found[1:] + satisfied * found[:-1]
        found[0] *= cover
    return found
