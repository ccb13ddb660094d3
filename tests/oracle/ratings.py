"""The rating of a household in plain Python, from the rows known of it: an independent second computation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from models.county_policy.sections import CountyPolicy
from tests.oracle.dues import LifeRules, LoanRows, loan_rows
from tests.oracle.household import household_size, newest_net_income
from tests.oracle.knowledge import Row, Tables, in_window
from tests.oracle.repayment import LOST, days_late_in_window, has_happened, is_closed, is_open, overdue_amount

LABOUR = {"full": Fraction(1), "part": Fraction(1, 2), "none": Fraction(0)}


def counted_loans(known: Tables, as_of: date, rules: LifeRules) -> list[LoanRows]:
    """Open loans; where there is none, those that ended in the last twelve months and those that were lost."""
    drawn = [loan_rows(known, loan) for loan in known["loans"] if loan["originated_on"] <= as_of]
    if any(is_open(rows, as_of, rules) for rows in drawn):
        return [rows for rows in drawn if is_open(rows, as_of, rules)]
    return [
        rows
        for rows in drawn
        if has_happened(rows, LOST, as_of)
        or ((ended_on := first_closed_on(rows, as_of, rules)) is not None and in_window(ended_on, as_of, 12))
    ]


def first_closed_on(rows: LoanRows, as_of: date, rules: LifeRules) -> date | None:
    """The first evening from which on it has been closed, of those on which something happened."""
    days = {row["paid_on"] for row in rows.payments} | {event["occurred_on"] for event in rows.events}
    evenings = sorted(day for day in days | set(rows.renewals) if day <= as_of)
    closed = [day for day in evenings if is_closed(rows, day, rules)]
    return closed[0] if closed else None


def newest(rows: list[Row], day: str) -> Row | None:
    return max(rows, key=lambda row: row[day]) if rows else None


def facts_of(known: Tables, delivered: set[str], as_of: date, rules: LifeRules) -> dict[str, Fraction | None]:
    """The facts of the ratings; known: the rows of the household alone, delivered: tables that the county has."""
    household = known["households"][0]["household_id"]
    people = [row for row in known["members"] if row["birth_date"] is None or row["birth_date"] <= as_of]
    people = [row for row in people if row["status"] in ("present", "working_away")]
    loans = counted_loans(known, as_of, rules)
    review = newest([row for row in known["village_reviews"] if row["reviewed_on"] <= as_of], "reviewed_on") or {}
    income, heads = newest_net_income(known, household), household_size(known, household)
    late = [days for rows in loans for days in days_late_in_window(rows, as_of, 12, rules)]
    yuan_overdue = sum((overdue_amount(rows, as_of, rules) for rows in loans), Fraction(0)) / 100
    return {
        "civility": fraction(review.get("civility_points")),
        "integrity": fraction(review.get("integrity_points")),
        "income": None if income is None or not heads else rounded(Fraction(income) / 100 / heads),
        "labour": share([LABOUR[row["labour"]] for row in people if row["labour"] is not None]),
        "education": share(
            [Fraction(row["education"] in ("senior", "tertiary")) for row in people if row["education"] is not None]
        ),
        "health": share([Fraction(row["health"] == "healthy") for row in people if row["health"] is not None]),
        "late_instalments": Fraction(sum(1 for days in late if days > 0)),
        "open_arrears": rounded(yuan_overdue),
        "diverted_use": diverted(known, loans, delivered),
        "default_elsewhere": listed(known, delivered, as_of),
    }


def fraction(value: float | None) -> Fraction | None:
    return None if value is None else Fraction(str(value))


def share(values: list[Fraction]) -> Fraction | None:
    return sum(values, Fraction(0)) / len(values) if values else None


def rounded(value: Fraction, digits: int = 2) -> Fraction:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return Fraction(exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))


def diverted(known: Tables, loans: list[LoanRows], delivered: set[str]) -> Fraction | None:
    """1 where a loan was found diverted after its last check that found the use right."""
    if "use_checks" not in delivered:
        return None
    found = Fraction(0)
    for rows in loans:
        checks = [row for row in known["use_checks"] if row["loan_id"] == rows.loan["loan_id"]]
        right = [row["checked_on"] for row in checks if row["finding"] in ("as_declared", "put_right")]
        wrong = [row["checked_on"] for row in checks if row["finding"] == "diverted"]
        if wrong and (not right or max(wrong) > max(right)):
            found = Fraction(1)
    return found


def listed(known: Tables, delivered: set[str], as_of: date) -> Fraction | None:
    if "credit_events" not in delivered:
        return None
    opened = [
        row
        for row in known["credit_events"]
        if row["kind"] in ("default_elsewhere", "court_enforcement") and row["occurred_on"] <= as_of
    ]
    return Fraction(any(row["closed_on"] is None or row["closed_on"] > as_of for row in opened))


def number(value: float) -> Fraction:
    """A number of the policy table, as it is written."""
    return Fraction(str(value))


def rating(facts: Mapping[str, Fraction | None], policy: CountyPolicy, table: str) -> dict[str, Any]:
    """Points, known share and grade by one rating."""
    [weights] = [each.weights.model_dump() for name, each in policy.ratings.items() if name == table]
    numbers = policy.points
    line = number(numbers.monitoring_line)
    none_at, full_at = number(numbers.income_none_at), number(numbers.income_full_at)
    earns: dict[str, Callable[[Fraction], Fraction]] = {
        "civility": lambda value: value / 100,
        "integrity": lambda value: value / 100,
        "income": lambda value: (value / line - none_at) / (full_at - none_at),
        "labour": lambda value: value / number(numbers.workers_full_at),
        "education": lambda value: value / number(numbers.schooled_full_at),
        "health": lambda value: value,
    }
    points, possible = Fraction(0), 0
    for item, weight in weights.items():
        value = facts[item]
        if weight and value is not None:
            points += rounded(min(max(earns[item](value), Fraction(0)), Fraction(1)) * weight)
            possible += weight
    unknown = Fraction(0)
    if facts["integrity"] is not None:
        whole = Fraction(weights["integrity"])
        takes: dict[str, Callable[[Fraction], Fraction]] = {
            "late_instalments": lambda late: min(late * number(numbers.late_instalment), number(numbers.late_at_most)),
            "open_arrears": lambda yuan: (yuan > 0) * number(numbers.open_arrears),
            "diverted_use": lambda used: used * number(numbers.diverted_use),
            "default_elsewhere": lambda default: (default > 0) * number(numbers.default_elsewhere),
        }
        most = {
            "late_instalments": numbers.late_at_most,
            "open_arrears": numbers.open_arrears,
            "diverted_use": numbers.diverted_use,
            "default_elsewhere": numbers.default_elsewhere,
        }
        rest = rounded(min(max(facts["integrity"] / 100, Fraction(0)), Fraction(1)) * whole)
        for name, share_taken in takes.items():
            value = facts[name]
            if value is None:
                unknown += number(most[name]) * whole
            else:
                taken = min(rounded(share_taken(value) * whole), rest)
                points, rest = points - taken, rest - taken
        unknown = min(unknown, whole)
    total = rounded(100 * points / possible) if possible else None
    known = (possible - unknown) / 100
    grades = next(each.grades for name, each in policy.ratings.items() if name == table)
    is_graded = total is not None and known >= number(numbers.least_known)
    grade = next((each.code for each in grades if total is not None and total >= number(each.from_points)), None)
    return {
        "points": None if total is None else float(total),
        "known": float(known),
        "grade": grade if is_graded else None,
    }
