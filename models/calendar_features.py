"""Features that move where the population does not: with the month, the records, the market and published notices."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

BY_MONTH = (
    *("maturity_month", "days_to_maturity", "months_on_book", "principal_share_next_5m"),
    *("statement_age_months", "assets_age_months", "review_age_months", "use_check_age_months"),
)
"""Due dates and ages, which turn with the year: the monitor compares them with the same calendar month of the fit."""
BY_RECORDS = (
    *("statements_ever", "household_loans_ever", "household_instalments_ever", "income_swing_60m"),
    *("principal_to_largest", "household_late_share", "household_days_late_mean", "household_days_before_due_mean"),
)
"""Counts and shares over all records, which grow.

The monitor compares them with the months before, not with the fit.
"""
LEFT_OUT = (
    "days_to_next_due",
    *("declared_price_change", "product_bad_share", "township_bad_share", "village_overdue_share"),
    *("household_months_registered", "household_months_known", "hardship_age_months", "months_since_arrears"),
)
"""Values that a whole month, product or area shares, and ages since one day: they change for all at once.

The days to the next due are those to a day of the quarter, and one more in a leap year. The monitor shows these
features and never warns of them.
"""
BY_NOTICE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "annual_rate": (),
        "due_next_3m": (),
        "due_next_6m": (),
        "principal": ("limit",),
        "outstanding_principal": ("limit",),
        "household_outstanding": ("limit",),
        "household_due_to_maturity": ("limit",),
        "household_debt": ("limit",),
        "term_days": ("longest_months",),
    }
)
"""Features that notices move, with the numbers of the policy's section `lending` that they depend on; none where the
notice, such as the published rate of the month, is not in the policy table."""
BY_CALENDAR = (*BY_MONTH, *BY_RECORDS, *LEFT_OUT, "due_next_3m", "due_next_6m")
"""Features that the gate leaves out of its count of drifted features."""
