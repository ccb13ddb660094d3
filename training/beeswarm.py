"""The analysts' plot of all reasons at once, drawn by the shap package from our exact contributions."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from models.boosting import matrix
from models.bundle import Bundle

_ROWS = 2000


def beeswarm(bundle: Bundle, sample: pl.DataFrame) -> Figure:
    """Each feature's contributions (calibrated log-odds) over the first rows of a judged sample."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import shap  # takes seconds to import: only when something is drawn

    rows = sample.head(_ROWS)
    parts, base = bundle.contributions(rows)
    columns = bundle.trees.columns
    explanation = shap.Explanation(
        values=parts,
        base_values=np.full(rows.height, base),
        data=matrix(rows, columns),
        feature_names=[column.name for column in columns],
    )
    shap.plots.beeswarm(explanation, max_display=20, show=False)
    figure = plt.gcf()
    plt.close(figure)
    return figure
