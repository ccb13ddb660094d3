"""Backup and restore: everything the service keeps as one file with checksums, the database at one moment."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from features.messages import Refused
from serving.months.repository import OPENED
from serving.settings import Settings

_CHECKSUMS, _SETTINGS = "checksums.json", "settings.json"
_LEFT_OUT = (".making", ".lock", "-wal", "-shm", "-journal")
_LAST = "ledger"
"""Read last: what a month or a model rests on is in the ledger before it is published, and never leaves it."""


def backup(settings: Settings, file: Path) -> int:
    """Write all of the data folder to a new file; how many files are in it.

    Raises Refused where there is no data, the file exists, or the database is PostgreSQL's own to keep.
    """
    _check(settings, file)
    making = file.with_name(f"{file.name}.making")
    try:
        with tarfile.open(making, "w:gz", compresslevel=3) as tar:
            checksums = dict(_packed(settings, tar))
        making.rename(file)
    finally:
        making.unlink(missing_ok=True)
    return len(checksums)


def restore(file: Path, folder: Path) -> int:
    """Unpack a backup into a new folder, and check every file; how many there are.

    Raises Refused where the folder holds anything, or the backup is damaged.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(
            f"{folder} 不是空文件夹; 请恢复到新的文件夹。", f"{folder} is not empty; restore into a new folder."
        )
    making = folder.with_name(f"{folder.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    try:
        checksums = _unpacked(file, making)
        if folder.exists():
            folder.rmdir()
        making.rename(folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return len(checksums)


def _check(settings: Settings, file: Path) -> None:
    if not settings.data.is_dir():
        raise Refused(f"没有数据文件夹 {settings.data}。", f"There is no data folder {settings.data}.")
    if file.exists():
        raise Refused(f"{file} 已存在; 请另取文件名。", f"{file} exists already; choose another name.")
    if not settings.database_address.startswith("sqlite"):
        raise Refused(
            "数据库为 PostgreSQL: 请用 pg_dump 备份它, 并另行备份数据文件夹。",
            "The database is PostgreSQL: back it up with pg_dump, and the data folder beside it.",
        )


def _packed(settings: Settings, tar: tarfile.TarFile) -> Iterator[tuple[str, str]]:
    """Each file packed, with its checksum; the list of them goes in at the end."""
    checksums: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for path in _kept(settings.data):
            name = path.relative_to(settings.data).as_posix()
            if path.is_symlink():
                tar.add(path, name)
                continue
            source = _copy_of_database(path, Path(scratch)) if path.suffix == ".db" else path
            tar.add(source, name)
            checksums[name] = _checksum(source)
        for name, said in ((_SETTINGS, _told(settings)), (_CHECKSUMS, checksums)):
            (Path(scratch) / name).write_text(json.dumps(said, indent=1), "utf-8")
            tar.add(Path(scratch) / name, name)
    yield from checksums.items()


def _kept(folder: Path) -> list[Path]:
    """Files and links; the ledger's last."""
    paths = [
        path
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file())
        and not path.name.endswith(_LEFT_OUT)
        and path.name != "lock"
        and path.relative_to(folder).parts[0] != OPENED  # laid open anew by whoever looks
    ]
    return sorted(paths, key=lambda path: (path.relative_to(folder).parts[0] == _LAST, path))


def _copy_of_database(path: Path, scratch: Path) -> Path:
    """As it stands at one moment, whoever writes to it meanwhile."""
    copy = scratch / "database"
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    return copy


def _told(settings: Settings) -> dict[str, object]:
    """For whoever sets up the new machine; secrets stay where they are."""
    told = settings.model_dump(mode="json", exclude={"data", "metrics_token", "database"})
    return {f"LIGHTS_{name.upper()}": value for name, value in told.items() if value is not None}


def _unpacked(file: Path, folder: Path) -> dict[str, str]:
    try:
        with tarfile.open(file, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        checksums = json.loads((folder / _CHECKSUMS).read_text("utf-8"))
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise Refused(
            f"{file} 不是完整的备份 ({type(error).__name__})。", f"{file} is no whole backup ({type(error).__name__})."
        ) from error
    damaged = [name for name, digest in checksums.items() if _checksum(folder / name) != digest]
    if damaged:
        raise Refused(f"备份中有损坏的文件: {damaged[0]}。", f"A file of the backup is damaged: {damaged[0]}.")
    (folder / _CHECKSUMS).unlink()
    return dict(checksums)


def _checksum(path: Path) -> str:
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
