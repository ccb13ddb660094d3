"""The referee: contract section 2 in plain loops, slow and obvious, to judge the fast implementation."""

from datetime import date

from tests.oracle.dues import LifeRules, LoanRows, loan_rows
from tests.oracle.household import household_features
from tests.oracle.knowledge import Tables, as_known, last_day_of_following_month, rows_of
from tests.oracle.lives import all_data, life, next_bad_on, whole_life
from tests.oracle.repayment import loans_open, repayment_features

__all__ = ["Tables", "bad_on", "cohort", "features", "label", "open_loans"]

RULES = LifeRules()


def open_loans(tables: Tables, as_of: date, rules: LifeRules = RULES) -> list[str]:
    return [loan["loan_id"] for loan in loans_open(as_known(tables, as_of), as_of, rules)]


def features(tables: Tables, as_of: date, rules: LifeRules = RULES) -> dict[str, dict[str, float | None]]:
    """Every feature of section 2 for every open loan; None is missing."""
    known = as_known(tables, as_of)
    return {
        loan["loan_id"]: repayment_features(loan_rows(known, loan), as_of, rules)
        | household_features(known, loan, as_of, rules)
        for loan in loans_open(known, as_of, rules)
    }


def loan_known(tables: Tables, loan_id: str, known_by: date) -> LoanRows | None:
    known = as_known(tables, known_by)
    for loan in rows_of(known, "loans", "loan_id", loan_id):
        return loan_rows(known, loan)
    return None


def bad_on(tables: Tables, loan_id: str, bad_after_days: int, known_by: date | None) -> date | None:
    """The first day of its first spell; known_by None: by all data."""
    rules = LifeRules(bad_after_days=bad_after_days)
    rows = loan_known(tables, loan_id, known_by or date.max)
    if rows is None:
        return None
    spells = whole_life(rows, rules).spells if known_by is None else life(rows, known_by, rules).spells
    return spells[0].bad_on if spells else None


def cohort(tables: Tables, as_of: date, bad_after_days: int) -> list[str]:
    """Open loans that, by what was known at as_of, are not bad: performing and on probation."""
    rules, known = LifeRules(bad_after_days=bad_after_days), as_known(tables, as_of)
    loans = loans_open(known, as_of, rules)
    return [loan["loan_id"] for loan in loans if life(loan_rows(known, loan), as_of, rules).status != "bad"]


def label(tables: Tables, loan_id: str, as_of: date, horizon_months: int, bad_after_days: int) -> bool | None:
    """Whether it goes bad after as_of, to the end of the horizon; None: by all data it is bad at as_of, left out."""
    rules, rows = LifeRules(bad_after_days=bad_after_days), all_data(tables, loan_id)
    if life(rows, as_of, rules).status == "bad":
        return None
    day = next_bad_on(rows, as_of, rules)
    return day is not None and day <= last_day_of_following_month(as_of, horizon_months)
