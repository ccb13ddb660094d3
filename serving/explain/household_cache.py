"""One household of a published month, read once and cached: neither the month nor the ledger at its version changes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from features.messages import UserError
from features.snapshot.peer_groups import PeerStatistics
from serving.concurrency.single_flight import single_flight
from serving.explain.sentences import render_warnings
from serving.explain.what_if.apply import HouseholdSnapshot, household_snapshot
from serving.explain.what_if.rescore import LightByLoan, month_rescorer
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.months.previous_month import PreviousMonth, comparison_month, previous_month_of_few, unreadable_month
from serving.months.repository import MonthRepository
from serving.schemas.loan_warning import LoanWarning

_HOUSEHOLDS_IN_MEMORY = 64
"""Some hundred rows each."""


@dataclass(frozen=True)
class HouseholdMonth:
    """A household as it was published; each property is read when it is first used."""

    month: PublishedMonth
    store: DataFolder
    household: str

    @cached_property
    def warnings(self) -> pl.DataFrame:
        """The published warnings of its open loans, with `loan_id`, `light` and the other columns of a warning.

        Empty where it has no open loan in the month.
        """
        return loan_rows(self.month, "warnings", pl.col("household_id") == self.household)

    @cached_property
    def features(self) -> pl.DataFrame:
        """The published features of its open loans: `loan_id`, `household_id` and the catalogue's features."""
        return loan_rows(self.month, "features", pl.col("household_id") == self.household)

    @cached_property
    def previous_month(self) -> PreviousMonth:
        """Lights and features of its loans in the month that the published one is compared with.

        Raises DamagedMonthError where a file of that month is damaged.
        """
        return previous_month_of_few(
            comparison_month(MonthRepository(self.store), self.month), self.features["loan_id"]
        )

    @cached_property
    def told_previous_month(self) -> PreviousMonth:
        """`previous_month`, to tell of; where a file of that month is damaged, one that says so."""
        month = comparison_month(MonthRepository(self.store), self.month)
        fault = month.fault if month else None
        return unreadable_month(month.as_of, fault) if month and fault else self.previous_month

    @cached_property
    def ledger_snapshot(self) -> HouseholdSnapshot:
        """Its rows in the ledger, as the month was computed from them."""
        return household_snapshot(self.month, self.store, self.household)

    @cached_property
    def peers(self) -> PeerStatistics:
        """Statistics of its village and township without its own loans.

        Raises UserError where the rules, policy or model of the month are no longer there.
        """
        return month_rescorer(self.month, self.store).peers_without(self.features)

    @cached_property
    def rendered_warnings(self) -> list[LoanWarning]:
        """The warnings with their sentences."""
        return render_warnings(self.warnings, self.features, self.month)

    @cached_property
    def recomputed_lights(self) -> LightByLoan:
        """Light and probability of its loans, computed again from its rows; what-if answers reuse what this caches.

        Raises UserError as `peers` does.
        """
        return month_rescorer(self.month, self.store).lights(
            self.ledger_snapshot.snapshot, self.peers, self.previous_month
        )


@single_flight(_HOUSEHOLDS_IN_MEMORY)
def household_month(month: PublishedMonth, store: DataFolder, household: str) -> HouseholdMonth:
    """The household as the reader may see it: month and store carry the reader's scope."""
    return HouseholdMonth(month, store, household)


def warm_up_household(month: PublishedMonth, store: DataFolder, household: str) -> None:
    """Compute most of a what-if answer in advance: a reader of an explanation may ask for one next."""
    with suppress(UserError):  # it cannot be scored again; the request itself says why
        _ = household_month(month, store, household).recomputed_lights


def unknown_household(household: str, as_of: date) -> UserError:
    """The error to raise where a household has no open loan in the month."""
    return UserError(
        f"{as_of} 的预警台账中没有农户 {household} 的未结贷款；请核对编号。",
        f"No open loan of household {household} is in the list of {as_of}; check the identifier.",
    )
