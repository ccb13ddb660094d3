"""docs/architecture.md names files and functions that exist; compiled code stands in one file each."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.style import PACKAGES

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


def compiled_modules() -> list[Path]:
    """The modules with functions that numba compiles and keeps on disk."""
    paths = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return sorted(path for path in paths if "cache=True" in path.read_text("utf-8") and imports(path) & {"numba"})


def imports(path: Path) -> set[str]:
    """The first part of the name of each module that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "features")
    return {name.partition(".")[0] for name in names}


def test_what_numba_keeps_on_disk_is_made_of_one_file() -> None:
    """numba compiles a function anew where its own file has changed, and not where one that it imports has.

    A loop or a tuple of arrays that stood in another file could change while the former machine code went on to run.
    """
    compiled = {path.relative_to(ROOT).as_posix(): imports(path) for path in compiled_modules()}
    assert compiled.keys() == {"features/snapshot/life_walk.py", "models/tree_shap/kernel.py"}
    assert all(names.isdisjoint(PACKAGES) for names in compiled.values())
