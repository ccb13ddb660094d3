"""When a group is yellow or red, how many loans it takes to judge one, and what counts as more than chance."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class GroupPolicy:
    """Bounds as shares of the balance; the same rows hold from `since` until a notice changes them.

    chance: the largest probability, corrected for the number of groups looked at, that is not put down to chance.
    """

    yellow_above: float
    red_above: float
    least_loans: int
    chance: float
    source: str
    since: date


GROUP_POLICY = GroupPolicy(
    yellow_above=0.01,
    red_above=0.03,
    least_loans=30,
    chance=0.05,
    source="default table, assembled from published county notices (domain, section 6); chance: assumed",
    since=date(2016, 1, 1),
)
