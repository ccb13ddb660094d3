"""Row groups: where in a Parquet file that is sorted by household the rows of one household lie."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path

import pyarrow.parquet as pq

_BY = "household_id"


@dataclass(frozen=True)
class Groups:
    """The row groups of a file. starts: the rows before each, and all rows; least, greatest: the household in each."""

    starts: Sequence[int]
    least: Sequence[str]
    greatest: Sequence[str]

    def span(self, household: str) -> tuple[int, int]:
        """The first row of the groups in which a household may have rows, and how many rows these hold."""
        first, end = bisect_left(self.greatest, household), bisect_right(self.least, household)
        start = self.starts[first]
        return start, max(self.starts[end] - start, 0)


def groups_of(path: Path) -> Groups | None:
    """Read from the file's footer; None where it does not tell, or the groups do not follow each other."""
    footer = pq.read_metadata(path)
    column = footer.schema.names.index(_BY) if _BY in footer.schema.names else None
    if column is None:
        return None
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    told = [group.column(column).statistics for group in groups]
    if not all(each is not None and each.has_min_max for each in told):
        return None
    found = Groups([0, *accumulate(group.num_rows for group in groups)], [e.min for e in told], [e.max for e in told])
    in_order = all(one <= other for one, other in pairwise(found.least)) and all(
        one <= other for one, other in pairwise(found.greatest)
    )
    return found if in_order else None
