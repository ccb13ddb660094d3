"""Whoever looks at a household by the interface or on its page finds the answer to a what-if laid out by then."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from serving.access.scope import Scope
from serving.explain.household_cache import household_month
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.conftest import County
from tests.serving.access.seen import seen_by


def laid_out(store: Path, scope: Scope, household: str) -> bool:
    """Of this process's memory, whether the household has been judged by its rows already."""
    seen = DataFolder(store, scope)
    return "recomputed_lights" in vars(household_month(MonthRepository(seen).month(), seen, household))


@pytest.mark.parametrize("path", ["/api/v1/households/{}/explanation", "/households/{}"])
def test_a_look_lays_out_what_a_question_of_what_if_needs(county: County, desk: FastAPI, path: str) -> None:
    place = 0 if "api" in path else -1
    bank, household = (
        county.warnings.filter(county.warnings["light"] == "green").select("bank", "household_id").row(place)
    )
    scope = Scope(bank=bank)
    assert not laid_out(county.data, scope, household)
    assert seen_by(desk, "officer", bank).get(path.format(household)).status_code == 200
    assert laid_out(county.data, scope, household)
