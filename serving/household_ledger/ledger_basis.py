"""What a household ledger is computed from: a day, the data ledger at a version, and the policy of each day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from features.delivered_tables import DeliveredTables
from features.household_ledger import HouseholdLedger, household_ledger_at
from features.ledger.ledger import Ledger
from features.messages import UserError
from features.snapshot.life_rules import BAD_AFTER_DAYS
from models.county_policy.policy_table import PolicyTable
from models.county_policy.sections import CountyPolicy
from models.rating.households import RATING_FACTS
from serving.batch.warnings import NO_MODEL
from serving.explain.loaded_models import ledger_at
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository


@dataclass(frozen=True)
class LedgerBasis:
    """A day, and the data and policies by which the ledger of households is computed for it.

    store: the data folder, with the reader's scope. as_of: the day. month: its published month; None where the day is
    not published, and the data are those loaded by now.
    """

    store: DataFolder
    as_of: date
    month: PublishedMonth | None

    @cached_property
    def data_ledger(self) -> Ledger:
        """The ledger of delivered rows, at the month's data version.

        Raises UserError where it never was at that version.
        """
        if self.month is None:
            return self.store.ledger
        return ledger_at(self.store.folder / "ledger", self.month.manifest.data_version)

    @property
    def versions(self) -> dict[str, Any]:
        """The fields of `Versions`."""
        if self.month is not None:
            return self.month.versions
        return {
            "as_of": self.as_of,
            "model_version": NO_MODEL,
            "policy_version": self.policy_on(self.as_of).version,
            "data_version": self.data_ledger.data_version,
        }

    @cached_property
    def _policies(self) -> PolicyTable:
        """The county's policy table, read once."""
        return self.store.policies

    def policy_on(self, day: date) -> CountyPolicy:
        """The policy that a day was published with; where it was not, the one that the policy table has for it.

        Raises UserError for a day before the first policy.
        """
        if self.month is not None and day == self.as_of:
            return self.month.policy
        repository = MonthRepository(self.store)
        try:
            edition = repository.current_edition(day)
            return edition.policy if edition else self._policies.in_force(day)
        except UserError:  # a manifest that cannot be read
            return self._policies.in_force(day)

    def tables(self, household: str | None = None) -> DeliveredTables:
        """The delivered rows of all households, or of one."""
        ledger = self.data_ledger
        return ledger.tables() if household is None else ledger.tables(ledger.county_of(household), household)

    def ledger_on(self, day: date, tables: DeliveredTables) -> HouseholdLedger:
        """The ledger of the households of `tables` at the end of a day, by what was known then."""
        bad_after_days = self.month.bad_after_days if self.month else BAD_AFTER_DAYS
        rules = self.policy_on(day).life_rules(bad_after_days)
        return household_ledger_at(day, tables, RATING_FACTS, rules)


def ledger_basis(store: DataFolder, as_of: date | None = None, month: PublishedMonth | None = None) -> LedgerBasis:
    """The basis of a day.

    Args:
        store: the data folder, with the reader's scope.
        as_of: the day; None for the newest published month. A day that is not published is computed from the data
            loaded by now.
        month: the published month, where the caller has it.

    Raises:
        UserError: where nothing is published and no day is named.
    """
    repository = MonthRepository(store)
    if month is None:
        is_published = as_of is None or as_of in repository.months()
        month = repository.month(as_of) if is_published else None
    return LedgerBasis(store, month.as_of if month else as_of or date.min, month)
