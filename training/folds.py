"""Folds: each household belongs to one of fit, policy and judgement, by a digest of its identifier."""

from __future__ import annotations

import hashlib
from enum import StrEnum

import polars as pl

from training.plan import Plan

_STEPS = 2**32


class Fold(StrEnum):
    """What a household's loans are used for."""

    FIT = "fit"
    POLICY = "policy"
    JUDGEMENT = "judgement"


def in_fold(frame: pl.DataFrame, fold: Fold, plan: Plan) -> pl.DataFrame:
    """The rows whose household belongs to the fold."""
    low, high = _bounds(fold, plan)
    households = frame["household_id"].unique()
    mine = [household for household in households if low <= _place(household, plan.seed) < high]
    return frame.filter(pl.col("household_id").is_in(mine))


def _place(household: str, seed: int) -> float:
    """Where a household lies between 0 and 1: the same in every month and on every machine."""
    digest = hashlib.sha256(f"{seed}:{household}".encode()).digest()
    return int.from_bytes(digest[:4]) / _STEPS


def _bounds(fold: Fold, plan: Plan) -> tuple[float, float]:
    shares = plan.households
    edges = {
        Fold.FIT: (0.0, shares.fit),
        Fold.POLICY: (shares.fit, shares.fit + shares.policy),
        Fold.JUDGEMENT: (shares.fit + shares.policy, 1.0),
    }
    return edges[fold]
