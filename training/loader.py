"""How MLflow loads a registered model: the bundle, read by the installed code; no pickle of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import polars as pl
from mlflow.pyfunc import PythonModel

from models.bundle import read
from models.traffic_light.judge import as_codes


class Lights(PythonModel):  # type: ignore[misc]  # MLflow has no types
    """Feature rows in; `probability` and `model_light` out."""

    def load_context(self, context: Any) -> None:
        self._bundle = read(Path(context.artifacts["bundle"]))

    def predict(self, context: Any, model_input: pd.DataFrame, params: Any = None) -> pd.DataFrame:  # noqa: ARG002
        probability = pl.Series("probability", self._bundle.probability(pl.from_pandas(model_input)))
        light = as_codes(self._bundle.policy.level(pl.col("probability")))
        return probability.to_frame().with_columns(light.alias("model_light")).to_pandas()


mlflow.models.set_model(Lights())
