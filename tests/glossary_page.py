"""The glossary, docs/glossary.md, from serving/text/glossary.toml: `python -m tests.glossary_page` writes it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from features.contract.tables import TABLES
from features.delivery.table_forms import table_form
from features.messages import Bilingual
from serving.text.page_words import WORDS

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "glossary.md"
SOURCE = ROOT / "serving" / "text" / "glossary.toml"
_HEAD = """# 术语 Glossary

由 `python -m tests.glossary_page` 依 `serving/text/glossary.toml` 生成，请勿手改。页面上有的词与页面一致
（`serving/text/words.toml`）。只收各页、命令和手册直接使用而不另作解释的业务用词；按钮和栏目名不收。

Written by `python -m tests.glossary_page`; do not edit. A term that stands on the pages has their words. Here are the
terms of the trade that pages, commands and manuals use without explaining them; buttons and headings are left out.
"""


class Term(NamedTuple):
    """A term with its explanation; group: the chapter it stands in."""

    group: str
    name: Bilingual
    explanation: Bilingual


def groups() -> dict[str, Bilingual]:
    """The chapters and their titles, in order."""
    stored = tomllib.loads(SOURCE.read_text("utf-8"))
    return {key: Bilingual(**words) for key, words in stored["groups"].items()}


def terms() -> list[Term]:
    """All terms, in the order of the file."""
    stored = tomllib.loads(SOURCE.read_text("utf-8"))
    return [
        Term(
            group,
            WORDS[entry["word"]] if "word" in entry else Bilingual(entry["zh"], entry["en"]),
            Bilingual(entry["explain_zh"], entry["explain_en"]),
        )
        for group in groups()
        for entry in stored[group].values()
    ]


def page() -> str:
    """The whole page."""
    return "\n".join([_HEAD, *_chapters()])


def _chapters() -> Iterator[str]:
    for group, title in groups().items():
        yield from _table(title, [(each.name, each.explanation) for each in terms() if each.group == group])
    forms = [table_form(name) for name in TABLES]
    tables = [(Bilingual(form.called.zh, f"`{form.name}`"), form.meaning) for form in forms]
    yield from _table(Bilingual("交付的表", "Tables delivered"), tables)
    yield "各列见[交付的表](reference/tables.md)。The columns stand in [tables](reference/tables.md)."
    yield ""


def _table(title: Bilingual, rows: list[tuple[Bilingual, Bilingual]]) -> Iterator[str]:
    yield f"## {title.zh} {title.en}"
    yield ""
    yield "| 中文 | English | 说明 | explanation |"
    yield "|---|---|---|---|"
    yield from (f"| {name.zh} | {name.en} | {text.zh} | {text.en} |" for name, text in rows)
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
