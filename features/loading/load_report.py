"""The report of a load: counts, faults and refusals of each delivered file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from features.contract.declarations import LINE, ContractTable
from features.contract.tables import TABLES
from features.contract.validation import CheckedRows
from features.delivery.table_columns import Delivery
from features.loading.quarantine import WAITING_MESSAGES
from features.loading.reconcile import CONFLICT, Reconciliation
from features.loading.reused_numbers import COLUMN, REASON_EN, REASON_ZH
from features.messages import Bilingual

_AS_FAULT = {COLUMN: "column", REASON_ZH: "reason_zh", REASON_EN: "reason_en"}
_FAULTS_SHOWN = 5
"""So many faults of each kind are in a file's report; all of them are in quarantine."""


@dataclass(frozen=True)
class FileReport:
    """The result of loading one file; the fields are keys of the JSON that `lights load --json` prints.

    rows: rows read. added: new rows. revised: rows stored as later versions of known facts. known: rows already stored.
    quarantined: rows that are wrong, in conflict or reused. reused: rows with a number that another loan, household,
    bank or policy has, and members numbered anew.
    waiting: rows whose parent is not delivered yet. ignored: headers of columns that the contract does not have.
    done: what was done to read the file, each with the number of cells, lines or columns. refused: why the file was
    refused as a whole. faults: the first faults, without the cell's value, which may be
    personal data and stays in quarantine.
    """

    file: str
    table: str
    rows: int = 0
    added: int = 0
    revised: int = 0
    known: int = 0
    quarantined: int = 0
    reused: int = 0
    waiting: int = 0
    ignored: tuple[str, ...] = ()
    done: tuple[dict[str, object], ...] = ()
    refused: Bilingual | None = None
    faults: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """The result of loading an inbox; the fields are keys of the JSON that `lights load --json` prints.

    files: in the order they were loaded. strangers: names of entries that are no table. taken_up: rows of earlier
    deliveries that left quarantine, since their parent is stored now. data_version: that of the ledger afterwards.
    may_be: what could be a table and was not read, with what to do. sheets_left_out: by file, sheets that are no table.
    loan_findings: loans of this delivery that fail a check on the whole loan, in the columns of LOAN_FINDINGS_SCHEMA.
    """

    files: tuple[FileReport, ...]
    strangers: tuple[str, ...]
    taken_up: int
    data_version: str
    may_be: tuple[Bilingual, ...] = ()
    sheets_left_out: Mapping[str, tuple[Bilingual, ...]] = field(default_factory=dict)
    loan_findings: tuple[dict[str, object], ...] = ()

    @property
    def has_refused_files(self) -> bool:
        """Whether any file was refused as a whole, or was not read though it could be a table."""
        return bool(self.may_be) or any(file.refused for file in self.files)


def file_report(file: str, table: str, rows: CheckedRows, result: Reconciliation, delivered: Delivery) -> FileReport:
    """The report of a file from its checked rows and their reconciliation with the ledger."""
    wrong = rows.faults[LINE].n_unique()
    faults = rows.faults.drop("cells", "value")
    set_aside = result.set_aside.select(LINE, *(pl.col(name).alias(fault) for name, fault in _AS_FAULT.items()))
    return FileReport(
        file=file,
        table=table,
        rows=rows.rows.height + wrong,
        added=result.added,
        revised=result.revised,
        known=result.already_stored,
        quarantined=wrong + result.conflicts.height + result.set_aside.height,
        reused=result.set_aside.height,
        waiting=result.waiting.height,
        ignored=delivered.ignored,
        done=tuple({"zh": done.zh, "en": done.en, "count": count} for done, count in delivered.done.items()),
        faults=tuple(
            row
            for kind in (faults, set_aside, *_conflicting_and_waiting(TABLES[table], result))
            for row in kind.head(_FAULTS_SHOWN).to_dicts()
        ),
    )


def _conflicting_and_waiting(table: ContractTable, result: Reconciliation) -> list[pl.DataFrame]:
    """Rows in conflict, and rows that wait for their parent, in the columns of a fault."""
    kinds = [(result.conflicts, table.key[0], CONFLICT)]
    if table.parent:
        parent, by = table.parent
        kinds.append((result.waiting, by, WAITING_MESSAGES[parent]))
    return [
        rows.select(
            LINE,
            pl.lit(column).alias("column"),
            pl.lit(message.zh).alias("reason_zh"),
            pl.lit(message.en).alias("reason_en"),
        )
        for rows, column, message in kinds
    ]


def refused_report(report: FileReport, limit: float) -> FileReport:
    """The report of a file that is refused because more than the share `limit` of its rows is wrong."""
    file, wrong, rows, share = report.file, report.quarantined, report.rows, report.quarantined / report.rows
    message = Bilingual(
        f"{file}: {rows} 行中 {wrong} 行有误 ({share:.1%}, 上限 {limit:.1%}), 整个文件未装入; 请更正后重新送达。",
        f"{file}: {wrong} of {rows} rows are wrong ({share:.1%}, at most {limit:.1%}), so nothing of it was loaded; "
        "correct the file and deliver it again.",
    )
    if report.reused:
        message = Bilingual(
            f"{message.zh} 其中 {report.reused} 行的编号已属其他贷款、农户、银行或保单, 或成员重新编号: "
            "请改用不重复的编号; "
            "确为更正请用 --corrections 装入。",
            f"{message.en} Of these, {report.reused} have numbers that belong to another loan, household, bank or "
            "policy, or are members numbered anew: use numbers that do not come twice, or load "
            "corrections with --corrections.",
        )
    return replace(report, added=0, revised=0, known=0, waiting=0, refused=message)
