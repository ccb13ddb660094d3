"""Judged loans as a table: one row a loan, all of one month unless told otherwise."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from training.evaluation.evaluated_loans import EvaluatedLoans

MONTH = date(2025, 3, 31)


def evaluated_loans_of(
    model: list[float], rules: list[int], bad: list[int], households: list[int] | None = None
) -> EvaluatedLoans:
    """Loans with those scores and lights; the model lights from 0.5 on; what goes bad does so 100 days later."""
    count = len(bad)
    frame = pl.DataFrame(
        {
            "as_of": [MONTH] * count,
            "loan_id": [f"L{row:04}" for row in range(count)],
            "household_id": [f"H{place:04}" for place in households or range(count)],
            "bad": bad,
            "bad_on": [MONTH + timedelta(days=100) if ill else None for ill in bad],
            "probability": model,
            "model_level": [int(each >= 0.5) for each in model],
            "rule_level": rules,
            "outstanding_principal": [1000.0 * (row + 1) for row in range(count)],
            "days_past_due": [0] * count,
            "overdue_amount": [0.0] * count,
            "borrower_sex": ["F", "M"] * (count // 2) + ["F"] * (count % 2),
        },
        schema_overrides={"bad_on": pl.Date},
    )
    return EvaluatedLoans(frame, {"model": np.array(model, float), "rules": np.array(rules, float)})
