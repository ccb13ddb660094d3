"""Who changes colour: the open loans of the newest month end under the lights of one model and another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.compute import Population, features_at
from features.ledger.ledger import Ledger
from features.months import month_end, months_after
from models.bundle import Bundle
from models.light import CODES
from models.traffic_light.evaluate import as_codes
from training.cohort import data_until


@dataclass(frozen=True)
class Colours:
    """How many loans, and how much principal, go from one model light to another; sorted by both lights."""

    as_of: date
    moves: list[dict[str, object]]

    @property
    def changed(self) -> int:
        return sum(int(str(move["loans"])) for move in self.moves if move["before"] != move["after"])


def colours(ledger: Ledger, before: Bundle, after: Bundle) -> Colours:
    """Lights as both would set them anew, without a month before; a loan that has gone bad has none."""
    as_of = newest_month_end(ledger)
    loans = features_at(as_of, ledger.rows(), Population.COHORT, after.bad_after_days)
    lit = loans.select("outstanding_principal", **{name: _light(loans, b) for name, b in _both(before, after)})
    moves = lit.group_by("before", "after").agg(pl.len().alias("loans"), pl.col("outstanding_principal").sum().round(2))
    place = {code: level for level, code in enumerate(CODES)}
    order = [pl.col(name).replace_strict(place, return_dtype=pl.Int64) for name in ("before", "after")]
    return Colours(as_of, moves.sort(order).to_dicts())


def _both(before: Bundle, after: Bundle) -> tuple[tuple[str, Bundle], tuple[str, Bundle]]:
    return ("before", before), ("after", after)


def _light(loans: pl.DataFrame, bundle: Bundle) -> pl.Series:
    known = loans.with_columns(pl.Series("probability", bundle.probability(loans)))
    return known.select(as_codes(bundle.policy.level(pl.col("probability")))).to_series()


def newest_month_end(ledger: Ledger) -> date:
    """The last month end that the banks have reported on."""
    until = data_until(ledger)
    return until if until == month_end(until) else months_after(until, -1)
