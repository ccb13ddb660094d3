"""What a report covers: its kind, the days from the period's first to as_of, and whose loans."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

from features.messages import Words


class Issue(StrEnum):
    """Which of the county's three issues."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"

    @property
    def words(self) -> Words:
        return _TITLES[self]


_TITLES = {
    Issue.MONTHLY: Words("小额信贷月度统计", "Monthly statistics of micro-loans"),
    Issue.QUARTERLY: Words("小额信贷季度通报", "Quarterly bulletin of micro-loans"),
    Issue.ANNUAL: Words("小额信贷年度考核", "Annual assessment of micro-loans"),
}
_MONTHS = {Issue.MONTHLY: 1, Issue.QUARTERLY: 3, Issue.ANNUAL: 12}


@dataclass(frozen=True)
class Period:
    """The calendar month, quarter or year that as_of lies in, up to as_of."""

    issue: Issue
    until: date

    @property
    def since(self) -> date:
        """Its first day."""
        months = _MONTHS[self.issue]
        return date(self.until.year, (self.until.month - 1) // months * months + 1, 1)


@dataclass(frozen=True)
class Scope:
    """Whose loans: of one bank, of one area (first digits of a village code), or all."""

    bank: str | None = None
    area: str | None = None

    @property
    def holds(self) -> pl.Expr:
        """True of the rows that belong to it; they have `bank` and `village_code`."""
        conditions = [pl.lit(True)]
        if self.bank is not None:
            conditions.append(pl.col("bank") == self.bank)
        if self.area is not None:
            conditions.append(pl.col("village_code").str.starts_with(self.area).fill_null(False))
        return pl.all_horizontal(conditions)

    @property
    def words(self) -> Words:
        bank = Words(f"银行 {self.bank}", f"bank {self.bank}") if self.bank else Words("全部银行", "all banks")
        area = Words(f"地区 {self.area}", f"area {self.area}") if self.area else Words("全部地区", "all areas")
        return Words(f"{bank.zh}, {area.zh}", f"{bank.en}, {area.en}")
