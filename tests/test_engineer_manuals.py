"""The engineers' manuals: their diffs apply and work, their tables name every key, both languages agree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from models.county_policy.policy_table import shipped_policy_table
from tests.manual_steps import commands_of, pages_of
from training.evaluation.report import EvaluationSettings
from training.gate import load_gate
from training.plan import Plan

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


def numbers() -> dict[str, Any]:
    """What the manuals' names of numbers begin with, and where the numbers stand."""
    sections = {name: Plan.model_fields[name].get_default() for name in Plan.model_fields if name != "month_ends"}
    return {
        "plan": sections,
        "policy": shipped_policy_table().policies[-1].model_dump(),
        "monitor": tomllib.loads((ROOT / "serving/monitor/bounds.toml").read_text("utf-8")),
        "gate": load_gate().model_dump(),
        "evaluation": vars(EvaluationSettings()),
    }


def value_at(values: Any, name: str) -> Any:
    return reduce(
        lambda each, key: each[key] if isinstance(each, dict) else getattr(each, key), name.split("."), values
    )


@pytest.mark.parametrize("page", ["method.md", "method.en.md"])
def test_every_number_of_the_method_is_the_one_in_the_code(page: str) -> None:
    quoted = re.findall(
        r"`((?:plan|policy|monitor|gate|evaluation)\.[a-z_.]+)` = ([\d.]+\d|\d)",
        " ".join((DOCS / page).read_text("utf-8").split()),
    )
    assert len(quoted) >= 30
    assert {name: float(number) for name, number in quoted} == {
        name: float(value_at(numbers(), name)) for name, _ in quoted
    }


@pytest.mark.parametrize("page", ["method.md", "method.en.md"])
def test_every_module_that_the_method_names_is_there(page: str) -> None:
    named = set(re.findall(r"`((?:features|models|training|serving)/[\w/.]+)`", (DOCS / page).read_text("utf-8")))
    assert len(named) >= 30
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", ["analyst", "operator", "method"])
def test_both_languages_of_a_manual_say_the_same_names_commands_and_pages(name: str) -> None:
    zh, en = DOCS / f"{name}.md", DOCS / f"{name}.en.md"
    assert (commands_of(zh), pages_of(zh)) == (commands_of(en), pages_of(en))
    numbers_of = [sorted(re.findall(r"`[a-z]+\.[a-z_.0-9]+` = [\d.]+\d", each.read_text("utf-8"))) for each in (zh, en)]
    assert numbers_of[0] == numbers_of[1]
