"""Invented loans that were followed for months: some go bad when their principal falls due, most are repaid then."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from features.months import month_end_after

AS_OF = date(2023, 1, 31)
_BAD_OF_UNPAID = 0.7


def followed_loans(rows: int, seed: int, as_of: date = AS_OF) -> pl.DataFrame:
    """Loans of one month end with features, outcomes and `score`, the true log-odds of going bad within six months.

    A tenth is repaid in each month before the due one; of those that fall due a share is not repaid, and most of that
    goes bad 30 days later, while the rest is repaid late.
    """
    chance = np.random.default_rng(seed)
    days = chance.integers(1, 400, rows)
    unpaid = 1 / (1 + np.exp(-chance.normal(-1.5, 1, rows)))
    outcomes: list[tuple[date | None, date | None]] = []
    scores = []
    for to_maturity, share in zip(days.tolist(), unpaid.tolist(), strict=True):
        due_on = as_of + timedelta(days=to_maturity)
        bad_on, early_on = due_on + timedelta(days=30), month_end_after(as_of, int(chance.geometric(0.1)))
        months_before = (due_on.year - as_of.year) * 12 + due_on.month - as_of.month - 1
        probability = share * _BAD_OF_UNPAID * 0.9**months_before if bad_on <= month_end_after(as_of, 6) else 0.001
        scores.append(float(np.log(probability) - np.log1p(-probability)))
        if early_on <= month_end_after(as_of, months_before):
            outcomes.append((None, early_on))
        elif chance.random() > share:
            outcomes.append((None, due_on))
        elif chance.random() < _BAD_OF_UNPAID:
            outcomes.append((bad_on, None))
        else:
            outcomes.append((None, bad_on))
    return pl.DataFrame(
        {
            "loan_id": [f"L{row:05}" for row in range(rows)],
            "household_id": [f"H{row:05}" for row in range(rows)],
            "as_of": [as_of] * rows,
            "days_past_due": 0.0,
            "days_to_maturity": days.astype(float),
            "days_to_next_due": days.astype(float),
            "repayment_method": "bullet_all",
            "score": scores,
            "bad_on": [bad for bad, _ in outcomes],
            "ended_on": [ended for _, ended in outcomes],
            "followed_until": [date(2025, 12, 31)] * rows,
        },
        schema_overrides={"bad_on": pl.Date, "ended_on": pl.Date},
    )
