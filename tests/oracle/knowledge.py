"""What the county knew on a day: each row in its newest known version; calendar months; money in fen."""

from calendar import monthrange
from datetime import date
from fractions import Fraction
from typing import Any

Row = dict[str, Any]
Tables = dict[str, list[Row]]

COLUMNS = {
    "households": "household_id village_code county_name township_name village_name household_type registered_on",
    "members": "member_id household_id relation sex birth_date education health labour status",
    "income_statements": "household_id period_start period_end wage_income business_income property_income"
    " transfer_income production_cost living_cost medical_cost education_cost",
    "assets": "household_id observed_on sheep_count cattle_count farmland_mu savings outside_debt",
    "loans": "loan_id household_id borrower_member_id bank product principal annual_rate originated_on"
    " matures_on repayment_method declared_use subsidy_share subsidy_manner renews_loan_id",
    "instalments": "loan_id schedule_no due_on principal_due interest_due",
    "payments": "payment_id loan_id paid_on principal_paid interest_paid payer",
    "loan_events": "loan_id occurred_on kind amount new_matures_on withdrawn",
    "use_checks": "loan_id checked_on finding",
    "credit_events": "event_id household_id occurred_on kind amount closed_on",
    "policies": "policy_id household_id kind insured_from insured_to sum_insured",
    "claims": "claim_id policy_id occurred_on claimed_amount paid_amount settled_on",
    "hardships": "event_id household_id member_id occurred_on cause loss_amount resolved_on",
    "village_reviews": "household_id reviewed_on integrity_points civility_points",
    "prices": "product month price",
}
KEYS = {
    "households": ("household_id",),
    "members": ("member_id",),
    "income_statements": ("household_id", "period_end"),
    "assets": ("household_id", "observed_on"),
    "loans": ("loan_id",),
    "instalments": ("loan_id", "schedule_no", "due_on"),
    "payments": ("payment_id",),
    "loan_events": ("loan_id", "kind", "occurred_on"),
    "use_checks": ("loan_id", "checked_on"),
    "credit_events": ("event_id",),
    "policies": ("policy_id",),
    "claims": ("claim_id",),
    "hardships": ("event_id",),
    "village_reviews": ("household_id", "reviewed_on"),
    "prices": ("product", "month"),
}


def rows_known(tables: Tables, table: str, known_by: date) -> list[Row]:
    """Every version known by the day; an instalment without a schedule_no is of schedule 1."""
    known = [dict(row) for row in tables.get(table, []) if row["known_on"] <= known_by]
    for row in known:
        if table == "instalments" and row["schedule_no"] is None:
            row["schedule_no"] = 1
    return known


def as_known(tables: Tables, known_by: date) -> Tables:
    """Every key once, in the newest version known by the day."""
    return {table: newest_versions(table, rows_known(tables, table, known_by)) for table in KEYS}


def newest_versions(table: str, rows: list[Row]) -> list[Row]:
    if table == "instalments":
        return newest_schedules(rows)
    newest: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        key = tuple(row[column] for column in KEYS[table])
        if key not in newest or row["known_on"] > newest[key]["known_on"]:
            newest[key] = row
    return [row for row in newest.values() if not is_withdrawn(row)]


def is_withdrawn(row: Row) -> bool:
    """Whether the row takes an event back: the event with this key never was."""
    return str(row.get("withdrawn")).lower() == "true"


def newest_schedules(rows: list[Row]) -> list[Row]:
    """Of each schedule the rows that became known last, together; what did not come again is gone.

    Each row also says in `first_known_on` when its schedule first became known.
    """
    first: dict[tuple[Any, ...], date] = {}
    last: dict[tuple[Any, ...], date] = {}
    for row in rows:
        schedule = (row["loan_id"], row["schedule_no"])
        first[schedule] = min(first.get(schedule, date.max), row["known_on"])
        last[schedule] = max(last.get(schedule, date.min), row["known_on"])
    rows = [row for row in rows if row["known_on"] == last[row["loan_id"], row["schedule_no"]]]
    return [row | {"first_known_on": first[row["loan_id"], row["schedule_no"]]} for row in rows]


def rows_of(known: Tables, table: str, column: str, value: str) -> list[Row]:
    return [row for row in known[table] if row[column] == value]


def fen(yuan: float | None) -> int:
    """Whole fen compare exactly; a missing amount counts as none."""
    return 0 if yuan is None else round(yuan * 100)


def yuan(amount_in_fen: float | Fraction) -> float:
    return float(amount_in_fen / 100)


def first_day_of_window(as_of: date, months: int) -> date:
    """The first day of the calendar months that end with as_of's month."""
    month = as_of.year * 12 + as_of.month - 1 - (months - 1)
    return date(month // 12, month % 12 + 1, 1)


def last_day_of_following_month(as_of: date, months: int) -> date:
    month = as_of.year * 12 + as_of.month - 1 + months
    year, month_of_year = month // 12, month % 12 + 1
    return date(year, month_of_year, monthrange(year, month_of_year)[1])


def in_window(day: date, as_of: date, months: int) -> bool:
    return first_day_of_window(as_of, months) <= day <= as_of


def whole_months_since(day: date, as_of: date) -> int:
    months = (as_of.year - day.year) * 12 + as_of.month - day.month
    return months - 1 if as_of.day < day.day else months
