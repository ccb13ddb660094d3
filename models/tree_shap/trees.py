"""LightGBM's text model as arrays: every node's test, where it leads, and how many training rows came by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_CATEGORICAL, _DEFAULT_LEFT, _MISSING_SHIFT = 1, 2, 2


class Unreadable(ValueError):  # noqa: N818 - an answer: such a model is explained by LightGBM itself
    """The text is not of a model that can be explained here; the message says why."""


@dataclass(frozen=True)
class Tree:
    """One tree. Children below zero are leaves: -1 is leaf 0. value: of each leaf, in raw score.

    A test sends a row left where its feature is at most the threshold, or in the node's set of levels. missing: what
    counts as missing: 0 nothing (NaN is 0), 1 zero and NaN, 2 NaN; a missing value goes left where default_left.
    levels: for each node the levels that go left; none for a numerical test. cover: training rows at each node.
    Source: LightGBM, src/io/tree.cpp (ToString) and include/LightGBM/tree.h (NumericalDecision).
    """

    feature: Ints
    threshold: Floats
    left: Ints
    right: Ints
    missing: Ints
    default_left: Ints
    levels: tuple[frozenset[int] | None, ...]
    cover: Floats
    value: Floats
    leaf_cover: Floats

    def cover_of(self, child: int) -> float:
        return float(self.leaf_cover[~child] if child < 0 else self.cover[child])


def trees_of(text: str) -> tuple[Tree, ...]:
    """All trees of a model's text.

    Raises Unreadable for a model that averages its trees, has linear leaves or more than one class.
    """
    head, *rest = text.partition("\nend of trees")[0].split("\nTree=")
    general = _pairs(head)
    if general.get("num_tree_per_iteration", "1") != "1":
        raise Unreadable("it has more than one tree an iteration")
    if "average_output" in head.splitlines():
        raise Unreadable("it averages its trees")
    return tuple(_tree(_pairs(part)) for part in rest)


def columns_named(text: str) -> tuple[str, ...]:
    """The columns that a model's text names, once it is seen to be whole: trees as long as it says, of numbers.

    Raises ValueError where it is not. LightGBM itself takes seconds to import.
    """
    head, begun, _ = text.partition("\nTree=0\n")
    general, trees = _pairs(head), text.encode()[len(head.encode()) + 1 :]
    end = 0
    for number, size in enumerate(_ints(general, "tree_sizes")):
        if not trees.startswith(b"Tree=%d\n" % number, end):
            raise ValueError(f"tree {number} does not begin where it should")
        end += size
    if not begun or not trees.startswith(b"end of trees\n", end):
        raise ValueError("it is cut off, or no text of a model")
    with suppress(Unreadable):  # whole all the same
        trees_of(text)
    return tuple(general.get("feature_names", "").split())


def _pairs(part: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in part.splitlines() if "=" in line)


def _tree(pairs: Mapping[str, str]) -> Tree:
    if pairs.get("is_linear", "0") != "0":
        raise Unreadable("its leaves are linear")
    value = _floats(pairs, "leaf_value")
    decision = _ints(pairs, "decision_type")
    tree = Tree(
        feature=_ints(pairs, "split_feature"),
        threshold=_floats(pairs, "threshold"),
        left=_ints(pairs, "left_child"),
        right=_ints(pairs, "right_child"),
        missing=(decision >> _MISSING_SHIFT) & 3,
        default_left=(decision & _DEFAULT_LEFT) // _DEFAULT_LEFT,
        levels=tuple(_levels(pairs, decision)),
        cover=_floats(pairs, "internal_count"),
        value=value,
        leaf_cover=_floats(pairs, "leaf_count") if len(value) > 1 else np.ones(1),
    )
    of_nodes = (tree.feature, tree.threshold, tree.left, tree.right, tree.missing, tree.cover)
    if {len(each) for each in of_nodes} != {len(value) - 1} or len(tree.leaf_cover) != len(value):
        raise ValueError("a tree's nodes and leaves do not go together")
    return tree


def _floats(pairs: Mapping[str, str], name: str) -> Floats:
    return np.array([float(number) for number in pairs.get(name, "").split()])


def _ints(pairs: Mapping[str, str], name: str) -> Ints:
    return np.array([int(number) for number in pairs.get(name, "").split()], dtype=np.int64)


def _levels(pairs: Mapping[str, str], decision: Ints) -> Iterator[frozenset[int] | None]:
    """Sets of levels are kept as words of 32 bits; a categorical node's threshold is the number of its set."""
    bounds, words = _ints(pairs, "cat_boundaries"), _ints(pairs, "cat_threshold")
    for kind, number in zip(decision, _floats(pairs, "threshold"), strict=True):
        if not kind & _CATEGORICAL:
            yield None
            continue
        begin, end = bounds[int(number)], bounds[int(number) + 1]
        yield frozenset(
            32 * place + bit for place, word in enumerate(words[begin:end]) for bit in range(32) if word >> bit & 1
        )
