"""The range of a probability: how far the share of loans like this one that go bad may lie from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from models.raw_score import Floats


@dataclass(frozen=True)
class ProbabilityRange:
    """The 95% range of the share that goes bad among the loans of one probability, as margins in log-odds.

    log_odds: of the probabilities at which the margins were measured, rising. below, above: the margins there, 0 or
    more; linear between them, constant beyond. Raises ValueError otherwise.

    Example:
        >>> import numpy as np
        >>> of_model = ProbabilityRange((-3.0, 0.0), (1.0, 0.5), (0.8, 0.4))
        >>> low, high = of_model.bounds(np.array([0.05, 0.5]))
        >>> low.round(3).tolist(), high.round(3).tolist()
        ([0.019, 0.378], [0.104, 0.599])
    """

    log_odds: tuple[float, ...]
    below: tuple[float, ...]
    above: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.log_odds) == len(self.below) == len(self.above) > 0:
            raise ValueError("A range needs as many margins on either side as log-odds, and one at least.")
        if (np.diff(self.log_odds) <= 0).any() or min(*self.below, *self.above) < 0:
            raise ValueError("The log-odds of a range rise, and its margins are 0 or more.")

    def bounds(self, probability: Floats) -> tuple[Floats, Floats]:
        """The low and the high end of each probability's range; the probability lies between them."""
        log_odds = np.log(probability) - np.log1p(-probability)
        below, above = (np.interp(log_odds, self.log_odds, margins) for margins in (self.below, self.above))
        low, high = (1.0 / (1.0 + np.exp(-ends)) for ends in (log_odds - below, log_odds + above))
        return np.minimum(low, probability), np.maximum(high, probability)

    @property
    def json_values(self) -> dict[str, Any]:
        """The range as JSON values; `probability_range_of` reads them back."""
        return asdict(self)


def probability_range_of(stored: Mapping[str, Any] | None) -> ProbabilityRange | None:
    """The range whose `json_values` a model's card holds; None for a model of an earlier program, which has none."""
    if stored is None:
        return None
    return ProbabilityRange(**{name: tuple(map(float, values)) for name, values in stored.items()})
