"""Fairness: whether visits, false greens and false alarms fall alike on people; small groups are not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from training.evaluation.bootstrap import Draws, estimate
from training.evaluation.evaluated_loans import Judged
from training.evaluation.measures import Bools
from training.evaluation.report import NOTHING, Group, Settings
from training.evaluation.segments import parts

GROUPS: Mapping[str, pl.Expr] = {
    "sex": pl.col("borrower_sex"),
    "age": pl.when(pl.col("borrower_age") < 35)
    .then(pl.lit("under_35"))
    .when(pl.col("borrower_age") < 50)
    .then(pl.lit("35_to_49"))
    .when(pl.col("borrower_age") < 60)
    .then(pl.lit("50_to_59"))
    .when(pl.col("borrower_age").is_not_null())
    .then(pl.lit("60_or_more")),
    "disability": pl.col("household_disabled").cast(pl.Float64).cast(pl.Int64),
    "household_type": pl.col("household_type"),
}
"""By what people are told apart: declared for audit, never scored."""


def fairness(judged: Judged, settings: Settings) -> tuple[Group, ...]:
    """Each group by the model's published lights."""
    draws = Draws(judged.households, settings.draws, settings.seed)
    return tuple(
        group for by, expression in GROUPS.items() for group in _groups(judged, by, expression, draws, settings)
    )


def _groups(judged: Judged, by: str, expression: pl.Expr, draws: Draws, settings: Settings) -> list[Group]:
    found = list(parts(judged.frame, expression))
    loans = [int(of.sum()) for _, of in found]
    bad = [int(judged.bad[of].sum()) for _, of in found]
    good = [all_ - ill for all_, ill in zip(loans, bad, strict=True)]
    no_loans = hidden(loans, settings.least_cell)
    no_ends = no_loans | hidden(bad, settings.least_cell) | hidden(good, settings.least_cell)
    no_ends = _never_alone(no_ends, bad, settings.least_cell)
    return [
        _group(judged, by, part, of, draws, at not in no_loans, at not in no_ends)
        for at, (part, of) in enumerate(found)
    ]


def hidden(counts: Sequence[int], least: int) -> frozenset[int]:
    """The places whose counts are not told: those below `least`, and more until the total less the rest tells none."""
    return _never_alone(frozenset(at for at, count in enumerate(counts) if count < least), counts, least)


def _never_alone(chosen: frozenset[int], counts: Sequence[int], least: int) -> frozenset[int]:
    """The next smallest are hidden too, while one alone is, or those hidden are fewer than `least` together."""
    smallest = sorted(set(range(len(counts))) - chosen, key=lambda at: counts[at])
    while chosen and smallest and (len(chosen) == 1 or sum(counts[at] for at in chosen) < least):
        chosen |= {smallest.pop(0)}
    return chosen


def _group(judged: Judged, by: str, part: str, of: Bools, draws: Draws, told: bool, ends: bool) -> Group:
    if not told:
        return Group(by, part, None, None, NOTHING, NOTHING, NOTHING, None, None)
    lit, bad = judged.lit_by_model, judged.bad

    def share(some: Bools, whole: Bools) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        return draws.ratio((some & whole & of).astype(np.float64), (whole & of).astype(np.float64))

    everyone = np.ones(len(bad), dtype=np.bool_)
    return Group(
        by,
        part,
        int(of.sum()),
        int(bad[of].sum()) if ends else None,
        estimate(share(lit, everyone)),
        estimate(share(~lit, bad)) if ends else NOTHING,
        estimate(share(lit, ~bad)) if ends else NOTHING,
        float(judged.probability[of].mean()),
        float(bad[of].mean()) if ends else None,
    )
