"""The route of the migration of loans between the lights of two published months, in all and by group."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import polars as pl
from fastapi import APIRouter, Query

from models.group_light.evaluate_groups import GroupLevel
from serving.api.warning_routes import PROBLEM_RESPONSES, Area, Bank
from serving.http.dependencies import AuthenticatedRoute, CurrentData
from serving.portfolio.migration import (
    STATES_AFTER,
    STATES_BEFORE,
    MigrationPeriod,
    loan_migrations,
    loans_by_group,
    migration_cells,
    migration_totals,
)
from serving.portfolio.report_period import ReportScope
from serving.schemas.basis import Answer, Versions
from serving.text.written_day import Day

migration_router = APIRouter(
    route_class=AuthenticatedRoute, prefix="/api/v1", responses=PROBLEM_RESPONSES, tags=["portfolio"]
)
Start = Annotated[
    Day | None, Query(alias="from", description="a published month end; the one before `to` where none is named")
]
End = Annotated[Day | None, Query(alias="to", description="a published month end; the newest where none is named")]


class MigrationCell(Answer):
    """Loans that went from one state to another.

    principal: yuan, outstanding at the first month end; at the last one for loans that were new to the list.
    """

    before: str
    before_zh: str
    before_en: str
    after: str
    after_zh: str
    after_en: str
    loans: int
    principal: float


class MigrationTotals(Answer):
    """Loans that were cured, worsened, or fell again.

    Cured: yellow or red to green. Worsened: green to yellow, red or gone bad. fell_again: of the worsened ones, those
    that had been yellow or red in a month before the first; null where no such month is published.
    """

    cured_loans: int
    cured_principal: float
    worsened_loans: int
    worsened_principal: float
    fell_again_loans: int | None
    fell_again_principal: float | None


class GroupMigration(Answer):
    """The migration of one group of the level that was asked for."""

    code: str
    moves: list[MigrationCell]
    returns: MigrationTotals


class Migration(Versions):
    """How loans moved between the lights of two month ends; the versions are those of the later month."""

    since: date
    level: str
    moves: list[MigrationCell]
    returns: MigrationTotals
    groups: list[GroupMigration]


@migration_router.get("/migration")
def get_migration(
    store: CurrentData,
    start: Start = None,
    end: End = None,
    level: GroupLevel = GroupLevel.TOWNSHIP,
    bank: Bank = None,
    area: Area = None,
) -> Migration:
    """Loans and money by state at two month ends: lights, gone bad, paid out between, settled, renewed, lost."""
    span = MigrationPeriod.between(store, start, end)
    loans = loan_migrations(span, ReportScope(bank, area))
    groups = [
        GroupMigration(code=code, moves=_moves(migration_cells(rows)), returns=_returns(rows))
        for code, rows in loans_by_group(loans, level)
    ]
    return Migration(
        **span.later.versions,
        since=span.earlier.as_of,
        level=level.value,
        moves=_moves(migration_cells(loans)),
        returns=_returns(loans),
        groups=groups,
    )


def _moves(cells: pl.DataFrame) -> list[MigrationCell]:
    def cell(row: dict[str, Any]) -> MigrationCell:
        start, end = STATES_BEFORE[row["state_before"]], STATES_AFTER[row["state_after"]]
        return MigrationCell(
            before=row["state_before"],
            before_zh=start.zh,
            before_en=start.en,
            after=row["state_after"],
            after_zh=end.zh,
            after_en=end.en,
            loans=row["loans"],
            principal=row["principal"],
        )

    return [cell(row) for row in cells.to_dicts()]


def _returns(loans: pl.DataFrame) -> MigrationTotals:
    return MigrationTotals.model_validate(migration_totals(loans).row(0, named=True))
