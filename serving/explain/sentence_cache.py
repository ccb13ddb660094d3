"""Loans of a published month, told once: under many filters and orders a list shows the same ones again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence

from serving.explain.sentences import needed_to_tell, told
from serving.months.repository import Month
from serving.schemas.loan_warning import LoanWarning

_KEPT = 8_192
"""Loans in memory, of some 10 kB each; an edition never changes."""
_told: OrderedDict[tuple[Month, int], LoanWarning] = OrderedDict()
_alone = threading.Lock()


def told_at(month: Month, places: Sequence[int]) -> list[LoanWarning]:
    """The warnings that stand at these places of the month, in their order, with their sentences."""
    with _alone:
        known = dict(_known(month, places))
    new = [place for place in places if place not in known]
    if new:
        warnings, facts = month.rows("warnings", new), month.rows("features", new, needed_to_tell(month))
        found = dict(zip(new, told(warnings, facts, month), strict=True))
        with _alone:
            _keep(month, found)
        known |= found
    return [known[place] for place in places]


def _known(month: Month, places: Sequence[int]) -> Iterator[tuple[int, LoanWarning]]:
    for place in places:
        if (month, place) in _told:
            _told.move_to_end((month, place))
            yield place, _told[month, place]


def _keep(month: Month, found: dict[int, LoanWarning]) -> None:
    _told.update(((month, place), warning) for place, warning in found.items())
    while len(_told) > _KEPT:
        _told.popitem(last=False)
