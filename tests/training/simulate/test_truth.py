"""The truth: bad days as the contract's, hazards that come true, and nothing that anybody else reads."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from features.bad_spells import bad_spells
from features.compute import Population, features_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.snapshot.life_rules import LifeRules
from models.raw_score import Floats
from tests.running_service import done, lights
from training.evaluation.ceiling import Ceiling, ranking_ceiling, true_hazards
from training.labels import label_cohort
from training.plan import Plan
from training.plan_files import default_plan
from training.simulate.order import Order
from training.simulate.province import simulate

PLAN: Plan = default_plan(date(2021, 1, 1), date(2025, 12, 31))
REPORTED = date(2025, 11, 20)
SEEDS = range(1, 5)


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A county large enough for late extensions, reversals and rests."""
    simulate(Order(6000, 48, seed=3), out := tmp_path_factory.mktemp("grown"))
    return out


def test_the_tables_are_the_same_with_and_without_hazards(county: Path, tmp_path: Path) -> None:
    simulate(Order(150, 36, seed=7), tmp_path)
    for file in tmp_path.rglob("*.parquet"):
        assert file.read_bytes() == (county / file.relative_to(tmp_path)).read_bytes()


def days_reported(spells: pl.DataFrame) -> list[tuple[str, date, date | None]]:
    """Loan, first day and end of each time bad, as far as banks have surely reported."""
    reported = spells.filter(pl.col("bad_on") <= REPORTED)
    end = pl.when(pl.col("arrears_ended_on") <= REPORTED).then("arrears_ended_on")
    return reported.select("loan_id", "bad_on", end).sort("loan_id", "bad_on").rows()


def test_a_loan_is_truly_bad_from_the_contracts_day_to_the_contracts_day(grown: Path) -> None:
    """The simulator keeps its own books: due and paid by loan and month. The contract's walk knows the tables alone."""
    delivered = DeliveredTables.from_frames({name: pl.read_parquet(grown / name / "*.parquet") for name in TABLES})
    told = bad_spells(delivered, LifeRules())
    truth = pl.read_parquet(grown / "truth" / "spells" / "*.parquet")
    assert truth["loan_id"].n_unique() < truth.height
    assert 0 < truth["arrears_ended_on"].null_count() < truth.height
    assert days_reported(truth) == days_reported(told)


def test_the_first_time_bad_is_that_of_the_loan(grown: Path) -> None:
    spells = pl.read_parquet(grown / "truth" / "spells" / "*.parquet")
    first = spells.group_by("loan_id").agg(pl.col("bad_on").min()).sort("loan_id")
    loans = pl.read_parquet(grown / "truth" / "loans" / "*.parquet").drop_nulls("bad_on").sort("loan_id")
    assert loans.select("loan_id", "bad_on").rows() == first.rows()


def test_the_watched_households_have_a_purse_each_month(county: Path) -> None:
    purses = pl.read_parquet(county / "truth" / "households" / "*.parquet")
    assert purses.group_by("household_id").len()["len"].unique().to_list() == [36]
    assert purses.select(pl.min_horizontal("cash", "debt", "units").min()).item() >= 0


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    """Cohorts of a few month ends of a few counties: `hazard`, and `bad` by what was delivered."""
    frames = []
    for seed in SEEDS:
        folder = tmp_path_factory.mktemp(f"seed{seed}")
        simulate(Order(1500, 36, seed, replicates=30, hazard_dates=2, hazard_months_apart=6), folder)
        rows = DeliveredTables.from_frames({name: pl.read_parquet(folder / name / "*.parquet") for name in TABLES})
        frames += [_with_labels(month, rows, seed) for month in true_hazards(folder).partition_by("as_of")]
    return pl.concat(frames)


def _with_labels(month: pl.DataFrame, rows: DeliveredTables, seed: int) -> pl.DataFrame:
    as_of = month["as_of"][0]
    cohort = label_cohort(features_at(as_of, rows, Population.COHORT), bad_spells(rows, LifeRules()), as_of, PLAN)
    return month.join(cohort.select("loan_id", "bad"), on="loan_id").with_columns(pl.lit(seed).alias("seed"))


def test_on_average_hazards_come_true(judged: pl.DataFrame) -> None:
    """Within what the years' common luck, droughts and prices, leaves open: four standard errors over county-months."""
    months = judged.group_by("as_of", "seed").agg((pl.col("bad").mean() - pl.col("hazard").mean()).alias("off"))
    off = months["off"].to_numpy()
    assert abs(off.mean()) < 4 * off.std(ddof=1) / np.sqrt(len(off))
    assert judged["bad"].mean() == pytest.approx(judged["hazard"].mean(), rel=0.25)


def test_loans_of_higher_hazard_go_bad_more_often(judged: pl.DataFrame) -> None:
    """Bands, not tenths: most loans went bad in no future at all."""
    above = pl.sum_horizontal(pl.col("hazard") > edge for edge in (0.0, 0.1, 0.4))
    bands = judged.group_by(above.alias("band")).agg(pl.col("bad").mean())
    rates = bands.sort("band")["bad"].to_list()
    assert rates == sorted(rates)
    assert rates[0] < 0.02 < 0.25 < rates[3]


def counted(hazard: Floats, replicates: int) -> pl.DataFrame:
    """Loans of these hazards, each seen in so many futures."""
    seen = np.random.default_rng(5).binomial(replicates, hazard)
    return pl.DataFrame({"replicates": replicates, "went_bad": seen})


def test_a_ceiling_is_not_flattered_by_the_noise_of_few_replicates() -> None:
    """Hazards that are all alike cannot be ranked, however their counts differ."""
    best = ranking_ceiling(counted(np.full(20_000, 0.05), replicates=20))
    assert best.auc < 0.55
    assert best.recall(0.1) < 0.2
    assert best.mean == pytest.approx(0.05, rel=0.03)


@pytest.mark.parametrize(("a", "b"), [(0.1, 3), (0.3, 10), (2, 70)])
@pytest.mark.parametrize("replicates", [20, 100])
def test_a_ceiling_is_what_the_hazards_would_allow_whose_counts_it_sees(a: float, b: float, replicates: int) -> None:
    hazard = np.sort(np.random.default_rng(6).beta(a, b, 20_000))
    known = Ceiling(hazard, np.full(20_000, 1 / 20_000))
    found = ranking_ceiling(counted(hazard, replicates))
    assert found.auc == pytest.approx(known.auc, abs=0.01)
    assert found.recall(0.2) == pytest.approx(known.recall(0.2), abs=0.03)


def test_a_ceiling_is_what_sure_hazards_allow() -> None:
    best = Ceiling(np.array([0.0, 1.0]), np.array([0.75, 0.25]))
    assert (best.auc, best.recall(0.25), best.recall(0.125), best.mean) == (1.0, 1.0, 0.5, 0.25)


def test_loans_of_one_hazard_are_ranked_like_a_coin_tossed() -> None:
    best = Ceiling(np.array([0.2]), np.array([1.0]))
    assert best.auc == 0.5
    assert best.recall(0.3) == pytest.approx(0.3)


def test_loading_never_opens_the_truth(county: Path, tmp_path: Path) -> None:
    """With truth/ that nobody could read the same county is loaded."""
    inbox = tmp_path / "inbox"
    for table in TABLES:
        (inbox / table).mkdir(parents=True)
        for file in (county / table).iterdir():
            (inbox / table / file.name).write_bytes(file.read_bytes())
    (inbox / "truth" / "loans").mkdir(parents=True)
    (inbox / "truth" / "loans" / "640323.parquet").write_bytes(b"no Parquet at all")
    said = [done(lights(tmp_path / name, "load", folder, "--json")) for name, folder in (("a", county), ("b", inbox))]
    assert said[0] == said[1]


def test_no_module_but_the_simulator_and_the_ceiling_names_the_truth() -> None:
    project = Path(__file__).parents[3]
    modules = [*project.glob("[fmst]*/**/*.py"), project / "lights.py"]
    allowed = (project / "training" / "simulate", project / "training" / "evaluation" / "ceiling.py", project / "tests")
    passing_it_over = project / "features" / "loading" / "inbox.py"
    reading = [path for path in modules if '"truth"' in path.read_text("utf-8")]
    assert [path for path in reading if not any(path.is_relative_to(each) for each in allowed)] == [passing_it_over]
