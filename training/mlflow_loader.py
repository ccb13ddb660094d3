"""How MLflow loads a registered model: the bundle, read by the installed code; no pickle of ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import polars as pl
from mlflow.pyfunc import PythonModel

from models.bundle import Bundle, read
from models.traffic_light.evaluate import as_codes

_SHOWN = 5


class Lights(PythonModel):  # type: ignore[misc]  # MLflow has no types
    """Feature rows in; `probability`, `model_light` and `reasons` (JSON: feature and contribution in log-odds) out."""

    def load_context(self, context: Any) -> None:
        self._bundle = read(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        rows = _with_group(pl.from_pandas(model_input), self._bundle.policy.by)
        probability = pl.Series("probability", self._bundle.probability(rows))
        light = as_codes(self._bundle.policy.level(pl.col("probability")))
        lit = rows.with_columns(probability).select("probability", light.alias("model_light"))
        return lit.with_columns(pl.Series("reasons", _reasons(self._bundle, rows), dtype=pl.String)).to_pandas()


def _with_group(rows: pl.DataFrame, by: str | None) -> pl.DataFrame:
    """Where each bank or township has thresholds of its own and the rows do not say theirs, the general ones hold."""
    return rows if by is None or by in rows.columns else rows.with_columns(pl.lit(None, pl.String).alias(by))


def _reasons(bundle: Bundle, rows: pl.DataFrame) -> list[str]:
    parts, _ = bundle.contributions(rows)
    names = [column.name for column in bundle.trees.columns]
    order = np.argsort(-parts, axis=1, kind="stable")[:, :_SHOWN]
    return [
        json.dumps([{"feature": names[place], "contribution": round(float(row[place]), 6)} for place in places])
        for row, places in zip(parts, order, strict=True)
    ]


mlflow.models.set_model(Lights())
