"""What comes later moves nothing; order, partitions and company move nothing."""

from __future__ import annotations

import random
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from features import compute
from features.compute import features_at, peer_statistics_at
from features.snapshot.life_rules import LifeRules
from tests.behaviour.test_oracle import rows_of
from tests.oracle.knowledge import Row, Tables
from tests.oracle.random_ledger import random_ledger

AS_OF = date(2024, 9, 30)
seeds = st.integers(0, 500)


def scrambled(row: Row, chance: random.Random) -> Row:
    """The same row with every amount and later day changed, as a wrong or future delivery would have it."""
    changed: Row = {}
    for name, value in row.items():
        if isinstance(value, float):
            changed[name] = round(value * chance.uniform(0, 3), 2)
        elif isinstance(value, date) and name not in ("known_on", "due_on"):
            changed[name] = value + timedelta(days=chance.randint(0, 5))
        else:
            changed[name] = value
    return changed


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_no_change_to_rows_known_later_moves_any_feature(seed: int) -> None:
    tables, chance = random_ledger(seed), random.Random(seed)
    changed: Tables = {
        name: [row if row["known_on"] <= AS_OF else scrambled(row, chance) for row in rows]
        for name, rows in tables.items()
    }
    assert_frame_equal(features_at(AS_OF, rows_of(changed)), features_at(AS_OF, rows_of(tables)))


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_leaving_out_all_that_was_known_later_moves_no_feature(seed: int) -> None:
    tables = random_ledger(seed)
    known = {name: [row for row in rows if row["known_on"] <= AS_OF] for name, rows in tables.items()}
    needed = {name: rows for name, rows in known.items() if rows}
    assert_frame_equal(features_at(AS_OF, rows_of(needed)), features_at(AS_OF, rows_of(tables)))


@settings(max_examples=25, deadline=None)
@given(seeds)
def test_the_order_of_rows_moves_no_feature(seed: int) -> None:
    tables, chance = random_ledger(seed), random.Random(seed)
    shuffled = {name: chance.sample(rows, len(rows)) for name, rows in tables.items()}
    assert_frame_equal(features_at(AS_OF, rows_of(shuffled)), features_at(AS_OF, rows_of(tables)), check_exact=True)


@settings(max_examples=15, deadline=None)
@given(seeds)
def test_partitions_by_county_move_no_feature(seed: int) -> None:
    tables = random_ledger(seed)
    county = {row["household_id"]: row["village_code"][:6] for row in tables["households"]}
    loans = {row["loan_id"]: row["household_id"] for row in tables["loans"]}
    everyone = features_at(AS_OF, rows_of(tables))
    parts = [features_at(AS_OF, rows_of(part_of(tables, county, loans, name))) for name in sorted(set(county.values()))]
    assert_frame_equal(pl.concat(parts).sort("loan_id"), everyone, check_exact=True)


def part_of(tables: Tables, county: dict[str, str], loans: dict[str, str], name: str) -> Tables:
    policies = {row["policy_id"]: row["household_id"] for row in tables.get("policies", [])}

    def belongs(row: Row) -> bool:
        household = (
            row.get("household_id") or loans.get(row.get("loan_id", "")) or policies.get(row.get("policy_id", ""))
        )
        return household is None or county[household] == name

    return {table: kept for table, rows in tables.items() if (kept := [row for row in rows if belongs(row)])}


@settings(max_examples=15, deadline=None)
@given(seeds, st.integers(1, 5))
def test_how_many_households_are_read_at_once_moves_no_feature(seed: int, households: int) -> None:
    rows = rows_of(random_ledger(seed))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compute, "HOUSEHOLDS_PER_BLOCK", households)
        few_at_once, around = features_at(AS_OF, rows), peer_statistics_at(AS_OF, rows)
    assert_frame_equal(few_at_once, features_at(AS_OF, rows), check_exact=True)
    for group, totals in peer_statistics_at(AS_OF, rows).totals.items():
        assert_frame_equal(around.totals[group], totals)


@settings(max_examples=15, deadline=None)
@given(seeds, st.sampled_from([7, 30, 90]))
def test_a_household_alone_has_the_features_it_has_among_all(seed: int, bad_after_days: int) -> None:
    rows = rows_of(random_ledger(seed))
    rules = LifeRules(bad_after_days)
    everyone = features_at(AS_OF, rows, rules=rules)
    around = peer_statistics_at(AS_OF, rows, rules)
    for household in everyone["household_id"].unique().sort().head(3):
        alone = features_at(AS_OF, rows.for_household(household), rules=rules, peers=around)
        assert_frame_equal(alone, everyone.filter(pl.col("household_id") == household), check_exact=True)
