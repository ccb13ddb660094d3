"""In whatever order and in whatever files the versions arrive, the county ends up knowing the same."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features.contract.tables import TABLES, USES
from features.snapshot.latest_versions import LatestVersions
from tests.features.inboxes import DRAWN, Intake, table, with_cell

VERSIONED = {"households": "village_name", "loans": "declared_use", "payments": "payer", "prices": "price"}
FIRST = date(2024, 3, 1)
PAYERS, AMOUNTS = ("borrower", "subsidy", "other"), ("1", "2", "3")
Deliveries = list[list[tuple[str, pl.DataFrame]]]


def version(name: str, row: int, day: int, choice: int) -> pl.DataFrame:
    """A row of the drawn table as it was known on a day, with one cell of several."""
    cell = {"payer": PAYERS[choice], "price": AMOUNTS[choice], "declared_use": USES[choice]}.get(
        VERSIONED[name], f"东沟{choice}"
    )
    known_on = (FIRST + timedelta(days=day)).isoformat()
    return with_cell(table(DRAWN[name])[row : row + 1], **{VERSIONED[name]: cell}, known_on=known_on)


@st.composite
def versions(draw: st.DrawFn) -> list[tuple[str, pl.DataFrame]]:
    """Some versions of every row, at most one a day."""
    facts = [(name, row) for name in VERSIONED for row in (0, 1)]
    days = st.dictionaries(st.integers(0, 6), st.integers(0, 2), min_size=1, max_size=3)
    return [(name, version(name, row, day, c)) for name, row in facts for day, c in draw(days).items()]


@st.composite
def two_ways(draw: st.DrawFn) -> tuple[Deliveries, Deliveries]:
    """The same versions all at once; and shuffled, some of them twice, over several deliveries."""
    rows = draw(versions())
    again = draw(st.lists(st.integers(0, len(rows) - 1), max_size=4))
    shuffled = draw(st.permutations([*rows, *(rows[place] for place in again)]))
    cuts = sorted(draw(st.sets(st.integers(1, len(shuffled) - 1), max_size=3)))
    return [rows], [list(shuffled[a:b]) for a, b in zip([0, *cuts], [*cuts, None], strict=True)]


def delivered(folder: Path, deliveries: Deliveries) -> Intake:
    intake = Intake(folder)
    for rows in deliveries:
        files: dict[str, Any] = {
            name: pl.concat(mine) for name in VERSIONED if (mine := [row for at, row in rows if at == name])
        }
        assert not intake.deliver(**files).has_refused_files
    return intake


def newest(intake: Intake, name: str, day: int) -> pl.DataFrame:
    rows = LatestVersions(intake.ledger.tables(), FIRST + timedelta(days=day)).newest_of_all_households(name).collect()
    return rows.sort(*TABLES[name].key)


@settings(max_examples=10, deadline=None)
@given(two_ways())
def test_the_newest_versions_are_the_same_on_every_day(ways: tuple[Deliveries, Deliveries]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        one, other = (delivered(Path(folder) / str(number), way) for number, way in enumerate(ways))
        assert (one.aside(), other.aside()) == ([], [])
        for name in VERSIONED:
            assert_frame_equal(one.kept(name), other.kept(name))
            for day in (-1, 1, 3, 6):
                assert_frame_equal(newest(one, name, day), newest(other, name, day))
