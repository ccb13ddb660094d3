"""Plots of a model's reasons for analysts, drawn by the shap package from our exact contributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from models.boosting import matrix
from models.bundle import Bundle

_ROWS = 2000
_SHOWN = 20


def reason_plots(bundle: Bundle, sample: pl.DataFrame) -> Mapping[str, Figure]:
    """The reasons of the sample's first rows as a beeswarm, and those of its riskiest row as a waterfall, by file."""
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
    return {
        "reasons.png": _draw(lambda: shap.plots.beeswarm(explanation, max_display=_SHOWN, show=False)),
        "riskiest.png": _draw(lambda: shap.plots.waterfall(explanation[riskiest], max_display=_SHOWN, show=False)),
    }


def _draw(draw: Callable[[], object]) -> Figure:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    plt.figure()
    draw()
    figure = plt.gcf()
    plt.close(figure)
    return figure
