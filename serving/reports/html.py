"""Reports as self-contained HTML pages that fetch nothing and print on A4."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.messages import Bilingual
from serving.contacts.address_book import ContactDetails
from serving.contacts.notice_form import NoticeForm
from serving.portfolio.report_tables import ReportCellKind, ReportTable, TableColumn
from serving.schemas.portfolio import MaturityCalendar
from serving.text.page_words import TAGS, Language, in_language

_HERE = Path(__file__).parent
_TEXTS = (ReportCellKind.TEXT, ReportCellKind.WORDS, ReportCellKind.DAY)
_STYLE = _HERE.parent / "pages" / "static" / "lights.css"
_NUMBERS = (
    ReportCellKind.YUAN,
    ReportCellKind.COUNT,
    ReportCellKind.SHARE,
    ReportCellKind.NUMBER,
    ReportCellKind.POINTS,
)


@dataclass(frozen=True)
class Section:
    """A heading with sentences, tables and charts. on_new_page: whether it begins a new sheet in print."""

    heading: Bilingual
    tables: Sequence[ReportTable] = ()
    charts: Sequence[Markup] = ()
    on_new_page: bool = False
    sentences: Sequence[Bilingual] = ()


@dataclass(frozen=True)
class Page:
    """A page: its title, day and subject, its sections, the versions in its footer, and notes above all."""

    title: Bilingual
    as_of: date
    about: Bilingual
    sections: Sequence[Section]
    versions: dict[str, Any] = field(default_factory=dict)
    notes: Sequence[Bilingual] = ()


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
            cell_rows=lambda table: [
                [cell_text(cell, column, table, language) for cell, column in zip(row, table.columns, strict=True)]
                for row in table.rows(language)
            ],
            heading_of=lambda column, table: column.heading(language, table.money),
            is_number=lambda column: column.kind not in _TEXTS,
        )
    )


def cell_text(value: Any, column: TableColumn, table: ReportTable, language: Language) -> str:
    """A cell as text for readers: thousands separated, shares in per cent, missing values in words."""
    if value is None:
        return (
            "" if column.kind in (ReportCellKind.TEXT, ReportCellKind.WORDS) else str(getattr(table.missing, language))
        )
    match column.kind:
        case ReportCellKind.YUAN:
            return f"{table.money.shown(value):,.2f}"
        case ReportCellKind.COUNT:
            return f"{value:,}"
        case ReportCellKind.SHARE:
            return f"{value:.2%}"
        case ReportCellKind.NUMBER:
            return f"{value:.3f}"
        case ReportCellKind.POINTS:
            return f"{value:.1f}"
    return str(value)


def _environment() -> Environment:
    folders = (_HERE / "templates", _HERE.parent / "pages" / "templates")
    return Environment(loader=FileSystemLoader(folders), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def notices_html(
    calendar: MaturityCalendar,
    instalments: int,
    language: Language,
    form: NoticeForm,
    contacts: Mapping[str, ContactDetails],
) -> str:
    """Notices of a calendar's loans, one to a sheet, with the template of the web page and a base of its own.

    instalments: months of the instalment plan that a notice offers. form: the county's. contacts: of the address book,
    by household.
    """
    return (
        _environment()
        .get_template("notices.html")
        .render(
            calendar=calendar,
            instalments=instalments,
            form=form,
            contacts=contacts,
            today=calendar.as_of,
            lang=language,
            tag=TAGS[language],
            w=in_language(language),
            style=Markup(_STYLE.read_text("utf-8")),  # noqa: S704 - our own file
        )
    )
