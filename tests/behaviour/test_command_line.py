"""The command line: help, exit codes, answers for programs, and refusals that are a sentence in each language."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from serving.audit.command_line import database_of
from serving.cases.outcomes import case_outcomes
from serving.months.data_folder import DataFolder
from serving.uploads.upload_folder import UploadFolder
from tests.conftest import County
from tests.running_service import CHINESE, done, environment, free_port, lights, refused, started

COMMANDS = (
    "load",
    "simulate",
    "features",
    "rules",
    "policy",
    "train",
    "evaluate",
    "promote",
    "rollback",
    "thresholds",
    "gate",
    "score",
    "watch",
    "replay",
    "runs",
    "explain",
    "ledger",
    "report",
    "monitor",
    "serve",
    "user",
    "audit",
    "cases",
    "contacts",
    "notice",
    "webhook",
    "backup",
    "restore",
    "verify",
    "upgrade",
    "templates",
    "demo",
    "quarantine",
    "columns",
    "labels",
    "compare",
    "mlflow",
    "completion",
)
SLOW = re.compile(r"\| +(lightgbm|pandas|sklearn|scipy|mlflow|openpyxl|shap)$", re.MULTILINE)


def imported_by(data: Path, *words: str) -> str:
    """What Python says it imported for a command."""
    asked = [sys.executable, "-X", "importtime", "-m", "lights", *words]
    ran = subprocess.run(asked, env=environment(data), capture_output=True, text=True, check=True)
    return ran.stderr


def test_help_names_every_command_in_both_languages(tmp_path: Path) -> None:
    listed = done(lights(tmp_path, "--help"))
    for command in COMMANDS:
        line = next(line for line in listed.splitlines() if line.startswith(f"  {command} "))
        assert CHINESE.search(line)
        assert not line.endswith("...")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, command: str) -> None:
    said = done(lights(tmp_path, command, "--help"))
    assert said.startswith(f"用法：lights {command} ")
    assert f"\nUsage: lights {command} " in said
    assert CHINESE.search(said)
    assert list(tmp_path.iterdir()) == []


def test_help_imports_next_to_nothing(tmp_path: Path) -> None:
    imported = imported_by(tmp_path, "--help")
    assert not SLOW.search(imported)
    assert not re.search(r"\| +(rich|polars|numpy|pydantic|fastapi)$", imported, re.MULTILINE)


def test_explaining_a_published_month_imports_nothing_that_only_training_needs(county: County) -> None:
    imported = imported_by(county.data, "explain", county.one_of_each()["red"])
    assert not re.search(r"\| +(mlflow|shap|optuna|matplotlib|openpyxl)$", imported, re.MULTILINE)


def test_scoring_by_rules_imports_nothing_that_reads_workbooks_or_trains(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    imported = imported_by(own.data, "score", "--as-of", str(own.newest))
    assert not re.search(r"\| +(lightgbm|pandas|sklearn|mlflow|shap|openpyxl|xlsxwriter)$", imported, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Usage:"),
        (("paint",), "No such command 'paint'"),
        (("score",), "--as-of"),
        (("score", "--as-of", "31.12.2025"), "a day is written 2024-01-31, not '31.12.2025'"),
        (("score", "--as-of", "2025-02-30"), "not '2025-02-30'"),
        (("explain",), "HOUSEHOLD"),
        (("explain", "H1", "--lang", "fr"), "zh or en"),
        (("explain", "H1", "--as-of", "today"), "not 'today'"),
        (("features", "--as-of", "2025-12-31", "--out", "f.parquet", "--loans", "closed"), "open or cohort"),
        (("load", "inbox", "--delivered-on", "soon"), "not 'soon'"),
        (("simulate", "--households", "1"), "--households"),
        (("simulate", "--months", "many"), "--months"),
        (("promote", "1"), "--reason"),
        (("serve", "--port", "0"), "--port"),
        (("demo", "--households", "10"), "--households"),
    ],
)
def test_wrong_usage_is_2_and_says_what_is_wrong(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    ran = lights(tmp_path, *words)
    assert ran.returncode == 2
    assert said in ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("load", "nowhere"), "There is no inbox folder nowhere."),
        (("train",), "run lights load first"),
        (("train", "--plan", "nowhere.toml"), "The plan nowhere.toml cannot be read"),
        (("evaluate",), "There is no model champion; run lights train first."),
        (("evaluate", "--model", "7"), "There is no model 7"),
        (("promote", "7", "--reason", "because"), "There is no model 7"),
        (("score", "--as-of", "2025-12-31"), "No open loan is known by 2025-12-31."),
        (("score", "--as-of", "2025-12-30"), "no month end; lights are set at month ends, for example 2025-12-31."),
        (("explain", "H1"), "No month is published; run lights score first."),
    ],
)
def test_an_empty_store_refuses_in_one_sentence(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refused(lights(tmp_path, *words))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("explain", "H999"), "No open loan of household H999 is in the list of 2025-12-31; check the identifier."),
        (("explain", "H1", "--as-of", "2020-01-31"), "2020-01-31 is not published; published: 2025-12-31, 2025-11-30"),
        (("score", "--as-of", "2016-01-31"), "No open loan is known by 2016-01-31."),
        (
            ("score", "--as-of", "1999-12-31"),
            "No rule is in force on 1999-12-31; no light can be set: add the rows that held then (since).",
        ),
        (("evaluate", "--model", "7"), "There is no model 7; there are [1]."),
        (("evaluate", "--model", "nobody"), "There is no model nobody"),
        (("promote", "7", "--reason", "because"), "There is no model 7; there are [1]."),
        (("train", "--plan", "/dev/null"), "The plan null is wrong: month_ends: is missing"),
    ],
)
def test_a_full_store_refuses_in_one_sentence(county: County, words: tuple[str, ...], said: str) -> None:
    assert said in refused(lights(county.data, *words))


def test_an_inbox_without_a_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "notes.txt").write_text("hello")
    assert "holds no table" in refused(lights(tmp_path, "load", tmp_path / "inbox"))


def test_a_plan_is_refused_with_all_its_faults_at_once(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        """
        horizon_months = 99
        shoe_size = 42
        [month_ends]
        fit = [2023-01-31]
        policy = []
        """
    )
    said = refused(lights(tmp_path, "train", "--plan", plan))
    for fault in ("horizon_months", "shoe_size", "month_ends.fit", "month_ends.policy", "month_ends.judgement"):
        assert fault in said
    assert "shoe_size is unknown" in said


def test_a_plan_out_of_order_is_refused_with_all_its_faults_at_once(tmp_path: Path) -> None:
    plan = tmp_path / "plan.toml"
    plan.write_text(
        """
        [month_ends]
        fit = [2023-01-31, 2023-02-27]
        policy = [2023-03-31]
        judgement = [2023-04-30]
        [households]
        fit = 0.9
        """
    )
    said = refused(lights(tmp_path, "train", "--plan", plan))
    for fault in ("2023-02-27 is not a month end", "policy begins", "judgement begins", "do not sum to 1"):
        assert fault in said


def test_a_taken_port_is_refused(county: County) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert refused(lights(county.data, "serve", "--port", port)) == (
            f"Port {port} is taken; choose another with --port."
        )


def test_what_cannot_be_written_is_refused(county: County, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = refused(lights(county.data, "features", "--as-of", county.newest, "--out", tmp_path / "file" / "f.parquet"))
    assert said.startswith("A file cannot be read or written: ")
    assert "A file cannot be read" in refused(lights(tmp_path / "file", "load", county.inbox))


def test_a_server_stops_when_it_is_told_to(county: County) -> None:
    server = started(county.data, "serve", "--port", free_port())
    assert server.stdout
    assert "http://127.0.0.1:" in server.stdout.readline()
    server.send_signal(signal.SIGINT)
    said = server.communicate(timeout=30)[0]
    assert "Traceback" not in said


def test_a_loaded_delivery_is_reported_for_a_program(county: County) -> None:
    report = json.loads(county.printed["load"].stdout)
    assert {file["table"] for file in report["files"]} >= {"households", "loans", "instalments", "payments"}
    assert all(file["quarantined"] == file["waiting"] == 0 and file["added"] for file in report["files"])
    assert report["data_version"] == county.month.manifest.data_version


def test_a_training_is_reported_for_a_program(county: County) -> None:
    report = json.loads(county.printed["train"].stdout)
    failed = {each["id"] for each in report["gate"]["criteria"] if not each["passed"]}
    assert (report["alias"], report["shadow"], "evidence.policy" in failed) == ("challenger", True, True)
    assert report["model_version"] == county.month.manifest.model_version
    assert report["judged"][-1]["month"] == "all"


def test_a_judgement_again_is_the_same(county: County) -> None:
    judged = json.loads(done(lights(county.data, "evaluate", "--model", "1", "--json")))
    assert judged == json.loads(county.printed["train"].stdout)["judged"]


def test_a_published_month_is_reported_for_a_program(county: County) -> None:
    report = json.loads(county.printed["score"].stdout)
    assert (report["as_of"], report["edition"]) == (str(county.newest), 1)
    assert report["rows"] == sum(light["loans"] for light in report["lights"].values())
    assert report["checksums"] == county.month.manifest.checksums


def test_the_feature_frame_has_a_row_for_each_open_loan_or_for_the_cohort(county: County, tmp_path: Path) -> None:
    for loans in ("open", "cohort"):
        out = tmp_path / f"{loans}.parquet"
        done(lights(county.data, "features", "--as-of", county.newest, "--out", out, "--loans", loans))
    assert pl.read_parquet(tmp_path / "open.parquet").sort("loan_id").equals(county.facts)
    cohort = county.facts.filter(~pl.col("has_gone_bad"))
    assert pl.read_parquet(tmp_path / "cohort.parquet")["loan_id"].sort().equals(cohort["loan_id"])


def test_features_of_a_folder_without_data_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    said = refused(lights(tmp_path / "var", "features", "--as-of", "2025-12-31", "--out", tmp_path / "f.parquet"))
    assert said == f"Nothing has been loaded into {tmp_path / 'var'}."
    assert list(tmp_path.iterdir()) == []


def test_features_say_what_had_not_been_delivered_by_then(county: County, tmp_path: Path) -> None:
    said = done(lights(county.data, "features", "--as-of", "2020-01-31", "--out", tmp_path / "f.parquet"))
    assert "tables not delivered: " in said
    assert "missing for every loan" in said


def test_the_same_inbox_again_adds_nothing(county: County, tmp_path: Path) -> None:
    again = county.copied_to(tmp_path / "var")
    report = json.loads(done(lights(again.data, "load", county.inbox, "--delivered-on", "2026-01-10", "--json")))
    assert {file["added"] for file in report["files"]} == {0}
    assert report["data_version"] == county.month.manifest.data_version


def test_a_small_county_is_demonstrated_by_the_rules_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTS_LANG", "en")
    first = done(lights(tmp_path, "demo", "--no-stay", "--households", 200, "--seed", 3)).splitlines()
    seen = [line for line in first if line.startswith("GET ")]
    assert len(seen) == 4
    assert all(": 200, " in line for line in seen)
    told = first[: first.index(seen[0])]
    assert len([line for line in told if "[info" not in line]) == 5
    assert "12 months published" in told[0]
    assert (tmp_path / "demo" / "demo.log").read_text("utf-8").count(" loans, edition ") == 12

    store = DataFolder(tmp_path / "demo")
    with database_of(store.folder).read_session() as session:
        ended = case_outcomes(session)
    assert ended.filter(pl.col("outcome").is_not_null()).height > 1
    [upload] = UploadFolder(store.folder).newest()
    preview = UploadFolder(store.folder).preview(upload.number)
    assert preview is not None
    assert [(table.table, table.wrong) for table in preview.tables] == [("payments", 2)]

    (store.folder / "kept.txt").write_text("what was done", "utf-8")
    again = done(lights(tmp_path, "demo", "--no-stay", "--households", 200, "--seed", 3))
    assert "--fresh makes another" in again
    assert (store.folder / "kept.txt").exists()
    done(lights(tmp_path, "demo", "--no-stay", "--households", 200, "--seed", 3, "--fresh"))
    assert not (store.folder / "kept.txt").exists()
