"""Loans by two lights at once, and what became of them: rules by model, champion by challenger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.light import CODES
from training.evaluation.evaluated_loans import Counts, Judged
from training.evaluation.measures import visited_by_month
from training.evaluation.report import Corner

_LIT = ("green", "lit")
_VISITED = ("not_visited", "visited")


def corners(judged: Judged) -> tuple[Corner, ...]:
    """Four: lit by the rules or not, by lit by the model or not."""
    return crossed(judged, judged.lit.astype(np.int64), judged.lit_by_model.astype(np.int64), _LIT)


def crossed(judged: Judged, first: Counts, second: Counts, names: Sequence[str]) -> tuple[Corner, ...]:
    """All pairs of levels 0, 1, ..., called by their names; money: outstanding on the bad loans, yuan."""
    width = len(names)
    pair = first * width + second
    loans = np.bincount(pair, minlength=width**2)
    bad = np.bincount(pair, weights=judged.bad, minlength=width**2)
    money = np.bincount(pair, weights=judged.bad * judged.principal, minlength=width**2)
    return tuple(
        Corner(
            names[at // width],
            names[at % width],
            int(loans[at]),
            int(bad[at]),
            float(money[at]),
            float(bad[at] / loans[at]) if loans[at] else None,
        )
        for at in range(width**2)
    )


@dataclass(frozen=True)
class Swap:
    """visits: by champion's and challenger's visits at the rules' number. colours: by the lights of both.

    Swap-in are the loans (not_visited, visited), swap-out (visited, not_visited).
    """

    visits: tuple[Corner, ...]
    colours: tuple[Corner, ...]

    @property
    def swapped_in(self) -> Corner:
        return self.visits[1]

    @property
    def swapped_out(self) -> Corner:
        return self.visits[2]


def swap(champion: Judged, challenger: Judged) -> Swap:
    """Who would be visited and who changes colour if the challenger took over, and what became of them.

    Raises ValueError where the two are not judged on the same loans and month ends.
    """
    if not champion.frame.select("as_of", "loan_id").equals(challenger.frame.select("as_of", "loan_id")):
        raise ValueError("Champion and challenger are judged on other loans.")
    first, second = (_visits(each) for each in (champion, challenger))
    before, after = (each.frame["model_level"].to_numpy().astype(np.int64) for each in (champion, challenger))
    return Swap(crossed(champion, first, second, _VISITED), crossed(champion, before, after, CODES))


def _visits(judged: Judged) -> Counts:
    shares = visited_by_month(judged.scores["model"], judged.lit, judged.months)
    return (shares > 0.5).astype(np.int64)
