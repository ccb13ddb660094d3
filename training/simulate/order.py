"""What is asked of the simulator, and how it is dealt out to counties and months."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.simulate.days import LAST_MONTH
from training.simulate.parameters import Parameters
from training.simulate.scenarios import BASE, Scenario

HORIZON = 6
"""Calendar months of a hazard (contract, section 2)."""


@dataclass(frozen=True, slots=True)
class Order:
    """households in all counties; months delivered, the last of them December 2025.

    replicates: futures tried for each hazard, 0 for none. hazard_dates, hazard_apart: at how many month ends, how
    many months apart, counted back from the last one at which a horizon still lies inside the simulated time.
    """

    households: int
    months: int
    seed: int
    replicates: int = 0
    scenario: Scenario = BASE
    hazard_dates: int = 4
    hazard_apart: int = 3
    parameters: Parameters = field(default_factory=Parameters)

    @property
    def start(self) -> int:
        """The first delivered month."""
        return LAST_MONTH - self.months + 1

    @property
    def first(self) -> int:
        """The month in which life begins."""
        return self.start - self.parameters.warm_up

    @property
    def counties(self) -> dict[int, int]:
        """Households by number of the county: all full but the last."""
        most = self.parameters.households_per_county
        numbers = range(1, -(-self.households // most) + 1)
        return {number: min(most, self.households - most * (number - 1)) for number in numbers}

    @property
    def hazard_months(self) -> tuple[int, ...]:
        """In which hazards are found, in order."""
        last = LAST_MONTH - HORIZON
        months = (last - self.hazard_apart * back for back in reversed(range(self.hazard_dates)))
        return tuple(month for month in months if month >= self.start) if self.replicates else ()

    @property
    def steps(self) -> int:
        """County-months to live, futures included."""
        tried = len(self.hazard_months) * self.replicates * HORIZON
        return len(self.counties) * (LAST_MONTH - self.first + 1 + tried)
