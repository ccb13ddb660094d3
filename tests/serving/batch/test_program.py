"""The digest of the program: what computes a month counts, pages do not; equal bytes are noted beside the edition."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from serving.batch.program import computing_files
from serving.months.published_editions import month_folder_name
from tests.conftest import County
from tests.running_service import done, lights

ROOT = Path(__file__).parents[3]
LOADED = """
import json, sys
import serving.batch.tasks, serving.batch.publish, models.boosting, models.tree_shap.explainer
print(json.dumps([module.__file__ for module in sys.modules.values() if getattr(module, "__file__", None)]))
"""


def test_every_module_that_a_task_loads_counts() -> None:
    ran = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    ours = ("features", "models", "serving")
    loaded = {Path(file).resolve() for file in json.loads(ran.stdout)}
    mine = {path for path in loaded if path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in ours}
    packages = {path for path in mine if path.name == "__init__.py"}
    assert mine - packages <= set(computing_files())


def test_pages_reports_and_commands_do_not_count() -> None:
    folders = {"/".join(path.relative_to(ROOT).parts[:2]) for path in computing_files()}
    assert not folders & {"serving/pages", "serving/api", "serving/reports", "serving/cli", "serving/http"}
    assert {"features/snapshot", "models/traffic_light", "serving/batch"} <= folders


def test_a_month_of_another_program_with_equal_bytes_stands_and_is_noted(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    [edition] = (own.data / "editions" / month_folder_name(own.newest)).glob("edition-*")
    stored = json.loads((edition / "manifest.json").read_text("utf-8"))
    (edition / "manifest.json").write_text(json.dumps({**stored, "inputs": "an earlier program"}), "utf-8")
    (edition / "manifest.sha256").unlink()
    first = lights(own.data, "score", "--as-of", own.newest)
    assert "640323" in first.stderr  # it is computed once
    assert [path.name for path in edition.parent.glob("edition-*")] == [edition.name]
    assert (edition / "same_inputs.txt").read_text("utf-8").split() == [stored["inputs"]]
    second = lights(own.data, "score", "--as-of", own.newest)
    assert "640323" not in second.stderr  # and found from then on
    assert done(second) == done(first)
