"""LightGBM's text model as arrays: the test, children and training rows of each node."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2


class UnreadableModelError(ValueError):
    """The model cannot be scored by a walk or explained by pattern tables; the message says why."""


@dataclass(frozen=True)
class Tree:
    """One tree as arrays by node, and by leaf.

    A row goes left at a node where its feature is at most the threshold, or in the node's set of levels. left_child,
    right_child: node numbers; below zero leaves, -1 being leaf 0. missing: 0 no value counts as missing (NaN is 0), 1
    zero and NaN do, 2 NaN does; a missing value goes left where default_left. levels: the levels that go left, None for
    a numerical test. cover, leaf_cover: training rows of each node and leaf. value: the raw score of each leaf.
    Source: LightGBM, src/io/tree.cpp (ToString) and include/LightGBM/tree.h (NumericalDecision).
    """

    feature: Ints
    threshold: Floats
    left_child: Ints
    right_child: Ints
    missing: Ints
    default_left: Ints
    levels: tuple[frozenset[int] | None, ...]
    cover: Floats
    value: Floats
    leaf_cover: Floats

    @staticmethod
    def of(pairs: Mapping[str, str]) -> Tree:
        """The tree of a block of a model's text; pairs: the values of its lines by their keys."""
        if pairs.get("is_linear", "0") != "0":
            raise UnreadableModelError("its leaves are linear")
        value = _floats(pairs, "leaf_value")
        decision = _ints(pairs, "decision_type")
        # sets of levels are words of 32 bits; the threshold of a categorical node is the number of its set
        bounds, words = _ints(pairs, "cat_boundaries"), _ints(pairs, "cat_threshold")
        levels: list[frozenset[int] | None] = []
        for kind, threshold in zip(decision, _floats(pairs, "threshold"), strict=True):
            if not kind & _CATEGORICAL:
                levels.append(None)
                continue
            begin, end = bounds[int(threshold)], bounds[int(threshold) + 1]
            bits = ((number, word, bit) for number, word in enumerate(words[begin:end]) for bit in range(32))
            levels.append(frozenset(32 * number + bit for number, word, bit in bits if word >> bit & 1))
        tree = Tree(
            feature=_ints(pairs, "split_feature"),
            threshold=_floats(pairs, "threshold"),
            left_child=_ints(pairs, "left_child"),
            right_child=_ints(pairs, "right_child"),
            missing=(decision >> _MISSING_SHIFT) & 3,
            default_left=(decision & _DEFAULT_LEFT) // _DEFAULT_LEFT,
            levels=tuple(levels),
            cover=_floats(pairs, "internal_count"),
            value=value,
            leaf_cover=_floats(pairs, "leaf_count") if len(value) > 1 else np.ones(1),
        )
        of_nodes = (tree.feature, tree.threshold, tree.left_child, tree.right_child, tree.missing, tree.cover)
        if {len(each) for each in of_nodes} != {len(value) - 1} or len(tree.leaf_cover) != len(value):
            raise ValueError("a tree's nodes and leaves do not go together")
        return tree

    def cover_of(self, child: int) -> float:
        """Training rows of a child, node or leaf."""
        return float(self.leaf_cover[~child] if child < 0 else self.cover[child])


def trees_of(text: str) -> tuple[Tree, ...]:
    """All trees of a model's text.

    Raises UnreadableModelError for a model that averages its trees, has linear leaves or more than one class.
    """
    head, *rest = text.partition("\nend of trees")[0].split("\nTree=")
    general = _pairs(head)
    if general.get("num_tree_per_iteration", "1") != "1":
        raise UnreadableModelError("it has more than one tree an iteration")
    if "average_output" in head.splitlines():
        raise UnreadableModelError("it averages its trees")
    return tuple(Tree.of(_pairs(block)) for block in rest)


class ParsedModel(NamedTuple):
    """What a model's text says: the names of its columns, and its trees; None where they are of no kind known here."""

    columns: tuple[str, ...]
    trees: tuple[Tree, ...] | None


def parse_model(text: str) -> ParsedModel:
    """The columns and the trees of a model's text, after a check that it is complete and its trees are numbers.

    Raises ValueError where they are not. LightGBM checks less, and takes seconds to import.
    """
    head, separator, _ = text.partition("\nTree=0\n")
    general, trees = _pairs(head), text.encode()[len(head.encode()) + 1 :]
    end = 0
    for number, size in enumerate(_ints(general, "tree_sizes")):
        if not trees.startswith(b"Tree=%d\n" % number, end):
            raise ValueError(f"tree {number} does not begin where it should")
        end += size
    if not separator or not trees.startswith(b"end of trees\n", end):
        raise ValueError("it is cut off, or no text of a model")
    columns = tuple(general.get("feature_names", "").split())
    try:
        return ParsedModel(columns, trees_of(text))
    except UnreadableModelError:  # such a model is complete, too
        return ParsedModel(columns, None)


def level_flags(trees: Iterable[Tree]) -> list[npt.NDArray[np.uint8]]:
    """For each node one byte a level, 1 where it goes left; no byte for a numerical test."""
    sets = []
    for levels in chain.from_iterable(tree.levels for tree in trees):
        flags = np.zeros(0 if levels is None else max(levels, default=0) + 1, dtype=np.uint8)
        flags[list(levels or ())] = 1
        sets.append(flags)
    return sets


def offsets(sizes: Iterable[int]) -> npt.NDArray[np.int64]:
    """The offset of each element in an array of all, and the end of the last."""
    return np.array(list(accumulate(sizes, initial=0)), dtype=np.int64)


def concatenate(arrays: Iterable[npt.NDArray[Any]], dtype: type[Any]) -> npt.NDArray[Any]:
    """The arrays one after the other, as numbers of a type."""
    return np.concatenate([np.zeros(0), *arrays]).astype(dtype)


def _pairs(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.splitlines() if "=" in line)


def _floats(pairs: Mapping[str, str], name: str) -> Floats:
    return np.array([float(number) for number in pairs.get(name, "").split()])


def _ints(pairs: Mapping[str, str], name: str) -> Ints:
    return np.array([int(number) for number in pairs.get(name, "").split()], dtype=np.int64)
