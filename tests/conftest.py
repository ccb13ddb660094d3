"""One county for all tests: simulated, loaded, trained and scored once, by the command line; and served once."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.ledger.ledger import Ledger
from features.months import month_end_after
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.running_service import Ran, done, lights, serving
from tests.serving.browsers import browser

__all__ = ["browser"]

os.environ["LIGHTS_LANG"] = "both"  # whatever the locale of who runs the tests


@dataclass(frozen=True)
class County:
    """A store with a champion and two published months, and what the commands that made it printed."""

    data: Path
    inbox: Path
    newest: date
    printed: dict[str, Ran]

    @property
    def before(self) -> date:
        return month_end_after(self.newest, -1)

    @property
    def store(self) -> DataFolder:
        return DataFolder(self.data)

    @property
    def month(self) -> PublishedMonth:
        return MonthRepository(self.store).month(self.newest)

    @property
    def warnings(self) -> pl.DataFrame:
        """The newest month's rows, as any program reads them."""
        return pl.read_parquet(self.data / "warnings" / month_folder_name(self.newest) / "*.parquet").sort("loan_id")

    @property
    def facts(self) -> pl.DataFrame:
        """The features that month was scored on."""
        return self.month.scan("features").sort("loan_id").collect()

    def one_of_each(self) -> dict[str, str]:
        """A household with a red, a yellow, a green loan and one with a loan gone bad, by what its first loan is."""
        rows = self.warnings.unique("household_id", keep="none").sort("loan_id")
        kind = pl.when(pl.col("probability").is_null()).then(pl.lit("gone_bad")).otherwise(pl.col("light"))
        first = rows.group_by(kind.alias("kind")).agg(pl.col("household_id").first())
        return dict(first.select("kind", "household_id").rows())

    def copied_to(self, folder: Path, mlflow: bool = False) -> County:
        """The same county in a store of its own, to be changed by one test; with MLflow's database or without."""
        left_out = shutil.ignore_patterns() if mlflow else shutil.ignore_patterns("mlflow")
        shutil.copytree(self.data, folder, symlinks=True, ignore=left_out)
        return County(folder, self.inbox, self.newest, self.printed)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    folder = tmp_path_factory.mktemp("county")
    data, inbox = folder / "var", folder / "inbox"
    size = ("--households", 800, "--months", 48, "--seed", 1, "--replicates", 0)
    printed = {"simulate": lights(data, "simulate", *size, "--out", inbox)}
    printed["load"] = lights(data, "load", inbox, "--delivered-on", "2026-01-10", "--json")
    printed["train"] = lights(data, "train", "--plan", "demo", "--json")
    # a county of this size is too small for the gate: without this the model would score in shadow
    printed["promote"] = lights(data, "promote", "1", "--force", "--reason", "an example in spite of the gate")
    newest = _last_month_end(data)
    for name, as_of in (("score before", month_end_after(newest, -1)), ("score", newest)):
        printed[name] = lights(data, "score", "--as-of", as_of, "--json")
    for ran in printed.values():
        done(ran)
    return County(data, inbox, newest, printed)


def _last_month_end(data: Path) -> date:
    """The end of the month of the newest payment."""
    known = Ledger(data / "ledger").scan("payments").select(pl.col("known_on").max()).collect().item()
    return month_end_after(known, 0)


@pytest.fixture(scope="session")
def served(county: County) -> Iterator[str]:
    """The address of the county's pages and interface."""
    with serving(county.data) as address:
        http_requests.get(f"{address}/health/ready").raise_for_status()
        yield address


@pytest.fixture(scope="session")
def by_rules(county: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    """The same county without a champion, its newest month published; a run without a model is a quick one."""
    alone = county.copied_to(tmp_path_factory.mktemp("by_rules") / "var")
    for name in ("models", "editions", "warnings"):
        shutil.rmtree(alone.data / name)
    done(lights(alone.data, "score", "--as-of", alone.newest))
    return alone
