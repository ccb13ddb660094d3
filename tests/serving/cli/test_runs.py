"""The run ledger: every run has its line, also one that was refused or cut short, and no line is lost."""

from __future__ import annotations

import json
from pathlib import Path

from features.messages import Bilingual
from features.runs import RUNS_FILE, Run, append_run, read_runs
from tests.running_service import done, lights
from tests.serving.provinces import AS_OF, Province


def run(what: str = "score", refused: Bilingual | None = None) -> Run:
    return Run("2026-01-10T08:00:00+00:00", "clerk", what, "refused" if refused else "done", 1.5, {"rows": 3}, refused)


def test_runs_are_read_as_they_were_recorded_oldest_first(tmp_path: Path) -> None:
    kept = (run("load"), run("score", Bilingual("不行", "no")))
    for each in kept:
        append_run(tmp_path, each)
    assert (read_runs(tmp_path).runs, read_runs(tmp_path).unreadable) == (kept, 0)


def test_a_line_torn_by_a_power_cut_is_counted_and_takes_no_other_with_it(tmp_path: Path) -> None:
    append_run(tmp_path, run("load"))
    path = tmp_path / RUNS_FILE
    path.write_bytes(path.read_bytes() + b'{"at": "2026-01')
    append_run(tmp_path, run("score"))
    found = read_runs(tmp_path)
    assert ([each.what for each in found.runs], found.unreadable) == (["load", "score"], 1)


def test_where_nothing_has_run_there_are_no_runs(tmp_path: Path) -> None:
    assert read_runs(tmp_path).runs == ()
    assert done(lights(tmp_path, "runs")).strip() == ""


def test_a_run_and_a_refused_one_are_told_with_what_they_found(ruled: Province) -> None:
    done(lights(ruled.data, "score", "--as-of", AS_OF))
    lights(ruled.data, "score", "--as-of", "2025-12-30")
    scored, refused = json.loads(done(lights(ruled.data, "runs", "--json")))["runs"]
    assert (scored["what"], scored["outcome"], scored["told"]["edition"]) == ("score", "done", 1)
    assert scored["told"]["rows"] == ruled.month.manifest.rows
    assert refused["outcome"] == "refused"
    assert refused["refused"]["en"].startswith("2025-12-30 is no month end")
    printed = done(lights(ruled.data, "runs"))
    assert "  done  " in printed
    assert "2025-12-30 不是月末" in printed
