"""All features, in the order of the model's columns; what they are made of is checked on import."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from features import community, credit, household, income, insurance, loan, repayment
from features.declare import Feature, Role
from features.messages import Words, did_you_mean

FAMILIES: tuple[ModuleType, ...] = (household, income, credit, loan, repayment, insurance, community)


def _declared_in(family: ModuleType) -> list[Feature]:
    """The features a module declares itself, in the order it declares them."""
    values = vars(family).values()
    return [value for value in values if isinstance(value, Feature) and value.family == family.__name__.split(".")[-1]]


def catalogued(features: Iterable[Feature]) -> dict[str, Feature]:
    """Features by name.

    Raises TypeError for a name declared twice, an input that is no feature, and one that may only be audited.
    """
    found: dict[str, Feature] = {}
    for feature in features:
        if feature.name in found:
            raise TypeError(f"Feature {feature.name} is declared twice.")
        found[feature.name] = feature
    for feature in found.values():
        for name in feature.inputs:
            if name not in found:
                raise TypeError(f"Feature {feature.name} is made of {name!r}. {did_you_mean(name, found)}")
            if found[name].role is Role.AUDIT and feature.role is not Role.AUDIT:
                raise TypeError(f"Feature {feature.name} is made of {name}, which may be audited, never scored.")
    return found


FEATURES: dict[str, Feature] = catalogued(feature for family in FAMILIES for feature in _declared_in(family))
"""Every feature by name, steps included."""
KEPT: tuple[Feature, ...] = tuple(f for f in FEATURES.values() if f.role is not Role.STEP)
"""What leaves `features_at`."""
SHOWN: tuple[Feature, ...] = tuple(f for f in KEPT if f.role is not Role.AUDIT)
"""What rules and people see."""
MODEL_COLUMNS: tuple[Feature, ...] = tuple(f for f in FEATURES.values() if f.role is Role.MODEL)
"""What the model may use."""
FAMILY_WORDS: dict[str, Words] = {
    "household": Words("家庭", "Household"),
    "income": Words("收入与资产", "Income and assets"),
    "credit": Words("负债与征信", "Debt and credit"),
    "loan": Words("贷款与用途", "The loan and its use"),
    "repayment": Words("还款", "Repayment"),
    "insurance": Words("保险与困难", "Insurance and hardship"),
    "community": Words("村镇与市场", "Community and market"),
}
"""What each family is called, in the order a page shows them."""
