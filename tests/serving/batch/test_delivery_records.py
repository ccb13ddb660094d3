"""What each bank has delivered is told of all loans of all counties, however the run is split."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from features.ledger.ledger import Ledger
from tests.serving.provinces import AS_OF, IN_BLOCKS, WHOLE, Province


def newest_by_bank(ledger: Ledger) -> dict[tuple[str, str | None], str]:
    """The newest known_on of each table and bank, straight from the delivered rows."""
    known = {name: ledger.scan(name).filter(pl.col("known_on") <= AS_OF).collect() for name in _TABLES}
    drawn = known["loans"].filter(pl.col("originated_on") <= AS_OF).sort("known_on")
    bank_of = dict(drawn.select("loan_id", "bank").rows())
    days: dict[tuple[str, str | None], date] = {("households", None): max(known["households"]["known_on"])}
    for name in _TABLES[1:]:
        for loan, day in known[name].select("loan_id", "known_on").rows():
            for bank in {bank_of.get(loan), None} if loan in bank_of else ():
                days[name, bank] = max(days.get((name, bank), day), day)
    return {key: day.isoformat() for key, day in days.items()}


_TABLES = ("households", "loans", "instalments", "payments")


@pytest.mark.parametrize("households_in_part", [WHOLE, IN_BLOCKS])
def test_deliveries_are_told_of_all_loans_of_all_counties(
    judged_province: Province, tmp_path: Path, households_in_part: int
) -> None:
    own = judged_province.copied_to(tmp_path / "var")
    manifest = own.scored(households_in_part)
    told: dict[str, Any] = dict(manifest.completeness or {})
    newest = {(each["table"], each["bank"]): each["newest_known_on"] for each in told["deliveries"]}
    expected = newest_by_bank(own.store.ledger)
    assert len({bank for _, bank in expected}) > 2
    assert {key: day for key, day in newest.items() if day} == expected
