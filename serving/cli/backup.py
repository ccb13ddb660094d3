"""Backup and restore: everything the service keeps in one file with checksums, the database as of one moment."""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from features.atomic_files import atomic_file, atomic_folder
from features.ledger.ledger import Ledger
from features.ledger.number_files import NUMBERED_FOLDER
from features.messages import UserError
from features.scratch import temporary_folder
from models.registry import TABLES
from serving.months.edition import ROW_STORES_FOLDER
from serving.settings import Settings
from serving.uploads.upload_folder import UPLOADS_FOLDER

_DATA = "data"
"""Folder of the archive that holds the data folder; what the backup says of itself stands beside it."""
_CHECKSUMS, _SETTINGS = "backup/checksums.json", "backup/settings.json"
_OLD_CHECKSUMS, _OLD_SETTINGS = "checksums.json", "settings.json"
"""Where backups of version 0.2 have them, beside the data."""
_EXCLUDED_SUFFIXES = (".lock", "-wal", "-shm", "-journal")
_LEDGER = "ledger"
_CACHES = (("models", TABLES), (_LEDGER, NUMBERED_FOLDER))
"""Folders that are rebuilt, by a reader or by the next load, with those above them."""
_POINTERS = ("models/history.jsonl",)
"""Files that name others. They are read first, as links are: what they name is there already, and stays."""


def backup(settings: Settings, file: Path) -> int:
    """Write everything in the data folder to a new compressed file, with checksums, and read it back.

    The database is copied as of one moment; caches that can be rebuilt and unfinished files are left out. No load
    begins while the ledger is read. What goes away meanwhile, such as a cache of MLflow, is left out.

    Args:
        settings: from `settings_of`; its `data` is the folder.
        file: the file to write; it appears only when it is complete and was read back.

    Returns:
        How many files are in it.

    Raises:
        UserError: there is no data folder, the file exists, a load is going on, what was written cannot be read back,
            or the database is PostgreSQL, which pg_dump backs up.

    Example:
        >>> from serving.cli.backup import backup, restore
        >>> from serving.settings import settings_of
        >>> files = backup(settings_of(data), tmp / "county.tar.gz")
        >>> restore(tmp / "county.tar.gz", tmp / "restored") == files
        True
    """
    _check_can_back_up(settings, file)
    with atomic_file(file) as staging:
        with tarfile.open(staging, "w:gz", compresslevel=3) as tar:
            checksums = _add_files(settings, tar)
        if fault := _fault_in(staging):
            raise UserError(
                f"备份未能读回（{fault}）；没有写成备份。请检查磁盘后重试。",
                f"The backup cannot be read back ({fault}); none was made. Check the disk and try again.",
            )
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
            f"{folder} 不是空文件夹；请恢复到新的文件夹。", f"{folder} is not empty; restore into a new folder."
        )
    with atomic_folder(folder) as staging:
        return len(_unpack(file, staging))


def _check_can_back_up(settings: Settings, file: Path) -> None:
    """Raises UserError as `backup` does."""
    if not settings.data.is_dir():
        raise UserError(f"没有数据文件夹 {settings.data}。", f"There is no data folder {settings.data}.")
    if file.exists():
        raise UserError(f"{file} 已存在；请另取文件名。", f"{file} exists already; choose another name.")
    if not settings.database_address.startswith("sqlite"):
        raise UserError(
            "数据库为 PostgreSQL：请用 pg_dump 备份它，并另行备份数据文件夹。",
            "The database is PostgreSQL: back it up with pg_dump, and the data folder beside it.",
        )


def _add_files(settings: Settings, tar: tarfile.TarFile) -> dict[str, str]:
    """Add the files, the settings and at last the checksums to an archive; returns the checksums by path."""
    folder, checksums = settings.data, dict[str, str]()
    for name in _POINTERS:
        if (folder / name).exists():
            checksums[name] = _add_file(tar, f"{_DATA}/{name}", folder / name)
    for path in _kept_paths(folder):
        if path.is_symlink():
            tar.add(path, f"{_DATA}/{path.relative_to(folder).as_posix()}")
    ledger = folder / _LEDGER
    with temporary_folder(folder, "backup") as scratch:
        _add_below(tar, folder, scratch, checksums, lambda path: ledger not in path.parents)
        if ledger.is_dir():
            with Ledger(ledger).write_lock():
                _add_below(tar, folder, scratch, checksums, lambda path: ledger in path.parents)
        # for setting up another machine; secrets are left out
        values = settings.model_dump(mode="json", exclude={"data", "metrics_token", "database"})
        variables = {f"LIGHTS_{name.upper()}": value for name, value in values.items() if value is not None}
        for name, content in ((_SETTINGS, variables), (_CHECKSUMS, checksums)):
            written = scratch / "content.json"
            written.write_text(json.dumps(content, indent=1), "utf-8")
            _add_file(tar, name, written)
    return checksums


def _add_below(
    tar: tarfile.TarFile, folder: Path, scratch: Path, checksums: dict[str, str], is_wanted: Callable[[Path], bool]
) -> None:
    """Add the wanted files of the data folder that are not in the archive yet, and note their checksums.

    One that is gone since it was listed is passed over.
    """
    for path in filter(is_wanted, _kept_paths(folder)):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or name in checksums:
            continue
        with suppress(FileNotFoundError):
            source = _copy_of_database(path, scratch) if path.suffix == ".db" else path
            checksums[name] = _add_file(tar, f"{_DATA}/{name}", source)


def _add_file(tar: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file to an archive, as long as it is now; the SHA-256 of what was packed."""
    with path.open("rb") as file:
        reader, member = HashingReader(file), tar.gettarinfo(arcname=name, fileobj=file)
        tar.addfile(member, reader)
    return reader.digest.hexdigest()


class HashingReader(io.RawIOBase):
    """A file whose bytes are hashed as they are read, so that a checksum is of what was packed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes of the file."""
        content = self._file.read(size)
        self.digest.update(content)
        return content


def _kept_paths(folder: Path) -> Iterator[Path]:
    """The files and links of a data folder that a backup keeps, sorted; nothing that is unfinished or rebuilt."""
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        # caches, which are rebuilt; and files as they were delivered, with identity numbers in them
        is_left_out = inside.parts[0] in (ROW_STORES_FOLDER, UPLOADS_FOLDER) or inside.parts[:2] in _CACHES
        if is_left_out or any(part[0] == "." for part in inside.parts):
            continue
        is_kept = path.name != "lock" and not path.name.endswith(_EXCLUDED_SUFFIXES)
        if is_kept and (path.is_symlink() or path.is_file()):
            yield path


def _copy_of_database(path: Path, scratch: Path) -> Path:
    """A consistent copy of an SQLite database that others may be writing to."""
    copy = scratch / "database"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _fault_in(file: Path) -> str | None:
    """What is wrong with an archive that was just written; None where each file and link is as it was packed."""
    digests, links = dict[str, str](), dict[str, str]()
    try:
        with tarfile.open(file, "r:gz") as tar:
            for member in tar:
                if member.issym():
                    links[member.name] = str(PurePosixPath(member.name).parent / member.linkname)
                    continue
                content = tar.extractfile(member)
                assert content is not None  # noqa: S101 - only files and links are added
                digests[member.name] = hashlib.file_digest(cast("io.BufferedReader", content), "sha256").hexdigest()
        checksums = _checksums_in(file)
    except (tarfile.TarError, EOFError, ValueError, OSError, KeyError) as error:
        return type(error).__name__
    folders = {str(parent) for name in digests for parent in (PurePosixPath(name), *PurePosixPath(name).parents)}
    wrong = [name for name, digest in checksums.items() if digests.get(f"{_DATA}/{name}") != digest]
    wrong += [name for name, target in links.items() if posixpath.normpath(target) not in folders]
    return wrong[0] if wrong else None


def _checksums_in(file: Path) -> dict[str, str]:
    """The checksums of a backup, by path in the data folder. Raises KeyError where it has none."""
    with tarfile.open(file, "r:gz") as tar:
        members = {posixpath.normpath(member.name): member for member in tar}
        content = tar.extractfile(members.get(_CHECKSUMS) or members[_OLD_CHECKSUMS])
        assert content is not None  # noqa: S101 - it is a file
        return dict(json.loads(content.read()))


def _unpack(file: Path, folder: Path) -> dict[str, str]:
    """Unpack a backup and check its files; returns the checksums by path. Raises UserError where it is damaged."""
    try:
        checksums = _checksums_in(file)
        with tarfile.open(file, "r:gz") as tar:
            tar.extractall(folder, filter=_in_data_folder)  # noqa: S202 - the filter is that of data, below a folder
    except (tarfile.TarError, EOFError, ValueError, OSError, KeyError) as error:
        raise UserError(
            f"{file} 不是完整的备份（{type(error).__name__}）。", f"{file} is no whole backup ({type(error).__name__})."
        ) from error
    damaged = [name for name, digest in checksums.items() if _checksum(folder / name) != digest]
    if damaged:
        raise UserError(f"备份中有损坏的文件：{damaged[0]}。", f"A file of the backup is damaged: {damaged[0]}.")
    return checksums


def _in_data_folder(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Where a member of an archive goes: out of its folder for data; None for what the backup says of itself."""
    name = posixpath.normpath(member.name)
    if name in (_CHECKSUMS, _SETTINGS, _OLD_CHECKSUMS, _OLD_SETTINGS, _DATA, posixpath.dirname(_CHECKSUMS)):
        return None
    return tarfile.data_filter(member.replace(name=name.removeprefix(f"{_DATA}/")), folder)


def _checksum(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
