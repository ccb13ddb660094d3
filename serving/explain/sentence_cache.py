"""Rendered warnings of a published month, cached: lists with other filters and orders show the same loans again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from serving.explain.sentences import columns_to_render, render_warnings
from serving.months.edition import PublishedMonth
from serving.schemas.loan_warning import LoanWarning

_LOANS_IN_MEMORY = 1_024
"""Some 10 kB each; an edition never changes, so none becomes outdated."""
_warnings: OrderedDict[tuple[PublishedMonth, int], LoanWarning] = OrderedDict()
"""Warnings by month and row position, the least recently used first."""
_lock = threading.Lock()


def render_warnings_at(month: PublishedMonth, row_positions: Sequence[int]) -> list[LoanWarning]:
    """The rendered warnings of the rows at these positions of the month, in the given order."""
    cached: dict[int, LoanWarning] = {}
    with _lock:
        for position in row_positions:
            if (month, position) in _warnings:
                _warnings.move_to_end((month, position))
                cached[position] = _warnings[month, position]
    missing = [position for position in row_positions if position not in cached]
    if missing:
        warnings = month.rows("warnings", missing)
        facts = month.rows("features", missing, columns_to_render(month))
        rendered = dict(zip(missing, render_warnings(warnings, facts, month), strict=True))
        cached |= rendered
        with _lock:
            _warnings.update(((month, position), warning) for position, warning in rendered.items())
            while len(_warnings) > _LOANS_IN_MEMORY:
                _warnings.popitem(last=False)
    return [cached[position] for position in row_positions]
