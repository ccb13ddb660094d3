"""Monotone signs, proved on a fitted model: the columns that it moves against the sign that they declare."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.additive import AdditiveModel
from models.boosting import Trees
from models.raw_score import Blend, Floats, RawScore
from models.tree_shap.trees import Tree, UnreadableModelError, trees_of

_LARGEST_VALUE = 1e300
"""LightGBM's largest threshold: a test against it divides missing from present values."""
_UNNAMED_LEVELS = 63
"""The bit that stands for all levels that a tree does not name."""
_ALL_LEVELS = 2**64 - 1
_ZERO_IS_MISSING, _NAN_IS_MISSING = 1, 2
_ROUNDING = 1e-9


@dataclass(frozen=True)
class SignBreak:
    """A column that a model moves against its sign.

    log_odds: the sum over its trees (or the steps of its curve) of the largest step of each against the sign; no
    change of the column moves the raw score of any row further than that.
    """

    column: str
    sign: int
    log_odds: float


def sign_breaks(score: RawScore) -> tuple[SignBreak, ...]:
    """The columns with a sign that a model breaks, in the order of its columns; none for a model that keeps them all.

    No break proves: for every row, with any cells missing or present, raising one signed column from a present value
    to a higher one never moves the raw score against the sign. It is proved tree by tree, and so for their sum: two
    leaves hold rows that differ in the signed column alone exactly where their paths exclude each other in no other
    column, and all such pairs of leaves are compared. Neither rows nor samples are needed.

    A column that is named breaks its sign in a tree for certain; in the sum, other trees may make up for that. Of
    missing against present values a sign says nothing: either may have the higher score.

    Raises UnreadableModelError for trees that cannot be compared so (linear leaves, zero as a missing value, a code of
    more than 63 levels).

    Example:
        >>> from models.monotone_signs import sign_breaks
        >>> from models.registry import ModelStore
        >>> sign_breaks(ModelStore(data / "models").champion.score)
        ()
    """
    steps: dict[int, float] = defaultdict(float)
    parts = [part for _, part in score.parts] if isinstance(score, Blend) else [score]
    for part in parts:
        for number, step in _steps_against_signs(part):
            steps[number] += step
    columns = score.columns
    return tuple(SignBreak(columns[number].name, columns[number].sign, steps[number]) for number in sorted(steps))


def _steps_against_signs(part: RawScore) -> Iterator[tuple[int, float]]:
    """For each tree or curve the position of a column that it moves against its sign, and its largest such step."""
    signs = {number: column.sign for number, column in enumerate(part.columns) if column.sign}
    if isinstance(part, Trees):
        for tree in trees_of(part.text):
            yield from tree_sign_breaks(tree, signs).items()
    elif isinstance(part, AdditiveModel):
        for number, sign in signs.items():
            against = -sign * np.diff(part.curves[number].values)
            if (against > _ROUNDING).any():
                yield number, float(against[against > 0].sum())


def tree_sign_breaks(tree: Tree, signs: Mapping[int, int]) -> dict[int, float]:
    """The largest step against its sign of each column that the tree breaks, in raw score; signs: by column.

    Raises UnreadableModelError where zero counts as missing.
    """
    used = [number for number in np.unique(tree.feature).tolist() if number in signs]
    if not used:
        return {}
    columns, leaves = _leaf_boxes(tree)
    apart = ~leaves.overlaps
    exclusions = apart.sum(axis=2)
    breaks = {}
    for number in used:
        at = columns.index(number)
        is_below = leaves.upper[:, None, at] <= leaves.lower[None, :, at]
        is_present = leaves.lower[:, at] < leaves.upper[:, at]
        comparable = is_below & is_present[:, None] & is_present[None, :] & (exclusions == apart[:, :, at])
        against = np.where(comparable, signs[number] * (tree.value[:, None] - tree.value[None, :]), 0.0)
        if against.max() > _ROUNDING:
            breaks[number] = float(against.max())
    return breaks


@dataclass(frozen=True)
class _LeafBoxes:
    """What the path to each leaf admits of each column: leaves x columns.

    lower, upper: present values above the one and up to the other. missing: whether a missing value. levels: of a
    code, as bits, the highest of which stands for all levels that the tree does not name.
    """

    lower: Floats
    upper: Floats
    missing: npt.NDArray[np.bool_]
    levels: npt.NDArray[np.uint64]

    @property
    def overlaps(self) -> npt.NDArray[np.bool_]:
        """Leaves x leaves x columns: whether some value of the column is admitted by both paths."""
        lower = np.maximum(self.lower[:, None], self.lower[None])
        present = lower < np.minimum(self.upper[:, None], self.upper[None])
        missing = self.missing[:, None] & self.missing[None]
        return np.asarray((present | missing) & ((self.levels[:, None] & self.levels[None]) != 0), dtype=np.bool_)


def _leaf_boxes(tree: Tree) -> tuple[list[int], _LeafBoxes]:
    """The columns that the tree tests, and the box of each leaf."""
    columns = [int(number) for number in np.unique(tree.feature)]
    shape = (len(tree.value), len(columns))
    boxes = _LeafBoxes(
        np.full(shape, -np.inf), np.full(shape, _LARGEST_VALUE), np.ones(shape, bool), np.full(shape, _ALL_LEVELS, "u8")
    )
    paths: list[tuple[int, tuple[tuple[int, bool], ...]]] = [(0, ())]
    while paths:
        node, path = paths.pop()
        if node < 0:
            for tested, goes_left in path:
                _narrow(boxes, ~node, columns.index(int(tree.feature[tested])), tree, (tested, goes_left))
            continue
        paths.append((int(tree.left_child[node]), (*path, (node, True))))
        paths.append((int(tree.right_child[node]), (*path, (node, False))))
    return columns, boxes


def _narrow(boxes: _LeafBoxes, leaf: int, column: int, tree: Tree, step: tuple[int, bool]) -> None:
    """Narrow a leaf's box of a column by one test on its path; step: the node, and whether the path goes left."""
    node, goes_left = step
    levels = tree.levels[node]
    if levels is not None:
        if max(levels, default=0) >= _UNNAMED_LEVELS:
            raise UnreadableModelError(f"it tests a code of more than {_UNNAMED_LEVELS} levels")
        named = sum(1 << level for level in levels)
        boxes.levels[leaf, column] &= np.uint64(named if goes_left else _ALL_LEVELS & ~named)
        return
    if tree.missing[node] == _ZERO_IS_MISSING:
        raise UnreadableModelError("it counts zero as missing")
    threshold = min(float(tree.threshold[node]), _LARGEST_VALUE)
    zero_goes_left = threshold >= 0
    missing_goes_left = bool(tree.default_left[node]) if tree.missing[node] == _NAN_IS_MISSING else zero_goes_left
    boxes.missing[leaf, column] &= missing_goes_left == goes_left
    if goes_left:
        boxes.upper[leaf, column] = min(boxes.upper[leaf, column], threshold)
    else:
        boxes.lower[leaf, column] = max(boxes.lower[leaf, column], threshold)
