"""Chinese text in the code is written as county offices write it: full-width punctuation, the glossary's words."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.style import Code

ROOT = Path(__file__).parents[1]
HALF_WIDTH = re.compile(
    r"[一-鿿]\s?[,;:?!](?!\d)|(?<![\d%}])[,;:?!] ?[一-鿿]|[一-鿿]\.(?!\w)|(?<![A-Za-z])\([^()]*[一-鿿][^()]*\)"
)
RETIRED = {"规则灯": "规则预警", "模型灯": "模型预警", "冠军": "在用模型", "召回": "识别率", "查全率": "识别率"}
PATTERNS = ("features/delivery/headings.py", "features/delivery/cell_values.py", "features/delivery/suggest_map.py")
"""Modules that read what banks write, or write the file of a column map, whose form is fixed."""


def chinese_texts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Texts of a module that are mostly Chinese, with their lines; what matches other texts is left out."""
    documented = {
        id(body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and isinstance((body := node.body)[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in documented:
            continue
        text = node.value
        chinese, latin = len(re.findall("[一-鿿]", text)), len(re.findall("[A-Za-z]{2,}", text))
        if chinese > 1.2 * latin and "\\" not in text and ".*" not in text and ".{" not in text:
            yield node.lineno, text


def faults_in(tree: ast.Module) -> list[tuple[int, str]]:
    return [
        (line, text)
        for line, text in chinese_texts(tree)
        if HALF_WIDTH.search(text.replace("# ?", "").replace("max(0, ", ""))
    ]


def test_chinese_sentences_have_full_width_punctuation() -> None:
    faults = [
        f"{name}:{line}: {text}"
        for name, tree in Code(ROOT).trees.items()
        if name not in PATTERNS
        for line, text in faults_in(tree)
    ]
    assert faults == []


def test_chinese_sentences_use_the_words_of_the_glossary() -> None:
    found = [
        f"{name}:{line}: {word}, {RETIRED[word]}"
        for name, tree in Code(ROOT).trees.items()
        for line, text in chinese_texts(tree)
        for word in RETIRED
        if word in text
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "is_fault"),
    [
        ("贷款, 已还", True),
        ("贷款 (元)", True),
        ("已还; 请核对", True),
        ("贷款，已还", False),
        ("贷款（元）", False),
        ("共 1,234 笔", False),
        ("见 lights runs", False),
    ],
)
def test_what_counts_as_half_width(text: str, is_fault: bool) -> None:
    assert bool(faults_in(ast.parse(f"x = {text!r}"))) == is_fault
