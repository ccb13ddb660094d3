"""The reasons of all loans together, for analysts: by family over time, dependence, and the strongest interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.catalog import FAMILY_WORDS, FEATURES
from models.bundle import Bundle

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROWS = 1000
_TOP = 4
"""Features drawn alone, and pairs drawn together."""


def importance_by_family(bundle: Bundle, sample: pl.DataFrame) -> pl.DataFrame:
    """`as_of`, `family`, `importance`: the mean size of the family's part of the log-odds, month end by month end.

    sample: features of loans at month ends, with `as_of`.
    """
    parts = bundle.parts(sample)
    family = np.array([FEATURES[column.name].family for column in parts.columns])
    sums = {name: np.abs(parts.of_columns[:, family == name].sum(axis=1)) for name in FAMILY_WORDS}
    long = sample.select("as_of").hstack(pl.DataFrame(sums)).unpivot(index="as_of", variable_name="family")
    found = long.group_by("as_of", "family").agg(pl.col("value").mean().alias("importance"))
    return found.sort("as_of", "family")


def family_figure(importance: pl.DataFrame) -> Figure:
    """A line a family over the month ends."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(9, 5))
    for (family,), line in importance.group_by("family", maintain_order=True):
        axes.plot(line["as_of"].to_list(), line["importance"].to_list(), marker="o", label=str(family))
    axes.set_ylabel("mean size of the family's part (log-odds)")
    axes.legend()
    figure.autofmt_xdate()
    plt.close(figure)
    return figure  # type: ignore[no-any-return]


def top_features(bundle: Bundle, sample: pl.DataFrame, count: int = _TOP) -> list[str]:
    """The columns with the largest mean size of their part, the largest first."""
    parts = bundle.parts(sample)
    places = np.argsort(-np.abs(parts.of_columns).mean(axis=0), kind="stable")[:count]
    return [parts.columns[place].name for place in places]


def strongest_pairs(bundle: Bundle, sample: pl.DataFrame, names: Sequence[str]) -> list[tuple[str, str]]:
    """Of each feature the other one that its part goes with most, by the shap package; each pair once.

    Estimated from our exact parts. The package's own interaction values do not sum to them where a tree splits on a
    code, so they are not used.
    """
    import shap  # takes seconds to import: only when something is drawn

    rows = sample.head(_ROWS)
    parts, columns = bundle.parts(rows), [column.name for column in bundle.trees.columns]
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for name in names:
        with np.errstate(all="ignore"):  # a column that is the same everywhere goes with nothing
            [other, *_] = shap.utils.approximate_interactions(
                name, parts.of_columns, parts.cells, feature_names=columns
            )
        pairs.setdefault(frozenset((name, columns[other])), (name, columns[other]))
    return list(pairs.values())


def dependence_figure(bundle: Bundle, sample: pl.DataFrame, name: str, other: str | None = None) -> Figure:
    """How a feature's part goes with its value, by the shap package; its colour is the other one."""
    plt = _pyplot()
    import shap

    rows = sample.head(_ROWS)
    parts, columns = bundle.parts(rows), [column.name for column in bundle.trees.columns]
    shap.dependence_plot(
        name, parts.of_columns, parts.cells, feature_names=columns, interaction_index=other, show=False
    )
    figure = plt.gcf()
    plt.close(figure)
    return figure  # type: ignore[no-any-return]


def figures(bundle: Bundle, sample: pl.DataFrame) -> Iterator[tuple[str, Figure]]:
    """Every figure under the name of its file."""
    yield "reasons_by_family.png", family_figure(importance_by_family(bundle, sample))
    names = top_features(bundle, sample)
    for name in names:
        yield f"dependence/{name}.png", dependence_figure(bundle, sample, name)
    for name, other in strongest_pairs(bundle, sample, names):
        yield f"interaction/{name}-{other}.png", dependence_figure(bundle, sample, name, other)


def _pyplot() -> ModuleType:
    """Without a screen."""
    import matplotlib as mpl

    mpl.use("Agg")
    return import_module("matplotlib.pyplot")
