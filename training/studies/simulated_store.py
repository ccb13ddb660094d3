"""A simulated county loaded into a store of its own; an inbox that exists already is loaded as it is."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from features.contract.pseudonym import load_pseudonyms
from features.delivery.column_map import read_column_map
from features.ledger.ledger import Ledger
from features.loading.load import LoadOptions, load
from training.cohort import first_loan_day, last_reported_day
from training.plan import Plan, SearchPlan
from training.plan_files import default_plan
from training.simulate.order import Order
from training.simulate.province import simulate

_DELIVERED_ON = date(2026, 1, 1)


@dataclass(frozen=True)
class SimulatedStore:
    """A simulated county: the inbox with its tables and truth, and the store into which it was loaded."""

    inbox: Path
    store: Path

    @property
    def ledger(self) -> Ledger:
        """The ledger of the store."""
        return Ledger(self.store / "ledger")

    def plan(self, trials: int) -> Plan:
        """The default plan of the data, with this number of trials in its search."""
        plan = default_plan(first_loan_day(self.ledger), last_reported_day(self.ledger))
        return plan.model_copy(update={"search": SearchPlan(trials=trials)})


def simulate_and_load(order: Order, folder: Path, name: str) -> SimulatedStore:
    """Simulate a county, unless its inbox exists, and load it; name: of the two folders below `folder`."""
    county = SimulatedStore(folder / f"inbox-{name}", folder / f"store-{name}")
    if not county.inbox.exists():
        simulate(order, county.inbox)
    load(
        county.inbox,
        county.ledger,
        LoadOptions(_DELIVERED_ON, read_column_map(), load_pseudonyms(county.store), report_progress=print_progress),
    )
    return county


def print_progress(line: str) -> None:
    """Print a line of progress on standard error."""
    print(f"… {line}", file=sys.stderr, flush=True)
