"""Random ledgers that obey the contract's tables and little else: late news, corrections, absent tables."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.oracle.knowledge import Tables, last_day_of_following_month
from tests.oracle.random_corrections import corrections, schedules_delivered_again
from tests.oracle.random_loans import write_loan
from tests.oracle.scribe import LAST_DAY, REQUIRED, VILLAGES, Scribe


def random_ledger(seed: int, households: int = 12) -> Tables:
    """The same seed gives the same ledger; a table no county delivers is not in it."""
    scribe = Scribe(seed)
    for number in range(1, households + 1):
        write_household(scribe, f"H{number:03}")
    write_prices(scribe)
    for table, rows in scribe.tables.items():
        if table == "instalments":
            rows += schedules_delivered_again(scribe, rows)
        else:
            rows += [version for row in rows for version in corrections(scribe, table, row)]
        scribe.random.shuffle(rows)
    return {table: rows for table, rows in scribe.tables.items() if rows or table in REQUIRED}


def write_household(scribe: Scribe, household_id: str) -> None:
    village = scribe.random.choices(VILLAGES, weights=(5, 1, 2, 3, 1))[0]
    kinds = ("lifted_out", "unstable", "marginal", "sudden_hardship", "ordinary")
    kind = scribe.maybe(scribe.random.choice(kinds))
    known_on = scribe.day(date(2022, 11, 1), date(2022, 12, 31))
    named = {"county_name": "县" + village[:6], "township_name": None, "village_name": "村" + village[9:]}
    registered_on = scribe.maybe(date(2020, 5, 1))
    scribe.write(
        "households",
        village[:6],
        known_on,
        household_id=household_id,
        village_code=village,
        household_type=kind,
        registered_on=registered_on,
        **named,
    )
    for write in WRITERS:
        write(scribe, village[:6], household_id)
    for number in range(scribe.random.choice((0, 1, 1, 2, 2, 3, 4))):
        write_loan(scribe, village[:6], household_id, f"L{household_id[1:]}{number}")


def write_members(scribe: Scribe, county: str, household_id: str) -> None:
    for number in range(scribe.random.choice((0, 1, 2, 3, 4, 5))):
        known_on = date(2022, 12, 1) if scribe.chance(0.7) else scribe.day(date(2023, 1, 1), LAST_DAY)
        status = scribe.random.choice(("present", "present", "working_away", "left", "deceased", None))
        relation = "head" if number == 0 else scribe.random.choice(("spouse", "child", "parent", "other"))
        scribe.write(
            "members",
            county,
            known_on,
            member_id=f"M{household_id[1:]}{number}",
            household_id=household_id,
            relation=relation,
            sex=scribe.maybe(scribe.random.choice("FM")),
            status=status,
            birth_date=scribe.maybe(scribe.day(date(1950, 1, 1), date(2015, 1, 1))),
            education=scribe.maybe("junior"),
            health=scribe.maybe("healthy"),
            labour=scribe.maybe("full"),
        )


def write_statements(scribe: Scribe, county: str, household_id: str) -> None:
    for year in scribe.random.sample((2022, 2023, 2024, 2025), k=scribe.random.choice((0, 1, 2, 2, 3))):
        filled = 0 if scribe.chance(0.08) else 0.8
        amounts: dict[str, Any] = {
            "wage_income": scribe.maybe(scribe.money(30000), filled),
            "business_income": scribe.maybe(scribe.money(25000), filled),
            "property_income": scribe.maybe(scribe.money(1000), filled),
            "transfer_income": scribe.maybe(scribe.money(5000), filled),
            "production_cost": scribe.maybe(scribe.money(60000 if scribe.chance(0.2) else 15000)),
            "living_cost": scribe.maybe(scribe.money(12000)),
            "medical_cost": scribe.maybe(scribe.money(6000)),
            "education_cost": scribe.maybe(scribe.money(6000)),
        }
        ends = date(year, *scribe.random.choice(((9, 30), (12, 31), (12, 31))))
        period = {"household_id": household_id, "period_start": ends - timedelta(days=364), "period_end": ends}
        scribe.write("income_statements", county, scribe.heard(ends), **period, **amounts)
    write_parts_of_years(scribe, county, household_id)


def write_parts_of_years(scribe: Scribe, county: str, household_id: str) -> None:
    """Statements of months, quarters, half years or any days for some households, with gaps, beside whole years.

    They are drawn apart, so that whatever else is drawn does not depend on them. No two end on one day.
    """
    chance = Random(f"{household_id} {len(scribe.tables['income_statements'])}")
    length = chance.choice((0, 0, 1, 1, 3, 6, 24, 5))
    taken = {row["period_end"] for row in scribe.tables["income_statements"] if row["household_id"] == household_id}
    first = date(2022, chance.choice((1, 1, 7)), 1)
    for months in range(0, 48, length) if length else ():
        start = last_day_of_following_month(first, months - 1) + timedelta(days=1)
        end = last_day_of_following_month(start, length - 1)
        if length == 5:
            start, end = start - timedelta(days=chance.randint(0, 60)), end - timedelta(days=chance.randint(0, 40))
        if end in taken or chance.random() < 0.2:
            continue
        filled = chance.random() < 0.9
        scribe.write(
            "income_statements",
            county,
            end + timedelta(days=chance.choice((0, 3, 40))),
            household_id=household_id,
            period_start=start,
            period_end=end,
            wage_income=round(chance.uniform(0, 2000 * length), 2) if filled else None,
            production_cost=float(chance.randint(0, 300)),
            living_cost=round(chance.uniform(0, 900 * length), 2) if chance.random() < 0.9 else None,
        )


def write_assets(scribe: Scribe, county: str, household_id: str) -> None:
    first = scribe.day(date(2022, 12, 1), date(2023, 6, 30))
    for number in range(scribe.random.choice((0, 1, 1, 2, 3))):
        observed_on = first + timedelta(days=number * scribe.random.randint(200, 300) + number)
        scribe.write(
            "assets",
            county,
            scribe.heard(observed_on),
            household_id=household_id,
            observed_on=observed_on,
            sheep_count=scribe.maybe(scribe.random.randint(0, 40)),
            cattle_count=scribe.maybe(scribe.random.randint(0, 4)),
            farmland_mu=scribe.maybe(12.5),
            savings=scribe.maybe(scribe.money(8000)),
            outside_debt=scribe.maybe(scribe.money(20000), 0.6),
        )


def write_policies(scribe: Scribe, county: str, household_id: str) -> None:
    kinds = ("accident", "serious_illness", "sheep_income", "sheep_income", "daylily_price", "crop", "other")
    for number in range(scribe.random.choice((0, 1, 2, 3, 4))):
        policy_id, begins = f"P{household_id[1:]}{number}", scribe.day(date(2022, 6, 1), LAST_DAY)
        ends = begins + timedelta(days=scribe.random.choice((90, 364, 364)))
        known_on = scribe.heard(begins) - timedelta(days=scribe.random.choice((0, 0, 30)))
        scribe.write(
            "policies",
            county,
            known_on,
            policy_id=policy_id,
            household_id=household_id,
            kind=scribe.random.choice(kinds),
            insured_from=begins,
            insured_to=ends,
            sum_insured=scribe.maybe(scribe.money(50000)),
        )
        if scribe.chance(0.3) and ("policies", county) not in scribe.silent:
            happened = scribe.day(begins, ends)
            known_on = scribe.heard(max(happened, known_on))
            scribe.write(
                "claims",
                county,
                known_on,
                claim_id="C" + policy_id,
                policy_id=policy_id,
                occurred_on=happened,
                claimed_amount=scribe.maybe(scribe.money(9000)),
            )


def write_hardships(scribe: Scribe, county: str, household_id: str) -> None:
    causes = (
        "illness",
        "disability",
        "death",
        "disaster",
        "unemployment",
        "price_collapse",
        "schooling",
        "other",
    )
    for number in range(scribe.random.choice((0, 0, 1, 2, 3))):
        happened = scribe.day(date(2023, 1, 1), LAST_DAY)
        resolved = happened + timedelta(days=scribe.random.randint(0, 300)) if scribe.chance(0.3) else None
        known_on = scribe.heard(resolved or happened)
        scribe.write(
            "hardships",
            county,
            known_on,
            event_id=f"E{household_id[1:]}{number}",
            household_id=household_id,
            member_id=scribe.maybe(f"M{household_id[1:]}0", 0.5),
            occurred_on=happened,
            cause=scribe.random.choice(causes),
            resolved_on=resolved,
            loss_amount=scribe.maybe(scribe.money(30000)),
        )


def write_reviews(scribe: Scribe, county: str, household_id: str) -> None:
    for month in scribe.random.sample(range(36), k=scribe.random.choice((0, 1, 3))):
        reviewed_on = last_day_of_following_month(date(2023, 1, 31), month)
        scribe.write(
            "village_reviews",
            county,
            scribe.heard(reviewed_on),
            household_id=household_id,
            reviewed_on=reviewed_on,
            integrity_points=scribe.random.randint(0, 100),
            civility_points=scribe.random.randint(0, 100),
        )


def write_credit_events(scribe: Scribe, county: str, household_id: str) -> None:
    kinds = (
        "overdue_elsewhere",
        "default_elsewhere",
        "court_enforcement",
        "new_debt",
        "guarantee_called",
        "inquiry",
    )
    for number in range(scribe.random.choice((0, 0, 0, 1, 2))):
        happened = scribe.day(date(2023, 1, 1), LAST_DAY)
        scribe.write(
            "credit_events",
            county,
            scribe.heard(happened),
            event_id=f"X{household_id[1:]}{number}",
            household_id=household_id,
            occurred_on=happened,
            kind=scribe.random.choice(kinds),
            amount=scribe.maybe(scribe.money(20000)),
        )


def write_prices(scribe: Scribe) -> None:
    for product, usual in (("sheep", 900.0), ("cattle", 9000.0), ("daylily", 40.0)):
        months = sorted(scribe.random.sample(range(36), k=scribe.random.choice((0, 4, 12))))
        for month in months:
            first = last_day_of_following_month(date(2023, 1, 31), month).replace(day=1)
            price = round(usual * scribe.random.uniform(0.6, 1.3), 2)
            scribe.write("prices", "any", scribe.heard(first), product=product, month=first, price=price)


WRITERS = (
    write_members,
    write_statements,
    write_assets,
    write_policies,
    write_hardships,
    write_reviews,
    write_credit_events,
)
