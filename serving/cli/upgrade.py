"""Bring a data folder that an earlier release wrote to the form of this one: ledger, months, models, database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import polars as pl

from features.atomic_files import write_text
from features.checksums import DamagedFileError, checksum, checksum_path
from features.ledger.ledger import LEDGER_FORMAT
from features.messages import Bilingual, UserError
from features.stored_format import stored_format, write_format
from models.bundle import BUNDLE_FORMAT, write_checksums
from serving.audit.service_database import service_database
from serving.batch.old_months import rename_old_months
from serving.cli.verify import read_whole
from serving.database.engine import REVISIONS, database_revision
from serving.months.data_folder import DataFolder
from serving.settings import Settings


def upgrade_data(settings: Settings, at: datetime) -> Iterator[Bilingual]:
    """Bring everything that a data folder keeps to this release's form, and tell each change; twice changes nothing.

    The ledger's files get checksums, each after it was read whole; published months keep their bytes, and their
    folders get today's names; models get checksums; the database is migrated. A step that is refused or killed leaves
    what it had not reached as it was, and the next call goes on there.

    settings: folder and database. at: the time.

    Raises UserError where there is no data folder, a file is damaged, or a newer release wrote one.
    """
    if not settings.data.is_dir():
        raise UserError(f"没有数据文件夹 {settings.data}。", f"There is no data folder {settings.data}.")
    store = DataFolder(settings.data)
    yield from _upgrade_ledger(store)
    months: list[str] = []
    rename_old_months(store, lambda _, line: months.append(line))
    yield from map(Bilingual.of, months)
    yield from _upgrade_models(store)
    before = database_revision(settings.database_address)
    service_database(settings, at).engine.dispose()
    if before not in (None, REVISIONS[-1]):
        yield Bilingual(
            f"数据库：由版本 {before} 升级到 {REVISIONS[-1]}", f"Database: from revision {before} to {REVISIONS[-1]}"
        )


def _upgrade_ledger(store: DataFolder) -> Iterator[Bilingual]:
    ledger = store.ledger
    if not len(ledger.commits) or stored_format(ledger.folder) == LEDGER_FORMAT:
        return
    with ledger.write_lock():
        unchecked = [path for path in sorted(ledger.folder.rglob("*.parquet")) if not checksum_path(path).exists()]
        for path in unchecked:
            _add_checksum(path)
        write_format(ledger.folder, LEDGER_FORMAT)
    yield Bilingual(
        f"账本：已通读 {len(unchecked)} 个没有校验值的文件并补上校验值；格式 {LEDGER_FORMAT}",
        f"Ledger: {len(unchecked)} files without a checksum were read whole and have one now; format {LEDGER_FORMAT}",
    )


def _add_checksum(path: Path) -> None:
    """Write the checksum of a file that can be read whole. Raises DamagedFileError where it cannot."""
    written = checksum(path)
    try:
        read_whole(path)
    except pl.exceptions.PolarsError as error:
        raise DamagedFileError(
            f"账本文件 {path} 无法通读；请从备份恢复该文件后再升级。",
            f"The ledger's file {path} cannot be read whole; restore it from a backup and upgrade again.",
        ) from error
    write_text(written, checksum_path(path))


def _upgrade_models(store: DataFolder) -> Iterator[Bilingual]:
    """Write the checksums of the models of earlier releases, and tell those that this release cannot use."""
    for folder in sorted(store.models.folder.glob("[0-9]*"), key=lambda folder: int(folder.name)):
        if stored_format(folder) == BUNDLE_FORMAT:
            continue
        try:
            store.models.bundle(int(folder.name))
        except UserError as error:
            yield error.message
            continue
        write_checksums(folder)
        yield Bilingual(
            f"模型 {folder.name}：已补上校验值；格式 {BUNDLE_FORMAT}",
            f"Model {folder.name}: has checksums now; format {BUNDLE_FORMAT}",
        )
