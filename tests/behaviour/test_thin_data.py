"""Thin and odd data: what nobody delivered is missing and stays missing; nothing breaks."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from features.catalog import OUTPUT_FEATURES
from features.compute import IDENTITY, features_at
from features.contract.tables import REQUIRED_TABLES, TABLES
from tests.behaviour.test_oracle import rows_of
from tests.features.one_loan import AS_OF, OPTIONAL, instalment, loan, one_loan, statement
from tests.oracle.knowledge import Tables
from tests.oracle.random_ledger import random_ledger


def full_ledger() -> Tables:
    """A ledger with rows of every table, known early, in each county."""
    for seed in range(200):
        tables = random_ledger(seed, 30)
        if set(tables) == set(TABLES):
            return tables
    raise AssertionError("no seed has all tables")


@pytest.mark.parametrize("table", OPTIONAL)
def test_a_table_nobody_delivered_leaves_its_features_missing(table: str) -> None:
    tables = {name: rows for name, rows in full_ledger().items() if name != table}
    frame = features_at(AS_OF, rows_of(tables))
    own = [f.name for f in OUTPUT_FEATURES if f.source and table in f.source.tables] or ["declared_price"]
    assert frame.height
    assert frame.select(pl.col(own).null_count()).row(0) == (frame.height,) * len(own)


@pytest.mark.parametrize("table", OPTIONAL)
def test_an_empty_table_is_a_table_nobody_delivered(table: str) -> None:
    tables = full_ledger()
    absent = features_at(AS_OF, rows_of({name: rows for name, rows in tables.items() if name != table}))
    empty = features_at(AS_OF, rows_of({**tables, table: []}))
    assert empty.equals(absent)


def test_four_tables_are_enough_and_the_rest_is_said_to_be_missing() -> None:
    tables = {name: rows for name, rows in full_ledger().items() if name in REQUIRED_TABLES}
    frame = features_at(AS_OF, rows_of(tables))
    assert frame["days_past_due"].null_count() == 0
    assert frame["hardships_12m"].null_count() == frame.height
    assert frame["household_debt"].null_count() == 0


def test_a_county_without_a_table_is_missing_it_while_its_neighbour_is_not() -> None:
    tables = full_ledger()
    county = {row["household_id"]: row["village_code"][:6] for row in tables["households"]}
    first = sorted(set(county.values()))[0]
    kept = [row for row in tables["hardships"] if county[row["household_id"]] != first]
    frame = features_at(AS_OF, rows_of({**tables, "hardships": kept}))
    without = frame.filter(pl.col("county_code") == first)
    assert without["hardships_12m"].null_count() == without.height > 0
    assert frame.filter(pl.col("county_code") != first)["hardships_12m"].null_count() == 0


def test_a_county_of_twenty_thousand_loans_in_memory_is_computed_like_a_small_one() -> None:
    homes = [f"H{number}" for number in range(20_000)]
    rows = one_loan(
        households=[{"household_id": home, "village_code": "640323100001"} for home in homes],
        loans=[loan(home, household_id=home) for home in homes],
        instalments=[instalment(home) for home in homes],
    )
    frame = features_at(AS_OF, rows)
    assert frame.height == frame.filter(pl.col("principal") == 10_000, pl.col("days_past_due") == 0).height == 20_000


def test_a_household_without_members_has_no_income_per_head() -> None:
    neighbour = {"member_id": "M9", "household_id": "H9", "status": "present"}
    rows = one_loan(
        households=[
            {"household_id": "H1", "village_code": "640323100001"},
            {"household_id": "H9", "village_code": "640323100001"},
        ],
        members=[neighbour],
        income_statements=[statement(wage_income=20_000.0)],
    )
    row = features_at(AS_OF, rows).row(0, named=True)
    assert (row["household_size"], row["income_per_head"]) == (0, None)


def test_a_loss_is_an_income_below_zero_and_gives_no_cover_beyond_savings() -> None:
    rows = one_loan(
        income_statements=[statement(business_income=5_000.0, production_cost=9_000.0)],
        assets=[{"household_id": "H1", "observed_on": date(2024, 2, 1), "savings": 5_172.5}],
    )
    row = features_at(AS_OF, rows).row(0, named=True)
    assert (row["net_income"], row["debt_to_income"]) == (-4_000.0, None)
    assert row["repayment_cover"] == pytest.approx(0.5)


def test_a_statement_with_no_income_in_it_is_no_income() -> None:
    row = features_at(AS_OF, one_loan(income_statements=[statement(living_cost=900.0)])).row(0, named=True)
    assert (row["net_income"], row["repayment_cover"], row["statement_age_months"]) == (None, None, 8)


def test_costs_nobody_wrote_down_are_missing_and_leave_the_cover_as_the_contract_has_it() -> None:
    row = features_at(AS_OF, one_loan(income_statements=[statement(wage_income=9_000.0)])).row(0, named=True)
    assert [row[name] for name in ("household_cost", "yearly_surplus", "cost_to_income")] == [None] * 3
    assert row["repayment_cover"] == pytest.approx(9_000 * row["days_to_maturity"] / 365 / 10_345)


@pytest.mark.parametrize(
    ("counted", "priced", "worth"),
    [
        ({"sheep_count": 3, "cattle_count": 0}, ("sheep", "cattle"), 3 * 500.0),
        ({"sheep_count": 3, "cattle_count": 2}, ("sheep",), 3 * 500.0),
        ({"sheep_count": 3}, ("cattle",), None),
        ({"sheep_count": 3, "cattle_count": 2}, (), None),
        ({}, ("sheep", "cattle"), None),
        ({"sheep_count": 0}, ("sheep",), 0.0),
    ],
)
def test_a_herd_that_was_not_counted_or_has_no_price_has_no_worth(
    counted: dict[str, float], priced: tuple[str, ...], worth: float | None
) -> None:
    observed = {"household_id": "H1", "observed_on": date(2024, 2, 1), **counted}
    prices = [{"product": animal, "month": date(2024, 3, 1), "price": 500.0} for animal in priced]
    row = features_at(AS_OF, one_loan(assets=[observed], prices=prices)).row(0, named=True)
    assert row["herd_value"] == worth


def test_thirty_loans_of_one_household_are_counted_once_each() -> None:
    names = [f"L{number}" for number in range(30)]
    rows = one_loan(loans=[loan(name) for name in names], instalments=[instalment(name) for name in names])
    frame = features_at(AS_OF, rows)
    assert frame["household_open_loans"].to_list() == [30] * 30
    assert frame["household_debt"].to_list() == [300_000.0] * 30


def test_a_loan_repaid_on_its_first_day_is_open_on_no_evening() -> None:
    paid = {"payment_id": "P1", "loan_id": "L1", "paid_on": date(2024, 3, 1), "principal_paid": 10_000.0}
    rows = one_loan(payments=[{**paid, "interest_paid": 0.0}])
    assert features_at(AS_OF, rows).is_empty()


def test_a_loan_is_there_even_while_its_household_is_not_known_yet() -> None:
    late = {"household_id": "H1", "village_code": "640323100001", "known_on": AS_OF + timedelta(days=1)}
    row = features_at(AS_OF, one_loan(households=[late])).row(0, named=True)
    assert [row[name] for name in IDENTITY] == ["L1", "H1", None, None, None]
    assert row["outstanding_principal"] == 10_000


@pytest.mark.parametrize(("loan_known", "unchecked"), [(AS_OF, 1), (AS_OF + timedelta(days=1), None)])
def test_a_row_says_that_its_county_delivers_once_it_is_known_whose_it_is(
    loan_known: date, unchecked: int | None
) -> None:
    homes = [{"household_id": name, "village_code": "640323100001"} for name in ("H1", "H2")]
    check = {"loan_id": "L2", "checked_on": date(2024, 3, 1), "finding": "idle"}
    borrowed = [loan("L1"), loan("L2", household_id="H2", known_on=loan_known)]
    rows = one_loan(households=homes, loans=borrowed, use_checks=[check])
    assert features_at(AS_OF, rows).row(0, named=True)["use_unchecked"] == unchecked


def test_what_is_known_of_a_household_counts_before_the_household_itself_is_known() -> None:
    late = {"household_id": "H1", "village_code": "640323100001", "known_on": AS_OF + timedelta(days=1)}
    hardship = {"event_id": "E1", "household_id": "H1", "occurred_on": date(2024, 3, 1), "cause": "illness"}
    owed = {"household_id": "H1", "observed_on": date(2024, 2, 1), "outside_debt": 2_500.0}
    rows = one_loan(
        households=[late],
        members=[{"member_id": "M1", "household_id": "H1", "status": "present"}],
        income_statements=[statement(wage_income=20_000.0)],
        assets=[owed],
        hardships=[hardship],
    )
    row = features_at(AS_OF, rows).row(0, named=True)
    assert (row["household_size"], row["income_per_head"], row["household_debt"]) == (1, 20_000, 12_500)
    assert (row["hardships_12m"], row["unresolved_hardship"], row["insured_industry"]) == (1, 1, None)


@pytest.mark.parametrize("table", OPTIONAL)
def test_all_cells_missing_that_may_be_missing_breaks_nothing(table: str) -> None:
    tables = full_ledger()
    needed = {*TABLES[table].required_columns, *TABLES[table].key, "household_id", "known_on"}
    bare = [{name: value if name in needed else None for name, value in row.items()} for row in tables[table]]
    assert features_at(AS_OF, rows_of({**tables, table: bare})).height


@pytest.mark.parametrize(("amounts", "summed"), [((300.0, 200.0), 500.0), ((300.0, None), None), ((None, None), None)])
def test_amounts_nobody_wrote_down_are_not_nothing(amounts: tuple[float | None, ...], summed: float | None) -> None:
    cover = {"household_id": "H1", "kind": "crop", "insured_from": date(2024, 1, 1), "insured_to": date(2024, 12, 31)}
    happened, of_household = {"occurred_on": date(2024, 3, 1)}, {"household_id": "H1", "cause": "illness"}
    numbered = list(enumerate(amounts))
    waiting = [{"claim_id": f"A{n}", "policy_id": "Y0", **happened, "claimed_amount": yuan} for n, yuan in numbered]
    settled = {"policy_id": "Y0", **happened, "settled_on": date(2024, 4, 1), "known_on": date(2024, 4, 1)}
    rows = one_loan(
        policies=[{"policy_id": f"Y{n}", **cover, "sum_insured": yuan} for n, yuan in numbered],
        hardships=[{"event_id": f"E{n}", **happened, **of_household, "loss_amount": yuan} for n, yuan in numbered],
        claims=[*waiting, *({"claim_id": f"B{n}", **settled, "paid_amount": yuan} for n, yuan in numbered)],
    )
    names = ("sum_insured", "hardship_loss_12m", "open_claimed", "claims_paid_12m")
    assert features_at(AS_OF, rows).select(names).row(0) == (summed,) * 4


@pytest.mark.parametrize(("days_after", "unresolved"), [(-1, 0), (0, 0), (1, 1)])
def test_what_is_resolved_on_the_evening_itself_is_resolved_and_a_day_later_is_not(
    days_after: int, unresolved: int
) -> None:
    resolved_on = AS_OF + timedelta(days=days_after)
    hardship = {"event_id": "E1", "household_id": "H1", "occurred_on": date(2024, 3, 1), "cause": "illness"}
    row = features_at(AS_OF, one_loan(hardships=[{**hardship, "resolved_on": resolved_on}])).row(0, named=True)
    assert row["unresolved_hardship"] == unresolved


def test_the_borrower_of_a_loan_that_names_nobody_is_the_head_who_is_there() -> None:
    born = {"M1": date(1950, 1, 1), "M2": date(1980, 1, 1), "M3": date(1990, 1, 1)}
    status = {"M1": "deceased", "M2": "present", "M3": "present"}
    members = [
        {"member_id": name, "household_id": "H1", "relation": "head", "birth_date": born[name], "status": status[name]}
        for name in born
    ]
    for order in (members, members[::-1]):
        row = features_at(AS_OF, one_loan(members=order)).row(0, named=True)
        assert (row["borrower_age"], row["borrower_deceased"]) == (44, 0)


def test_a_deceased_head_is_the_deceased_borrower_of_a_loan_that_names_nobody() -> None:
    head = {"member_id": "M1", "household_id": "H1", "relation": "head", "status": "deceased"}
    row = features_at(AS_OF, one_loan(members=[head])).row(0, named=True)
    assert (row["borrower_deceased"], row["borrower_age"]) == (1, None)
