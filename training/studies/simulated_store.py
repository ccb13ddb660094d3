"""A simulated county loaded into a store of its own, for judging; what lies in the folder already is taken as it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.contract.column_map import column_map
from features.contract.pseudonym import pseudonyms
from features.ledger.ledger import Ledger
from features.loading.load import Loading, load
from training.cohort import data_from, data_until
from training.plan import Plan, Search
from training.plan_files import plan_for
from training.simulate.order import Order
from training.simulate.province import simulate

_DELIVERED = date(2026, 1, 1)


@dataclass(frozen=True)
class Simulated:
    """Where a county was delivered (with its truth) and where it was loaded."""

    inbox: Path
    store: Path

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.store / "ledger")

    def plan(self, trials: int) -> Plan:
        """The plan for what is loaded, with so many trials in its search."""
        found = plan_for(data_from(self.ledger), data_until(self.ledger))
        return found.model_copy(update={"search": Search(trials=trials)})


def simulated(order: Order, folder: Path, name: str) -> Simulated:
    """Live it and load it."""
    county = Simulated(folder / f"inbox-{name}", folder / f"store-{name}")
    if not county.inbox.exists():
        simulate(order, county.inbox)
    load(county.inbox, county.ledger, Loading(_DELIVERED, column_map(), pseudonyms(county.store), tell=tell))
    return county


def tell(line: str) -> None:
    print(f"… {line}", file=sys.stderr, flush=True)
