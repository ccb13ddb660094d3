"""Whatever a user can type, set, deliver or be told stands on a page of the reference, in both languages."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

import pytest

from features.contract.tables import TABLES
from features.loading.quarantine_list import KIND_REMEDIES as QUARANTINE_REMEDIES
from features.loading.quarantine_list import KIND_WORDS as QUARANTINE_WORDS
from features.messages import Bilingual
from models.light import LACKS, LACKS_REMEDIES
from models.traffic_light.rules import RULES
from serving.monitor.finding import KIND_REMEDIES, KIND_WORDS
from serving.settings import Settings, setting_notes
from tests import api_page, commands_page, glossary_page, messages_page, settings_page, tables_page
from tests.test_chinese_text import HALF_WIDTH

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
GENERATED: dict[Path, Callable[[], str]] = {
    glossary_page.PAGE: glossary_page.page,
    tables_page.PAGE: tables_page.page,
    **{path: partial(commands_page.page, language) for path, language in commands_page.PAGES},
    **{path: partial(settings_page.page, language) for path, language in settings_page.PAGES},
    **{path: partial(messages_page.page, language) for path, language in messages_page.PAGES},
}
CHINESE = re.compile("[一-鿿]")
SETTING = re.compile(r"\bLIGHTS_[A-Z][A-Z_]*[A-Z]\b(?<!_SCHEMA)")
INSTALLED = (
    *("run", "serving/deploy/Containerfile", "serving/deploy/county-lights.service", "serving/deploy/nginx.conf"),
    *("serving/deploy/county-lights-webhooks.service", "serving/deploy/county-lights-webhooks.timer"),
)


def written(name: str) -> str:
    return (REFERENCE / name).read_text("utf-8")


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: path.name)
def test_a_generated_page_is_up_to_date(path: Path) -> None:
    module = path.name.split(".")[0]
    assert path.read_text("utf-8") == GENERATED[path](), f"run python -m tests.{module}_page and look at the change"


@pytest.mark.parametrize("name", ["commands.md", "commands.en.md"])
def test_every_command_and_option_is_on_the_page(name: str) -> None:
    chapters = dict(re.findall(r"^## (lights.*)\n((?:(?!^## ).*\n)*)", written(name), re.MULTILINE))
    for command in commands_page.described_commands():
        for parameter in command.parameters:
            for option in parameter.names:
                assert re.search(rf"`{re.escape(option)}[ `]", chapters[command.path]), (command.path, option)


@cache
def settings_in_code() -> set[str]:
    """Names of settings in the texts of the code, and in the files by which the service is installed and started."""
    texts = [(ROOT / name).read_text("utf-8") for name in INSTALLED]
    for tree in messages_page.syntax_trees().values():
        texts += [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
    return {name for text in texts for name in SETTING.findall(text)} | {
        f"LIGHTS_{field.upper()}" for field in Settings.model_fields
    }


@pytest.mark.parametrize("name", ["settings.md", "settings.en.md"])
def test_every_setting_is_on_the_page(name: str) -> None:
    assert {"LIGHTS_DATA", "LIGHTS_LANG", "LIGHTS_ENVIRONMENT", "LIGHTS_SHARED_LIMITS"} <= settings_in_code()
    assert settings_in_code() == set(re.findall(r"^\| `(LIGHTS_\w+)`", written(name), re.MULTILINE))


def test_every_setting_is_explained_in_both_languages() -> None:
    for name, note in setting_notes().items():
        for text in filter(None, note):
            assert text.zh, name
            assert text.en, name
            assert not CHINESE.search(text.en), name
            assert not HALF_WIDTH.search(text.zh), name
        assert CHINESE.search(note.meaning.zh), name


def test_every_table_and_column_is_on_the_page() -> None:
    chapters = dict(re.findall(r"^## \S+ (\w+)\n((?:(?!^## ).*\n)*)", written("tables.md"), re.MULTILINE))
    assert "`corrects`" in written("tables.md")  # of every table
    for name, table in TABLES.items():
        for column in table.columns:
            assert f"`{column.name}`" in chapters[name], (name, column.name)


def test_every_rule_is_on_its_page() -> None:
    page = (ROOT / "models" / "traffic_light" / "RULES.md").read_text("utf-8")
    rules = RULES
    assert len(rules) > 15
    assert [rule.id for rule in rules if rule.id not in page] == []


@pytest.mark.parametrize("name", ["messages.md", "messages.en.md"])
def test_every_message_with_a_code_is_on_the_page(name: str) -> None:
    page = written(name)
    codes = Counter(code for code, _, _ in messages_page.coded_messages())
    assert codes["L107"] == codes["late"] == codes["waiting"] == codes["floor.auc"] == 1
    for code, times in codes.items():
        assert page.count(f"| `{code}` |") == times, code


@pytest.mark.parametrize(("name", "language"), [("messages.md", "zh"), ("messages.en.md", "en")])
def test_every_refusal_is_on_the_page(name: str, language: str) -> None:
    listed = set(written(name).splitlines())
    refusals = [
        each
        for file in messages_page.syntax_trees()
        for each in messages_page.sentences_in(file, messages_page.refusal_classes())
    ]
    assert len(refusals) > 200
    shown = [f"- {messages_page.shown_text(each, 'zh' if language == 'zh' else 'en')}" for each in refusals]
    assert [line for line in shown if line not in listed] == []


def test_every_finding_of_the_monitor_has_a_name_and_a_remedy() -> None:
    kinds = {
        node.args[0].value
        for file, tree in messages_page.syntax_trees().items()
        if file.startswith("serving/monitor/")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Finding"
        if isinstance(node.args[0], ast.Constant)
    }
    assert len(kinds) > 10
    assert kinds <= set(KIND_WORDS) == set(KIND_REMEDIES)
    assert set(QUARANTINE_WORDS) == set(QUARANTINE_REMEDIES)
    assert set(LACKS) == set(LACKS_REMEDIES)


def test_what_to_do_is_said_in_both_languages() -> None:
    remedies = {(code, remedy) for code, _, remedy in messages_page.coded_messages() if remedy is not None}
    assert len(remedies) > 40
    assert [(code, text) for code, text in remedies if faults_of(text)] == []


def faults_of(text: Bilingual) -> list[str]:
    """What is wrong with a text in two languages."""
    faults = [] if CHINESE.search(text.zh) else ["no Chinese"]
    faults += ["no English"] if not text.en or CHINESE.search(text.en) else []
    return faults + (["half-width"] if HALF_WIDTH.search(text.zh) else [])


def test_what_counts_as_a_fault_of_a_text() -> None:
    assert faults_of(Bilingual("补送, 重新评灯", "补送")) == ["no English", "half-width"]
    assert faults_of(Bilingual("again", "again")) == ["no Chinese"]


@pytest.mark.parametrize("name", ["commands.en.md", "settings.en.md"])
def test_an_english_page_has_no_chinese(name: str) -> None:
    assert CHINESE.findall(written(name)) == []


@pytest.mark.parametrize("name", ["commands", "settings", "messages"])
def test_both_languages_of_a_page_have_the_same_chapters_and_codes(name: str) -> None:
    zh, en = written(f"{name}.md"), written(f"{name}.en.md")
    assert len(re.findall("^## ", zh, re.MULTILINE)) == len(re.findall("^## ", en, re.MULTILINE))
    codes = [re.findall(r"^\| `([\w.:]+|--[\w-]+)", page, re.MULTILINE) for page in (zh, en)]
    assert codes[0] == codes[1] != []


def test_the_glossary_explains_each_term_once_in_both_languages() -> None:
    terms = glossary_page.terms()
    assert 60 <= len(terms) <= 100
    assert max(Counter(term.name.zh for term in terms).values()) == 1
    assert max(Counter(term.name.en.lower() for term in terms).values()) == 1
    assert [term for term in terms if faults_of(term.explanation)] == []
    assert all(term.explanation.zh.endswith("。") and term.explanation.en.endswith(".") for term in terms)


def test_the_interface_is_on_its_page() -> None:
    assert api_page.PAGE.read_text("utf-8") == api_page.page(), "run python -m tests.api_page and look at the change"
    described = api_page.document()
    operations = [(method.upper(), path) for path, methods in described["paths"].items() for method in methods]
    assert [each for each in operations if "## {} {}\n".format(*each) not in written("api.md")] == []
    assert len(operations) > 15


@pytest.mark.parametrize(
    ("path", "callers"),
    [
        ("/health/live", "everybody, without a key"),
        ("/api/v1/audit", "auditor"),
        ("/api/v1/cases", "bank officer, township or village cadre, county official"),
    ],
)
def test_who_may_call_an_operation(path: str, callers: str) -> None:
    assert api_page.callers(path) == callers


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"$ref": "#/components/schemas/Problem"}, "[Problem](#problem)"),
        ({"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]}, "date or null"),
        ({"type": "integer", "minimum": 0}, "integer, at least 0"),
        ({"type": "array", "items": {"type": "number"}}, "list of number"),
        ({"enum": ["red", "green"], "type": "string"}, "`red`, `green`"),
    ],
)
def test_a_schema_is_told_in_words(schema: dict[str, object], text: str) -> None:
    assert api_page.type_text(schema) == text
