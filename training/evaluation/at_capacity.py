"""At the rules' own number of visits, month by month: what each contender finds, and how early."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from models.boosting import Floats
from training.evaluation.bootstrap import Draws, estimate, quotient
from training.evaluation.evaluated_loans import Counts, Judged
from training.evaluation.measures import Bools, says_nothing, visited_by_month
from training.evaluation.report import NOTHING, AtVisits, Caught, Lead, Settings

_AHEAD = (90, 60, 30)


def at_visits(judged: Judged, settings: Settings) -> AtVisits:
    """Recall, precision, money and lead time of every contender, at as many visits a month as the rules make."""
    draws = Draws(judged.households, settings.draws, settings.seed)
    found = {name: _found(judged, score, draws) for name, score in judged.scores.items()}
    return AtVisits(
        loans=len(judged.bad),
        bad=int(judged.bad.sum()),
        visits=int(judged.lit.sum()),
        money=float(judged.principal @ judged.bad),
        contenders={name: _caught(of, found) for name, of in found.items()},
        lead={name: lead(judged, _mostly(judged, score)) for name, score in judged.scores.items()},
    )


@dataclass(frozen=True)
class _Found:
    """Under each draw: bad loans found and there, visits, yuan on the bad loans found. None: knows of nobody."""

    bad: Floats
    of: Floats
    visits: Floats
    money: Floats
    silent: bool

    @property
    def recall(self) -> Floats:
        return quotient(self.bad, self.of)


def _found(judged: Judged, score: Floats, draws: Draws) -> _Found:
    """A household drawn twice is visited twice: the visits of the rules are counted anew under each draw."""
    bad = money = visits = np.zeros(draws.draws + 1)
    for month in np.unique(judged.months):
        rows = np.flatnonzero(judged.months == month)
        here = draws.times[judged.households[rows]]
        there = judged.lit[rows] @ here
        share, ill = _visited(score[rows], judged.bad[rows], here, there)
        mine = share * here[ill]
        bad, money, visits = bad + mine.sum(0), money + judged.principal[rows[ill]] @ mine, visits + there
    return _Found(bad, draws.sums(judged.bad.astype(np.float64)), visits, money, says_nothing(score))


def _visited(score: Floats, bad: Bools, times: Floats, visits: Floats) -> tuple[Floats, Counts]:
    """Bad rows x draws: the share of each among the riskiest `visits` of the draw; and which rows these are."""
    order = np.argsort(-score, kind="stable")
    begins = np.flatnonzero(np.r_[True, np.diff(score[order]) != 0])
    together = np.add.reduceat(times[order], begins, axis=0)
    riskier = np.cumsum(together, axis=0) - together
    place = np.empty(len(score), dtype=np.int64)
    place[order] = np.repeat(np.arange(len(begins)), np.diff(np.r_[begins, len(score)]))
    ill = np.flatnonzero(bad)
    level = together[place[ill]]
    left = np.clip(visits - riskier[place[ill]], 0, level)
    return np.divide(left, level, out=np.zeros_like(left), where=level > 0), ill


def _caught(of: _Found, found: Mapping[str, _Found]) -> Caught:
    if of.silent:
        return Caught(None, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING)
    return Caught(
        found=float(of.bad[0]),
        recall=estimate(of.recall),
        precision=estimate(quotient(of.bad, of.visits)),
        money=estimate(of.money),
        less_rules=estimate(of.recall - found["rules"].recall),
        less_model=estimate(of.recall - found["model"].recall),
    )


def _mostly(judged: Judged, score: Floats) -> Bools:
    """Visited; of a tie at the edge, all or none, as the larger part of it."""
    if says_nothing(score):
        return np.zeros(len(score), dtype=np.bool_)
    return visited_by_month(score, judged.lit, judged.months) > 0.5


def lead(judged: Judged, lit: Bools) -> Lead:
    """From the first month end a loan was lit to the day it went bad; a loan counts once, however often judged."""
    ill = judged.frame.select("loan_id", "as_of", "bad_on", lit=pl.Series(lit)).filter(pl.Series(judged.bad))
    first = ill.filter("lit").group_by("loan_id").agg(pl.col("as_of").min(), pl.col("bad_on").first())
    days = first.select((pl.col("bad_on") - pl.col("as_of")).dt.total_days()).to_series()
    return Lead(
        bad=ill["loan_id"].n_unique(),
        caught=first.height,
        median_days=float(np.median(days.to_numpy())) if first.height else None,
        ahead={str(least): int((days >= least).sum()) for least in _AHEAD},
    )
