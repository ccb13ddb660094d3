"""Corrections in a random ledger: the same key, known later, mostly with other content."""

from collections.abc import Callable
from datetime import date, timedelta

from tests.oracle.knowledge import Row
from tests.oracle.scribe import VILLAGES, Scribe

OFTEN = {"hardships": 0.4, "loan_events": 0.25}


def corrections(scribe: Scribe, table: str, row: Row) -> list[Row]:
    """Now and then the row again, known later: mostly with other content, at times with the same."""
    versions = []
    for share in (OFTEN.get(table, 0.1), 0.02 if table != "loan_events" else 0.2):
        if scribe.chance(share):
            known_on = row["known_on"] + timedelta(days=scribe.random.randint(1, 200))
            changed = {} if scribe.chance(0.1) else CHANGES[table](scribe, row)
            row = row | changed | {"known_on": known_on}
            versions.append(row)
    return versions


def schedules_delivered_again(scribe: Scribe, rows: list[Row]) -> list[Row]:
    """Now and then a whole schedule again, known later: with another sum, with fewer instalments, or as it was."""
    schedules: dict[tuple[str, int], list[Row]] = {}
    for row in rows:
        schedules.setdefault((row["loan_id"], row["schedule_no"]), []).append(row)
    again = []
    for schedule in schedules.values():
        while scribe.chance(0.2):
            known_on = schedule[0]["known_on"] + timedelta(days=scribe.random.randint(1, 200))
            schedule = [row | {"known_on": known_on} for row in schedule]
            if scribe.chance(0.4) and len(schedule) > 1:
                schedule = scribe.random.sample(schedule, k=scribe.random.randint(1, len(schedule) - 1))
            if scribe.chance(0.6):
                changed = scribe.random.randrange(len(schedule))
                schedule[changed] = schedule[changed] | changed_instalment(scribe, schedule[changed])
            again += schedule
    return again


def changed_village(scribe: Scribe, row: Row) -> Row:
    """Within the county: the ledger is kept by county."""
    county = row["village_code"][:6]
    return {"village_code": scribe.random.choice([village for village in VILLAGES if village[:6] == county])}


def households_near(scribe: Scribe, household_id: str) -> list[str]:
    """Those of its county, itself among them."""
    county = {row["household_id"]: row["village_code"][:6] for row in scribe.tables["households"]}
    return sorted(name for name, code in county.items() if code == county[household_id])


def another_household(scribe: Scribe, row: Row) -> Row:
    return {"household_id": scribe.random.choice(households_near(scribe, row["household_id"]))}


def another_loan(scribe: Scribe, row: Row) -> Row:
    """Of the county, and drawn by the day paid; else as it was."""
    borrower = {loan["loan_id"]: loan["household_id"] for loan in scribe.tables["loans"]}
    drawn = {loan for loan in borrower if drawn_on(scribe, loan) <= row["paid_on"]}
    near = households_near(scribe, borrower[row["loan_id"]])
    others = sorted(loan for loan, name in borrower.items() if name in near and loan in drawn)
    return {"loan_id": scribe.random.choice(others or [row["loan_id"]])}


def drawn_on(scribe: Scribe, loan_id: str) -> date:
    """The latest day any version of the loan gives."""
    days: list[date] = [loan["originated_on"] for loan in scribe.tables["loans"] if loan["loan_id"] == loan_id]
    return max(days)


def changed_member(scribe: Scribe, row: Row) -> Row:
    if scribe.chance(0.3):
        return another_household(scribe, row)
    return {"status": scribe.random.choice(("present", "working_away", "left", "deceased"))}


def changed_statement(scribe: Scribe, _row: Row) -> Row:
    column = scribe.random.choice(("wage_income", "business_income", "production_cost", "living_cost"))
    return {column: scribe.maybe(scribe.money(40000))}


def changed_assets(scribe: Scribe, _row: Row) -> Row:
    return {
        "outside_debt": scribe.maybe(scribe.money(30000), 0.7),
        "savings": scribe.maybe(scribe.money(5000)),
        "sheep_count": scribe.random.randint(0, 40),
    }


def changed_loan(scribe: Scribe, row: Row) -> Row:
    if scribe.chance(0.5):
        return {"principal": round(row["principal"] + scribe.random.choice((-500.0, 0.01, 1000.0)), 2)}
    days = timedelta(days=scribe.random.randint(1, 20))
    return {"originated_on": row["originated_on"] - days, "matures_on": row["matures_on"] + days}


def changed_instalment(scribe: Scribe, row: Row) -> Row:
    column = scribe.random.choice(("principal_due", "interest_due"))
    return {column: round(row[column] * scribe.random.choice((0, 0.5, 0.99, 1.2)), 2)}


def changed_payment(scribe: Scribe, row: Row) -> Row:
    """Never before drawdown: such a payment is set aside when it is loaded."""
    more_interest = round(row["interest_paid"] + 0.01, 2)
    earlier = row["paid_on"] - timedelta(days=scribe.random.randint(1, 40))
    other_payer = "subsidy" if row["payer"] == "borrower" and row["principal_paid"] == 0 else "borrower"
    return scribe.random.choice(
        (
            {"paid_on": max(earlier, min(drawn_on(scribe, row["loan_id"]), row["paid_on"]))},
            {"principal_paid": round(row["principal_paid"] * 0.5, 2), "interest_paid": more_interest},
            {"principal_paid": 0.0, "interest_paid": 0.0},
            {"payer": other_payer},
            another_loan(scribe, row),
        )
    )


def changed_event(scribe: Scribe, row: Row) -> Row:
    """Taken back, or reported again after that, or with another content."""
    if row["withdrawn"]:
        return {"withdrawn": None}
    if scribe.chance(0.5):
        return {"withdrawn": "true"}
    if row["new_matures_on"] is None:
        return {"amount": scribe.money(20000)}
    later = row["new_matures_on"] + timedelta(days=scribe.random.randint(1, 90))
    return {"new_matures_on": scribe.maybe(later, 0.7)}


def changed_policy(scribe: Scribe, row: Row) -> Row:
    if scribe.chance(0.3):
        return another_household(scribe, row)
    return {
        "insured_to": row["insured_from"] + timedelta(days=60),
        "kind": scribe.random.choice(("crop", "other")),
    }


def changed_hardship(scribe: Scribe, row: Row) -> Row:
    if scribe.chance(0.2):
        return another_household(scribe, row)
    return {
        "resolved_on": scribe.maybe(scribe.day(row["occurred_on"], row["known_on"]), 0.8),
        "loss_amount": scribe.money(10000),
    }


CHANGES: dict[str, Callable[[Scribe, Row], Row]] = {
    "households": changed_village,
    "members": changed_member,
    "income_statements": changed_statement,
    "assets": changed_assets,
    "loans": changed_loan,
    "payments": changed_payment,
    "loan_events": changed_event,
    "use_checks": lambda _scribe, _row: {"finding": "put_right"},
    "credit_events": lambda _scribe, row: {"closed_on": row["known_on"]},
    "policies": changed_policy,
    "claims": lambda scribe, row: {"paid_amount": scribe.money(5000), "settled_on": row["known_on"]},
    "hardships": changed_hardship,
    "village_reviews": lambda scribe, _row: {"integrity_points": scribe.random.randint(0, 100)},
    "prices": lambda _scribe, row: {"price": round(row["price"] * 1.1, 2)},
}
