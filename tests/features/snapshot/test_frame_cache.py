"""What is kept of an evening is what would be computed anew, whichever rows come to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.compute import community_at, evening_at, features_of
from features.contract.tables import TABLES
from features.delivered_tables import Rows
from features.snapshot.frame_cache import Pieces
from serving.explain.what_if.rescore import bench_of
from tests.conftest import County
from tests.features.one_loan import AS_OF, one_loan

ONE, TWO = pl.DataFrame({"value": [1]}), pl.DataFrame({"value": [2]})


def made(pieces: Pieces, name: str, of: str, frame: pl.DataFrame = ONE) -> pl.DataFrame:
    """The piece of that name; where it is not there yet, it is `frame`, made of the table `of`."""

    def compute() -> pl.DataFrame:
        pieces.looked_at(of)
        return frame

    return pieces.of(name, compute)


def test_a_piece_is_computed_once() -> None:
    pieces = Pieces()
    assert made(pieces, "sum", "loans") is ONE
    assert made(pieces, "sum", "loans", TWO) is ONE


def test_a_piece_is_shared_with_an_evening_that_differs_in_other_tables_alone() -> None:
    pieces = Pieces()
    other = Pieces(pieces, {"claims"})
    for table in ("loans", "claims"):
        made(other, table, table)
    assert made(pieces, "loans", "loans", TWO) is ONE
    assert made(pieces, "claims", "claims", TWO) is TWO
    assert made(other, "claims", "claims", TWO) is ONE


def test_a_piece_is_made_of_the_tables_of_the_pieces_it_is_made_of() -> None:
    pieces = Pieces()
    made(pieces, "loans", "loans")

    def dues() -> pl.DataFrame:
        pieces.looked_at("instalments")
        return made(pieces, "loans", "loans")  # it is there already

    assert pieces.of("dues", dues) is ONE
    for table, found in (("loans", TWO), ("instalments", TWO), ("payments", ONE)):
        assert made(Pieces(pieces, {table}), "dues", table, TWO) is found


def test_a_piece_that_could_not_be_made_is_made_when_it_is_asked_for_again() -> None:
    pieces = Pieces()
    with pytest.raises(ZeroDivisionError):
        pieces.of("sum", lambda: ONE if 1 / 0 else TWO)
    assert pieces.of("sum", lambda: ONE) is ONE


def test_a_policy_that_comes_to_be_anothers_takes_its_claims_along() -> None:
    policy = {"policy_id": "P1", "kind": "crop", "insured_from": date(2024, 1, 1), "insured_to": date(2024, 12, 31)}
    claim = {"claim_id": "C1", "policy_id": "P1", "occurred_on": date(2024, 8, 1), "claimed_amount": 900.0}
    rows = one_loan(policies=[{"household_id": "H1", **policy}], claims=[claim])
    evening = evening_at(AS_OF, rows)
    around = community_at(AS_OF, rows)
    assert features_of(evening, around)["open_claims"].to_list() == [1]
    sold = pl.DataFrame([{"household_id": "H2", "known_on": AS_OF, **policy}], schema=TABLES["policies"].schema)
    after = evening.with_more({"policies": sold}, "640323")
    assert features_of(after, around)["open_claims"].to_list() == [0]


@pytest.mark.parametrize("table", [name for name in TABLES if name != "prices"])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_features_after_more_rows_are_those_of_all_rows(county: County, table: str, share: float) -> None:
    """share: of the household's rows of the table that are there before; the others come."""
    bench = bench_of(county.month, county.store)
    for household in county.month.scan("warnings").collect()["household_id"].unique().sort()[:8]:
        rows = county.store.ledger.rows("640323", household)
        there, coming = _parted(rows, table, share)
        first = evening_at(county.newest, there)
        features_of(first, bench.community)
        after = features_of(first.with_more({table: coming}, "640323"), bench.community)
        anew = features_of(evening_at(county.newest, replace(rows, empty=frozenset())), bench.community)
        assert_frame_equal(after, anew)


def _parted(rows: Rows, table: str, share: float) -> tuple[Rows, pl.DataFrame]:
    whole = rows[table].collect()
    there = whole.head(int(whole.height * share))
    empty = rows.empty | {table} if there.is_empty() else rows.empty
    return replace(rows, frames={**rows.frames, table: there.lazy()}, empty=empty), whole.slice(there.height)
