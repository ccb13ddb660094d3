"""The report of a load: counts, faults and refusals of each delivered file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from features.contract.reading import LINE
from features.contract.validation import CheckedRows
from features.loading.reconcile import Reconciliation
from features.messages import Bilingual

_FAULTS_SHOWN = 5
"""So many faults of a file are in its report; all of them are in quarantine."""


@dataclass(frozen=True)
class FileReport:
    """The result of loading one file; the fields are keys of the JSON that `lights load --json` prints.

    rows: rows read. added: new rows. known: rows already stored. quarantined: rows that are wrong or in conflict.
    waiting: rows whose parent is not delivered yet. ignored: headers of columns that the contract does not have.
    refused: why the file was refused as a whole. faults: the first faults, without the cell's value, which may be
    personal data and stays in quarantine.
    """

    file: str
    table: str
    rows: int = 0
    added: int = 0
    known: int = 0
    quarantined: int = 0
    waiting: int = 0
    ignored: tuple[str, ...] = ()
    refused: Bilingual | None = None
    faults: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """The result of loading an inbox; the fields are keys of the JSON that `lights load --json` prints.

    files: in the order they were loaded. strangers: names of entries that are no table. taken_up: rows of earlier
    deliveries that left quarantine, since their parent is stored now. data_version: that of the ledger afterwards.
    """

    files: tuple[FileReport, ...]
    strangers: tuple[str, ...]
    taken_up: int
    data_version: str

    @property
    def has_refused_files(self) -> bool:
        """Whether any file was refused as a whole."""
        return any(file.refused for file in self.files)


def file_report(file: str, table: str, rows: CheckedRows, result: Reconciliation, ignored: Iterable[str]) -> FileReport:
    """The report of a file from its checked rows and their reconciliation with the ledger."""
    wrong = rows.faults[LINE].n_unique()
    return FileReport(
        file=file,
        table=table,
        rows=rows.rows.height + wrong,
        added=result.new.height,
        known=result.already_stored,
        quarantined=wrong + result.conflicts.height,
        waiting=result.waiting.height,
        ignored=tuple(ignored),
        faults=tuple(rows.faults.drop("cells", "value").head(_FAULTS_SHOWN).to_dicts()),
    )


def refused_report(report: FileReport, limit: float) -> FileReport:
    """The report of a file that is refused because more than the share `limit` of its rows is wrong."""
    file, wrong, rows, share = report.file, report.quarantined, report.rows, report.quarantined / report.rows
    message = Bilingual(
        f"{file}: {rows} 行中 {wrong} 行有误 ({share:.1%}, 上限 {limit:.1%}), 整个文件未装入; 请更正后重新送达。",
        f"{file}: {wrong} of {rows} rows are wrong ({share:.1%}, at most {limit:.1%}), so nothing of it was loaded; "
        "correct the file and deliver it again.",
    )
    return replace(report, added=0, known=0, waiting=0, refused=message)
