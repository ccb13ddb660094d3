"""Reasons over many loans, for analysts: importance by family over time, dependence, and strongest interactions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.catalog import FAMILY_LABELS, FEATURES
from features.frame_schema import FrameColumn, FrameSchema, returns
from models.bundle import Bundle, Contributions
from training.figure_labels import with_whole_labels

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ROWS_DRAWN = 1000
_FEATURES_DRAWN = 4
"""Features that get a dependence figure, and each another one for its strongest interaction."""
IMPORTANCE_SCHEMA = FrameSchema(
    {
        "as_of": FrameColumn(pl.Date(), "Month end."),
        "family": FrameColumn(pl.String(), "Family of features."),
        "importance": FrameColumn(pl.Float64(), "Mean size of the family's contribution to the log-odds."),
    }
)


@returns(IMPORTANCE_SCHEMA)
def importance_by_family(contributions: Contributions, as_of: pl.Series) -> pl.DataFrame:
    """The mean size of each family's contribution to the log-odds at each month end, sorted by both.

    as_of: the month end of each row, by the name of `as_of`.
    """
    family = np.array([FEATURES[column.name].family for column in contributions.columns])
    sizes = {name: np.abs(contributions.by_column[:, family == name].sum(axis=1)) for name in FAMILY_LABELS}
    long = as_of.to_frame().hstack(pl.DataFrame(sizes)).unpivot(index="as_of", variable_name="family")
    importance = long.group_by("as_of", "family").agg(pl.col("value").mean().alias("importance"))
    return importance.sort("as_of", "family")


def family_figure(importance: pl.DataFrame) -> Figure:
    """The importance of each family as a line over the month ends; importance: as in `importance_by_family`."""
    plt = _import_pyplot()
    figure, axes = plt.subplots(figsize=(9, 5))
    for (family,), line in importance.group_by("family", maintain_order=True):
        axes.plot(line["as_of"].to_list(), line["importance"].to_list(), marker="o", label=str(family))
    axes.set_ylabel("mean size of the family's part (log-odds)")
    axes.legend()
    figure.autofmt_xdate()
    plt.close(figure)
    return with_whole_labels(figure)


def importance_by_column(contributions: Contributions) -> dict[str, float]:
    """The share of each column in the score: its mean absolute contribution to the log-odds, as a share of all."""
    sizes = np.abs(contributions.by_column).mean(axis=0)
    total = float(sizes.sum()) or 1.0
    return {column.name: float(size) / total for column, size in zip(contributions.columns, sizes, strict=True)}


def top_features(contributions: Contributions, count: int = _FEATURES_DRAWN) -> list[str]:
    """The columns with the largest mean size of their contribution, the largest first."""
    importance = importance_by_column(contributions)
    return sorted(importance, key=lambda name: -importance[name])[:count]


def strongest_pairs(contributions: Contributions, names: Sequence[str]) -> list[tuple[str, str]]:
    """Each feature with the one that its contribution depends on most, by the shap package; each pair once.

    Estimated from our exact contributions: the package's own interaction values do not sum to them where a tree splits
    on a code.
    """
    import shap  # takes seconds to import: only when something is drawn

    columns = [column.name for column in contributions.columns]
    pairs: dict[frozenset[str], tuple[str, str]] = {}
    for name in names:
        with np.errstate(all="ignore"):  # a constant column has no correlation
            [strongest, *_] = shap.utils.approximate_interactions(
                name, contributions.by_column, contributions.inputs, feature_names=columns
            )
        pairs.setdefault(frozenset((name, columns[strongest])), (name, columns[strongest]))
    return list(pairs.values())


def dependence_figure(contributions: Contributions, name: str, other: str | None = None) -> Figure:
    """A feature's contribution over its value, coloured by the other feature, by the shap package."""
    plt = _import_pyplot()
    import shap

    columns = [column.name for column in contributions.columns]
    shap.dependence_plot(
        name, contributions.by_column, contributions.inputs, feature_names=columns, interaction_index=other, show=False
    )
    figure = plt.gcf()
    plt.close(figure)
    return with_whole_labels(figure)


def reason_figures(bundle: Bundle, sample: pl.DataFrame) -> Iterator[tuple[str, Figure]]:
    """Every figure with the name of its file; sample: features of loans at month ends, with `as_of`."""
    contributions, drawn = bundle.explain(sample), bundle.explain(sample.head(_ROWS_DRAWN))
    yield "reasons_by_family.png", family_figure(importance_by_family(contributions, sample["as_of"]))
    names = top_features(contributions)
    for name in names:
        yield f"dependence/{name}.png", dependence_figure(drawn, name)
    for name, other in strongest_pairs(drawn, names):
        yield f"interaction/{name}-{other}.png", dependence_figure(drawn, name, other)


def _import_pyplot() -> ModuleType:
    """Matplotlib's pyplot without a screen."""
    import matplotlib as mpl

    mpl.use("Agg")
    return import_module("matplotlib.pyplot")
