"""Plots of a model's reasons for analysts, drawn by the shap package from our exact contributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from models.boosting import matrix
from models.bundle import Bundle
from training.figure_labels import with_whole_labels

_ROWS = 2000
_SHOWN = 20


def reason_plots(bundle: Bundle, sample: pl.DataFrame) -> Mapping[str, Figure]:
    """The reasons of the sample's first rows as a beeswarm, and those of its riskiest row as a waterfall, by file.

    The waterfall writes no values beside the names: they are one household's, and MLflow may be another machine.
    """
    import shap  # takes seconds to import: only when something is drawn

    rows = sample.head(_ROWS)
    riskiest = int(bundle.probability(rows).argmax())
    contributions, base = bundle.contributions(rows)
    explanation = shap.Explanation(
        values=contributions,
        base_values=np.full(rows.height, base),
        data=matrix(rows, bundle.columns),
        feature_names=[column.name for column in bundle.columns],
    )
    one = explanation[riskiest]
    without_values = shap.Explanation(one.values, base_values=one.base_values, feature_names=one.feature_names)
    return {
        "reasons.png": _draw(lambda: shap.plots.beeswarm(explanation, max_display=_SHOWN, show=False)),
        "riskiest.png": _draw(lambda: shap.plots.waterfall(without_values, max_display=_SHOWN, show=False)),
    }


def _draw(draw: Callable[[], object]) -> Figure:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure()
    draw()
    figure = plt.gcf()
    plt.close(figure)
    return with_whole_labels(figure)
