"""What moved a loan's light since it was told last: a rule, a status, a feature of the model, or the loan's end.

A cause is a code of a kind and a name: `rule:R101`, `rule_over:R205`, `status:bad`, `feature:repayment_cover`,
`closed:settled`; `new_loan`, `payments_awaited`, `payments_came`, `thresholds` and `days` stand alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from models.light import Light

Row = Mapping[str, Any]
NEW_LOAN, THRESHOLDS, DAYS = "new_loan", "thresholds", "days"
PAYMENTS_AWAITED, PAYMENTS_CAME = "payments_awaited", "payments_came"
"""A light that moved since the bank's payments are not there, or are there again: no news about the household."""
IS_ABOUT_PAYMENTS = pl.col("cause").is_in([PAYMENTS_AWAITED, PAYMENTS_CAME])
RULE, RULE_OVER, STATUS, FEATURE, CLOSED = "rule", "rule_over", "status", "feature", "closed"
PAYMENTS = "payments"
"""Code in `incomplete` of a loan whose bank has brought no payments since its last due day."""


def light_cause(row: Row) -> str:
    """The code of what moved a light.

    row: a loan's warning with `before`, `fired_before` (the rules that fired before), `status_before`,
    `incomplete_before`, `facts`, and `rules_decide`, whether any rule that fired moves the light, not hard ones alone.
    `light` is None where the loan is no longer open, with `ended_by` then.
    """
    if row["light"] is None:
        return f"{CLOSED}:{row['ended_by']}"
    if row["before"] is None:
        return NEW_LOAN
    is_worse = Light[row["light"].upper()] > Light[row["before"].upper()]
    if is_worse and PAYMENTS in row["incomplete"]:
        return PAYMENTS_AWAITED
    if not is_worse and PAYMENTS in row["incomplete_before"] and PAYMENTS not in row["incomplete"]:
        return PAYMENTS_CAME
    if row["status"] != row["status_before"]:
        return f"{STATUS}:{row['status']}"
    if is_worse:
        return _of_rules(row) or _of_features(row, sign=1)
    return _of_ended_rules(row) or _of_features(row, sign=-1)


def _of_rules(row: Row) -> str | None:
    """The first rule that fires now, did not before, and has the light; None where none does."""
    new = _only_in(row["rules"], row["fired_before"], row["light"], row["rules_decide"])
    return f"{RULE}:{min(new)}" if new else None


def _of_ended_rules(row: Row) -> str | None:
    """The first rule that had the light before and fires no more; None where none does."""
    ended = _only_in(row["fired_before"], row["rules"], row["before"], row["rules_decide"])
    return f"{RULE_OVER}:{min(ended)}" if ended else None


def _only_in(fired: Sequence[Row], others: Sequence[Row], light: str, rules_decide: bool) -> list[str]:
    """Ids of the rules among `fired` that have a light and bind it, and are not among `others`."""
    ids = {rule["id"] for rule in others}
    binding = (rule for rule in fired if rule["light"] == light and (rule["hard"] or rules_decide))
    return [rule["id"] for rule in binding if rule["id"] not in ids]


def _of_features(row: Row, sign: int) -> str:
    """The feature that moved the score most in the direction of the light, else what is left."""
    for change in row["changes"]:
        if change["feature"] and change["contribution"] * sign > 0:
            return f"{FEATURE}:{change['feature']}"
    return DAYS if not row["facts"] else THRESHOLDS
