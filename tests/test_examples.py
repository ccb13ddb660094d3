"""The examples in the docstrings of public entry points run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import County
from tests.frames_page import NOT_IMPORTED
from tests.style import PACKAGES

MODULES = [
    one.name
    for package in PACKAGES
    for one in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}.")
    if not one.name.startswith(NOT_IMPORTED)
]
FINDER = doctest.DocTestFinder(exclude_empty=True)


def examples() -> list[tuple[str, doctest.DocTest]]:
    """Each docstring with an example, by its full name."""
    return [
        (test.name, test)
        for module in MODULES
        for test in FINDER.find(importlib.import_module(module), module)
        if test.examples
    ]


EXAMPLES = examples()
QUIET = pytest.mark.filterwarnings("ignore")  # MLflow's and shap's own, on import


def test_the_public_entry_points_have_an_example() -> None:
    assert len(EXAMPLES) >= 40


@pytest.mark.parametrize(
    "test",
    [pytest.param(test, marks=QUIET if name.startswith("training.") else (), id=name) for name, test in EXAMPLES],
)
def test_an_example_runs(test: doctest.DocTest, county: County, tmp_path: Path) -> None:
    """`data` is a county's data folder, `inbox` what was delivered, `tmp` an empty folder."""
    data = county.copied_to(tmp_path / "data", mlflow=test.name.startswith("training.")).data
    (tmp_path / "tmp").mkdir()
    test.globs.update(data=data, inbox=county.inbox, tmp=tmp_path / "tmp")
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report: list[str] = []
    # in a thread of its own: where a browser was started before, this one has a running event loop
    with ThreadPoolExecutor(1) as alone:
        alone.submit(runner.run, test, out=report.append).result()
    assert not runner.failures, "".join(report)
