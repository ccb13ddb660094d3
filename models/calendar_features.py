"""Features that drift with the calendar or the length of the history even where the population is unchanged."""

from __future__ import annotations

BY_CALENDAR = (
    *("maturity_month", "days_to_next_due", "due_next_3m", "due_next_6m", "principal_share_next_5m"),
    *("statement_age_months", "assets_age_months", "review_age_months", "use_check_age_months", "hardship_age_months"),
    *("household_months_registered", "household_months_known"),
    *("statements_ever", "household_loans_ever", "household_instalments_ever"),
    *("declared_price_change", "product_bad_share", "township_bad_share", "village_overdue_share"),
)
"""Due dates, ages, counts since the first record, and values that a whole month and area share.

Their drift from the training population is shown, but no warning and no gate depends on it.
"""
