"""Issue, period and scope of a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

from features.messages import Bilingual


class Issue(StrEnum):
    """The county's three kinds of reports."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    ANNUAL = "annual"

    @property
    def words(self) -> Bilingual:
        """The report's title in Chinese and English."""
        return _TITLES[self]


_TITLES = {
    Issue.MONTHLY: Bilingual("小额信贷月度统计", "Monthly statistics of micro-loans"),
    Issue.QUARTERLY: Bilingual("小额信贷季度通报", "Quarterly bulletin of micro-loans"),
    Issue.ANNUAL: Bilingual("小额信贷年度考核", "Annual assessment of micro-loans"),
}
_MONTHS = {Issue.MONTHLY: 1, Issue.QUARTERLY: 3, Issue.ANNUAL: 12}
"""Calendar months that a report covers."""


@dataclass(frozen=True)
class Period:
    """The calendar month, quarter or year of an issue that `until` lies in, up to that day."""

    issue: Issue
    until: date

    @property
    def since(self) -> date:
        """The first day."""
        months = _MONTHS[self.issue]
        return date(self.until.year, (self.until.month - 1) // months * months + 1, 1)


@dataclass(frozen=True)
class ReportScope:
    """The loans that a report covers: of one bank, of one area (first digits of a village code), or all."""

    bank: str | None = None
    area: str | None = None

    @property
    def condition(self) -> pl.Expr:
        """Whether a row is in the scope; rows have `bank` and `village_code`."""
        conditions = [pl.lit(True)]
        if self.bank is not None:
            conditions.append(pl.col("bank") == self.bank)
        if self.area is not None:
            conditions.append(pl.col("village_code").str.starts_with(self.area).fill_null(False))
        return pl.all_horizontal(conditions)

    @property
    def words(self) -> Bilingual:
        """The scope in Chinese and English, as `bank A, all areas`."""
        bank = Bilingual(f"银行 {self.bank}", f"bank {self.bank}") if self.bank else Bilingual("全部银行", "all banks")
        area = Bilingual(f"地区 {self.area}", f"area {self.area}") if self.area else Bilingual("全部地区", "all areas")
        return Bilingual(f"{bank.zh}，{area.zh}", f"{bank.en}, {area.en}")
