"""The engineers' manuals: their diffs apply and work, their tables name every key, both languages agree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from features.messages import Bilingual, Line
from models.county_policy.policy_table import shipped_policy_table
from serving.access.roles import OPEN_ROUTES, REQUIRED_RIGHTS
from serving.http.metrics import Metrics
from tests.conftest import County
from tests.manual_steps import commands_of, follow, pages_of
from training.evaluation.model_card import model_card
from training.evaluation.report import EvaluationSettings
from training.evaluation.runs import load_report
from training.gate import gate_lines, load_gate
from training.gate_criteria import gate_result
from training.output import summary_lines
from training.plan import LightPolicy, MonthEnds, Plan
from training.plan_files import load_plan

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


def keys_of(values: Any, above: str = "") -> dict[str, Any]:
    """The keys of nested tables, joined by dots, with their values; a model is a table."""
    table = values.model_dump() if isinstance(values, BaseModel) else values
    found: dict[str, Any] = {}
    for name, value in table.items():
        found |= keys_of(value, f"{above}{name}.") if isinstance(value, dict | BaseModel) else {f"{above}{name}": value}
    return found


def written(value: Any) -> str:
    """A default as the tables write it."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    return "–" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("page", ["analyst.md", "analyst.en.md"])
def test_every_key_of_plan_and_gate_stands_in_the_analysts_tables_with_its_default(page: str) -> None:
    rows = re.findall(r"^\| `([a-z_.0-9]+)` \| ([^|]*?) \| \S", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    tables = {name: default.replace('"', "") for name, default in rows}
    plan = keys_of({name: field.get_default() for name, field in Plan.model_fields.items() if name != "month_ends"})
    plan.pop("light_policy.chosen.most_lit")  # a key of this way to choose thresholds; those have a table of their own
    ends = {f"month_ends.{name}" for name in MonthEnds.model_fields}
    expected = {name: written(value) for name, value in {**plan, **keys_of(load_gate())}.items()}
    assert {name: default for name, default in tables.items() if name in expected} == expected
    assert set(tables) >= ends
    ways = re.findall(r"^\| `(\w+)` \| `(\w+)` \| (\S+) \|", (DOCS / page).read_text("utf-8"), re.MULTILINE)
    assert {(by, key, default.replace("必填", "required")) for by, key, default in ways} == {
        (
            get_args(way.model_fields["by"].annotation)[0],
            key,
            "required" if field.is_required() else written(field.default),
        )
        for way in get_args(LightPolicy.model_fields["chosen"].annotation)
        for key, field in way.model_fields.items()
        if key != "by"
    }


@pytest.mark.parametrize("page", ["analyst.md", "analyst.en.md"])
def test_the_plan_that_the_analysts_manual_shows_is_one(page: str, tmp_path: Path) -> None:
    [shown] = blocks(DOCS / page, "toml")
    file = tmp_path / "county.toml"
    file.write_text(shown, "utf-8")
    plan = load_plan(file)
    assert (plan.light_policy.chosen.by, len(plan.month_ends.fit)) == ("capacity", 36)


def form(line: str) -> str:
    """A printed line without its numbers and spaces: what it says of whatever figures."""
    return re.sub(r"[-+\d.,\s]+", " ", line).strip()


def test_what_the_analysts_manual_shows_of_a_judgement_is_what_is_printed(county: County) -> None:
    report = load_report(county.data, 1)
    lines: list[Line] = [*summary_lines(report), *gate_lines(gate_result(report, load_gate()))]
    for name, language in (("analyst.md", "zh"), ("analyst.en.md", "en")):
        printed = {form(getattr(line, language) if isinstance(line, Bilingual) else line) for line in lines}
        shown = [line for block in blocks(DOCS / name, "text") for line in block.splitlines()]
        assert len(shown) >= 14
        assert [line for line in shown if form(line) not in printed] == []


def test_the_analysts_manual_is_followed_word_by_word(county: County, tmp_path: Path) -> None:
    data = county.copied_to(tmp_path / "var", mlflow=True).data
    follow(DOCS / "analyst.md", tmp_path / "desk", {"LIGHTS_DATA": str(data)})
    assert (tmp_path / "desk" / "report" / "judgement.zh.html").exists()
    assert county.store.models.number_of("champion") == 1


def test_a_model_card_says_all_of_the_run_and_leaves_the_owners_fields_open(county: County) -> None:
    bundle, report = county.store.models.bundle(1), load_report(county.data, 1)
    result = gate_result(report, load_gate())
    zh, en = model_card(bundle, report, result, date(2026, 1, 9)).split("# Model card\n")
    for card, language in ((zh, "zh"), (en, "en")):
        assert all(f"| {each.id} |" in card for each in result.criteria)
        assert all(getattr(words, language) in card for words in report.conclusions)
        assert all(str(fold["rows"]) in card for fold in bundle.card["folds"].values())
        assert "`borrower_sex`" in card
        assert card.count("____") == 6


def test_the_operators_manual_is_followed_word_by_word(by_rules: County, tmp_path: Path) -> None:
    data = by_rules.copied_to(tmp_path / "var").data
    printed = follow(DOCS / "operator.md", tmp_path / "desk", {"LIGHTS_DATA": str(data)})
    assert "/sign-in?token=" in printed[0]
    assert (tmp_path / "desk" / "restored" / "ledger").is_dir()


@pytest.mark.parametrize("page", ["operator.md", "operator.en.md"])
def test_every_figure_of_the_sizing_stands_in_a_document_that_says_how_it_was_measured(page: str) -> None:
    names = ("serving/deploy/README.md", "serving/RUNNING.md", "docs/model_quality.md")
    measured = " ".join((ROOT / name).read_text("utf-8") for name in names)
    rows = (DOCS / page).read_text("utf-8").rpartition("|---|---|---|")[2].strip().split("\n\n")[0]
    figures = {each for each in re.findall(r"[\d,.]*\d", re.sub(r"\(.*?\)", "", rows)) if each != "1,000,000"}
    assert len(figures) >= 12
    assert [each for each in sorted(figures) if not re.search(rf"(?<![\d.,]){re.escape(each)}(?![\d])", measured)] == []


@pytest.mark.parametrize("page", ["operator.md", "operator.en.md"])
def test_the_operators_manual_names_every_metric_and_the_pages_there_are(page: str) -> None:
    text = (DOCS / page).read_text("utf-8")
    metrics = Metrics()
    names = {family.name for family in metrics.registry.collect()}
    assert {name for name in names if f"`{name}" not in text} == set()
    assert set(pages_of(DOCS / page)) <= OPEN_ROUTES | set(REQUIRED_RIGHTS)
