"""A household with one loan, drawn row by row, for tests of what a few rows come to."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from features.contract.tables import REQUIRED_TABLES, TABLES
from features.delivered_tables import DeliveredTables

AS_OF = date(2024, 9, 30)
OPTIONAL = [name for name in TABLES if name not in REQUIRED_TABLES]


def one_loan(**others: list[dict[str, Any]]) -> DeliveredTables:
    """A household with a loan of 10,000 yuan paid out on 2024-03-01, due in a year, and whatever else is given."""
    given: dict[str, list[dict[str, Any]]] = {
        "households": [{"household_id": "H1", "village_code": "640323100001"}],
        "loans": [loan("L1")],
        "instalments": [instalment("L1")],
        "payments": [],
        **others,
    }
    frames = {}
    for name, rows in given.items():
        filled = [{"known_on": date(2024, 3, 1), **row} for row in rows]
        frames[name] = pl.DataFrame(filled, schema=TABLES[name].schema)
    return DeliveredTables.from_frames(frames)


def loan(name: str, **changed: object) -> dict[str, Any]:
    return {
        "loan_id": name,
        "household_id": "H1",
        "bank": "B",
        "principal": 10_000.0,
        "annual_rate": 0.0345,
        "originated_on": date(2024, 3, 1),
        "matures_on": date(2025, 3, 1),
        "repayment_method": "bullet_all",
        **changed,
    }


def instalment(name: str, **changed: object) -> dict[str, Any]:
    due = {"loan_id": name, "schedule_no": 1, "due_on": date(2025, 3, 1), "principal_due": 10_000.0}
    return {**due, "interest_due": 345.0, **changed}


def statement(**cells: object) -> dict[str, Any]:
    period = {"household_id": "H1", "period_start": date(2023, 1, 1), "period_end": date(2023, 12, 31)}
    return {**period, **cells}
