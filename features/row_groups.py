"""Row groups of Parquet files sorted by household: where in a file the rows of one household are."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow.parquet as pq

_HOUSEHOLD = "household_id"


@dataclass(frozen=True)
class RowGroups:
    """The row groups of a file, in order.

    starts: the number of the first row of each, then the number of rows of the file. lowest_households and
    highest_households: the first and the last household_id of each.
    """

    starts: Sequence[int]
    lowest_households: Sequence[str]
    highest_households: Sequence[str]

    def rows_of_household(self, household: str) -> tuple[int, int]:
        """The first row, and the number of rows, of the row groups in which the household may have rows."""
        first, end = bisect_left(self.highest_households, household), bisect_right(self.lowest_households, household)
        start = self.starts[first]
        return start, max(self.starts[end] - start, 0)


def read_row_groups(path: Path) -> RowGroups | None:
    """Read a file's row groups from its footer; None where it has no statistics or is not sorted by household."""
    footer = pq.read_metadata(path)
    position = footer.schema.names.index(_HOUSEHOLD) if _HOUSEHOLD in footer.schema.names else None
    if position is None:
        return None
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    statistics = [group.column(position).statistics for group in groups]
    if not all(each is not None and each.has_min_max for each in statistics):
        return None
    row_groups = RowGroups(
        [0, *accumulate(group.num_rows for group in groups)], [e.min for e in statistics], [e.max for e in statistics]
    )
    in_order = all(one <= other for one, other in pairwise(row_groups.lowest_households)) and all(
        one <= other for one, other in pairwise(row_groups.highest_households)
    )
    return row_groups if in_order else None
