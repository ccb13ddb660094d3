"""One household of a published month, read once and kept while it is looked at: neither month nor ledger changes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from features.messages import Refused
from features.snapshot.peer_groups import Community
from serving.concurrency.single_flight import remembered
from serving.explain.sentences import told
from serving.explain.what_if.apply import Evenings, evening_of
from serving.explain.what_if.rescore import Lit, bench_of
from serving.months.data_folder import Store
from serving.months.previous_month import Before, before_of_few, compared_with
from serving.months.repository import Month, Published
from serving.schemas.loan_warning import LoanWarning

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

    @cached_property
    def told(self) -> list[LoanWarning]:
        """The warnings with their sentences."""
        return told(self.warnings, self.features, self.month)

    @cached_property
    def judged_anew(self) -> Lit:
        """Light and probability of its loans by its rows as they were: what is made on the way is kept for `what_if`.

        Raises Refused as `others` does.
        """
        return bench_of(self.month, self.store).lit(self.evening.evening, self.others, self.before)


@remembered(_KEPT)
def home_of(month: Month, store: Store, household: str) -> Home:
    """As whoever asks sees it: month and store carry their scope."""
    return Home(month, store, household)


def get_ready(month: Month, store: Store, household: str) -> None:
    """Whoever has looked at a household may ask what if: by then most of the answer is there."""
    with suppress(Refused):  # it cannot be judged again: whoever asks is told why
        _ = home_of(month, store, household).judged_anew
