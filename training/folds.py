"""Folds: each household belongs to one of fit, calibration, policy and judgement, by a digest of its identifier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from itertools import accumulate

import polars as pl

from training.plan import Plan

_STEPS = 2**32


class Fold(StrEnum):
    """What a household's loans are used for."""

    FIT = "fit"
    CALIBRATION = "calibration"
    POLICY = "policy"
    JUDGEMENT = "judgement"

    def month_ends(self, plan: Plan) -> tuple[date, ...]:
        """Calibration and policy share theirs: other households, the same time."""
        ends = plan.month_ends
        return {Fold.FIT: ends.fit, Fold.JUDGEMENT: ends.judgement}.get(self, ends.policy)


def in_fold(frame: pl.DataFrame, fold: Fold, plan: Plan) -> pl.DataFrame:
    """The rows whose household belongs to the fold."""
    low, high = _bounds(fold, plan)
    return _where(frame, lambda household: low <= _place(household, str(plan.seed)) < high)


def parted(frame: pl.DataFrame, part: int, parts: int, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of all households but the `part`-th of `parts` equal parts, and the rows of those."""
    held = _where(frame, lambda household: int(_place(household, f"{plan.seed} parts") * parts) == part)
    return frame.join(held.select("household_id").unique(), on="household_id", how="anti"), held


def _where(frame: pl.DataFrame, belongs: Callable[[str], bool]) -> pl.DataFrame:
    mine = [household for household in frame["household_id"].unique() if belongs(household)]
    return frame.filter(pl.col("household_id").is_in(mine))


def _place(household: str, salt: str) -> float:
    """Where a household lies between 0 and 1: the same in every month and on every machine."""
    digest = hashlib.sha256(f"{salt}:{household}".encode()).digest()
    return int.from_bytes(digest[:4]) / _STEPS


def _bounds(fold: Fold, plan: Plan) -> tuple[float, float]:
    shares = plan.households.model_dump()
    edges = [0.0, *accumulate(shares[each] for each in Fold)]
    edges[-1] = 1.0
    place = list(Fold).index(fold)
    return edges[place], edges[place + 1]
