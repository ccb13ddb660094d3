"""The analysts' plots of a model's reasons, drawn by the shap package from our exact contributions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from models.boosting import matrix
from models.bundle import Bundle

_ROWS = 2000
_SHOWN = 20


def reason_plots(bundle: Bundle, sample: pl.DataFrame) -> Mapping[str, Figure]:
    """All reasons of the sample's first rows as a beeswarm, and those of its riskiest row as a waterfall."""
    rows = sample.head(_ROWS)
    riskiest = int(bundle.probability(rows).argmax())
    explained = _explanation(bundle, rows)
    return {
        "reasons.png": _drawn(lambda plots: plots.beeswarm(explained, max_display=_SHOWN, show=False)),
        "riskiest.png": _drawn(lambda plots: plots.waterfall(explained[riskiest], max_display=_SHOWN, show=False)),
    }


def _explanation(bundle: Bundle, rows: pl.DataFrame) -> Any:
    """Contributions in calibrated log-odds, as the shap package holds them."""
    import shap  # takes seconds to import: only when something is drawn

    parts, base = bundle.contributions(rows)
    columns = bundle.trees.columns
    return shap.Explanation(
        values=parts,
        base_values=np.full(rows.height, base),
        data=matrix(rows, columns),
        feature_names=[column.name for column in columns],
    )


def _drawn(draw: Callable[[Any], object]) -> Figure:
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    import shap

    plt.figure()
    draw(shap.plots)
    figure = plt.gcf()
    plt.close(figure)
    return figure
