"""The style of the code as counts that may not be passed (house style: CONTRIBUTING.md)."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.style import Code, is_participle

CODE = Code(Path(__file__).parents[1])


def share(part: Sequence[object], whole: Sequence[object]) -> float:
    return len(part) / len(whole)


def test_functions_are_named_by_more_than_a_participle() -> None:
    assert share(CODE.bare_participles(), CODE.functions) <= 0.02, [one.line for one in CODE.bare_participles()]


def test_names_do_not_use_words_of_many_meanings() -> None:
    assert share(CODE.retired_bindings(), CODE.bindings) <= 0.015, CODE.retired_bindings()


def test_private_functions_are_used_more_than_once() -> None:
    assert share(CODE.private_used_once(), CODE.functions) <= 0.15


def test_a_public_name_stands_in_one_module() -> None:
    assert len(CODE.public_names_twice()) <= 12, CODE.public_names_twice()


def test_functions_that_return_a_frame_name_its_columns() -> None:
    assert share(CODE.frames_without_columns(), CODE.frame_functions()) <= 0.1


def test_a_file_name_stands_in_one_folder() -> None:
    assert len(CODE.file_names_twice()) <= 15, CODE.file_names_twice()


def test_modules_of_serving_lie_in_folders() -> None:
    assert len(CODE.flat_modules("serving")) <= 3


@pytest.mark.parametrize(
    ("name", "counted"),
    [("kept", True), ("judged", True), ("observed", False), ("kept_report", False), ("feed", False), ("need", False)],
)
def test_what_counts_as_a_participle(name: str, counted: bool) -> None:
    assert is_participle(name) == counted


def test_what_is_counted_is_found_in_a_source_that_has_it(tmp_path: Path) -> None:
    package = tmp_path / "features"
    package.mkdir()
    source = "def told(found, /):\n    kept = _once(found)\n    return kept\n\n\ndef _once(x): return x\n"
    (package / "one.py").write_text(source + "\n\ndef frame() -> pl.DataFrame:\n    '''Rows.'''\n")
    (package / "two.py").write_text("def told(): ...\n")
    code = Code(tmp_path)
    assert [function.name for function in code.bare_participles()] == ["told", "told"]
    assert sorted({name for _, name in code.retired_bindings()}) == ["found", "kept", "told"]
    assert [function.name for function in code.private_used_once()] == ["_once"]
    assert list(code.public_names_twice()) == ["told"]
    assert [function.name for function in code.frames_without_columns()] == ["frame"]
    assert isinstance(code.trees["features/one.py"], ast.Module)
