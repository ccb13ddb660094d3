"""Tables and charts as one self-contained page: nothing is fetched, and it prints on A4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.messages import Words
from serving.portfolio.report_tables import Column, Kind, Table
from serving.schemas.portfolio import MaturityCalendar
from serving.text.page_words import TAGS, Language, in_language

_HERE = Path(__file__).parent
_STYLE = _HERE.parent / "pages" / "static" / "lights.css"
_NUMBERS = (Kind.YUAN, Kind.COUNT, Kind.SHARE, Kind.NUMBER)


@dataclass(frozen=True)
class Section:
    """A heading with tables and charts below it. on_new_page: whether print begins a sheet with it."""

    heading: Words
    tables: Sequence[Table] = ()
    charts: Sequence[Markup] = ()
    on_new_page: bool = False


@dataclass(frozen=True)
class Page:
    """A whole page: what it is, of what day and whose, its sections, and the versions below it."""

    title: Words
    as_of: date
    about: Words
    sections: Sequence[Section]
    versions: dict[str, Any] = field(default_factory=dict)


def page_html(page: Page, language: Language) -> str:
    """The page in one language."""
    return (
        _environment()
        .get_template("report.html")
        .render(
            page=page,
            lang=language,
            tag=TAGS[language],
            w=in_language(language),
            style=Markup(_STYLE.read_text("utf-8")),  # noqa: S704 - our own file
            shown=lambda table: [
                [shown(cell, column, table, language) for cell, column in zip(row, table.columns, strict=True)]
                for row in table.rows(language)
            ],
            is_number=lambda column: column.kind in _NUMBERS,
        )
    )


def shown(value: Any, column: Column, table: Table, language: Language) -> str:
    """A cell as a person reads it."""
    if value is None:
        return "" if column.kind in (Kind.TEXT, Kind.WORDS) else str(getattr(table.missing, language))
    match column.kind:
        case Kind.YUAN:
            return f"{value:,.2f}"
        case Kind.COUNT:
            return f"{value:,}"
        case Kind.SHARE:
            return f"{value:.2%}"
        case Kind.NUMBER:
            return f"{value:.3f}"
    return str(value)


def _environment() -> Environment:
    folders = (_HERE / "templates", _HERE.parent / "pages" / "templates")
    return Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def notices_html(calendar: MaturityCalendar, instalments: int, language: Language) -> str:
    """The notices of a calendar's loans, one to a sheet, by the template of the pages on a base of its own."""
    return (
        _environment()
        .get_template("notices.html")
        .render(
            calendar=calendar,
            instalments=instalments,
            lang=language,
            tag=TAGS[language],
            w=in_language(language),
            style=Markup(_STYLE.read_text("utf-8")),  # noqa: S704 - our own file
        )
    )
