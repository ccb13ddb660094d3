"""Amounts in fen become yuan in one way, in a column of any length."""

from __future__ import annotations

import polars as pl

from features.snapshot.amounts import as_yuan


def test_half_a_fen_goes_the_same_way_in_a_column_of_any_length() -> None:
    halves = pl.DataFrame({"fen": [number * 4_999 + 0.5 for number in range(2_000)]})
    together = halves.select(as_yuan(pl.col("fen")))
    alone = [halves[number].select(as_yuan(pl.col("fen"))) for number in range(halves.height)]
    assert pl.concat(alone).equals(together)


def test_parts_of_a_fen_are_rounded_to_the_nearest_and_halves_to_the_even() -> None:
    fen = pl.DataFrame({"fen": [14_476.4, 14_476.5, 14_476.6, 14_477.5]})
    assert fen.select(as_yuan(pl.col("fen"))).to_series().to_list() == [144.76, 144.76, 144.77, 144.78]
