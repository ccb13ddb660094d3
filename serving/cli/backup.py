"""Backup and restore: everything the service keeps in one file with checksums, the database as of one moment."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path

from features.atomic_files import STAGING, atomic_file, atomic_folder
from features.messages import UserError
from serving.months.edition import ROW_STORES_FOLDER
from serving.settings import Settings
from serving.uploads.upload_folder import UPLOADS_FOLDER

_CHECKSUMS, _SETTINGS = "checksums.json", "settings.json"
_EXCLUDED_SUFFIXES = (STAGING, ".lock", "-wal", "-shm", "-journal")
_READ_LAST = "ledger"
"""Data of a published month or model were in the ledger before, and stay there: read last, it holds all of them."""


def backup(settings: Settings, file: Path) -> int:
    """Write everything in the data folder to a new compressed file, with checksums.

    The database is copied as of one moment; caches that can be rebuilt are left out.

    Args:
        settings: from `settings_of`; its `data` is the folder.
        file: the file to write; it appears only when it is complete.

    Returns:
        How many files are in it.

    Raises:
        UserError: there is no data folder, the file exists, or the database is PostgreSQL, which pg_dump backs up.

    Example:
        >>> from serving.cli.backup import backup, restore
        >>> from serving.settings import settings_of
        >>> files = backup(settings_of(data), tmp / "county.tar.gz")
        >>> restore(tmp / "county.tar.gz", tmp / "restored") == files
        True
    """
    _check_can_back_up(settings, file)
    with atomic_file(file) as staging, tarfile.open(staging, "w:gz", compresslevel=3) as tar:
        checksums = _add_files(settings, tar)
    return len(checksums)


def restore(file: Path, folder: Path) -> int:
    """Unpack a backup into a new data folder, and check every file against its checksum.

    Args:
        file: a backup.
        folder: a folder that does not exist or is empty; it appears only when all files are intact.

    Returns:
        How many files it has.

    Raises:
        UserError: the folder is not empty, or the backup is damaged.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UserError(
            f"{folder} 不是空文件夹; 请恢复到新的文件夹。", f"{folder} is not empty; restore into a new folder."
        )
    with atomic_folder(folder) as staging:
        return len(_unpack(file, staging))


def _check_can_back_up(settings: Settings, file: Path) -> None:
    """Raises UserError as `backup` does."""
    if not settings.data.is_dir():
        raise UserError(f"没有数据文件夹 {settings.data}。", f"There is no data folder {settings.data}.")
    if file.exists():
        raise UserError(f"{file} 已存在; 请另取文件名。", f"{file} exists already; choose another name.")
    if not settings.database_address.startswith("sqlite"):
        raise UserError(
            "数据库为 PostgreSQL: 请用 pg_dump 备份它, 并另行备份数据文件夹。",
            "The database is PostgreSQL: back it up with pg_dump, and the data folder beside it.",
        )


def _add_files(settings: Settings, tar: tarfile.TarFile) -> dict[str, str]:
    """Add the files, the settings and at last the checksums to an archive; returns the checksums by path."""
    checksums: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for path in _files_to_back_up(settings.data):
            name = path.relative_to(settings.data).as_posix()
            if path.is_symlink():
                tar.add(path, name)
                continue
            source = _copy_of_database(path, Path(scratch)) if path.suffix == ".db" else path
            tar.add(source, name)
            checksums[name] = _checksum(source)
        # for setting up another machine; secrets are left out
        values = settings.model_dump(mode="json", exclude={"data", "metrics_token", "database"})
        variables = {f"LIGHTS_{name.upper()}": value for name, value in values.items() if value is not None}
        for name, content in ((_SETTINGS, variables), (_CHECKSUMS, checksums)):
            (Path(scratch) / name).write_text(json.dumps(content, indent=1), "utf-8")
            tar.add(Path(scratch) / name, name)
    return checksums


def _files_to_back_up(folder: Path) -> list[Path]:
    """Files and links of a data folder; those of the ledger last."""
    paths = [
        path
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file())
        and not path.name.endswith(_EXCLUDED_SUFFIXES)
        and path.name != "lock"
        # a cache, rebuilt when it is read; and files as they were delivered, with identity numbers in them
        and path.relative_to(folder).parts[0] not in (ROW_STORES_FOLDER, UPLOADS_FOLDER)
    ]
    return sorted(paths, key=lambda path: (path.relative_to(folder).parts[0] == _READ_LAST, path))


def _copy_of_database(path: Path, scratch: Path) -> Path:
    """A consistent copy of an SQLite database that others may be writing to."""
    copy = scratch / "database"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _unpack(file: Path, folder: Path) -> dict[str, str]:
    """Unpack a backup and check its files; returns the checksums by path. Raises UserError where it is damaged."""
    try:
        with tarfile.open(file, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        checksums = json.loads((folder / _CHECKSUMS).read_text("utf-8"))
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise UserError(
            f"{file} 不是完整的备份 ({type(error).__name__})。", f"{file} is no whole backup ({type(error).__name__})."
        ) from error
    damaged = [name for name, digest in checksums.items() if _checksum(folder / name) != digest]
    if damaged:
        raise UserError(f"备份中有损坏的文件: {damaged[0]}。", f"A file of the backup is damaged: {damaged[0]}.")
    (folder / _CHECKSUMS).unlink()
    return dict(checksums)


def _checksum(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
