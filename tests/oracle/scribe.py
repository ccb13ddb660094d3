"""The hand that writes a random ledger: one source of chance, and the tables a county keeps silent about."""

from datetime import date, timedelta
from random import Random
from typing import Any

from tests.oracle.knowledge import COLUMNS, Row, Tables, last_day_of_following_month

REQUIRED = ("households", "loans", "instalments", "payments")
VILLAGES = ("990101101001", "990101101002", "990101102001", "990102101001", "990102101002")
LAST_DAY = date(2025, 12, 31)


class Scribe:
    """Writes rows; what comes of a county that does not deliver a table is not written."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.tables: Tables = {table: [] for table in COLUMNS}
        counties = sorted({village[:6] for village in VILLAGES})
        absent = {table for table in COLUMNS if table not in REQUIRED and self.chance(0.12)}
        self.silent = {(t, county) for t in COLUMNS for county in counties if t not in REQUIRED and self.chance(0.12)}
        self.silent |= {(table, county) for table in absent for county in [*counties, "any"]}

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def day(self, first: date, last: date) -> date:
        day = first + timedelta(days=self.random.randint(0, max((last - first).days, 0)))
        month_end = last_day_of_following_month(day, 0)
        return month_end if self.chance(0.15) and first <= month_end <= last else day

    def money(self, most: float) -> float:
        return round(self.random.uniform(0, most), self.random.choice((0, 1, 2)))

    def maybe(self, value: Any, share: float = 0.85) -> Any:
        return value if self.chance(share) else None

    def heard(self, day: date) -> date:
        """News travels in days, sometimes in months."""
        return day + timedelta(days=self.random.choice((0, 0, 0, 0, 1, 1, 2, 3, 5, 9, 35, 70, 160)))

    def write(self, table: str, county: str, known_on: date, **cells: Any) -> None:
        if (table, county) in self.silent:
            return
        row: Row = dict.fromkeys(COLUMNS[table].split())
        assert row.keys() >= cells.keys(), cells.keys() - row.keys()
        self.tables[table].append(row | cells | {"known_on": known_on})
