"""The order of a simulation: its size and seed, and how it is spread over counties and months."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.simulate.days import LAST_MONTH
from training.simulate.parameters import Parameters
from training.simulate.scenarios import BASE, Scenario
from training.simulate.visits import VisitOrder

HORIZON = 6
"""Calendar months within which a loan counts as going bad (contract, section 2)."""


@dataclass(frozen=True, slots=True)
class Order:
    """An order for simulated counties.

    Args:
        households: number in all counties together; a county has at most `parameters.households_per_county`.
        months: number of delivered months; the last one is December 2025.
        seed: of all random draws; equal orders give equal files.
        replicates: number of futures simulated for each true hazard; 0: no hazards are written.
        scenario: what happens in the last months; see `scenarios.py`.
        hazard_dates: number of month ends at which hazards are found, counted back from the last one whose horizon
            lies within the simulated time.
        hazard_months_apart: months between two of them.
        parameters: assumptions on households, lending and repayment; see `parameters.py`.
        visits: visits to loans and what they change; None where nobody is visited.

    Example:
        >>> from training.simulate.order import Order
        >>> order = Order(households=70_000, months=24, seed=1, replicates=10)
        >>> order.counties
        {1: 30000, 2: 30000, 3: 10000}
        >>> len(order.hazard_months)
        4
    """

    households: int
    months: int
    seed: int
    replicates: int = 0
    scenario: Scenario = BASE
    hazard_dates: int = 4
    hazard_months_apart: int = 3
    parameters: Parameters = field(default_factory=Parameters)
    visits: VisitOrder | None = None

    @property
    def start(self) -> int:
        """The first delivered month."""
        return LAST_MONTH - self.months + 1

    @property
    def first_month(self) -> int:
        """The first simulated month, before the first delivered one by `parameters.warm_up`."""
        return self.start - self.parameters.warm_up

    @property
    def counties(self) -> dict[int, int]:
        """Number of households by number of the county; all counties but the last are full."""
        most = self.parameters.households_per_county
        numbers = range(1, -(-self.households // most) + 1)
        return {number: min(most, self.households - most * (number - 1)) for number in numbers}

    @property
    def hazard_months(self) -> tuple[int, ...]:
        """Months at whose end hazards are found, ascending."""
        last = LAST_MONTH - HORIZON
        months = (last - self.hazard_months_apart * back for back in reversed(range(self.hazard_dates)))
        return tuple(month for month in months if month >= self.start) if self.replicates else ()

    @property
    def steps(self) -> int:
        """County-months to simulate, futures included."""
        future_months = len(self.hazard_months) * self.replicates * HORIZON
        return len(self.counties) * (LAST_MONTH - self.first_month + 1 + future_months)
