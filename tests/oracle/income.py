"""The income per year of a household at as_of, by the days that its statements cover. `known`: as_known then.

A year has twelve months of thirty days: a statement covers a set of such days.
"""

from datetime import date, timedelta
from typing import NamedTuple

from tests.oracle.knowledge import Row, Tables, fen, rows_of

INCOMES = ("wage_income", "business_income", "property_income", "transfer_income")
LIVING = ("living_cost", "medical_cost", "education_cost")
YEAR, HALF_YEAR, NEARLY = 360, 180, 15


class YearOfIncome(NamedTuple):
    """What the year that ends with a statement brought, in fen; None where less than half of it is known."""

    period_end: date
    days: set[int]
    net: int | None
    cost: int | None

    @property
    def is_whole(self) -> bool:
        return is_year(len(self.days))

    @property
    def last_day(self) -> int:
        return numbered(self.period_end + timedelta(days=1)) - 1


def numbered(day: date) -> int:
    return day.year * 360 + day.month * 30 + day.day


def is_year(days: int) -> bool:
    return abs(days - YEAR) <= NEARLY


def days_of(statement: Row) -> set[int]:
    return set(range(numbered(statement["period_start"]), numbered(statement["period_end"] + timedelta(days=1))))


def half_up(amount: int, part: int, whole: int) -> int:
    return (2 * amount * part + whole) // (2 * whole)


def scaled(amount: int, days: int) -> int:
    return amount if is_year(days) else half_up(amount, YEAR, days)


def statements(known: Tables, household_id: str) -> list[Row]:
    """Newest first."""
    rows = rows_of(known, "income_statements", "household_id", household_id)
    return sorted(rows, key=lambda row: row["period_end"], reverse=True)


def combined(rows: list[Row]) -> YearOfIncome:
    """Of the first statement, and those before it that complete its year."""
    covered: set[int] = set()
    days = dict.fromkeys((INCOMES, LIVING), 0)
    sums = dict.fromkeys((*INCOMES, *LIVING, "production_cost"), 0)
    first_day = numbered(rows[0]["period_end"] + timedelta(days=1)) - YEAR
    for row in rows:
        if len(covered) >= YEAR - NEARLY or numbered(row["period_end"] + timedelta(days=1)) <= first_day:
            break
        own, length = len(days_of(row) - covered), len(days_of(row))
        for column in sums:
            sums[column] += half_up(fen(row[column]), own, length)
        for columns in days:
            days[columns] += own if any(row[column] is not None for column in columns) else 0
        covered |= days_of(row)
    net = cost = None
    if days[INCOMES] >= HALF_YEAR - NEARLY:
        gross = sum(scaled(sums[column], days[INCOMES]) for column in INCOMES)
        net = gross - scaled(sums["production_cost"], days[INCOMES])
    if days[LIVING] >= HALF_YEAR - NEARLY:
        cost = sum(scaled(sums[column], days[LIVING]) for column in LIVING)
    return YearOfIncome(rows[0]["period_end"], covered, net, cost)


def years_of_income(known: Tables, household_id: str) -> list[YearOfIncome]:
    """One for each statement, newest first."""
    rows = statements(known, household_id)
    if has_years_alone(rows):
        return [combined([row]) for row in rows]
    return [combined(rows[position:]) for position in range(len(rows))]


def has_years_alone(rows: list[Row]) -> bool:
    return all(is_year(len(days_of(row))) for row in rows)


def year_told(known: Tables, household_id: str) -> YearOfIncome | None:
    """The newest whole year, if it ended within a year of the newest statement; else what the newest one gives."""
    years = years_of_income(known, household_id)
    for year in years:
        if year.is_whole and year.last_day > years[0].last_day - YEAR:
            return year
    return years[0] if years else None


def year_before(known: Tables, household_id: str) -> YearOfIncome | None:
    """The whole year before the one told; of a part of a year, the same months of an earlier one."""
    years, told = years_of_income(known, household_id), year_told(known, household_id)
    if has_years_alone(statements(known, household_id)):
        return years[1] if len(years) > 1 else None
    assert told is not None
    for year in years:
        both_whole = year.is_whole and told.is_whole
        same_months = (told.last_day - year.last_day) % YEAR == 0 and abs(len(told.days) - len(year.days)) <= NEARLY
        if year.last_day < min(told.days) and (both_whole or same_months):
            return year
    return None
