"""A village of five households with one loan each, scored by the rules, into which facts are delivered day by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from serving.batch.news_run import watch
from serving.batch.run import score
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.manifest import Manifest
from serving.months.news_days import NewsRepository
from serving.months.repository import MonthRepository
from tests.features.inboxes import Intake

MONTH = date(2024, 3, 31)
AT = datetime(2024, 5, 1, 8, tzinfo=UTC)
_HOUSEHOLDS = ("H1", "H2", "H3", "H4", "H5")
_DAYS_DUE = ("2023-04-10", "2023-07-10", "2023-10-10", "2024-01-10", "2024-04-10", "2024-07-10", "2025-02-01")


def table(header: str, rows: list[str]) -> str:
    """A drawn table from a line of headings and lines of cells."""
    return "\n".join((header, *rows))


def _instalments(loan: str, days: tuple[str, ...]) -> list[str]:
    last = days[-1]
    return [f"{loan} | 1 | {day} | {20000 if day == last else 0} | 100 | 2023-01-12" for day in days]


def first_delivery() -> dict[str, str]:
    """Everything known by the month: five solvent households that have paid all dues."""
    loans = {household: f"L{household[1]}" for household in _HOUSEHOLDS}
    days = dict.fromkeys(loans.values(), _DAYS_DUE) | {"L4": (*_DAYS_DUE[:4], "2024-04-15")}
    paid = [
        f"P{loan}{at} | {loan} | {day} | 0 | 100 | borrower | {day}"
        for loan in loans.values()
        for at, day in enumerate(_DAYS_DUE[:4])
    ]
    return {
        "households": table(
            "household_id | village_code | household_type | known_on",
            [f"{each} | 990101100201 | ordinary | 2023-01-05" for each in _HOUSEHOLDS],
        ),
        "members": table(
            "member_id | household_id | relation | labour | status | known_on",
            [f"M{each[1]} | {each} | head | full | present | 2023-01-05" for each in _HOUSEHOLDS],
        ),
        "income_statements": table(
            "household_id | period_start | period_end | wage_income | production_cost | living_cost | known_on",
            [f"{each} | 2023-01-01 | 2023-12-31 | 90000 | 0 | 10000 | 2024-01-20" for each in _HOUSEHOLDS],
        ),
        "assets": table(
            "household_id | observed_on | savings | outside_debt | known_on",
            [f"{each} | 2024-01-01 | 60000 | 0 | 2024-01-05" for each in _HOUSEHOLDS],
        ),
        "loans": table(
            "loan_id | household_id | borrower_member_id | bank | product | principal | annual_rate | originated_on |"
            " matures_on | repayment_method | subsidy_share | known_on",
            [
                f"{loan} | {household} | M{household[1]} | 农商行 | microloan | 20000 | 0.02 | 2023-01-10 |"
                f" {days[loan][-1]} | bullet_quarterly_interest | 0 | 2023-01-12"
                for household, loan in loans.items()
            ],
        ),
        "instalments": table(
            "loan_id | schedule_no | due_on | principal_due | interest_due | known_on",
            [line for loan in loans.values() for line in _instalments(loan, days[loan])],
        ),
        "payments": table("payment_id | loan_id | paid_on | principal_paid | interest_paid | payer | known_on", paid),
        "use_checks": table(
            "loan_id | checked_on | finding | known_on",
            [f"{loan} | 2023-03-01 | as_declared | 2023-03-02" for loan in loans.values()],
        ),
    }


def payment(name: str, loan: str, paid_on: str, known_on: str, principal: int = 0, interest: int = 100) -> str:
    """A delivery of one payment."""
    return table(
        "payment_id | loan_id | paid_on | principal_paid | interest_paid | payer | known_on",
        [f"{name} | {loan} | {paid_on} | {principal} | {interest} | borrower | {known_on}"],
    )


@dataclass
class Village:
    """A store of the village with its month published."""

    intake: Intake

    @property
    def store(self) -> DataFolder:
        return DataFolder(self.intake.data)

    @property
    def month(self) -> PublishedMonth:
        return MonthRepository(self.store).month()

    def deliver(self, on: str, **tables: str) -> None:
        report = self.intake.deliver(on, **tables)
        assert not report.has_refused_files

    def watch(self, day: str) -> Manifest:
        return watch(self.store, date.fromisoformat(day), "clerk", AT, lambda *_: None)

    def news(self, day: str) -> dict[str, tuple[str | None, str | None, str]]:
        """Each loan in the news of a day: its light before, its light, and the cause."""
        rows = NewsRepository(self.store).day(date.fromisoformat(day)).scan("news").collect()
        return {loan: tuple(told) for loan, *told in rows.select("loan_id", "before", "light", "cause").rows()}


def village_in(folder: Path) -> Village:
    """The village, loaded and scored at MONTH."""
    village = Village(Intake(folder))
    village.deliver("2024-03-31", **first_delivery())
    score(village.store, MONTH, "clerk", AT, lambda *_: None, incomplete="only what the test needs")
    return village
