"""A registered model as MLflow serves it; the file that MLflow stores with a model only imports this class."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from mlflow.pyfunc import PythonModel

from models.bundle import Bundle, read
from models.traffic_light.evaluate import as_codes

_REASONS_SHOWN = 5
_LOG = logging.getLogger(__name__)


class LightsModel(PythonModel):  # type: ignore[misc]  # MLflow has no types
    """An MLflow model: feature rows in; probability, light and reasons out."""

    def load_context(self, context: Any) -> None:
        """Read the model bundle among the artifacts."""
        self._bundle: Bundle = read(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        """Score rows of features.

        Returns `probability`, `model_light` (code) and `reasons`: JSON of the five features that raise the risk most,
        each with `feature` and `contribution` in log-odds. A column that is left out counts as missing in every row,
        and a warning names it. Where thresholds differ by bank or township and the rows
        do not say theirs, the general thresholds hold.
        """
        bundle, rows = self._bundle, pl.from_pandas(model_input)
        absent = [column for column in bundle.columns if column.name not in rows.columns]
        if absent:
            _LOG.warning("Columns left out count as missing: %s", ", ".join(column.name for column in absent))
            rows = rows.with_columns(
                pl.lit(None, pl.String if column.levels else pl.Float64).alias(column.name) for column in absent
            )
        if bundle.policy.by is not None and bundle.policy.by not in rows.columns:
            rows = rows.with_columns(pl.lit(None, pl.String).alias(bundle.policy.by))
        contributions, _ = bundle.contributions(rows)
        names = [column.name for column in bundle.columns]
        order = np.argsort(-contributions, axis=1, kind="stable")[:, :_REASONS_SHOWN]
        reasons = [
            json.dumps([{"feature": names[column], "contribution": round(float(row[column]), 6)} for column in columns])
            for row, columns in zip(contributions, order, strict=True)
        ]
        probability = pl.Series("probability", bundle.probability(rows))
        light = as_codes(bundle.policy.level(pl.col("probability")))
        lights = rows.with_columns(probability).select("probability", light.alias("model_light"))
        return lights.with_columns(pl.Series("reasons", reasons, dtype=pl.String)).to_pandas()
