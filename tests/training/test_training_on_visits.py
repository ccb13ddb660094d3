"""Visits of cases reach training through a file alone; what became of visited rows is told wherever a model is told."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import polars as pl

from features.console import utc_now
from models.registry import ModelStore
from serving.audit.command_line import database_of
from serving.cases.kinds import CaseEventKind
from serving.cases.repository import Authorship, EventFields, add_event, open_case
from tests.conftest import County
from tests.running_service import done, lights

VISITED_ON = date(2022, 3, 10)
ENOUGH_FOR_THE_FIT = """
[month_ends]
fit = { first = 2020-01-31, last = 2022-12-31 }
policy = { first = 2023-06-30, last = 2023-11-30 }
judgement = { first = 2024-05-31, last = 2025-04-30 }
[search]
trials = 1
[judging]
permuted_fits = 0
ablation = false
seeds = 0
"""


def visit(county: County, loans: list[str]) -> None:
    """Visits on one day, as officers enter them."""
    authorship = Authorship("ma", utc_now(), VISITED_ON)
    names = {"household_id": "H", "bank": "甲银行", "village_code": None, "light": "red"}
    with database_of(county.data).write_session() as session:
        for loan in loans:
            case = open_case(session, {"loan_id": loan, **names}, date(2022, 2, 28), authorship)
            add_event(session, case, 1, EventFields(CaseEventKind.VISIT, on_date=VISITED_ON, text="told"), authorship)


def test_visited_rows_are_told_in_the_terminal_on_the_card_in_the_report_and_in_mlflow(
    county: County, tmp_path: Path
) -> None:
    changed = county.copied_to(tmp_path / "var", mlflow=True)
    loans = pl.read_parquet(county.inbox / "loans" / "*.parquet").filter(
        pl.col("originated_on") < date(2022, 1, 1), pl.col("matures_on") > date(2022, 9, 1)
    )
    visit(changed, loans["loan_id"].unique().sort().to_list()[::2])
    assert " visits" in done(lights(changed.data, "cases", "visits"))
    table = pl.read_parquet(changed.data / "visits.parquet")
    assert (table.columns, table["visited_on"].unique().to_list()) == (["loan_id", "visited_on"], [VISITED_ON])
    (tmp_path / "plan.toml").write_text(ENOUGH_FOR_THE_FIT, "utf-8")
    printed = done(lights(changed.data, "train", "--plan", tmp_path / "plan.toml"))
    bundle = ModelStore(changed.data / "models").bundle(2)
    counts = bundle.card["visited"]["folds"]
    assert 0 < counts["fit"]["visited"] < counts["fit"]["rows"]
    assert counts["policy"]["visited"] == counts["judgement"]["visited"] == 0
    rows, visited = (sum(counts[fold][name] for fold in ("fit", "calibration")) for name in ("rows", "visited"))
    sentence = f"Of {rows:,} loan-months of fit and calibration {visited:,} were visited while their label was open"
    assert sentence in printed
    report = json.loads((changed.data / "models" / "2" / "judgement.json").read_text("utf-8"))
    assert any(sentence in conclusion["en"] for conclusion in report["conclusions"])
    logged = mlflow_parameters(changed.data)
    assert logged["visited_rows.treated"] == "weight"
    assert logged["visited_rows.folds.fit.visited"] == str(counts["fit"]["visited"])


def mlflow_parameters(data: Path) -> dict[str, str]:
    """The parameters of the newest run in the store's own MLflow; the trials of its search are runs of their own."""
    trials = "select run_uuid from tags where key = 'mlflow.parentRunId'"
    newest_run = f"select run_uuid from runs where run_uuid not in ({trials}) order by start_time desc limit 1"  # noqa: S608 - our own words
    with closing(sqlite3.connect(data / "mlflow" / "mlflow.db")) as database:
        [(newest,)] = database.execute(newest_run).fetchall()
        return dict(database.execute("select key, value from params where run_uuid = ?", (newest,)).fetchall())
