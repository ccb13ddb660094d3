"""One household's rows in the ledger at a month's data version, its closed loans included, as a reader may see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.messages import Bilingual, UserError
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LOST_KINDS, LatestVersions
from serving.concurrency.single_flight import single_flight
from serving.explain.household_cache import household_month
from serving.explain.loaded_models import ledger_at
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.schemas.household_sheet import Instalment
from serving.schemas.loan_record import EndingKind, LoanEnding, LoanRecord

_HOUSEHOLDS_IN_MEMORY = 64
"""Some hundred rows each."""
_STANDS = (pl.col("withdrawn") != "true").fill_null(True)
STANDING_EVENTS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "occurred_on": FrameColumn(pl.Date(), "Day of the event."),
        "kind": FrameColumn(pl.String(), "As in table loan_events."),
        "amount": FrameColumn(pl.Float64(), "Amount, yuan."),
        "new_matures_on": FrameColumn(pl.Date(), "Maturity agreed, of an extension."),
    }
)
_ENDINGS: Mapping[EndingKind, Bilingual] = {
    "repaid": Bilingual("{day} 还清", "repaid in full on {day}"),
    "settled": Bilingual("{day} 结清", "settled on {day}"),
    "renewed": Bilingual("{day} 续贷", "renewed on {day}"),
    "compensated": Bilingual("{day} 由风险补偿金代偿", "compensated by the fund on {day}"),
    "written_off": Bilingual("{day} 核销", "written off on {day}"),
}
_RENEWED_BY = Bilingual("{day} 续贷，新贷款 {loan}", "renewed on {day} by loan {loan}")


@dataclass(frozen=True)
class LedgerHousehold:
    """A household in the ledger by what was known at the month's end; each property is read when it is first used."""

    month: PublishedMonth
    store: DataFolder
    household: str

    @property
    def as_of(self) -> date:
        """The month's end."""
        return self.month.as_of

    @cached_property
    def snapshot(self) -> Snapshot:
        """Its rows, also where all its loans are closed.

        Raises UserError where the ledger never was at the month's data version.
        """
        tables = household_month(self.month, self.store, self.household).ledger_snapshot.tables
        return Snapshot(LatestVersions(tables, self.as_of), self.as_of, self.month.life_rules)

    def newest(self, table: str) -> pl.DataFrame:
        """The newest version of each of its rows in a table, in the columns of the contract.

        Rows of a loan or policy carry its household, too, as `household_id`.
        """
        return self.snapshot.versions.newest_of_household(table, self.household).collect()

    @cached_property
    def household_row(self) -> Mapping[str, Any] | None:
        """Its row of table households; None where none was known by then."""
        rows = self.newest("households").to_dicts()
        return rows[0] if rows else None

    @cached_property
    def loans(self) -> pl.DataFrame:
        """Its loans that exist for the reader, open and closed, in the columns of `Snapshot.loans`, by loan_id."""
        rows = self.snapshot.loans.filter(pl.col("household_id") == self.household)
        return (self.month.scope.within(rows) if self.month.scope else rows).sort("loan_id").collect()

    @property
    def is_for_reader(self) -> bool:
        """Whether the household exists for the reader: by a loan of their bank, or by its village."""
        if self.household_row is None and self.loans.is_empty():
            return False
        scope = self.month.scope
        if scope is None or self.loans.height:
            return True
        village = (self.household_row or {}).get("village_code")
        without_loan = {"household_id": [self.household], "loan_id": [None], "bank": [None], "village_code": [village]}
        row = pl.LazyFrame(without_loan, dict.fromkeys(without_loan, pl.String))
        return not scope.within(row).collect().is_empty()

    @cached_property
    @returns(STANDING_EVENTS_SCHEMA)
    def events(self) -> pl.DataFrame:
        """The events of its loans that were not withdrawn, by day."""
        happened = self.newest("loan_events").filter(_STANDS, pl.col("occurred_on") <= self.as_of)
        return happened.select(list(STANDING_EVENTS_SCHEMA.columns)).sort("occurred_on", "kind")

    @cached_property
    def loan_records(self) -> list[LoanRecord]:
        """Its loans that exist for the reader, the newest first."""
        newest_first = self.loans.sort("originated_on", "loan_id", descending=[True, False])
        records = []
        for row in newest_first.to_dicts():
            balance = 0.0 if row["ended_on"] else row["outstanding_principal"]
            maturity = self.as_of + timedelta(days=row["days_to_maturity"])
            values = {**row, "outstanding_principal": balance, "maturity": maturity, "ending": self._ending(row)}
            records.append(LoanRecord.model_validate({name: values[name] for name in LoanRecord.model_fields}))
        return records

    def instalments(self, loan_id: str) -> list[Instalment]:
        """The schedule in force of one of its loans, the oldest instalment first; of a closed loan up to its end."""
        loan = self.snapshot.loans.filter(pl.col("loan_id") == loan_id).select("loan")
        rows = self.snapshot.instalments.join(loan, on="loan", how="semi").sort("day_offset").collect().to_dicts()
        days = [self.as_of + timedelta(days=row["day_offset"]) for row in rows]
        return [
            Instalment.model_validate({**row, "loan_id": loan_id, "due_on": day})
            for row, day in zip(rows, days, strict=True)
        ]

    def _ending(self, loan: Mapping[str, Any]) -> LoanEnding | None:
        """How a loan ended; None while it is open. Of several endings the first day's counts."""
        ended_on, lost_on = loan["ended_on"], loan["lost_on"]
        days = [day for day in (ended_on, lost_on) if day is not None]
        if not days:
            return None
        day, renewed_by = min(days), None
        events = self.events.filter(pl.col("loan_id") == loan["loan_id"], pl.col("occurred_on") == day)["kind"]
        renewing = self.snapshot.versions.newest_of_all_households("loans").filter(
            pl.col("renews_loan_id") == loan["loan_id"], pl.col("originated_on") == day
        )
        renewals = renewing.select("loan_id").collect().to_series()
        kind: EndingKind = "repaid"
        if day == lost_on:
            kind = "compensated" if LOST_KINDS[0] in events else "written_off"
        elif len(renewals) or "renewed" in events:
            kind = "renewed"
            renewed_by = next((each for each in renewals if each in self.loans["loan_id"]), None)
        elif "settled" in events:
            kind = "settled"
        words = (_RENEWED_BY if renewed_by else _ENDINGS[kind]).format(day=day, loan=renewed_by)
        return LoanEnding(kind=kind, ended_on=day, renewed_by=renewed_by, zh=words.zh, en=words.en)


@single_flight(_HOUSEHOLDS_IN_MEMORY)
def ledger_household(month: PublishedMonth, store: DataFolder, household: str) -> LedgerHousehold:
    """The household as the reader may see it: month and store carry the reader's scope. household: as stored."""
    return LedgerHousehold(month, store, household)


def owner_in_ledger(month: PublishedMonth, store: DataFolder, loan_id: str) -> LedgerHousehold | None:
    """The household of a loan at a month's end.

    None where the loan does not exist for the reader, or the ledger cannot be read at the month's data version.
    """
    try:
        loans = ledger_at(store.folder / "ledger", month.manifest.data_version).scan("loans")
        rows = loans.filter(pl.col("loan_id") == loan_id).sort("known_on", descending=True)
        for household in rows.select(pl.col("household_id").unique(maintain_order=True)).collect().to_series():
            owner = ledger_household(month, store, household)
            if loan_id in owner.loans["loan_id"]:
                return owner
    except UserError:
        return None
    return None
