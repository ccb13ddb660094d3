"""All features, in the order of the model's columns; their inputs are checked on import."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from features import community, credit, household, income, insurance, loan, repayment
from features.declare import Feature, FeatureRole
from features.messages import Bilingual, did_you_mean

FAMILIES: tuple[ModuleType, ...] = (household, income, credit, loan, repayment, insurance, community)


def build_catalog(features: Iterable[Feature]) -> dict[str, Feature]:
    """Features by name, with the inputs of the derived ones checked.

    Args:
        features: the features, in the order of the catalogue.

    Returns:
        The features by name, in that order.

    Raises:
        TypeError: where a name is declared twice, an input is no feature, or an input may be audited alone.

    Example:
        >>> from features.catalog import FEATURES, build_catalog
        >>> features = [FEATURES["overdue_principal"], FEATURES["overdue_interest"], FEATURES["overdue_amount"]]
        >>> sorted(build_catalog(features))
        ['overdue_amount', 'overdue_interest', 'overdue_principal']
    """
    catalog: dict[str, Feature] = {}
    for feature in features:
        if feature.name in catalog:
            raise TypeError(f"Feature {feature.name} is declared twice.")
        catalog[feature.name] = feature
    for feature in catalog.values():
        for name in feature.inputs:
            if name not in catalog:
                raise TypeError(f"Feature {feature.name} is made of {name!r}. {did_you_mean(name, catalog)}")
            if catalog[name].role is FeatureRole.AUDIT and feature.role is not FeatureRole.AUDIT:
                raise TypeError(f"Feature {feature.name} is made of {name}, which may be audited, never scored.")
    return catalog


FEATURES: dict[str, Feature] = build_catalog(
    value
    for family in FAMILIES
    for value in vars(family).values()
    if isinstance(value, Feature) and value.family == family.__name__.rsplit(".", 1)[-1]
)
"""Every feature by name, steps included, in the order in which the families declare them."""
OUTPUT_FEATURES: tuple[Feature, ...] = tuple(f for f in FEATURES.values() if f.role is not FeatureRole.STEP)
"""The features that `features_at` returns."""
SHOWN_FEATURES: tuple[Feature, ...] = tuple(f for f in OUTPUT_FEATURES if f.role is not FeatureRole.AUDIT)
"""The features that rules and people may use."""
MODEL_COLUMNS: tuple[Feature, ...] = tuple(f for f in FEATURES.values() if f.role is FeatureRole.MODEL)
"""The features that the model may use, in the order of its columns."""
FAMILY_LABELS: dict[str, Bilingual] = {
    "household": Bilingual("家庭", "Household"),
    "income": Bilingual("收入与资产", "Income and assets"),
    "credit": Bilingual("负债与征信", "Debt and credit"),
    "loan": Bilingual("贷款与用途", "The loan and its use"),
    "repayment": Bilingual("还款", "Repayment"),
    "insurance": Bilingual("保险与困难", "Insurance and hardship"),
    "community": Bilingual("村镇与市场", "Community and market"),
}
"""The name of each family, in the order in which a page shows them."""
