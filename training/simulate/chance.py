"""Random streams of a county, and the few distributions drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.simulate.days import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Streams:
    """One random stream for each side of the simulation, so that a change to one leaves the draws of the others."""

    people: np.random.Generator
    economy: np.random.Generator
    shocks: np.random.Generator
    lending: np.random.Generator
    repayment: np.random.Generator
    records: np.random.Generator


def spawn_streams(seed: np.random.SeedSequence) -> Streams:
    """The six streams of one seed."""
    return Streams(*(np.random.default_rng(child) for child in seed.spawn(6)))


def seed_sequence(seed: int, *spawn_key: int) -> np.random.SeedSequence:
    """An independent seed for each combination of numbers, for example county, month and replicate."""
    return np.random.SeedSequence(seed, spawn_key=spawn_key)


def happens(rng: np.random.Generator, chance: Floats | float, size: int) -> Bools:
    """Bernoulli draws: `size` entries, each True with its chance."""
    return np.asarray(rng.random(size) < chance, dtype=np.bool_)


def noise_factors(rng: np.random.Generator, spread: float, size: int) -> Floats:
    """Lognormal factors with mean one; spread: standard deviation of their logarithm."""
    return np.asarray(rng.lognormal(-spread * spread / 2, spread, size), dtype=np.float64)


def integers(rng: np.random.Generator, low: int, high: int, size: int) -> Ints:
    """Uniform whole numbers from low to high, both included."""
    return np.asarray(rng.integers(low, high + 1, size), dtype=np.int64)


def sigmoid(log_odds: Any) -> Floats:
    """Probabilities of log-odds."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(log_odds, dtype=np.float64))), dtype=np.float64)
