"""The usual value beside a reason: named only where it agrees with the direction in which the reason moves the risk."""

from __future__ import annotations

from features.catalog import FEATURES
from features.declare import Risk
from features.units import Value


def comparison_agrees(name: str, value: Value, typical: Value, contribution: float) -> bool:
    """Whether a usual value can stand beside a reason without contradicting it.

    The contribution compares the loan with the average row that the model was trained on, whose value need not be the
    township's median: a cost of 66% of the income can raise the risk where 81% is usual. Such a median is not named.

    Args:
        name: of the feature.
        value: the loan's.
        typical: the usual value.
        contribution: of the feature, in log-odds.

    Returns:
        False where one of the two values is missing. For a feature whose direction of risk is declared, whether the
        value lies on the side of the usual one that the contribution says, in figures as they are written; True for
        any other feature.

    Example:
        >>> from serving.explain.reason_comparison import comparison_agrees
        >>> comparison_agrees("cost_to_income", 0.66, 0.81, 0.2), comparison_agrees("cost_to_income", 0.66, 0.81, -0.2)
        (False, True)
    """
    if value is None or typical is None:
        return False
    direction, unit = FEATURES[name].risk, FEATURES[name].unit
    if direction is Risk.OPEN or isinstance(value, str) or isinstance(typical, str):
        return True
    is_difference_written = unit.text(value) != unit.text(typical)
    return is_difference_written and (value - typical) * direction * contribution > 0
