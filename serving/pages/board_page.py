"""The county board: sums alone, for whoever compares."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from features.messages import Refused
from models.light import LIGHT_WORDS
from serving.api.warning_routes import published_month
from serving.http.dependencies import Kept
from serving.months.repository import Published
from serving.pages.rendering import Spoken, page, refused
from serving.portfolio.board import MEASURE_WORDS, Measure, Moves, Standing, lately, map_table, moves
from serving.portfolio.migration import AFTER, BEFORE
from serving.portfolio.place_names import places
from serving.text.charts import LIGHT_COLOURS, Bar, Part, bars
from serving.text.light_charts import sparkline
from serving.text.page_words import Language, in_language

board_pages = APIRouter(include_in_schema=False)
_LIGHTS = ("red", "yellow", "green")
_CALLED = {"loans": "loan_count", "balance": "balance"}


@board_pages.get("/board")
def county_board(
    request: Request,
    store: Kept,
    language: Spoken,
    measure: Measure = Measure.LIT,
    as_of: date | None = None,
) -> HTMLResponse:
    """Lights, arrears, migration, townships by banks, and the last months."""
    try:
        month = published_month(store, as_of)
        months, moved = lately(store, month.as_of), moves(store, month)
        table = map_table(month, measure)
    except Refused as refusal:
        return refused(request, language, refusal, 409)
    return page(
        request,
        "board.html",
        language,
        answer=month.versions,
        now=months[-1],
        months=months,
        days=Published(store).months(),
        table=table,
        measure=measure.value,
        measures={each.value: getattr(said, language) for each, said in MEASURE_WORDS.items()},
        places=places(month, store),
        stacked=_stacked(months[-1], language),
        sparks=_sparks(months, language),
        moves=_matrix(moved, language) if moved else None,
    )


def _stacked(now: Standing, language: Language) -> Markup:
    """Two bars on scales of their own would mislead: each light's share of the loans, and of the money."""
    w = in_language(language)
    whole = (("loans", now.loans), ("balance", now.balance))
    drawn = [
        Bar(
            w[_CALLED[name]],
            tuple(_part(code, values[code] / (sum(values.values()) or 1), language) for code in _LIGHTS),
            f"{sum(values.values()):,.0f}",
        )
        for name, values in whole
    ]
    said = "; ".join(
        f"{w[_CALLED[name]]}: " + ", ".join(f"{_words(code, language)} {values[code]:,.0f}" for code in _LIGHTS)
        for name, values in whole
    )
    return bars(drawn, said)


def _part(code: str, share: float, language: Language) -> Part:
    return Part(share, LIGHT_COLOURS[code], f"{_words(code, language)} {share:.1%}")


def _words(code: str, language: Language) -> str:
    return str(getattr(LIGHT_WORDS[code], language))


def _sparks(months: Sequence[Standing], language: Language) -> list[dict[str, object]]:
    """What is drawn over the months, with its first and last value."""
    w = in_language(language)
    drawn = (
        (w["lit_share"], [each.lit_share for each in months]),
        (w["overdue_share"], [each.overdue_share for each in months]),
        (w["overdue_household_share"], [each.overdue_household_share for each in months]),
    )
    return [
        {
            "words": words,
            "first": values[0],
            "last": values[-1],
            "drawn": sparkline(values, _said(words, months, values)),
        }
        for words, values in drawn
    ]


def _said(words: str, months: Sequence[Standing], values: Sequence[float | None]) -> str:
    each = (
        f"{month.as_of:%Y-%m} {'–' if value is None else f'{value:.1%}'}"
        for month, value in zip(months, values, strict=True)
    )
    return f"{words}: {', '.join(each)}"


def _matrix(moved: Moves, language: Language) -> dict[str, object]:
    """Rows and columns that occur, in their order."""
    found = {(cell["state_before"], cell["state_after"]): cell for cell in moved.cells}
    return {
        "since": moved.since,
        "before": [
            (code, getattr(said, language)) for code, said in BEFORE.items() if any(b == code for b, _ in found)
        ],
        "after": [(code, getattr(said, language)) for code, said in AFTER.items() if any(a == code for _, a in found)],
        "cells": found,
        "totals": moved.totals,
    }
