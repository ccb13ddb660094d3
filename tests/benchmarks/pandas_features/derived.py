"""Features of open loans that are made of others."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.grouped import ratio
from tests.benchmarks.pandas_features.repayment import LONGEST_LOOK

_OLD_STATEMENT = 18
_LEAST_MONTHS = 5.5
_LONG_UNCHECKED = 6


def derived(seen: pd.DataFrame) -> dict[str, pd.Series]:
    return {**_of_household(seen), **_of_debt(seen), **_of_means(seen), **_of_loan(seen)}


def _of_household(seen: pd.DataFrame) -> dict[str, pd.Series]:
    size, income, cost = seen["household_size"], seen["net_income"], seen["household_cost"]
    age, months = seen["statement_age_months"], seen["income_months"]
    return {
        "income_per_head": ratio(income, size),
        "income_change": ratio(income, seen["net_income_before"]) - 1,
        "yearly_surplus": income - cost,
        "cost_to_income": ratio(cost, income),
        "income_unknown": (age.isna() | (age >= _OLD_STATEMENT) | (months < _LEAST_MONTHS)).astype("float64"),
        "loss_to_income_12m": ratio(seen["hardship_loss_12m"], income),
        "borrower_lost": seen["borrower_loss"].mask(seen["borrower_deceased"] == 1, 1),
    }


def _of_debt(seen: pd.DataFrame) -> dict[str, pd.Series]:
    debt = seen["household_outstanding"] + seen["outside_debt"].fillna(0)
    return {
        "household_debt": debt,
        "debt_to_income": ratio(debt, seen["net_income"]),
        "new_debt_to_income_12m": ratio(seen["new_debt_12m"], seen["net_income"]),
        "principal_to_largest": ratio(seen["principal"], seen["household_principal_max"]),
    }


def _of_means(seen: pd.DataFrame) -> dict[str, pd.Series]:
    """Until maturity: the surplus, savings and the herd over what the household's open loans ask for."""
    surplus = (seen["net_income"] - seen["household_cost"].fillna(0)).clip(lower=0)
    years = seen["days_to_maturity"].clip(0, LONGEST_LOOK) / LONGEST_LOOK
    means = surplus * years + seen["savings"].fillna(0) + seen["herd_value"].fillna(0)
    need = seen["household_overdue_amount"] + seen["household_due_to_maturity"]
    return {"means_to_maturity": means, "repayment_cover": ratio(means, need)}


def _of_loan(seen: pd.DataFrame) -> dict[str, pd.Series]:
    unchecked = (seen["use_unchecked"] == 1) & (seen["months_on_book"] >= _LONG_UNCHECKED)
    again = seen["is_renewal"]
    return {
        "times_renewed": seen["extensions"].mask((again == 1) & seen["extensions"].isna(), 0) + again,
        "overdue_amount": seen["overdue_principal"] + seen["overdue_interest"],
        "use_doubtful": seen["use_ill"].mask(unchecked, 1),
        **_of_silence(seen),
    }


def _of_silence(seen: pd.DataFrame) -> dict[str, pd.Series]:
    """Where nobody says whether the loan is paid."""
    last_due, bank = seen["days_since_last_due"], seen["days_since_bank_payments"]
    is_silent = last_due.notna() & (bank.isna() | (bank > last_due))
    unscheduled = ~seen["has_schedule"] & (seen["days_to_maturity"] >= 0)
    return {
        "bank_silent": is_silent.astype("float64"),
        "repayment_unjudged": (is_silent | unscheduled).astype("float64"),
    }
