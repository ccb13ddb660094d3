"""Publication: a run in MLflow with plan, measures, plot and bundle; a registered version; the exported bundle."""

from __future__ import annotations

import logging
import os
import tempfile
import warnings
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # a bank's network is closed
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from models.bundle import Bundle, write
from models.champions import Models
from training.beeswarm import beeswarm
from training.evaluate import Judgement
from training.global_reasons import figures
from training.plan import Plan

MODEL_NAME = "county-lights"
EXPERIMENT = "county-lights"
_LOADER = Path(__file__).with_name("loader.py")


def published(bundle: Bundle, plan: Plan, judged: list[Judgement], sample: pl.DataFrame, store: Path) -> Bundle:
    """Log and register a fitted model, export its bundle, and give it back under its registered number.

    store: the folder that holds everything; MLflow's database is `mlflow/mlflow.db` below it.
    """
    client = _connected(store)
    with mlflow.start_run() as run, tempfile.TemporaryDirectory() as scratch:
        mlflow.log_params(_flat(plan.model_dump(mode="json", exclude={"month_ends"})))
        mlflow.log_metrics(_measures(judged[-1]))
        mlflow.log_dict(plan.model_dump(mode="json"), "plan.json")
        mlflow.log_dict([judgement.as_dict() for judgement in judged], "judgement.json")
        mlflow.log_figure(beeswarm(bundle, sample), "reasons.png")
        for name, figure in figures(bundle, sample):
            mlflow.log_figure(figure, f"reasons/{name}")
        folder = Path(scratch) / "0"
        write(bundle, folder)
        uri = _logged(folder, bundle)
    version = _registered(client, uri, run.info.run_id)
    numbered = replace(bundle, number=int(version.version), card={**bundle.card, "run_id": run.info.run_id})
    write(numbered, store / "models" / str(numbered.number))
    client.set_model_version_tag(MODEL_NAME, version.version, "model_version", numbered.version)
    return numbered


def _logged(folder: Path, bundle: Bundle) -> str:
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


def crowned(store: Path, number: int, alias: str, reason: str, by: str, at: datetime) -> None:
    """Give a registered model an alias, in MLflow and in our own history (MLflow keeps none)."""
    bundle = Models(store / "models").numbered(number)
    _connected(store).set_registered_model_alias(MODEL_NAME, alias, str(number))
    entry = {
        "number": number,
        "model_version": bundle.version,
        "alias": alias,
        "reason": reason,
        "by": by,
        "at": at.isoformat(timespec="seconds"),
        "data_version": bundle.card["data_version"],
    }
    Models(store / "models").record(entry)


def _connected(store: Path) -> mlflow.MlflowClient:
    folder = (store / "mlflow").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    for chatty in ("mlflow", "alembic"):
        logging.getLogger(chatty).setLevel(logging.ERROR)
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    if client.get_experiment_by_name(EXPERIMENT) is None:
        client.create_experiment(EXPERIMENT, artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment(EXPERIMENT)
    return client


def _signature(bundle: Bundle) -> ModelSignature:
    """Doubles and strings only: MLflow loses integers with gaps."""
    inputs = [ColSpec("string" if c.levels else "double", c.name, required=False) for c in bundle.trees.columns]
    outputs = [ColSpec("double", "probability"), ColSpec("string", "model_light")]
    return ModelSignature(Schema(inputs), Schema(outputs))


def _measures(overall: Judgement) -> dict[str, float]:
    named = {"auc": overall.auc, "recall_at_rules_visits": overall.recall}
    values = {f"{what}_{who}": value for what, by in named.items() for who, value in by.items() if value is not None}
    return values | {
        "judged_loans": overall.loans,
        "judged_bad": overall.bad,
        "judged_visits": overall.visits,
    }


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return flat
