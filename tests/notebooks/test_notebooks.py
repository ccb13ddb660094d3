"""Every notebook is kept without outputs, defines nothing, and runs from top to bottom offline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import County

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = sorted((PROJECT / "notebooks").glob("*.ipynb"))


def cells(notebook: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
    return [cell for cell in found if cell["cell_type"] == "code"]


def code(notebook: Path) -> str:
    return "\n\n".join("".join(cell["source"]) for cell in cells(notebook))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(notebook: Path) -> None:
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells(notebook))


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_defines_nothing(notebook: Path) -> None:
    assert re.findall(r"^\s*(?:def|class) \w+|lambda", code(notebook), re.MULTILINE) == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_draws(notebook: Path, tmp_path: Path, county: County) -> None:
    data = county.copied_to(tmp_path / "var", mlflow=True).data
    script = tmp_path / "notebook.py"
    script.write_text(code(notebook) + "\nassert plt.get_fignums()\n", "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(PROJECT), "MPLBACKEND": "Agg", "TMPDIR": str(tmp_path)}
    environment["LIGHTS_DATA"] = str(data)
    asked = [sys.executable, "-W", "ignore:FigureCanvasAgg is non-interactive", str(script)]
    ran = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ran.returncode == 0, ran.stderr
