"""MLflow as analysts expect it: a run with what made it; a typed model that loads by alias and is served."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import polars as pl
import pytest

from features.catalog import MODEL_COLUMNS
from features.ledger.ledger import Ledger
from tests import http_requests
from tests.conftest import County
from tests.running_service import free_port, lights, refused, started, wait_for
from training.evaluation.runs import load_report
from training.gate import load_gate
from training.gate_criteria import gate_result

MODEL = "models:/county-lights@champion"
HERE = Path(__file__).parent
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
    assert {"plan.json", "MODEL_CARD.md", "reasons.png", "riskiest.png", "gains.png", "reliability.png"} <= set(
        found["files"]
    )
    assert found["tags"]["model_version"].startswith("1-")


def test_a_run_is_named_and_described_and_knows_its_commit(county: County) -> None:
    found = asked(
        county,
        RUN + "found = {'name': version.run_id and client.get_run(version.run_id).info.run_name, 'tags': run.tags}",
    )
    tags, champion = found["tags"], county.store.models.champion
    assert champion is not None
    assert found["name"].split()[0] == champion.card["spec"]["candidate"]
    assert found["name"].split()[2] == "demo"
    zh, en = json.loads((county.data / "models" / "1" / "judgement.json").read_text())["conclusions"][0].values()
    assert zh in tags["mlflow.note.content"]
    assert en in tags["mlflow.note.content"]
    head = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False, cwd=HERE)
    assert tags.get("mlflow.source.git.commit") == (head.stdout.strip() or None)


def test_a_run_has_every_metric_of_the_judgement_and_the_gates_result(county: County) -> None:
    found = asked(county, RUN + "found = {'metrics': run.metrics, 'failed': run.tags['gate_failed']}")
    report = load_report(county.data, 1)
    result, metrics = gate_result(report, load_gate()), found["metrics"]
    for name, ranking in report.ranking.items():
        assert metrics[f"average_precision_{name}"] == pytest.approx(ranking.pr_auc)
        assert metrics[f"precision_at_rules_visits_{name}"] == report.everyone.contenders[name].precision.value
    assert metrics["brier"] == pytest.approx(report.calibration.brier)
    assert metrics["log_loss"] == pytest.approx(report.calibration.log_loss)
    assert metrics["gate_passes"] == float(result.passes)
    assert found["failed"] == ", ".join(each.id for each in result.failed)
    factors = [each.value for each in result.criteria if each.id == "calibration.green_factor"]
    assert [metrics["green_factor"]] == factors


def test_each_trial_of_the_search_is_a_nested_run(county: County) -> None:
    question = RUN + (
        "trials = client.search_runs(['1'], f\"tags.`mlflow.parentRunId` = '{version.run_id}'\")\n"
        "found = [[each.info.status, each.data.metrics['log_loss'], each.data.params] for each in trials]"
    )
    trials, search = (
        asked(county, question),
        json.loads((county.data / "models" / "1" / "card.json").read_text())["search"],
    )
    assert len(trials) == search["trials"]
    assert {status for status, _, _ in trials} == {"FINISHED"}
    assert min(loss for _, loss, _ in trials) == pytest.approx(search["loss"])
    assert all({"num_leaves", "learning_rate", "seed"} <= set(params) for _, _, params in trials)


def test_the_data_sets_of_a_run_are_told_without_a_row_of_them(county: County) -> None:
    question = (
        "version = client.get_model_version_by_alias('county-lights', 'champion')\n"
        "sets = client.get_run(version.run_id).inputs.dataset_inputs\n"
        "found = {each.dataset.name: each.dataset.to_dictionary() for each in sets}"
    )
    found, card = asked(county, question), json.loads((county.data / "models" / "1" / "card.json").read_text())
    assert set(found) == {"fit", "calibration", "policy", "judgement"}
    for name, told in found.items():
        profile = json.loads(told["profile"])
        assert {"rows": profile["rows"], "bad": profile["bad"]} == card["folds"][name]
        assert set(profile) == {"rows", "bad", "first", "last"}
        assert json.loads(told["source"])["tags"]["data_version"] == card["data_version"]
        columns = json.loads(told["schema"])["mlflow_colspec"]
        assert [set(column) for column in columns] == [{"name", "type", "required"}] * len(columns)
    assert len({told["digest"] for told in found.values()}) == 4


def test_nothing_that_mlflow_keeps_names_a_household_a_loan_or_a_village(county: County) -> None:
    kept = b"".join(path.read_bytes() for path in (county.data / "mlflow").rglob("*") if path.is_file())
    ledger = Ledger(county.data / "ledger")
    identifiers = {
        *ledger.scan("loans").select("loan_id").collect()["loan_id"],
        *ledger.scan("households").select("household_id").collect()["household_id"],
        *ledger.scan("households").select("village_code").collect()["village_code"],
    }
    assert len(identifiers) > 1000
    assert [name for name in identifiers if name.encode() in kept] == []


def test_a_value_that_mlflow_would_cut_becomes_a_document(county: County, tmp_path: Path) -> None:
    data = county.copied_to(tmp_path / "var", mlflow=True).data
    question = (
        "from pathlib import Path\n"
        "from models.registry import ModelStore\n"
        "from training.publish import Registry, RunLog\n"
        f"data = Path({str(data)!r})\n"
        "log = RunLog({'short': 1, 'table': {'long': 'x' * 7000}}, {}, description='y' * 9000)\n"
        "version = Registry(data).register(ModelStore(data / 'models').bundle(1), log)\n"
        "run = version.card['run_id']\n"
        "params, tags = client.get_run(run).data.params, client.get_run(run).data.tags\n"
        "document = json.loads(mlflow.artifacts.load_text(f'runs:/{run}/parameters/table.long.json'))\n"
        "text = mlflow.artifacts.load_text(f'runs:/{run}/description.md')\n"
        "found = [params, document, text, tags['mlflow.note.content']]"
    )
    county_of_copy = replace(county, data=data)
    params, document, description, note = asked(county_of_copy, question)
    assert params == {"short": "1", "table.long": "见 see parameters/table.long.json"}
    assert document == {"table.long": "x" * 7000}
    assert (description, note) == ("y" * 9000, "见 see description.md")


def test_a_decimal_column_is_checked_and_scored_as_any_number(county: County) -> None:
    question = (
        "from decimal import Decimal\n"
        f"model = mlflow.pyfunc.load_model('{MODEL}')\n"
        "row = model.input_example\n"
        "written = row.assign(outstanding_principal=[Decimal('20000.00')])\n"
        "found = [model.predict(each)['probability'][0] for each in (row, written)]\n"
        "found += [row['outstanding_principal'][0], len(model.metadata.get_input_schema().inputs), len(row.columns)]"
    )
    as_float, as_decimal, invented, columns, shown = asked(county, question)
    assert as_float == as_decimal
    assert (invented, columns) == (20_000.0, shown)


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
            wait_for(f"http://127.0.0.1:{port}/ping", lambda: server.poll() is None, printed)
            yield f"http://127.0.0.1:{port}"
        finally:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def test_mlflow_serves_the_model(county: County) -> None:
    with mlflow_serving(county) as address:
        answer = http_requests.post(f"{address}/invocations", json={"dataframe_records": records(county)})
    foretold = [row["probability"] for row in answer.raise_for_status().json()["predictions"]]
    assert foretold == pytest.approx(published(county), abs=1e-12)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_mlflows_own_pages_are_served_until_a_signal_ends_them(county: County, ending: signal.Signals) -> None:
    port = free_port()
    server = started(county.data, "mlflow", "--port", port)
    try:
        assert server.stdout is not None
        printed = [server.stdout.readline() for _ in range(2)]
        assert printed == [
            f"MLflow：http://127.0.0.1:{port}（Ctrl-C 结束）\n",
            f"MLflow: http://127.0.0.1:{port} (Ctrl-C ends it)\n",
        ]
        url = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/get-by-name?experiment_name=county-lights"
        assert http_requests.get(url).json()["experiment"]["name"] == "county-lights"
        assert "<title>MLflow</title>" in http_requests.get(f"http://127.0.0.1:{port}/").text
        server.send_signal(ending)
        said, _ = server.communicate(timeout=60)
        assert (server.returncode, said) == (0, "")
        with pytest.raises(httpx2.TransportError):
            http_requests.get(url)
    finally:
        server.terminate()
        server.communicate(timeout=60)


def test_pages_are_not_served_on_a_port_in_use_or_for_a_server_elsewhere(county: County) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert "is in use" in refused(lights(county.data, "mlflow", "--port", taken.getsockname()[1]))
    assert "already" in refused(lights(county.data, "mlflow", "--mlflow", "http://mlflow.county:5000"))


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
