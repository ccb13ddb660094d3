"""Scenarios: what happens to a county in its last months, each a declared value chosen by one option."""

from __future__ import annotations

from dataclasses import dataclass

from features.messages import UserError
from training.simulate.days import LAST_MONTH, month_number

_APRIL = 4


@dataclass(frozen=True, slots=True)
class Scenario:
    """What changes against the base county; the defaults change nothing. All sizes are assumed.

    last_months: how many months before the end it begins; a small township is small from the beginning.
    dry_months: how long every township is dry from the first April on; dry_loss: times the usual harvest loss.
    fodder: times the usual upkeep of animals from that April on, as pastures fail and fodder is bought.
    kin_short: log-odds by which kin are less ready to lend from that April on, as they are struck themselves:
    neighbours cannot insure each other against a common loss (Townsend 1994, Risk and Insurance in Village India).
    price_lost: share that the products `falling` lose of their price, evenly over `fall_months`, for good.
    sick_townships, sick_months: the first so many townships have an epidemic from the scenario's beginning, for so
    many months. sick_loss: times the usual loss of animals there.
    limit: largest new loan in yuan (domain: 50,000 to 2025, 100,000 from 2026). subsidy: factor on the subsidy of
    each new loan.
    late_bank: its number from 0, or None; late_months: months by which it delivers later than usual.
    small_township: the last township is a single village.
    """

    name: str
    last_months: int = 12
    dry_months: int = 0
    dry_loss: float = 1.0
    fodder: float = 1.0
    kin_short: float = 0.0
    falling: tuple[str, ...] = ()
    price_lost: float = 0.0
    fall_months: int = 6
    sick_townships: int = 0
    sick_months: int = 0
    sick_loss: float = 1.0
    limit: float = 50_000
    subsidy: float = 1.0
    late_bank: int | None = None
    late_months: int = 0
    small_township: bool = False

    @property
    def begins(self) -> int:
        """First month of the scenario."""
        return LAST_MONTH - self.last_months + 1

    def has_begun(self, month: int) -> bool:
        """Whether a month is the first one of the scenario or later."""
        return month >= self.begins

    @property
    def first_april(self) -> int:
        """First April within the scenario."""
        return self.begins + (_APRIL - month_number(self.begins)) % 12

    def turns_dry(self, month: int) -> bool:
        """Whether the drought begins in a month."""
        return self.dry_months > 0 and month == self.first_april

    def upkeep_factor(self, month: int) -> float:
        """Upkeep of animals, in times of the usual."""
        return self.fodder if month >= self.first_april else 1.0

    def kin_reluctance(self, month: int) -> float:
        """Log-odds by which kin are less ready to lend than usual."""
        return self.kin_short if month >= self.first_april else 0.0

    def price_share_lost(self, month: int) -> float:
        """Share that the falling products have lost of their price."""
        passed = month - self.begins + 1
        return self.price_lost * min(max(passed / self.fall_months, 0.0), 1.0)


BASE = Scenario("base")
SCENARIOS = {
    scenario.name: scenario
    for scenario in (
        BASE,
        Scenario("drought", dry_months=7, dry_loss=3.0, fodder=1.8, kin_short=2.0),
        Scenario("price_collapse", falling=("sheep", "cattle", "daylily"), price_lost=0.4, kin_short=1.5),
        Scenario("epidemic", sick_townships=2, sick_months=6, sick_loss=4.0),
        Scenario("policy_change", limit=100_000, subsidy=0.5),
        Scenario("late_bank", late_bank=1, late_months=3),
        Scenario("small_township", small_township=True),
    )
}


def scenario_named(name: str) -> Scenario:
    """The scenario of a name.

    Raises UserError where there is none of that name.
    """
    if name not in SCENARIOS:
        raise UserError(
            f"没有情景 {name}；可选：{', '.join(SCENARIOS)}。",
            f"There is no scenario {name}; choose one of {', '.join(SCENARIOS)}.",
        )
    return SCENARIOS[name]
