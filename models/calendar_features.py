"""Features that move with the calendar or grow with the history, in a population that stays as it is."""

from __future__ import annotations

BY_CALENDAR = (
    *("maturity_month", "days_to_next_due", "due_next_3m", "due_next_6m", "principal_share_next_5m"),
    *("statement_age_months", "assets_age_months", "review_age_months", "use_check_age_months", "hardship_age_months"),
    *("household_months_registered", "household_months_known"),
    *("statements_ever", "household_loans_ever", "household_instalments_ever"),
    *("declared_price_change", "product_bad_share", "township_bad_share", "village_overdue_share"),
)
"""Due dates, ages and counts since ever; and what has one value for a whole month and place.

Their distance from the fit fold is shown, never warned of, and a gate does not count it.
"""
