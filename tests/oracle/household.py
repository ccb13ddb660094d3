"""The household and village behind a loan at as_of: income, debt, hardship, cover. `known`: as_known then."""

from datetime import date
from fractions import Fraction

from tests.oracle.dues import LifeRules, loan_rows, outstanding
from tests.oracle.income import year_before, year_told
from tests.oracle.knowledge import Row, Tables, fen, in_window, rows_of, whole_months_since, yuan
from tests.oracle.repayment import due_between, loan_until, loans_open, overdue_amount

INDUSTRY = ("sheep_income", "daylily_price", "crop")


def village_of(known: Tables, household_id: str) -> str | None:
    for household in rows_of(known, "households", "household_id", household_id):
        return str(household["village_code"])
    return None


def county_of(known: Tables, household_id: str) -> str | None:
    village = village_of(known, household_id)
    return None if village is None else village[:6]


def county_delivers(known: Tables, table: str, household_id: str) -> bool:
    """Whether anything of the table is known of the household or in its county; else its features are missing."""
    if rows_of(known, table, "household_id", household_id):
        return True
    county = county_of(known, household_id)
    counties = [county_of(known, row["household_id"]) for row in known[table]]
    return county is not None and county in counties


def household_size(known: Tables, household_id: str) -> int | None:
    if not county_delivers(known, "members", household_id):
        return None
    members = rows_of(known, "members", "household_id", household_id)
    return sum(1 for member in members if member["status"] in ("present", "working_away"))


def newest_net_income(known: Tables, household_id: str) -> int | None:
    year = year_told(known, household_id)
    return None if year is None else year.net


def income_per_head(known: Tables, household_id: str) -> float | None:
    income, heads = newest_net_income(known, household_id), household_size(known, household_id)
    return None if income is None or not heads else yuan(income / heads)


def income_change(known: Tables, household_id: str) -> float | None:
    told, before = year_told(known, household_id), year_before(known, household_id)
    if told is None or told.net is None or before is None or before.net is None or before.net <= 0:
        return None
    return told.net / before.net - 1


def statement_age_months(known: Tables, household_id: str, as_of: date) -> int | None:
    year = year_told(known, household_id)
    return None if year is None else whole_months_since(year.period_end, as_of)


def newest_assets(known: Tables, household_id: str) -> Row | None:
    rows = rows_of(known, "assets", "household_id", household_id)
    return max(rows, key=lambda row: row["observed_on"]) if rows else None


def household_loans(known: Tables, household_id: str, as_of: date, rules: LifeRules) -> list[Row]:
    return [loan for loan in loans_open(known, as_of, rules) if loan["household_id"] == household_id]


def outstanding_principal(known: Tables, loan: Row, as_of: date) -> int:
    return outstanding(loan_rows(known, loan), as_of)


def household_debt(known: Tables, household_id: str, as_of: date, rules: LifeRules) -> int:
    loans, assets = household_loans(known, household_id, as_of, rules), newest_assets(known, household_id)
    outside_debt = 0 if assets is None else fen(assets["outside_debt"])
    return sum(outstanding_principal(known, loan, as_of) for loan in loans) + outside_debt


def debt_to_income(known: Tables, household_id: str, as_of: date, rules: LifeRules) -> float | None:
    income = newest_net_income(known, household_id)
    if income is None or income <= 0:
        return None
    return household_debt(known, household_id, as_of, rules) / income


def newest_price(known: Tables, product: str, as_of: date) -> int:
    rows = [row for row in rows_of(known, "prices", "product", product) if row["month"] <= as_of]
    return fen(max(rows, key=lambda row: row["month"])["price"]) if rows else 0


def savings_and_herd(known: Tables, household_id: str, as_of: date) -> float:
    assets = newest_assets(known, household_id)
    if assets is None:
        return 0
    sheep = (assets["sheep_count"] or 0) * newest_price(known, "sheep", as_of)
    cattle = (assets["cattle_count"] or 0) * newest_price(known, "cattle", as_of)
    return float(fen(assets["savings"]) + sheep + cattle)


def left_to_repay_with(known: Tables, household_id: str) -> int | None:
    """A year's net income less the cost of living, not below 0."""
    year = year_told(known, household_id)
    return None if year is None or year.net is None else max(year.net - (year.cost or 0), 0)


def repayment_cover(known: Tables, loan: Row, as_of: date, rules: LifeRules) -> float | None:
    until, household_id = loan_until(loan_rows(known, loan), as_of), loan["household_id"]
    yearly = left_to_repay_with(known, household_id)
    need = Fraction(0)
    for other in household_loans(known, household_id, as_of, rules):
        rows = loan_rows(known, other)
        need += overdue_amount(rows, as_of, rules) + due_between(rows, as_of, until, rules)
    if yearly is None or need <= 0:
        return None
    means = yearly * (until - as_of).days / 365 + savings_and_herd(known, household_id, as_of)
    return means / float(need)


def hardships_12m(known: Tables, household_id: str, as_of: date) -> int | None:
    if not county_delivers(known, "hardships", household_id):
        return None
    hardships = rows_of(known, "hardships", "household_id", household_id)
    return sum(1 for hardship in hardships if in_window(hardship["occurred_on"], as_of, 12))


def unresolved_hardship(known: Tables, household_id: str, as_of: date) -> int | None:
    if not county_delivers(known, "hardships", household_id):
        return None
    for hardship in rows_of(known, "hardships", "household_id", household_id):
        unresolved = hardship["resolved_on"] is None or hardship["resolved_on"] > as_of
        if hardship["occurred_on"] <= as_of and unresolved:
            return 1
    return 0


def insured_industry(known: Tables, household_id: str, as_of: date) -> int | None:
    if not county_delivers(known, "policies", household_id):
        return None
    for policy in rows_of(known, "policies", "household_id", household_id):
        if policy["kind"] in INDUSTRY and policy["insured_from"] <= as_of <= policy["insured_to"]:
            return 1
    return 0


def village_overdue_share(known: Tables, loan: Row, as_of: date, rules: LifeRules) -> float | None:
    village = village_of(known, loan["household_id"])
    neighbours = [
        other for other in loans_open(known, as_of, rules) if village_of(known, other["household_id"]) == village
    ]
    others = [other for other in neighbours if other["loan_id"] != loan["loan_id"]]
    if village is None or len(others) < 5:
        return None
    arrears = [other for other in others if overdue_amount(loan_rows(known, other), as_of, rules) > 0]
    total = sum(outstanding_principal(known, other, as_of) for other in others)
    return sum(outstanding_principal(known, other, as_of) for other in arrears) / total


def household_features(known: Tables, loan: Row, as_of: date, rules: LifeRules) -> dict[str, float | None]:
    household_id = loan["household_id"]
    return {
        "household_size": household_size(known, household_id),
        "income_per_head": income_per_head(known, household_id),
        "income_change": income_change(known, household_id),
        "statement_age_months": statement_age_months(known, household_id, as_of),
        "household_debt": yuan(household_debt(known, household_id, as_of, rules)),
        "debt_to_income": debt_to_income(known, household_id, as_of, rules),
        "repayment_cover": repayment_cover(known, loan, as_of, rules),
        "hardships_12m": hardships_12m(known, household_id, as_of),
        "unresolved_hardship": unresolved_hardship(known, household_id, as_of),
        "insured_industry": insured_industry(known, household_id, as_of),
        "village_overdue_share": village_overdue_share(known, loan, as_of, rules),
    }
