"""Registration: an MLflow run with all that made and judged a model; a registered version; the exported bundle."""

from __future__ import annotations

import json
import logging
import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a bank's network is closed
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.data.code_dataset_source import CodeDatasetSource
from mlflow.data.dataset import Dataset
from mlflow.entities import Metric, Param
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema
from mlflow.utils.validation import MAX_PARAM_VAL_LENGTH, MAX_TAG_VAL_LENGTH

from features.messages import UserError
from features.scratch import temporary_folder
from models.boosting import TreeParams
from models.bundle import Bundle, write
from models.mlflow_aliases import ALIASES, MODEL_NAME, mlflow_url, sqlite_file
from models.registry import ModelStore
from training.input_example import invented_row
from training.mlflow_database import artifacts_uri, create_empty_database
from training.run_datasets import DatasetSummary

EXPERIMENT = "county-lights"
_LOADER_FILE = Path(__file__).with_name("mlflow_loader.py")
_PNG_OPTIONS = {"pil_kwargs": {"compress_level": 1}}
"""The fastest compression: a picture of a training run is looked at once or twice."""
_DESCRIPTION_FILE = "description.md"


@dataclass(frozen=True)
class RunLog:
    """What an MLflow run stores beside the model: parameters, metrics, documents, figures, data sets and trials.

    parameters: nested tables get names with dots; a value that MLflow would cut becomes a document in `parameters/`.
    documents: JSON values or text, by file. figures: by file. name, description, tags: of the run; git commit and user
    are tags, too, under MLflow's names. datasets: what the model was made of and judged on. trials: of the search, each
    with its log loss; each becomes a nested run.
    """

    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    documents: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    name: str | None = None
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)
    datasets: Sequence[DatasetSummary] = ()
    trials: Sequence[tuple[float, TreeParams]] = ()


class FoldDataset(Dataset):  # type: ignore[misc]  # MLflow has no types
    """A fold's summary as a data set of MLflow. It has no rows, so that none can leave the process."""

    def __init__(self, summary: DatasetSummary) -> None:
        self._summary = summary
        source = CodeDatasetSource({"source": "lights ledger", "data_version": summary.data_version})
        super().__init__(source, summary.name, summary.digest)

    def _compute_digest(self) -> str:
        return self._summary.digest

    @property
    def schema(self) -> Schema:
        """Names and types of the columns."""
        return Schema([ColSpec(kind, name) for name, kind in self._summary.columns.items()])

    @property
    def profile(self) -> dict[str, int | str]:
        """Counts and days."""
        return self._summary.profile

    def to_dict(self) -> dict[str, str]:
        """The texts that MLflow stores; the base class leaves out schema and profile."""
        schema = json.dumps({"mlflow_colspec": self.schema.to_dict()})
        return {**super().to_dict(), "schema": schema, "profile": json.dumps(self.profile)}


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
        self._store, self._models = store, ModelStore(store / "models")
        self.url = url or mlflow_url(store)

    def register(self, bundle: Bundle, log: RunLog) -> Bundle:
        """Log a run, register the model as a new version, and export its bundle.

        Returns the bundle under its registered number and with `run_id` on its card. Raises UserError where MLflow's
        database cannot be reached.
        """
        client = self.connect()
        with _start_run(client, log) as run, temporary_folder(self._store, "register") as scratch:
            _log_run(log)
            _log_trials(client, run.info, log.trials)
            folder = scratch / "0"
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
        self.connect().set_registered_model_alias(MODEL_NAME, alias, str(number))

    def aliases(self) -> dict[str, int | None]:
        """The version that each alias has in MLflow; empty where no version is registered."""
        models = self.connect().search_registered_models(f"name = '{MODEL_NAME}'")
        return {
            alias: int(models[0].aliases[alias]) if alias in models[0].aliases else None for alias in ALIASES if models
        }

    def connect(self) -> mlflow.MlflowClient:
        """A client of the database, which is created where it is missing, with the experiment.

        Raises UserError where the database cannot be reached.
        """
        (self._store / "mlflow").mkdir(parents=True, exist_ok=True)
        if (path := sqlite_file(self.url)) is not None:
            create_empty_database(path)
        for logger in ("mlflow", "alembic"):
            logging.getLogger(logger).setLevel(logging.ERROR)
        mlflow.set_tracking_uri(self.url)
        client = mlflow.MlflowClient()
        try:
            if client.get_experiment_by_name(EXPERIMENT) is None:
                client.create_experiment(EXPERIMENT, artifact_location=artifacts_uri(self._store))
        except mlflow.exceptions.MlflowException as error:
            raise UserError(
                "无法连接 MLflow 数据库；请检查 LIGHTS_MLFLOW 的地址。",
                "MLflow's database cannot be reached; check the address in LIGHTS_MLFLOW.",
            ) from error
        mlflow.set_experiment(EXPERIMENT)
        return client


def _start_run(client: mlflow.MlflowClient, log: RunLog) -> mlflow.ActiveRun:
    """A new run with the log's name, description and tags, and no others.

    `mlflow.start_run` would guess the git commit from the file that was started: for an installed `lights` that is the
    repository around the virtual environment.
    """
    [experiment] = client.search_experiments(filter_string=f"name = '{EXPERIMENT}'")
    is_long = len(log.description) > MAX_TAG_VAL_LENGTH
    description = f"见 see {_DESCRIPTION_FILE}" if is_long else log.description
    tags = {"mlflow.note.content": description, **log.tags}
    created = client.create_run(experiment.experiment_id, tags=tags, run_name=log.name)
    return mlflow.start_run(created.info.run_id)


def _log_run(log: RunLog) -> None:
    """Log all of a run but its trials and its model; a text that MLflow would cut silently is stored as a document."""
    parameters, documents = _flatten(log.parameters), dict(log.documents)
    for name, value in parameters.items():
        if len(str(value)) > MAX_PARAM_VAL_LENGTH:
            parameters[name], documents[f"parameters/{name}.json"] = f"见 see parameters/{name}.json", {name: value}
    if len(log.description) > MAX_TAG_VAL_LENGTH:
        documents[_DESCRIPTION_FILE] = log.description
    mlflow.log_params(parameters)
    mlflow.log_metrics(dict(log.metrics))
    for summary in log.datasets:
        mlflow.log_input(FoldDataset(summary), context=summary.name)
    for name, document in documents.items():
        mlflow.log_text(document, name) if isinstance(document, str) else mlflow.log_dict(document, name)
    for name, figure in log.figures.items():
        mlflow.log_figure(figure, name, save_kwargs=_PNG_OPTIONS)


def _log_trials(client: mlflow.MlflowClient, parent: Any, trials: Sequence[tuple[float, TreeParams]]) -> None:
    """One nested run for each trial of the search, with its parameters and its log loss."""
    for number, (loss, params) in enumerate(trials):
        tags = {"mlflow.parentRunId": parent.run_id}
        run = client.create_run(parent.experiment_id, tags=tags, run_name=f"trial {number}").info
        metrics = [Metric("log_loss", loss, run.start_time, 0)]
        client.log_batch(run.run_id, metrics, [Param(name, str(value)) for name, value in asdict(params).items()])
        client.set_terminated(run.run_id)


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
            input_example=pd.DataFrame([invented_row(bundle.columns)]),
            pip_requirements=["county-lights"],
        )
    return str(model.model_uri)


def _flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A nested table as one, with names joined by dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flatten(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
