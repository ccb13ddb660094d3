"""Registration: an MLflow run with plan, metrics, plots and bundle; a registered version; the exported bundle."""

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

from features.messages import UserError
from models.bundle import Bundle, write
from models.registry import ModelStore

MODEL_NAME = "county-lights"
EXPERIMENT = "county-lights"
_LOADER_FILE = Path(__file__).with_name("mlflow_loader.py")


@dataclass(frozen=True)
class RunLog:
    """What an MLflow run stores beside the model: parameters, metrics, documents and figures.

    parameters: nested tables get names with dots. documents: JSON values or text, by file. figures: by file.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    documents: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)


class Registry:
    """MLflow of one store: the tracking and registry database, and the bundles exported for serving.

    Args:
        store: the data folder.
        url: of MLflow's database in SQLAlchemy's form, or the http address of a tracking server; None: SQLite in
            `mlflow/` below the store.

    Example:
        >>> champion, registry = ModelStore(data / "models").champion, Registry(data)
        >>> registered = registry.register(champion, RunLog({"trees_of": champion.number}, {}))
        >>> registry.set_alias(registered.number, "challenger")
        >>> registered.number, registered.score.text == champion.score.text, (data / "models" / "2").is_dir()
        (2, True, True)
    """

    def __init__(self, store: Path, url: str | None = None) -> None:
        """Nothing is opened or created before the first use."""
        self._models, self._mlflow_folder = ModelStore(store / "models"), (store / "mlflow").resolve()
        self._url = url or f"sqlite:///{self._mlflow_folder / 'mlflow.db'}"

    def register(self, bundle: Bundle, log: RunLog) -> Bundle:
        """Log a run, register the model as a new version, and export its bundle.

        Returns the bundle under its registered number and with `run_id` on its card. Raises UserError where MLflow's
        database cannot be reached.
        """
        client = self._connect()
        with mlflow.start_run() as run, tempfile.TemporaryDirectory() as scratch:
            _log_run(log)
            folder = Path(scratch) / "0"
            write(bundle, folder)
            uri = _log_model(folder, bundle)
        if not client.search_registered_models(f"name = '{MODEL_NAME}'"):
            client.create_registered_model(MODEL_NAME)
        version = client.create_model_version(MODEL_NAME, uri, run.info.run_id)
        registered = replace(bundle, number=int(version.version), card={**bundle.card, "run_id": run.info.run_id})
        write(registered, self._models.folder / str(registered.number))
        client.set_model_version_tag(MODEL_NAME, version.version, "model_version", registered.version)
        return registered

    def set_alias(self, number: int, alias: str) -> None:
        """Give a registered version an alias. Raises UserError where MLflow's database cannot be reached."""
        self._connect().set_registered_model_alias(MODEL_NAME, alias, str(number))

    def _connect(self) -> mlflow.MlflowClient:
        self._mlflow_folder.mkdir(parents=True, exist_ok=True)
        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        mlflow.set_tracking_uri(self._url)
        client = mlflow.MlflowClient()
        try:
            if client.get_experiment_by_name(EXPERIMENT) is None:
                client.create_experiment(EXPERIMENT, artifact_location=(self._mlflow_folder / "artifacts").as_uri())
        except mlflow.exceptions.MlflowException as error:
            raise UserError(
                "无法连接 MLflow 数据库; 请检查 LIGHTS_MLFLOW 的地址。",
                "MLflow's database cannot be reached; check the address in LIGHTS_MLFLOW.",
            ) from error
        mlflow.set_experiment(EXPERIMENT)
        return client


def _log_run(log: RunLog) -> None:
    mlflow.log_params(_flatten(log.parameters))
    mlflow.log_metrics(dict(log.metrics))
    for name, document in log.documents.items():
        mlflow.log_text(document, name) if isinstance(document, str) else mlflow.log_dict(document, name)
    for name, figure in log.figures.items():
        mlflow.log_figure(figure, name)


def _log_model(folder: Path, bundle: Bundle) -> str:
    """Log the bundle as an MLflow model and return its URI; its signature has doubles and strings only.

    MLflow loses integers with missing values.
    """
    inputs = [
        ColSpec("string" if column.levels else "double", column.name, required=False) for column in bundle.columns
    ]
    outputs = [ColSpec("double", "probability"), ColSpec("string", "model_light"), ColSpec("string", "reasons")]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*input example", category=UserWarning)  # the signature is ours
        model = mlflow.pyfunc.log_model(
            name="model",
            python_model=str(_LOADER_FILE),
            artifacts={"bundle": str(folder)},
            signature=ModelSignature(Schema(inputs), Schema(outputs)),
            pip_requirements=["county-lights"],
        )
    return str(model.model_uri)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested table as one, with names joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
