"""The least amounts that lower a light: of principal paid ahead, and of sheep sold to repay the loan."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from features.messages import Bilingual
from serving.explain.sentences import Row
from serving.explain.what_if.apply import HouseholdSnapshot
from serving.explain.what_if.facts import HypotheticalFact, LivestockSold, Payment

STEP = 100
"""Yuan by which a payment ahead is tried: nobody counts out less."""
_BISECTIONS = 3
"""Bisections whose seven amounts are scored together."""


@dataclass(frozen=True)
class AmountFact:
    """A fact that comes in steps.

    words: with `{amount}` and `{yuan}`. most: of the steps, for a loan's features and its household. fact: of a number
    of steps. amounts: a number of steps as `amount` and `yuan`.
    """

    code: str
    words: Bilingual
    most: Callable[[Row, HouseholdSnapshot], int]
    fact: Callable[[Row, HouseholdSnapshot, int], HypotheticalFact]
    amounts: Callable[[HouseholdSnapshot, int], tuple[int, float]]


def least_steps(are_enough: Callable[[Sequence[int]], Sequence[bool]], most: int) -> int | None:
    """The fewest steps that are enough, by bisection; None where not even the most are.

    What is returned was tried and is enough. More steps are taken to be enough where fewer are.

    Args:
        are_enough: whether each of some numbers of steps is enough; asked for all that the next bisections may need.
        most: of the steps.

    Example:
        >>> from serving.explain.least_amounts import least_steps
        >>> least_steps(lambda tried: [steps >= 37 for steps in tried], 400)
        37
        >>> least_steps(lambda tried: [False for _ in tried], 400) is None
        True
    """
    if most < 1 or not all(are_enough([most])):
        return None
    too_few, enough = 0, most
    while enough - too_few > 1:
        tried = _middles(too_few, enough, _BISECTIONS)
        is_enough = dict(zip(tried, are_enough(tried), strict=True))
        while (middle := (too_few + enough) // 2) in is_enough and enough - too_few > 1:
            too_few, enough = (too_few, middle) if is_enough[middle] else (middle, enough)
    return enough


def _middles(too_few: int, enough: int, bisections: int) -> list[int]:
    """The numbers that so many bisections of the range may ask for."""
    if bisections == 0 or enough - too_few <= 1:
        return []
    middle = (too_few + enough) // 2
    return [
        middle,
        *_middles(too_few, middle, bisections - 1),
        *_middles(middle, enough, bisections - 1),
    ]


def _steps_ahead(facts: Row, _household: HouseholdSnapshot) -> int:
    """Steps that leave something outstanding: paid in full, a loan needs no light."""
    outstanding: float = facts["outstanding_principal"]
    return 0 if (facts["overdue_amount"] or 0) > 0 else math.ceil(outstanding / STEP) - 1


def _sheep_price(household: HouseholdSnapshot) -> float | None:
    prices = household.snapshot.prices
    return next((price for product, price in prices.select("product", "price").rows() if product == "sheep"), None)


def _sheep_to_sell(facts: Row, household: HouseholdSnapshot) -> int:
    """Sheep of the herd that can be sold for this loan without paying more than is owed."""
    price = _sheep_price(household)
    if not price or not facts["sheep_count"] or (facts["overdue_amount"] or 0) > 0:
        return 0
    outstanding: float = facts["outstanding_principal"]
    return min(int(facts["sheep_count"]), math.ceil(outstanding / price) - 1)


AMOUNT_FACTS = (
    AmountFact(
        "principal_ahead",
        Bilingual("提前还本 {yuan:,.0f} 元", "pay {yuan:,.0f} yuan of the principal ahead"),
        _steps_ahead,
        lambda facts, _, steps: Payment(kind="payment", loan_id=facts["loan_id"], yuan=float(steps * STEP)),
        lambda _, steps: (steps, float(steps * STEP)),
    ),
    AmountFact(
        "sheep_sold",
        Bilingual(
            "卖羊 {amount} 只还本（按现价约 {yuan:,.0f} 元）", "sell {amount} sheep and repay (about {yuan:,.0f} yuan)"
        ),
        _sheep_to_sell,
        lambda facts, household, steps: LivestockSold(
            kind="livestock_sold",
            sheep=steps,
            yuan=round(steps * (_sheep_price(household) or 0), 2),
            repays=facts["loan_id"],
        ),
        lambda household, steps: (steps, steps * (_sheep_price(household) or 0)),
    ),
)
"""Facts whose least amount is looked for; a loan in arrears has these to clear first."""
