"""`python -m training.studies.steadiness --data STORE`: do a loan's first reasons stay where its facts move a little?

Every number of the cohort's facts is moved by noise of 1%, several times over, and the loans are explained again by the
champion. Reported: the share of loans whose first reason stays, and whose first three stay, in whatever order.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from features.compute import Population, features_at
from features.ledger.ledger import Ledger
from features.months import months_after
from models.bundle import Bundle
from models.explain import reasons, typical_by_township
from models.registry import Models
from training.cohort import data_until

_FIRST, _FIRST_FEW = 1, 3


@dataclass(frozen=True)
class Steadiness:
    """Shares of the loans explained, each loan once a draw: how often its first reason, and its first three, stay."""

    loans: int
    draws: int
    first_stays: float
    first_three_stay: float


def steadiness(facts: pl.DataFrame, bundle: Bundle, noise: float = 0.01, draws: int = 5, seed: int = 1) -> Steadiness:
    """How steady the reasons of some loans are under noise of that share of each number."""
    typical, chance = typical_by_township(facts), np.random.default_rng(seed)
    told = _features(facts, typical, bundle)
    again = [_features(_moved(facts, bundle, noise, chance), typical, bundle) for _ in range(draws)]
    return Steadiness(facts.height, draws, _stay(told, again, _FIRST), _stay(told, again, _FIRST_FEW))


def _features(facts: pl.DataFrame, typical: pl.DataFrame, bundle: Bundle) -> list[list[str]]:
    """The features of each loan's reasons, the first one first."""
    told = reasons(facts["township_code"], typical, bundle.parts(facts))
    return told.select(pl.col("reasons").list.eval(pl.element().struct.field("feature"))).to_series().to_list()


def _moved(facts: pl.DataFrame, bundle: Bundle, noise: float, chance: np.random.Generator) -> pl.DataFrame:
    """Codes, and what is missing or nothing, stay as they are."""
    numbers = [column.name for column in bundle.trees.columns if not column.levels]
    factors = 1 + noise * chance.standard_normal((facts.height, len(numbers)))
    return facts.with_columns(pl.col(name) * pl.Series(factors[:, place]) for place, name in enumerate(numbers))


def _stay(told: list[list[str]], again: list[list[list[str]]], first: int) -> float:
    same = [set(was[:first]) == set(now[:first]) for draw in again for was, now in zip(told, draw, strict=True)]
    return float(np.mean(same))


def _newest_cohort(data: Path, bundle: Bundle) -> tuple[date, pl.DataFrame]:
    ledger = Ledger(data / "ledger")
    as_of = months_after(data_until(ledger), 0)
    facts = features_at(as_of, ledger.rows(), Population.COHORT, bundle.bad_after_days)
    return as_of, facts


def main() -> None:
    parser = argparse.ArgumentParser(description="How steady the reasons are when facts move by 1%.")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="a store with a champion")
    asked = parser.parse_args()
    bundle = Models(asked.data / "models").champion
    if bundle is None:
        parser.error("the store has no champion; run ./run demo first")
    as_of, facts = _newest_cohort(asked.data, bundle)
    found = steadiness(facts, bundle)
    print(f"{as_of}, model {bundle.version}: {found.loans:,} loans, {found.draws} draws of 1% noise")
    print(f"first reason stays {found.first_stays:.1%}, first three stay {found.first_three_stay:.1%}")


if __name__ == "__main__":
    main()
