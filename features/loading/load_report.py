"""What became of an inbox, file by file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from features.contract.reading import LINE
from features.contract.validation import Checked
from features.loading.reconcile import Arrivals
from features.messages import Words

_FAULTS_SHOWN = 5


@dataclass(frozen=True)
class FileReport:
    """What became of one file: rows read, added, known before, set aside (wrong or in conflict), waiting.

    faults: the first of them, without the cell's value, which may be somebody's and stays in quarantine.
    """

    file: str
    table: str
    rows: int = 0
    added: int = 0
    known: int = 0
    quarantined: int = 0
    waiting: int = 0
    ignored: tuple[str, ...] = ()
    refused: Words | None = None
    faults: tuple[dict[str, object], ...] = ()


@dataclass(frozen=True)
class LoadReport:
    """All files of an inbox; entries that are no table; rows of earlier deliveries that came in now."""

    files: tuple[FileReport, ...]
    strangers: tuple[str, ...]
    taken_up: int
    data_version: str

    @property
    def refused(self) -> bool:
        return any(file.refused for file in self.files)


def file_report(file: str, table: str, rows: Checked, found: Arrivals, ignored: Iterable[str]) -> FileReport:
    """The report of a file whose rows were all read."""
    wrong = rows.faults[LINE].n_unique()
    return FileReport(
        file=file,
        table=table,
        rows=rows.rows.height + wrong,
        added=found.new.height,
        known=found.known,
        quarantined=wrong + found.conflicts.height,
        waiting=found.waiting.height,
        ignored=tuple(ignored),
        faults=tuple(rows.faults.drop("cells", "value").head(_FAULTS_SHOWN).to_dicts()),
    )


def too_many_wrong(report: FileReport, limit: float) -> FileReport:
    """The report of the same file refused, because more than `limit` of its rows are wrong."""
    file, wrong, rows, share = report.file, report.quarantined, report.rows, report.quarantined / report.rows
    words = Words(
        f"{file}: {rows} 行中 {wrong} 行有误 ({share:.1%}, 上限 {limit:.1%}), 整个文件未装入; 请更正后重新送达。",
        f"{file}: {wrong} of {rows} rows are wrong ({share:.1%}, at most {limit:.1%}), so nothing of it was loaded; "
        "correct the file and deliver it again.",
    )
    return replace(report, added=0, known=0, waiting=0, refused=words)
