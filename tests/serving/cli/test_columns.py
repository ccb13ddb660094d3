"""`lights columns`: the map on standard output or in a file, and its exit code."""

from __future__ import annotations

from pathlib import Path

from tests.running_service import lights

HOUSEHOLDS = "household_id,village_code\nc1,340123001001\n"


def test_a_delivery_without_questions_exits_0(tmp_path: Path) -> None:
    file = tmp_path / "households.csv"
    file.write_text(HOUSEHOLDS, "utf-8")
    ran = lights(tmp_path / "data", "columns", file)
    assert (ran.returncode, "households.csv" in ran.stdout) == (0, True)


def test_open_questions_exit_3_and_the_map_is_written(tmp_path: Path) -> None:
    file, out = tmp_path / "households.csv", tmp_path / "map.toml"
    file.write_text(HOUSEHOLDS.replace("village_code", "x"), "utf-8")
    ran = lights(tmp_path / "data", "columns", file, "--out", out)
    assert ran.returncode == 3
    assert "# ? " in out.read_text("utf-8")
