"""The stored schema of MLflow's database: the one that MLflow's own migrations make, and taken only by its version."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import training.mlflow_database as database
from training.mlflow_database import SCHEMA_FILE, create_empty_database, schema_text

MIGRATE = "import sys, mlflow; mlflow.MlflowClient(sys.argv[1]).search_experiments()"


def open_by_mlflow(path: Path) -> None:
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", MIGRATE, f"sqlite:///{path}"]
    subprocess.run(command, env={**os.environ, **quiet}, capture_output=True, timeout=120, check=True)


def test_the_stored_schema_is_the_one_that_mlflows_migrations_make(tmp_path: Path) -> None:
    open_by_mlflow(tmp_path / "migrated.db")
    assert tables(schema_text(tmp_path / "migrated.db")) == tables(SCHEMA_FILE.read_text("utf-8"))


def tables(schema: str) -> list[list[str]]:
    """The statements, each with its lines sorted: the migrations write a table's constraints in any order."""
    return sorted(sorted(line.strip(" ,\t") for line in each.splitlines()) for each in schema.split(";\n"))


def test_mlflow_opens_a_created_database_and_changes_no_table_of_it(tmp_path: Path) -> None:
    assert create_empty_database(tmp_path / "mlflow" / "created.db")
    open_by_mlflow(tmp_path / "mlflow" / "created.db")
    assert schema_text(tmp_path / "mlflow" / "created.db") == SCHEMA_FILE.read_text("utf-8")
    assert [path.name for path in (tmp_path / "mlflow").iterdir()] == ["created.db"]


def test_a_database_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "old.db").write_bytes(b"as it was")
    assert not create_empty_database(tmp_path / "old.db")
    assert (tmp_path / "old.db").read_bytes() == b"as it was"


def test_the_schema_of_another_version_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "schema.sql"
    other.write_text(SCHEMA_FILE.read_text("utf-8").replace("-- MLflow ", "-- MLflow 0."))
    monkeypatch.setattr(database, "SCHEMA_FILE", other)
    assert not create_empty_database(tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()
