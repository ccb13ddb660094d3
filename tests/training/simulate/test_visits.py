"""Visits avert the share of bad loans that they are said to, and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.bad_spells import bad_spells
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.messages import UserError
from features.snapshot.life_rules import LifeRules
from tests.running_service import done, lights
from training.simulate.order import Order
from training.simulate.province import simulate
from training.simulate.visits import VisitEffect, VisitOrder, helped_loans
from training.simulate.world import Visits

VISITED_ON, LAST = date(2025, 1, 10), date(2025, 7, 10)
SIZE = ("--households", 9000, "--months", 24, "--seed", 5, "--replicates", 0)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county in which nobody is visited."""
    simulate(Order(9000, 24, seed=5), out := tmp_path_factory.mktemp("alone"))
    return out


@pytest.fixture(scope="module")
def visits(alone: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every second loan of the county visited on one day."""
    loans = pl.read_parquet(alone / "truth" / "loans" / "*.parquet")["loan_id"].sort()
    rows = loans.gather_every(2).to_frame().with_columns(pl.lit(VISITED_ON).alias("visited_on"))
    rows.write_parquet(file := tmp_path_factory.mktemp("visits") / "visits.parquet")
    return file


def loans_gone_bad(inbox: Path) -> set[str]:
    """Loans that are bad, by the contract's walk of the tables, on a day from the visit to some six months later."""
    tables = DeliveredTables.from_frames({name: pl.read_parquet(inbox / name / "*.parquet") for name in TABLES})
    spells = bad_spells(tables, LifeRules())
    return set(spells.filter(pl.col("bad_on").is_between(VISITED_ON, LAST, closed="right"))["loan_id"])


def test_visits_that_change_nothing_change_no_byte(alone: Path, visits: Path, tmp_path: Path) -> None:
    simulate(Order(9000, 24, seed=5, visits=VisitOrder(visits, VisitEffect(0.0))), tmp_path)
    for file in tmp_path.rglob("*.parquet"):
        assert file.read_bytes() == (alone / file.relative_to(tmp_path)).read_bytes()


def test_of_visited_loans_that_would_go_bad_the_share_pays_instead(alone: Path, visits: Path, tmp_path: Path) -> None:
    visited = set(pl.read_parquet(visits)["loan_id"])
    would_be_bad = loans_gone_bad(alone) & visited
    assert len(would_be_bad) > 40
    for effect, low, high in ((1.0, 0, 0), (0.5, 0.3, 0.7)):
        out = tmp_path / str(effect)
        simulate(Order(9000, 24, seed=5, visits=VisitOrder(visits, VisitEffect(effect))), out)
        still_bad = loans_gone_bad(out)
        assert low <= len(still_bad & visited) / len(would_be_bad) <= high
        assert len(still_bad - visited) >= 0.6 * len(loans_gone_bad(alone) - visited)


def test_nothing_differs_before_the_visit(alone: Path, visits: Path, tmp_path: Path) -> None:
    simulate(Order(9000, 24, seed=5, visits=VisitOrder(visits, VisitEffect(1.0))), tmp_path)
    purses = [
        pl.read_parquet(folder / "truth" / "households" / "*.parquet").sort("household_id", "month")
        for folder in (alone, tmp_path)
    ]
    earlier, later = pl.col("month") < date(2025, 1, 1), pl.col("month") > date(2025, 1, 1)
    assert purses[0].filter(earlier).equals(purses[1].filter(earlier))
    assert not purses[0].filter(later).equals(purses[1].filter(later))


@pytest.mark.parametrize(
    ("day", "bad_on", "helps", "expected"),
    [
        ("2025-01-10", "2025-01-11", True, True),
        ("2025-01-10", "2025-01-10", True, False),
        ("2025-01-10", "2025-07-31", True, True),
        ("2025-01-10", "2025-08-01", True, False),
        ("2025-01-10", "2025-03-01", False, False),
    ],
)
def test_a_visit_works_from_the_next_day_for_some_months(day: str, bad_on: str, helps: bool, expected: bool) -> None:
    days = np.array([day, bad_on], dtype="datetime64[D]").astype(np.int64)
    visits = Visits(np.array([3]), days[:1], np.array([helps]), 6)
    assert helped_loans(visits, np.array([1, 3]), np.array([days[1], days[1]])).tolist() == [False, expected]


def test_the_command_takes_a_file_and_an_effect(visits: Path, tmp_path: Path) -> None:
    options = ("--out", tmp_path / "inbox", "--visits", visits)
    refused = lights(tmp_path, "simulate", *SIZE, *options)
    assert refused.returncode == 2
    assert "--visit-effect" in refused.stderr
    done(lights(tmp_path, "simulate", *SIZE, *options, "--visit-effect", 1.0))
    assert not loans_gone_bad(tmp_path / "inbox") & set(pl.read_parquet(visits)["loan_id"])


def test_a_file_without_the_columns_is_refused(tmp_path: Path) -> None:
    pl.DataFrame({"loan": ["L010000001"]}).write_parquet(file := tmp_path / "visits.parquet")
    with pytest.raises(UserError, match="visited_on"):
        simulate(Order(60, 12, seed=1, visits=VisitOrder(file, VisitEffect(0.5))), tmp_path / "inbox")
