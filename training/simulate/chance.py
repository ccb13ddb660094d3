"""Chance: the streams of random numbers, and the few shapes drawn from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from training.simulate.days import B, F, I


@dataclass(frozen=True, slots=True)
class Streams:
    """One stream a part, so that a change in one part leaves the draws of the others alone."""

    people: np.random.Generator
    economy: np.random.Generator
    shocks: np.random.Generator
    lending: np.random.Generator
    repayment: np.random.Generator
    records: np.random.Generator


def streams(seed: np.random.SeedSequence) -> Streams:
    return Streams(*(np.random.default_rng(child) for child in seed.spawn(6)))


def seed_of(seed: int, *which: int) -> np.random.SeedSequence:
    """A stream of its own for each combination of numbers: what one draws disturbs no other."""
    return np.random.SeedSequence(seed, spawn_key=which)


def happens(rng: np.random.Generator, chance: F | float, size: int) -> B:
    """True for each of `size` with its chance."""
    return np.asarray(rng.random(size) < chance, dtype=np.bool_)


def round_about(rng: np.random.Generator, spread: float, size: int) -> F:
    """Factors with mean one."""
    return np.asarray(rng.lognormal(-spread * spread / 2, spread, size), dtype=np.float64)


def whole(rng: np.random.Generator, low: int, high: int, size: int) -> I:
    """Whole numbers from low to high, both included."""
    return np.asarray(rng.integers(low, high + 1, size), dtype=np.int64)


def sigmoid(x: Any) -> F:
    """Log-odds to chance."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(x, dtype=np.float64))), dtype=np.float64)
