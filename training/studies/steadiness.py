"""`python -m training.studies.steadiness --data STORE`: how steady a loan's first reasons are under small changes.

Every number among the features of the newest cohort is changed by noise of 1%, several times, and the champion explains
the loans again. Printed: the share of loans whose first reason stays, and whose first three stay in any order.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.compute import Population, features_at
from features.ledger.ledger import Ledger
from features.months import month_end_after
from features.snapshot.life_rules import LifeRules
from models.bundle import Bundle
from models.explain import reasons, township_medians
from models.registry import ModelStore
from training.cohort import last_reported_day


@dataclass(frozen=True)
class Steadiness:
    """Shares of the loans, over all draws of noise, whose first reason and whose first three reasons stay."""

    loans: int
    draws: int
    first_stays: float
    first_three_stay: float


def steadiness(
    features: pl.DataFrame, bundle: Bundle, noise: float = 0.01, draws: int = 5, seed: int = 1
) -> Steadiness:
    """How steady the reasons of loans are when each number is changed by noise; noise: its share of the number.

    Codes, missing values and zeros stay as they are.
    """
    medians, random = township_medians(features), np.random.default_rng(seed)
    numbers = [column.name for column in bundle.columns if not column.levels]
    original = _reason_features(features, medians, bundle)
    first, first_three = [], []
    for _ in range(draws):
        factors = 1 + noise * random.standard_normal((features.height, len(numbers)))
        noisy = features.with_columns(
            pl.col(name) * pl.Series(factors[:, number]) for number, name in enumerate(numbers)
        )
        for old, new in zip(original, _reason_features(noisy, medians, bundle), strict=True):
            first.append(old[:1] == new[:1])
            first_three.append(set(old[:3]) == set(new[:3]))
    return Steadiness(features.height, draws, float(np.mean(first)), float(np.mean(first_three)))


def _reason_features(features: pl.DataFrame, medians: pl.DataFrame, bundle: Bundle) -> list[list[str]]:
    """The features in each loan's reasons, the strongest first."""
    loans = reasons(features["township_code"], medians, bundle.explain(features))
    return loans.select(pl.col("reasons").list.eval(pl.element().struct.field("feature"))).to_series().to_list()


def main() -> None:
    """Print the steadiness of a model's reasons on a store's newest cohort."""
    parser = argparse.ArgumentParser(description="How steady the reasons are when facts move by 1%.")
    parser.add_argument("--data", type=Path, default=Path("var/demo"), help="a store with a model")
    store = parser.parse_args().data
    bundle = ModelStore(store / "models").in_use
    if bundle is None:
        parser.error("the store has no model; run ./run demo first")
    ledger = Ledger(store / "ledger")
    as_of = month_end_after(last_reported_day(ledger), 0)
    features = features_at(as_of, ledger.tables(), Population.COHORT, LifeRules(bundle.bad_after_days))
    result = steadiness(features, bundle)
    print(f"{as_of}, model {bundle.version}: {result.loans:,} loans, {result.draws} draws of 1% noise")
    print(f"first reason stays {result.first_stays:.1%}, first three stay {result.first_three_stay:.1%}")


if __name__ == "__main__":
    main()
