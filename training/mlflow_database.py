"""An empty SQLite database of MLflow: by the stored schema where it is of the installed version, else left to MLflow.

MLflow makes a new database by all its migrations, one after the other; the schema that they end in is stored here.
`python -m training.mlflow_database FILE` writes the stored schema anew, from a database that MLflow has just made.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from features.atomic_files import atomic_file, write_bytes

SCHEMA_FILE = Path(__file__).with_name("mlflow_schema.sql")
_FILLED_TABLES = ("alembic_version", "workspaces")
"""Tables into which the migrations write rows; the first experiment is MLflow's own affair, when it opens the file."""


def create_empty_database(path: Path) -> bool:
    """Create the file where there is none and the stored schema is of the installed MLflow.

    Returns whether it was created; where it was not, MLflow does so when it opens the address.
    """
    schema = SCHEMA_FILE.read_text("utf-8")
    if path.exists() or schema.partition("\n")[0] != _version_line():
        return False
    with atomic_file(path, unique=True, replace=False) as staging, closing(sqlite3.connect(staging)) as database:
        database.executescript(schema)
    return True


def artifacts_uri(store: Path) -> str:
    """The address of the folder in which the documents, pictures and models of the runs lie."""
    return (store / "mlflow" / "artifacts").resolve().as_uri()


def schema_text(path: Path) -> str:
    """The statements that make the tables of an MLflow database, and their first rows; the first line is a version."""
    with closing(sqlite3.connect(path)) as database:
        statements = [
            line
            for line in database.iterdump()
            if not line.startswith("INSERT INTO") or line.split('"')[1] in _FILLED_TABLES
        ]
    return "\n".join([_version_line(), *statements, ""])


def _version_line() -> str:
    return f"-- MLflow {version('mlflow')}"


if __name__ == "__main__":
    write_bytes(schema_text(Path(sys.argv[1])).encode(), SCHEMA_FILE)
