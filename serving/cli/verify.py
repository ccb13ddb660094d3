"""A check of everything that a data folder keeps: ledger, months, models, database and audit log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from urllib.parse import quote

import polars as pl

from features.checksums import checksum_path, intact_path
from features.ledger.checkpoint import POINTER, commit_path
from features.ledger.commits import Commit, read_commit
from features.ledger.ledger import LEDGER_FORMAT
from features.messages import Bilingual, UserError
from features.stored_files import read_stored, read_stored_json
from features.stored_format import check_format, stored_format
from serving.audit.chain import verify_chain
from serving.audit.heads import saved_heads
from serving.audit.service_database import service_database
from serving.months.data_folder import DataFolder
from serving.months.edition import edition_numbers
from serving.months.news_days import NewsRepository
from serving.months.published_editions import published_editions
from serving.months.repository import MonthRepository
from serving.settings import Settings

_KINDS = {
    "audit": "审计",
    "commit": "账本记录",
    "database": "数据库",
    "edition": "已发布版本",
    "json": "JSON 文件",
    "ledger file": "账本文件",
    "model": "模型",
    "news": "预警动态",
}
"""The Chinese words of what is counted."""


_BROKEN_CHAIN = Bilingual(
    "账本记录 {path} 与 {before} 不衔接：被改、被删或缺失；请从备份恢复 commits 文件夹和 newest.json。",
    "The ledger's {path} does not go with {before}: one was changed or is gone; restore the folder commits and "
    "newest.json from a backup.",
)


@dataclass
class Verification:
    """What was checked, and what is wrong.

    checked: how many ledger files, editions, models and other stored files were looked at, by kind. unchecked: ledger
    files of earlier programs, which have no checksum; they were read whole. faults: in two languages, with what to do.
    """

    checked: dict[str, int] = field(default_factory=dict)
    unchecked: int = 0
    faults: list[Bilingual] = field(default_factory=list)

    def check(self, kind: str, fault: Bilingual | None) -> None:
        """Count one thing of a kind, with its fault."""
        self.checked[kind] = self.checked.get(kind, 0) + 1
        if fault is not None:
            self.faults.append(fault)

    @property
    def summary(self) -> Bilingual:
        """What was checked, and how many faults there are."""
        counts = sorted(self.checked.items())
        zh = "，".join(f"{_KINDS[kind]} {count}" for kind, count in counts)
        en = ", ".join(f"{kind} {count}" for kind, count in counts)
        return Bilingual(
            f"已检查：{zh}；无校验值的账本文件 {self.unchecked} 个（旧版程序所写，已通读）；"
            f"问题 {len(self.faults)} 处。",
            f"Checked: {en}; {self.unchecked} ledger files without a checksum (of earlier programs, read whole); "
            f"{len(self.faults)} faults.",
        )


def verify_data(settings: Settings, at: datetime) -> Verification:
    """Compare every stored file with its checksum, the commits and the audit log with their chains.

    Args:
        settings: folder and database.
        at: the time.

    Returns:
        What was checked and every fault: nothing ends the check early.

    Raises:
        UserError: there is no data folder.

    Example:
        >>> from datetime import UTC, datetime
        >>> from serving.cli.verify import verify_data
        >>> from serving.settings import settings_of
        >>> found = verify_data(settings_of(data), datetime(2026, 1, 10, tzinfo=UTC))
        >>> found.faults, found.checked["edition"] > 0
        ([], True)
    """
    if not settings.data.is_dir():
        raise UserError(f"没有数据文件夹 {settings.data}。", f"There is no data folder {settings.data}.")
    found, store = Verification(), DataFolder(settings.data)
    check_ledger(settings.data / "ledger", found)
    for as_of in published_editions(store.warnings):
        for number in edition_numbers(store.editions_of(as_of)):
            found.check("edition", MonthRepository(store).edition(as_of, number).fault)
    news = NewsRepository(store)
    for day in news.days():
        for number in edition_numbers(news.day(day).folder.parent):
            found.check("news", news.edition(day, number).fault)
    for folder in sorted(store.models.folder.glob("[0-9]*")):
        found.check("model", _fault_of(partial(store.models.bundle, int(folder.name))))
    for path in sorted(settings.data.rglob("*.json*")):
        is_stored = not {"ledger", "mlflow", "mlruns"} & set(path.relative_to(settings.data).parts)
        if is_stored and path.suffix in (".json", ".jsonl"):
            found.check("json", _fault_of(partial(read_stored, path, parse_json)))
    for path in sorted(settings.data.rglob("*.db")):
        found.check("database", database_fault(path))
    found.check("audit", _fault_of(partial(check_audit, settings, at)))
    return found


def check_ledger(folder: Path, found: Verification) -> None:
    """Check a ledger's format, its commits, their chain, and every Parquet file that is listed or there."""
    files, last = set(folder.rglob("*.parquet")), None
    newer = _fault_of(lambda: check_format(stored_format(folder), LEDGER_FORMAT, folder))
    found.faults += [newer] if newer else []
    for sequence, path in enumerate(sorted((folder / "commits").glob("*.json")), start=1):
        try:
            commit = read_commit(path)
        except UserError as error:
            found.check("commit", error.message)
            last = None
            continue
        is_next = commit.sequence == sequence and (last is None or commit.previous == last.id)
        found.check("commit", None if is_next else _BROKEN_CHAIN.format(path=path, before=f"{sequence - 1:08d}.json"))
        files |= {folder / part.path for part in commit.parts}
        last = commit
    if last is not None and not _is_newest(last, folder / POINTER):
        path = commit_path(folder, last.sequence)
        found.check("commit", _BROKEN_CHAIN.format(path=folder / POINTER, before=path.name))
    for path in sorted(files):
        found.unchecked += not checksum_path(path).exists()
        found.check("ledger file", _fault_of(partial(read_whole, path)))


def _is_newest(commit: Commit, pointer: Path) -> bool:
    """Whether the file that names the newest commit, which may be missing or late, does not contradict this one."""
    if not pointer.exists():
        return True
    try:
        named = read_stored_json(pointer, lambda stored: (int(stored["sequence"]), stored.get("id", commit.id)))
    except UserError:
        return False
    return named[0] < commit.sequence or named == (commit.sequence, commit.id)


def _fault_of(check: Callable[[], object]) -> Bilingual | None:
    """What is wrong where a check raises; None where it does not."""
    try:
        check()
    except UserError as error:
        return error.message
    except (OSError, pl.exceptions.PolarsError) as error:
        cause = str(error).partition("\n")[0][:200]
        return Bilingual(f"文件无法读取：{cause}", f"A file cannot be read: {cause}")
    return None


def read_whole(path: Path) -> None:
    """Read every page of a Parquet file, which is as it was written; raises DamagedFileError, or polars' error."""
    pl.read_parquet(intact_path(path), glob=False, hive_partitioning=False)


def parse_json(text: str) -> None:
    """Raises ValueError where a text is neither JSON nor lines of it; a killed process may have torn the last line."""
    try:
        json.loads(text)
    except ValueError:
        *lines, _ = text.split("\n")
        if not lines:
            raise
        for line in filter(None, lines):
            json.loads(line)


def database_fault(path: Path) -> Bilingual | None:
    """What SQLite finds wrong in a database, with what to do; None where it is intact.

    In a folder that takes no writing SQLite opens one alone that nobody else has open: it is read as it stands then.
    """
    address, is_in_use = f"file:{quote(str(path))}?mode=ro", any(path.parent.glob(f"{path.name}-*"))
    try:
        try:
            said = _integrity(address)
        except sqlite3.OperationalError:
            if is_in_use:
                raise
            said = _integrity(f"{address}&immutable=1")
    except sqlite3.OperationalError as error:
        return Bilingual(
            f"数据库 {path} 无法检查（{error}）；请检查权限和磁盘空间后重试。",
            f"The database {path} could not be checked ({error}); check permissions and the disk, and try again.",
        )
    except sqlite3.DatabaseError as error:
        said = str(error)
    if said == "ok":
        return None
    return Bilingual(
        f"数据库 {path} 已损坏（{said}）；请从备份恢复。",
        f"The database {path} is damaged ({said}); restore it from a backup.",
    )


def _integrity(address: str) -> str:
    """What SQLite says of the database at an address: ok, or its first fault."""
    with closing(sqlite3.connect(address, uri=True)) as database:
        return str(database.execute("PRAGMA integrity_check(1)").fetchone()[0])


def check_audit(settings: Settings, at: datetime) -> None:
    """Raises UserError where the audit log's chain does not hold."""
    database = service_database(settings, at)
    try:
        with database.read_session() as session:
            fault = verify_chain(session, saved_heads(settings.data)).fault
    finally:
        database.engine.dispose()
    if fault is not None:
        raise UserError(fault.zh, fault.en)
