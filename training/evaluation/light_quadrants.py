"""Loans by two lights at once, and their outcomes: rules by model, champion by challenger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.light import CODES
from training.evaluation.evaluated_loans import Counts, EvaluatedLoans
from training.evaluation.measures import selected_share_by_month
from training.evaluation.report import LightQuadrant

_FLAG_CODES = ("green", "lit")
_VISIT_CODES = ("not_visited", "visited")


def light_quadrants(loans: EvaluatedLoans) -> tuple[LightQuadrant, ...]:
    """The four quadrants: flagged by the rules or not, by flagged by the model or not."""
    return cross_table(
        loans, loans.flagged_by_rules.astype(np.int64), loans.flagged_by_model.astype(np.int64), _FLAG_CODES
    )


def cross_table(
    loans: EvaluatedLoans, first: Counts, second: Counts, codes: Sequence[str]
) -> tuple[LightQuadrant, ...]:
    """All pairs of two levels (0, 1, ... of each loan), named by `codes`; money: yuan outstanding on bad loans."""
    width = len(codes)
    pair = first * width + second
    sizes = np.bincount(pair, minlength=width**2)
    bad = np.bincount(pair, weights=loans.bad, minlength=width**2)
    money = np.bincount(pair, weights=loans.bad * loans.principal, minlength=width**2)
    return tuple(
        LightQuadrant(
            codes[cell // width],
            codes[cell % width],
            int(sizes[cell]),
            int(bad[cell]),
            float(money[cell]),
            float(bad[cell] / sizes[cell]) if sizes[cell] else None,
        )
        for cell in range(width**2)
    )


@dataclass(frozen=True)
class SwapSets:
    """Loans by champion and challenger.

    visits: by who is visited, each model at the rules' number of visits. lights: by both models' lights.
    """

    visits: tuple[LightQuadrant, ...]
    lights: tuple[LightQuadrant, ...]

    @property
    def swapped_in(self) -> LightQuadrant:
        """Loans that the challenger visits and the champion does not."""
        return self.visits[1]

    @property
    def swapped_out(self) -> LightQuadrant:
        """Loans that the champion visits and the challenger does not."""
        return self.visits[2]


def swap_sets(champion: EvaluatedLoans, challenger: EvaluatedLoans) -> SwapSets:
    """Who would be visited and whose light changes if the challenger became champion, with the outcomes.

    Raises ValueError where the two are not evaluated on the same loans and month ends.
    """
    if not champion.frame.select("as_of", "loan_id").equals(challenger.frame.select("as_of", "loan_id")):
        raise ValueError("Champion and challenger are judged on other loans.")
    both = (champion, challenger)
    first_visits, second_visits = (
        (selected_share_by_month(each.scores["model"], each.flagged_by_rules, each.month_index) > 0.5).astype(np.int64)
        for each in both
    )
    first_lights, second_lights = (each.frame["model_level"].to_numpy().astype(np.int64) for each in both)
    return SwapSets(
        cross_table(champion, first_visits, second_visits, _VISIT_CODES),
        cross_table(champion, first_lights, second_lights, CODES),
    )
