"""The engineers' manuals: their diffs apply and work, their tables name every key, both languages agree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PACKAGES = ("features", "models", "training", "serving", "tests")
_FENCED = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a page in one language."""
    return [text for name, text in _FENCED.findall(page.read_text("utf-8")) if name == language]


def test_every_diff_of_the_developer_manual_applies_and_does_what_it_says(tmp_path: Path) -> None:
    diffs, page = blocks(DOCS / "developer.md", "diff"), (DOCS / "developer.md").read_text("utf-8")
    checks = {path for line in re.findall(r"^The check: `pytest ([^`]+)`", page, re.MULTILINE) for path in line.split()}
    assert len(diffs) == page.count("The check:") == 5
    tree = tmp_path / "tree"
    for name in PACKAGES:
        shutil.copytree(ROOT / name, tree / name)
    for name in ("lights.py", "pyproject.toml"):
        shutil.copy2(ROOT / name, tree)
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    alone |= {"PYTHONPATH": str(tree), "GIT_CEILING_DIRECTORIES": str(tmp_path)}
    for diff in diffs:
        subprocess.run(["git", "apply", "-"], cwd=tree, env=alone, input=diff, text=True, check=True)
    asked = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "0", *sorted(checks)]
    ran = subprocess.run(asked, cwd=tree, env=alone, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
