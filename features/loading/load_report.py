"""The report of a load: counts, faults and refusals of each delivered file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from features.contract.declarations import LINE, ContractTable
from features.contract.validation import CheckedRows
from features.delivery.file_tables import table_names
from features.delivery.table_columns import Delivery
from features.loading.fault_kinds import fault_kinds
from features.loading.reconcile import Reconciliation
from features.messages import Bilingual


@dataclass(frozen=True)
class FileReport:
    """The result of loading one file; the fields are keys of the JSON that `lights load --json` prints.

    rows: rows read. added: new rows. revised: rows stored as later versions of known facts. known: rows already stored.
    quarantined: rows that are wrong, in conflict or reused. reused: rows with a number that another loan, household,
    bank or policy has, and members numbered anew.
    waiting: rows whose parent is not delivered yet. corrected: rows of earlier deliveries that left quarantine, since
    their facts came corrected. ignored: headers of columns that the contract does not have.
    done: what was done to read it, each with the number of cells, lines or columns. refused: why the file was
    refused as a whole. too_many_waiting: what to do, where so many rows wait that their parents must be missing.
    faults: the kinds of faults (FAULT_KINDS_SCHEMA, and `heading`: what the file writes above the column), without the
    cells' values, which may be personal data and stay in quarantine.
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
    corrected: int = 0
    ignored: tuple[str, ...] = ()
    done: tuple[dict[str, object], ...] = ()
    refused: Bilingual | None = None
    too_many_waiting: Bilingual | None = None
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
    def corrected(self) -> int:
        """How many rows of earlier deliveries left quarantine, since their facts came corrected."""
        return sum(file.corrected for file in self.files)

    @property
    def has_refused_files(self) -> bool:
        """Whether any file was refused as a whole, or was not read though it could be a table."""
        return bool(self.may_be) or any(file.refused for file in self.files)

    @property
    def files_taken_in(self) -> list[str]:
        """The files of which every sheet and table was loaded, as paths within the inbox."""
        refused = {_file_of(one.file) for one in self.files if one.refused} | set(self.sheets_left_out)
        return [file for file in dict.fromkeys(_file_of(one.file) for one in self.files) if file not in refused]

    @property
    def needs_action(self) -> bool:
        """Whether a file was refused or not read, or too many rows of one wait."""
        return self.has_refused_files or any(file.too_many_waiting for file in self.files)


def _file_of(label: str) -> str:
    """The file of a table that a report calls `FILE [SHEET]` or `FILE`."""
    file, bracket, _ = label.rpartition(" [")
    return file if bracket and label.endswith("]") else label


def file_report(
    file: str, rows: CheckedRows, result: Reconciliation, delivered: Delivery, rejected: pl.DataFrame
) -> FileReport:
    """The report of a file from its checked rows, their reconciliation with the ledger, and the rejected rows."""
    wrong = rows.faults[LINE].n_unique()
    return FileReport(
        file=file,
        table=delivered.table.name,
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
            {**kind, "heading": delivered.heading(kind["column"])} for kind in fault_kinds(rejected).to_dicts()
        ),
    )


def waiting_report(report: FileReport, table: ContractTable, limit: float) -> FileReport:
    """The report of a loaded file, which says so where more than the share `limit` of its rows waits."""
    if table.parent is None or report.waiting <= limit * report.rows:
        return report
    file, parent, share = report.file, table_names()[table.parent[0]], report.waiting / report.rows
    message = Bilingual(
        f"{file}：{report.rows} 行中 {report.waiting} 行（{share:.1%}，上限 {limit:.1%}）等待所属的{parent.zh}，"
        f"其余已装入；请补送{parent.zh}表（{parent.en}），或核对编号的写法。",
        f"{file}: {report.waiting} of {report.rows} rows ({share:.1%}, at most {limit:.1%}) wait for their row in "
        f"{parent.en}, the others are loaded; deliver {parent.en}, or check how the numbers are written.",
    )
    return replace(report, too_many_waiting=message)


def refused_report(report: FileReport, limit: float) -> FileReport:
    """The report of a file that is refused because more than the share `limit` of its rows is wrong."""
    file, wrong, rows, share = report.file, report.quarantined, report.rows, report.quarantined / report.rows
    message = Bilingual(
        f"{file}：{rows} 行中 {wrong} 行有误（{share:.1%}，上限 {limit:.1%}），整个文件未装入；请更正后重新送达。",
        f"{file}: {wrong} of {rows} rows are wrong ({share:.1%}, at most {limit:.1%}), so nothing of it was loaded; "
        "correct the file and deliver it again.",
    )
    if report.reused:
        message = Bilingual(
            f"{message.zh} 其中 {report.reused} 行的编号已属其他贷款、农户、银行或保单，或成员重新编号："
            "请改用不重复的编号；"
            "确为更正请用 --corrections 装入。",
            f"{message.en} Of these, {report.reused} have numbers that belong to another loan, household, bank or "
            "policy, or are members numbered anew: use numbers that do not come twice, or load "
            "corrections with --corrections.",
        )
    return replace(report, added=0, revised=0, known=0, waiting=0, refused=message)
