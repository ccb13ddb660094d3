"""Frames cached with a snapshot are those that would be computed anew, whichever rows are added to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import household_features, peer_statistics_at, snapshot_at
from features.contract.tables import TABLES
from features.delivered_tables import DeliveredTables
from features.snapshot.frame_cache import FrameCache
from serving.explain.what_if.rescore import month_rescorer
from tests.conftest import County
from tests.features.one_loan import AS_OF, one_loan

ONE, TWO = pl.DataFrame({"value": [1]}), pl.DataFrame({"value": [2]})


def get(cache: FrameCache, name: str, table: str, frame: pl.DataFrame = ONE) -> pl.DataFrame:
    """The frame called `name`; where it is not cached yet, it is `frame`, which depends on `table`."""

    def compute() -> pl.DataFrame:
        cache.record_dependency(table)
        return frame

    return cache.get_or_compute(name, compute)


def test_a_frame_is_computed_once() -> None:
    cache = FrameCache()
    assert get(cache, "sum", "loans") is ONE
    assert get(cache, "sum", "loans", TWO) is ONE


def test_a_frame_is_shared_with_a_snapshot_that_differs_in_other_tables_alone() -> None:
    cache = FrameCache()
    other = FrameCache(cache, {"claims"})
    for table in ("loans", "claims"):
        get(other, table, table)
    assert get(cache, "loans", "loans", TWO) is ONE
    assert get(cache, "claims", "claims", TWO) is TWO
    assert get(other, "claims", "claims", TWO) is ONE


def test_a_frame_depends_on_the_tables_of_the_frames_it_is_computed_from() -> None:
    cache = FrameCache()
    get(cache, "loans", "loans")

    def dues() -> pl.DataFrame:
        cache.record_dependency("instalments")
        return get(cache, "loans", "loans")  # it is there already

    assert cache.get_or_compute("dues", dues) is ONE
    for table, expected in (("loans", TWO), ("instalments", TWO), ("payments", ONE)):
        assert get(FrameCache(cache, {table}), "dues", table, TWO) is expected


def test_a_frame_whose_computation_failed_is_computed_at_the_next_call() -> None:
    cache = FrameCache()
    with pytest.raises(ZeroDivisionError):
        cache.get_or_compute("sum", lambda: ONE if 1 / 0 else TWO)
    assert cache.get_or_compute("sum", lambda: ONE) is ONE


def test_claims_follow_a_policy_that_moves_to_another_household() -> None:
    policy = {"policy_id": "P1", "kind": "crop", "insured_from": date(2024, 1, 1), "insured_to": date(2024, 12, 31)}
    claim = {"claim_id": "C1", "policy_id": "P1", "occurred_on": date(2024, 8, 1), "claimed_amount": 900.0}
    rows = one_loan(policies=[{"household_id": "H1", **policy}], claims=[claim])
    snapshot = snapshot_at(AS_OF, rows)
    peers = peer_statistics_at(AS_OF, rows)
    assert household_features(snapshot, peers)["open_claims"].to_list() == [1]
    sold = pl.DataFrame([{"household_id": "H2", "known_on": AS_OF, **policy}], schema=TABLES["policies"].schema)
    after = snapshot.with_added_rows({"policies": sold}, "640323")
    assert household_features(after, peers)["open_claims"].to_list() == [0]


@pytest.mark.parametrize("table", [name for name in TABLES if name != "prices"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_features_after_more_rows_are_those_of_all_rows(county: County, table: str, share: float) -> None:
    """share: of the household's rows of the table that are there before; the others come."""
    rescorer = month_rescorer(county.month, county.store)
    for household in county.month.scan("warnings").collect()["household_id"].unique().sort()[:8]:
        rows = county.store.ledger.tables("640323", household)
        there, coming = _split(rows, table, share)
        first = snapshot_at(county.newest, there)
        household_features(first, rescorer.peers)
        after = household_features(first.with_added_rows({table: coming}, "640323"), rescorer.peers)
        anew = household_features(snapshot_at(county.newest, replace(rows, empty_tables=frozenset())), rescorer.peers)
        assert_frame_equal(after, anew)


def _split(rows: DeliveredTables, table: str, share: float) -> tuple[DeliveredTables, pl.DataFrame]:
    whole = rows[table].collect()
    there = whole.head(int(whole.height * share))
    empty = rows.empty_tables | {table} if there.is_empty() else rows.empty_tables
    return replace(rows, frames={**rows.frames, table: there.lazy()}, empty_tables=empty), whole.slice(there.height)
