"""The way of one loan's principal in docs/architecture.md names files and functions that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STEP = re.compile(r"^\d+\. `([\w/.]+)`(.*)$", re.MULTILINE)
STEPS = STEP.findall((ROOT / "docs" / "architecture.md").read_text("utf-8"))


def defined_names(path: Path) -> set[str]:
    """Functions and classes of a module, methods after the name of their class."""
    names = set()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names |= {f"{node.name}.{one.name}" for one in node.body if isinstance(one, ast.FunctionDef)}
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
    return names


def test_the_list_is_there() -> None:
    assert len(STEPS) > 50


@pytest.mark.parametrize(("file", "text"), STEPS)
def test_each_file_has_the_functions_that_the_step_names(file: str, text: str) -> None:
    if not file.endswith(".py"):
        assert (ROOT / file).is_file()
        return
    functions = re.findall(r"`([A-Za-z_][\w.]*)`", text.partition(": ")[2])
    assert functions
    assert set(functions) <= defined_names(ROOT / file)
