"""MLflow as analysts expect it: a run with what made it; a typed model that loads by alias and is served."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from tests.conftest import County
from tests.running_service import free_port, wait_for

MODEL = "models:/county-lights@champion"
ROWS = 3


def mlflow_environment(county: County) -> dict[str, str]:
    url = f"sqlite:///{county.data / 'mlflow' / 'mlflow.db'}"
    programs = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # mlflow starts its server by name
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    return {**os.environ, "PATH": programs, "MLFLOW_TRACKING_URI": url, **quiet}


def asked(county: County, question: str) -> Any:
    """What a program of its own finds in MLflow: importing it here would hang on its settings."""
    program = f"import json, mlflow\nclient = mlflow.MlflowClient()\n{question}\nprint(json.dumps(found))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=mlflow_environment(county),
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(ran.stdout.splitlines()[-1])


RUN = (
    "version = client.get_model_version_by_alias('county-lights', 'champion')\n"
    "run = client.get_run(version.run_id).data\n"
)


def test_a_run_names_plan_data_and_code_and_holds_measures_documents_and_plots(county: County) -> None:
    question = RUN + (
        "files = [each.path for each in client.list_artifacts(version.run_id)]\n"
        "found = {'params': run.params, 'metrics': run.metrics, 'files': files, 'tags': version.tags}"
    )
    found = asked(county, question)
    assert {"horizon_months", "seed", "data_version", "code_version", "growth.num_leaves"} <= set(found["params"])
    assert {"auc_model", "auc_rules", "recall_at_rules_visits_model"} <= set(found["metrics"])
    assert {"plan.json", "reasons.png", "riskiest.png"} <= set(found["files"])
    assert found["tags"]["model_version"].startswith("1-")


def records(county: County) -> list[dict[str, Any]]:
    return county.facts.filter(~pl.col("has_gone_bad")).drop("originated_on").head(ROWS).to_dicts()


def published(county: County) -> list[float]:
    rows = county.warnings.filter(pl.col("probability").is_not_null())
    return rows["probability"].head(ROWS).to_list()


def test_a_model_loaded_by_its_alias_gives_probability_light_and_reasons(county: County) -> None:
    question = (
        "import pandas\n"
        f"rows = pandas.DataFrame(json.loads({json.dumps(json.dumps(records(county)))!s}))\n"
        f"model = mlflow.pyfunc.load_model('{MODEL}')\n"
        "rows = rows.astype({c.name: ('object' if c.type.name == 'string' else 'float64') "
        "for c in model.metadata.get_input_schema()})\n"
        "found = model.predict(rows).to_dict('records')"
    )
    found = asked(county, question)
    assert [row["probability"] for row in found] == pytest.approx(published(county), abs=1e-12)
    assert {row["model_light"] for row in found} <= {"green", "yellow", "red"}
    assert [set(reason) for reason in json.loads(found[0]["reasons"])] == [{"feature", "contribution"}] * 5


@contextmanager
def mlflow_serving(county: County) -> Iterator[str]:
    port = free_port()
    words = ["models", "serve", "-m", MODEL, "--env-manager", "local", "--port", str(port), "--workers", "1"]
    asked = [sys.executable, "-m", "mlflow", *words]
    with tempfile.TemporaryFile("w+") as printed:
        server = subprocess.Popen(
            asked, env=mlflow_environment(county), stdout=printed, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/ping", server, printed)
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def test_mlflow_serves_the_model(county: County) -> None:
    with mlflow_serving(county) as address:
        answer = httpx2.post(f"{address}/invocations", json={"dataframe_records": records(county)}, timeout=60)
    foretold = [row["probability"] for row in answer.raise_for_status().json()["predictions"]]
    assert foretold == pytest.approx(published(county), abs=1e-12)


def test_no_pickle_is_kept_anywhere(county: County) -> None:
    kept = [path for path in Path(county.data).rglob("*") if path.suffix in (".pkl", ".pickle", ".joblib")]
    assert kept == []


@pytest.fixture(scope="module")
def probability_without(county: County) -> dict[str, list[float]]:
    """By column: the probabilities where it is left out, then where it is null."""
    question = (
        "import pandas\n"
        f"rows = pandas.DataFrame(json.loads({json.dumps(json.dumps(records(county)))!s}))\n"
        "model = mlflow.pyfunc.load_model('models:/county-lights@champion')\n"
        "found = {}\n"
        "for column in [each.name for each in model.metadata.get_input_schema().inputs]:\n"
        "    nothing = rows.assign(**{column: None}).astype({column: rows[column].dtype})\n"
        "    found[column] = [*model.predict(rows.drop(columns=column))['probability'],\n"
        "                     *model.predict(nothing)['probability']]"
    )
    found = asked(county, question)
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("column", [feature.name for feature in MODEL_COLUMNS])
def test_a_column_left_out_counts_as_missing(probability_without: dict[str, list[float]], column: str) -> None:
    left_out, nothing = probability_without[column][:ROWS], probability_without[column][ROWS:]
    assert left_out == nothing
