"""Industries that households live on, as data: sheep for 80% of them, then daylily, grain, forage, herbs (domain)."""

from __future__ import annotations

from dataclasses import dataclass

_YEAR_ROUND = (1.0,) * 12
_ANIMALS = (1.4, 0.7, 0.6, 0.6, 0.7, 0.7, 0.8, 1.0, 1.3, 1.4, 1.3, 1.5)  # feasts and autumn sales


def _harvest(month: int) -> tuple[float, ...]:
    """Weights of twelve months: half the year's sales in the month of harvest, the rest in the two months after it."""
    after = {month: 6.0, month % 12 + 1: 4.0, (month + 1) % 12 + 1: 2.0}
    return tuple(after.get(number, 0.0) for number in range(1, 13))


@dataclass(frozen=True, slots=True)
class Industry:
    """One industry. A unit is a head, a mu, or ten thousand yuan of stock. All values assumed.

    share: of households. units: average holding. price: long-run yuan per thing sold (a head, a kilogram; for trade
    an index). sold: things sold per unit and year. upkeep: yuan per unit and month. unit_cost: yuan to add a unit; 0:
    its price. resale: share of a unit's worth that a quick sale brings. wander: yearly spread of the price. swing: its
    seasonal share. sales: weight of each month's sales. sickens: whether epidemics strike it. drought: share of the
    harvest that a drought takes. policy: kind of the insurance made for it.
    """

    code: str
    share: float
    units: float
    price: float
    sold: float
    upkeep: float
    unit_cost: float
    resale: float
    wander: float
    swing: float
    sales: tuple[float, ...]
    sickens: bool
    drought: float
    policy: str

    @property
    def animal(self) -> bool:
        """Whether its units are animals."""
        return self.unit_cost == 0


INDUSTRIES = (
    Industry("sheep", 0.80, 45, 1150, 0.78, 37, 0, 0.90, 0.08, 0.05, _ANIMALS, True, 0.22, "sheep_income"),
    Industry("cattle", 0.04, 8, 11000, 0.40, 170, 0, 0.92, 0.08, 0.03, _ANIMALS, True, 0.18, "other"),
    Industry("daylily", 0.05, 11, 52, 75, 135, 3000, 0.15, 0.12, 0.10, _harvest(7), False, 0.32, "daylily_price"),
    Industry("grain", 0.04, 42, 2.7, 430, 42, 700, 0.15, 0.12, 0.04, _harvest(10), False, 0.30, "crop"),
    Industry("forage", 0.03, 45, 1.1, 950, 38, 600, 0.15, 0.10, 0.06, _harvest(9), False, 0.30, "crop"),
    Industry("herbs", 0.02, 10, 32, 115, 120, 2500, 0.15, 0.12, 0.04, _harvest(10), False, 0.30, "crop"),
    Industry("trade", 0.02, 4, 100, 130, 600, 10000, 0.45, 0.10, 0.02, _YEAR_ROUND, False, 0.0, "other"),
)
"""All industries; elsewhere an industry is the number of its position here."""

LENDING_RATE = {2021: 0.0385, 2022: 0.0370, 2023: 0.0365, 2024: 0.0345, 2025: 0.0310}
"""One-year LPR of each January (published); earlier years as 2020's 0.0415."""
EARLIER_RATE = 0.0415
