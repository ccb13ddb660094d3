"""Whether the deliveries of a month are complete: what each table and bank has brought, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from features.contract.tables import REQUIRED_TABLES
from features.delivery.file_tables import table_names
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.ledger.receipts import Receipt, read_receipts
from features.loading.load import MAX_WRONG_SHARE
from features.messages import Bilingual
from features.snapshot.as_of import Snapshot
from features.snapshot.loan_book import LoanBook

MAX_WAITING_SHARE = MAX_WRONG_SHARE
"""Largest share of a table's rows that may wait for a household or loan."""
REMEDY = Bilingual(
    "请向所列银行或单位催送，装载后重新评灯；确无可送的，用 lights score --incomplete 写明原因发布，各页注明送达不全",
    "ask the banks or offices that are named, load what comes and score again; where nothing will come, publish "
    "with lights score --incomplete and the reason, which every page then shows",
)
"""What to do about every finding."""
MAX_GONE_SHARE = 0.2
"""Largest share of a bank's open loans of the month before that may be missing from the ledger."""


_OF_LOANS = ("loans", "instalments", "payments")
"""The tables that every county delivers whose rows belong to a bank's loans."""


@dataclass(frozen=True)
class TableDelivery:
    """What is known of one table, of one bank where its rows belong to a bank's loans.

    newest_known_on: of its rows known by the month end; delivered_on: the newest receipt (both ISO, or None).
    """

    table: str
    bank: str | None
    newest_known_on: str | None
    delivered_on: str | None


@dataclass(frozen=True)
class Completeness:
    """The deliveries of a month.

    deliveries: of each needed table and bank. rows: by table, rows `stored`, `set_aside` and `waiting`. loans: by
    bank, open loans in the month `before` and `now`, and those of before that the ledger no longer has (`gone`).
    findings: what is missing; none where the month is complete.
    """

    deliveries: tuple[TableDelivery, ...]
    rows: Mapping[str, Mapping[str, int]]
    loans: Mapping[str, Mapping[str, int]]
    findings: tuple[Bilingual, ...]

    @property
    def as_json(self) -> dict[str, Any]:
        """What was found as JSON values, without the findings."""
        return {
            "deliveries": [asdict(delivery) for delivery in self.deliveries],
            "rows": {name: dict(counts) for name, counts in self.rows.items()},
            "loans": {bank: dict(counts) for bank, counts in self.loans.items()},
        }


BANK_DELIVERIES_SCHEMA = FrameSchema(
    {
        "bank": FrameColumn(pl.String(), "The bank."),
        **{
            table: FrameColumn(pl.Date(), f"Newest known_on of the rows of {table} of its loans; null without a row.")
            for table in _OF_LOANS
        },
        "asks": FrameColumn(pl.Boolean(), "Whether an instalment or the maturity of its open loans is in the month."),
    }
)


@returns(BANK_DELIVERIES_SCHEMA)
def bank_deliveries(book: LoanBook, borrowing: Snapshot) -> pl.DataFrame:
    """What each bank has brought of the loans of a book by its last day, a month end, sorted by bank.

    borrowing: the households of the book that still borrow (`Snapshot.of_borrowing`), with all open loans.
    """
    versions, newest = book.versions, pl.col("known_on").max()
    loans = versions.loans.filter(pl.col("originated_on") <= book.last, pl.col("bank").is_not_null())
    known = loans.group_by("bank").agg(newest.alias("loans"))
    for table in _OF_LOANS[1:]:
        by_loan = versions.all_versions(table).group_by("loan").agg(newest)
        of_banks = by_loan.join(loans.select("loan", "bank"), on="loan").group_by("bank")
        known = known.join(of_banks.agg(newest.alias(table)), on="bank", how="left")
    asking = _banks_that_ask(borrowing).with_columns(pl.lit(True).alias("asks"))
    told = known.join(asking, on="bank", how="left").with_columns(pl.col("asks").fill_null(False))
    return told.select(*BANK_DELIVERIES_SCHEMA.columns).sort("bank").collect()


def _banks_that_ask(borrowing: Snapshot) -> pl.LazyFrame:
    """The banks of open loans of which an instalment, of any delivery, or the first maturity falls in the month."""
    month = (borrowing.as_of.replace(day=1), borrowing.as_of)
    asked = borrowing.versions.all_versions("instalments").filter(
        pl.col("due_on").is_between(*month),
        pl.col("principal_due").fill_null(0) + pl.col("interest_due").fill_null(0) > 0,
    )
    open_loans = borrowing.open_loans.select("loan", "bank", "matures_on")
    matured = open_loans.filter(pl.col("matures_on").is_between(*month))
    asking = open_loans.join(asked.select("loan"), on="loan", how="semi")
    return pl.concat([asking, matured]).select("bank").unique()


def assess_completeness(
    ledger: Ledger, as_of: date, banks: pl.DataFrame, open_loans: pl.DataFrame, loans_before: pl.DataFrame | None
) -> Completeness:
    """What was delivered for a month, and what is missing.

    A table or bank has delivered where its newest known_on by as_of lies in the month, or a file with its rows came
    in the month or later. Payments of a bank of whose loans something was due need a file on as_of or later, since
    one within the month may bring the month before.

    ledger: as the month was computed from it. as_of: the month end. banks: `bank_deliveries` of all its households, in
    one frame or several on top of each other. open_loans: `loan_id` and `bank` of the month's open loans.
    loans_before: those of the published month before; None where there is none.
    """
    deliveries = _Deliveries(ledger, as_of, banks)
    rows = _row_counts(ledger, as_of)
    loans = _loan_counts(ledger, as_of, open_loans, loans_before)
    names = sorted(open_loans["bank"].drop_nulls().unique())
    findings = [
        *deliveries.missing_tables,
        *deliveries.silent_banks(names),
        *deliveries.missing_payments,
        *_gone_loans(loans),
        *_waiting_rows(rows),
    ]
    return Completeness(deliveries.of_tables(names), rows, loans, tuple(findings))


class _Deliveries:
    """The newest known_on and the receipts of each table and bank, as of a month end."""

    def __init__(self, ledger: Ledger, as_of: date, banks: pl.DataFrame) -> None:
        self._as_of, self._begin = as_of, as_of.replace(day=1)
        self._receipts: Sequence[Receipt] = read_receipts(ledger.folder)
        self._asking = sorted(banks.filter("asks")["bank"].unique())
        self._known = _newest_known(ledger, as_of, banks)

    def of_tables(self, banks: Sequence[str]) -> tuple[TableDelivery, ...]:
        """What is known of each needed table, as a whole and by bank."""
        return tuple(
            TableDelivery(table, bank, day.isoformat() if day else None, self._received_on(table, bank))
            for table in REQUIRED_TABLES
            for bank in (None, *(banks if table != "households" else ()))
            for day in (self._known.get((table, bank)),)
        )

    def _received_on(self, table: str | None, bank: str | None) -> str | None:
        """The day of the newest receipt of a table (None: of any) and bank (None: of any)."""
        of_both = [
            receipt.delivered_on
            for receipt in self._receipts
            if table in (None, receipt.table) and (bank is None or bank in receipt.banks)
        ]
        return max(of_both, default=None)

    def _is_delivered(self, table: str | None, bank: str | None, since: date | None = None) -> bool:
        """Whether a table (None: any) of a bank (None: any) has a row of the month, or a receipt `since` a day."""
        known = [day for (one, of), day in self._known.items() if table in (None, one) and of == bank]
        received = self._received_on(table, bank)
        return any(day >= self._begin for day in known) or (
            received is not None and received >= (since or self._begin).isoformat()
        )

    @property
    def missing_tables(self) -> list[Bilingual]:
        """The needed tables that have brought nothing for the month, as one finding."""
        missing = [table_names()[table] for table in REQUIRED_TABLES if not self._is_delivered(table, None)]
        if not missing:
            return []
        zh, en = "、".join(f"{one.zh} {one.en}" for one in missing), ", ".join(one.en for one in missing)
        return [Bilingual(f"{zh} 当月没有送达", f"nothing came for the month of the table(s) {en}")]

    def silent_banks(self, banks: Sequence[str]) -> list[Bilingual]:
        """The banks with open loans that have brought nothing for the month, as one finding."""
        return self._banks_finding(
            [bank for bank in banks if not self._is_delivered(None, bank)],
            Bilingual("{zh} 有未结贷款，当月没有任何送达", "nothing came for the month from {en}, with open loans"),
        )

    @property
    def missing_payments(self) -> list[Bilingual]:
        """The banks whose payments are missing though something was due of their loans, as one finding.

        Those that have brought nothing at all are told by `silent_banks`.
        """
        if not self._is_delivered("payments", None):
            return []
        missing = [
            bank
            for bank in self._asking
            if self._is_delivered(None, bank) and not self._is_delivered("payments", bank, self._as_of)
        ]
        return self._banks_finding(
            missing,
            Bilingual(
                "{zh} 当月有应还款，没有送达还款 payments",
                "instalments of {en} fell due in the month, but no payments came",
            ),
        )

    @staticmethod
    def _banks_finding(banks: Sequence[str], words: Bilingual) -> list[Bilingual]:
        return [words.format(zh="、".join(banks), en=", ".join(banks))] if banks else []


def _newest_known(ledger: Ledger, as_of: date, banks: pl.DataFrame) -> dict[tuple[str, str | None], date]:
    """The newest known_on of each needed table and bank that has one; of a table as a whole under None."""
    known: dict[tuple[str, str | None], date] = {}
    households = ledger.scan("households").filter(pl.col("known_on") <= as_of).select(pl.col("known_on").max())
    if (day := households.collect().item()) is not None:
        known["households", None] = day
    for table in _OF_LOANS:
        days = banks.drop_nulls(table).group_by("bank").agg(pl.col(table).max()).rows()
        known |= {(table, bank): day for bank, day in days}
        if days:
            known[table, None] = max(day for _, day in days)
    return known


def _row_counts(ledger: Ledger, as_of: date) -> dict[str, dict[str, int]]:
    """By table, rows known by a day that are stored, set aside or waiting; tables without any are left out."""
    known_on = pl.col("cells").str.json_path_match("$.known_on").str.to_date("%Y-%m-%d", strict=False)
    aside = ledger.quarantined_rows().filter((known_on <= as_of).fill_null(True))
    is_waiting = pl.col("kind") == "waiting"
    counts = aside.group_by("table").agg(is_waiting.sum().alias("waiting"), (~is_waiting).sum().alias("set_aside"))
    by_table = {row.pop("table"): row for row in counts.sort("table").to_dicts()}
    tables = dict.fromkeys((*REQUIRED_TABLES, *by_table))
    return {
        table: {
            "stored": ledger.scan(table).filter(pl.col("known_on") <= as_of).select(pl.len()).collect().item(),
            **{name: int(by_table.get(table, {}).get(name, 0)) for name in ("set_aside", "waiting")},
        }
        for table in tables
    }


def _loan_counts(
    ledger: Ledger, as_of: date, open_loans: pl.DataFrame, before: pl.DataFrame | None
) -> dict[str, dict[str, int]]:
    """By bank, open loans now and, with a month before, those of then and those of then that the ledger lacks."""
    now = dict(open_loans.group_by("bank").len().rows())
    if before is None:
        return {bank: {"now": now[bank]} for bank in sorted(now)}
    earlier = dict(before.group_by("bank").len().rows())
    known = ledger.scan("loans").filter(pl.col("known_on") <= as_of, pl.col("originated_on") <= as_of)
    lacking = before.lazy().join(known.select("loan_id"), on="loan_id", how="anti")
    gone = dict(lacking.group_by("bank").len().collect().rows())
    return {
        bank: {"before": earlier.get(bank, 0), "now": now.get(bank, 0), "gone": gone.get(bank, 0)}
        for bank in sorted({*now, *earlier})
    }


def _gone_loans(loans: Mapping[str, Mapping[str, int]]) -> list[Bilingual]:
    """The banks of which too many loans of the month before are missing."""
    gone = [
        (bank, counts["gone"], counts["before"])
        for bank, counts in loans.items()
        if counts.get("gone", 0) > MAX_GONE_SHARE * counts.get("before", 0)
    ]
    return [
        Bilingual(
            f"{bank} 上月 {before} 笔未结贷款中有 {count} 笔不见了，也没有结清",
            f"{count} of {before} loans of {bank} that were open the month before are gone, and did not end",
        )
        for bank, count, before in gone
    ]


def _waiting_rows(rows: Mapping[str, Mapping[str, int]]) -> list[Bilingual]:
    """The tables of which too many rows wait for a household or loan."""
    findings = []
    for table, counts in rows.items():
        waiting, total = counts["waiting"], counts["waiting"] + counts["stored"]
        if waiting > MAX_WAITING_SHARE * total:
            words = table_names()[table]
            findings.append(
                Bilingual(
                    f"{words.zh} {words.en} {total} 行中有 {waiting} 行等待所属农户或贷款",
                    f"{waiting} of {total} rows of {words.en} wait for their household or loan",
                )
            )
    return findings
