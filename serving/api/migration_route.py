"""The route of the migration between two published months, whole and by group."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query

from models.group_light.evaluate_groups import Level
from serving.api.warning_routes import PROBLEMS, Area, Bank
from serving.http.dependencies import Kept
from serving.portfolio.migration import AFTER, BEFORE, Span, by_group, cells, moved, totals
from serving.portfolio.report_period import Scope
from serving.schemas.basis import Answer, Versions

migration = APIRouter(prefix="/api/v1", responses=PROBLEMS)
Start = Annotated[
    date | None, Query(alias="from", description="a published month end; the one before `to` where none is named")
]
End = Annotated[date | None, Query(alias="to", description="a published month end; the newest where none is named")]


class Moved(Answer):
    """Loans that went from one state to another; principal in yuan, outstanding at the first month end (at the last
    one for loans that were new to the list)."""

    before: str
    before_zh: str
    before_en: str
    after: str
    after_zh: str
    after_en: str
    loans: int
    principal: float


class Returns(Answer):
    """Cured: yellow or red to green. Worsened: green to yellow, red or gone bad; fell_again: of these, lit in a month
    before the first; null where none before it is published."""

    cured_loans: int
    cured_principal: float
    worsened_loans: int
    worsened_principal: float
    fell_again_loans: int | None
    fell_again_principal: float | None


class MovedGroup(Answer):
    """One group of the level asked for."""

    code: str
    moves: list[Moved]
    returns: Returns


class Migration(Versions):
    """How loans moved between the lights of two month ends; the versions are the later one's."""

    since: date
    level: str
    moves: list[Moved]
    returns: Returns
    groups: list[MovedGroup]


@migration.get("/migration")
def light_migration(
    store: Kept,
    start: Start = None,
    end: End = None,
    level: Level = Level.TOWNSHIP,
    bank: Bank = None,
    area: Area = None,
) -> Migration:
    """Loans and money by state at two month ends: lights, gone bad, paid out between, settled, renewed, lost."""
    span = Span.of(store, start, end)
    loans = moved(span, Scope(bank, area))
    groups = [
        MovedGroup(code=code, moves=_moves(cells(part)), returns=_returns(part))
        for code, part in by_group(loans, level)
    ]
    return Migration(
        **span.later.versions,
        since=span.earlier.as_of,
        level=level.value,
        moves=_moves(cells(loans)),
        returns=_returns(loans),
        groups=groups,
    )


def _moves(found: pl.DataFrame) -> list[Moved]:
    return [_move(row) for row in found.to_dicts()]


def _move(row: dict[str, Any]) -> Moved:
    before, after = BEFORE[row["state_before"]], AFTER[row["state_after"]]
    return Moved(
        before=row["state_before"],
        before_zh=before.zh,
        before_en=before.en,
        after=row["state_after"],
        after_zh=after.zh,
        after_en=after.en,
        loans=row["loans"],
        principal=row["principal"],
    )


def _returns(loans: pl.DataFrame) -> Returns:
    return Returns.model_validate(totals(loans).row(0, named=True))
