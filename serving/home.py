"""One household of a published month, read once and kept while it is looked at: neither month nor ledger changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from features.seen.community import Community
from serving.before import Before, before_of_few, compared_with
from serving.judge_again import bench_of
from serving.memory import remembered
from serving.published import Month, Published
from serving.store import Store
from serving.supposing import Evenings, evening_of

_KEPT = 256
"""Households in memory, of some hundred rows each."""


@dataclass(frozen=True)
class Home:
    """A household as it was published, each part read when it is first asked for."""

    month: Month
    store: Store
    household: str

    @cached_property
    def warnings(self) -> pl.DataFrame:
        """Of its open loans; none where it has none in the month."""
        return self.month.household("warnings", self.household)

    @cached_property
    def features(self) -> pl.DataFrame:
        return self.month.household("features", self.household)

    @cached_property
    def before(self) -> Before:
        """What the month before said of its loans."""
        return before_of_few(compared_with(Published(self.store), self.month), self.features["loan_id"])

    @cached_property
    def evening(self) -> Evenings:
        """Its rows as the month was computed from them."""
        return evening_of(self.month, self.store, self.household)

    @cached_property
    def others(self) -> Community:
        """Its neighbours without it.

        Raises Refused where what judged the month is no longer there.
        """
        return bench_of(self.month, self.store).others(self.features)


@remembered(_KEPT)
def home_of(month: Month, store: Store, household: str) -> Home:
    """As whoever asks sees it: month and store carry their scope."""
    return Home(month, store, household)
