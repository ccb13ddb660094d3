"""Publication: a run in MLflow with plan, measures, plots and bundle; a registered version; the exported bundle."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a bank's network is closed
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from matplotlib.figure import Figure
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from features.messages import Refused
from models.bundle import Bundle, write
from models.registry import Models

MODEL_NAME = "county-lights"
EXPERIMENT = "county-lights"
_LOADER = Path(__file__).with_name("mlflow_loader.py")


@dataclass(frozen=True)
class Logged:
    """What a run keeps beside the model: parameters, measures, documents (JSON values or text) and figures by file."""

    parameters: Mapping[str, Any]
    measures: Mapping[str, float]
    documents: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


class Registry:
    """MLflow behind a store: its tracking and registry database, and the bundles exported for serving.

    url: of MLflow's database (SQLAlchemy's form, or a tracking server's http address); None: SQLite below the store.
    """

    def __init__(self, store: Path, url: str | None = None) -> None:
        self._models, self._mlflow = Models(store / "models"), (store / "mlflow").resolve()
        self._url = url or f"sqlite:///{self._mlflow / 'mlflow.db'}"

    def published(self, bundle: Bundle, logged: Logged) -> Bundle:
        """Log and register a fitted model, export its bundle, and give it back under its registered number."""
        client = self._connected()
        with mlflow.start_run() as run, tempfile.TemporaryDirectory() as scratch:
            _log(logged)
            folder = Path(scratch) / "0"
            write(bundle, folder)
            uri = _model_logged(folder, bundle)
        version = _registered(client, uri, run.info.run_id)
        numbered = replace(bundle, number=int(version.version), card={**bundle.card, "run_id": run.info.run_id})
        write(numbered, self._models.folder / str(numbered.number))
        client.set_model_version_tag(MODEL_NAME, version.version, "model_version", numbered.version)
        return numbered

    def crown(self, number: int, alias: str) -> None:
        """Give a registered version an alias."""
        self._connected().set_registered_model_alias(MODEL_NAME, alias, str(number))

    def _connected(self) -> mlflow.MlflowClient:
        self._mlflow.mkdir(parents=True, exist_ok=True)
        for chatty in ("mlflow", "alembic"):
            logging.getLogger(chatty).setLevel(logging.ERROR)
        mlflow.set_tracking_uri(self._url)
        client = mlflow.MlflowClient()
        try:
            if client.get_experiment_by_name(EXPERIMENT) is None:
                client.create_experiment(EXPERIMENT, artifact_location=(self._mlflow / "artifacts").as_uri())
        except mlflow.exceptions.MlflowException as error:
            raise Refused(
                "无法连接 MLflow 数据库; 请检查 LIGHTS_MLFLOW 的地址。",
                "MLflow's database cannot be reached; check the address in LIGHTS_MLFLOW.",
            ) from error
        mlflow.set_experiment(EXPERIMENT)
        return client


def _log(logged: Logged) -> None:
    mlflow.log_params(_flat(logged.parameters))
    mlflow.log_metrics(dict(logged.measures))
    for name, document in logged.documents.items():
        mlflow.log_text(document, name) if isinstance(document, str) else mlflow.log_dict(document, name)
    for name, figure in logged.figures.items():
        mlflow.log_figure(figure, name)


def _model_logged(folder: Path, bundle: Bundle) -> str:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example", category=UserWarning)  # the signature is ours
        logged = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(_LOADER),
            artifacts={"bundle": str(folder)},
            signature=_signature(bundle),
            pip_requirements=["county-lights"],
        )
    return str(logged.model_uri)


def _registered(client: mlflow.MlflowClient, uri: str, run_id: str) -> Any:
    if not client.search_registered_models(f"name = '{MODEL_NAME}'"):
        client.create_registered_model(MODEL_NAME)
    return client.create_model_version(MODEL_NAME, uri, run_id)


def _signature(bundle: Bundle) -> ModelSignature:
    """Doubles and strings only: MLflow loses integers with gaps."""
    inputs = [ColSpec("string" if c.levels else "double", c.name, required=False) for c in bundle.trees.columns]
    outputs = [ColSpec("double", "probability"), ColSpec("string", "model_light"), ColSpec("string", "reasons")]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
