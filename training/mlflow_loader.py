"""The file that MLflow stores with each registered model and runs to load it; all else is in the installed code.

Stored copies are never updated: `training.mlflow_model.LightsModel` has to stay importable under this name.
"""

from __future__ import annotations

import mlflow

from training.mlflow_model import LightsModel

mlflow.models.set_model(LightsModel())
