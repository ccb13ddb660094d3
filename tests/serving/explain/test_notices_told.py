"""Loans granted on both sides of a notice's first day, as a published month tells them."""

from __future__ import annotations

from datetime import date

import polars as pl

from serving.explain.household import household_explanation
from tests.serving.provinces import Province

NOTICE = date(2025, 7, 1)


def write_policy(province: Province, earlier_limit: float) -> None:
    """A county's table: a limit until the notice, and one of a single yuan from its first day on."""
    rows = ((date(2017, 1, 1), earlier_limit), (NOTICE, 1.0))
    text = "".join(f"[[policy]]\nsince = {day}\nsource = 'notice'\nlending.limit = {yuan}\n" for day, yuan in rows)
    (province.data / "policy.toml").write_text(text, "utf-8")


def notes_by_loan(province: Province) -> dict[str, bool]:
    """Of one household on each side of the notice: by loan, whether it is noted as above its limit."""
    month = province.month
    granted = province.store.ledger.tables()["loans"].select("loan_id", "originated_on").collect()
    loans = month.scan("features").select("loan_id", "household_id", "product").collect().join(granted, on="loan_id")
    single = loans.filter((pl.len().over("household_id") == 1) & (pl.col("product") == "microloan"))
    told = {}
    for side in (pl.col("originated_on") < NOTICE, pl.col("originated_on") >= NOTICE):
        household = single.filter(side)["household_id"][0]
        [loan] = household_explanation(month, province.store, household).loans
        told[loan.warning.loan_id] = "above_limit" in [note.code for note in loan.notes]
    return told


def test_each_loan_is_told_by_the_limit_of_its_own_notice(ruled: Province) -> None:
    write_policy(ruled, 1_000_000.0)
    assert ruled.scored().edition == 1
    assert list(notes_by_loan(ruled).values()) == [False, True]
    write_policy(ruled, 1.0)
    assert ruled.scored().edition == 2, "an earlier notice binds loans that are open: the month is published anew"
    assert list(notes_by_loan(ruled).values()) == [True, True]
    assert ruled.scored().edition == 2
