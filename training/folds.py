"""Folds: each household belongs to one of fit, calibration, policy and judgement, by a digest of its identifier."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from training.plan import Plan

_POSITIONS = 2**32
_POSITIONS_IN_MEMORY = 2**17
"""Each is asked for once for every month end and every split; some 200 bytes."""


class Fold(StrEnum):
    """What a household's loans are used for."""

    FIT = "fit"
    CALIBRATION = "calibration"
    POLICY = "policy"
    JUDGEMENT = "judgement"

    def month_ends(self, plan: Plan) -> tuple[date, ...]:
        """The plan's month ends of this fold; calibration and policy share theirs, on different households."""
        ends = plan.month_ends
        return {Fold.FIT: ends.fit, Fold.JUDGEMENT: ends.judgement}.get(self, ends.policy)


FOLD_SCHEMA = FrameSchema(
    {"household_id": FrameColumn(pl.String(), "Identifier of a household of the fold.")},
    extra="the further columns of the frame",
)


@returns(FOLD_SCHEMA)
def rows_in_fold(frame: pl.DataFrame, fold: Fold, plan: Plan) -> pl.DataFrame:
    """The rows whose household belongs to the fold, by the plan's seed and shares of households."""
    shares = plan.households.model_dump()
    edges = [0.0, *accumulate(shares[each] for each in Fold)]
    edges[-1] = 1.0
    number = list(Fold).index(fold)
    return _rows_of_households(
        frame, lambda household: edges[number] <= _position(household, str(plan.seed)) < edges[number + 1]
    )


def split_households(frame: pl.DataFrame, group: int, groups: int, plan: Plan) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two frames without a common `household_id`: the rows of all households but one group, and the rows of this group.

    groups: number of equal groups of households. group: number of the one that is split off, from 0.
    """
    second = _rows_of_households(
        frame, lambda household: int(_position(household, f"{plan.seed} parts") * groups) == group
    )
    return frame.join(second.select("household_id").unique(), on="household_id", how="anti"), second


def _rows_of_households(frame: pl.DataFrame, belongs: Callable[[str], bool]) -> pl.DataFrame:
    households = [household for household in frame["household_id"].unique() if belongs(household)]
    return frame.filter(pl.col("household_id").is_in(households))


@lru_cache(_POSITIONS_IN_MEMORY)
def _position(household: str, salt: str) -> float:
    """A number from 0 to below 1 that depends on the identifier and the salt alone."""
    digest = hashlib.sha256(f"{salt}:{household}".encode()).digest()
    return int.from_bytes(digest[:4]) / _POSITIONS
