"""Shared storage by fsspec URL: files are uploaded whole, named by their checksum, and verified when downloaded."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.atomic_files import STAGING, atomic_file
from features.checksums import checksum
from features.messages import UserError

_CONCURRENT_FILES = 8
"""Files transferred at once: distant storage answers late, but answers many requests."""
_LONGEST_REASON = 120
_ADDRESS = re.compile(r"(?: for url:)?\s*\S*://")


@dataclass(frozen=True)
class StoredFile:
    """A file in the storage, named by its checksum, so that it never changes.

    local_path: where it belongs below a worker's own folder. folder: the folder below the URL. checksum: SHA-256.
    """

    local_path: str
    folder: str
    checksum: str

    @property
    def name(self) -> str:
        """The path below the URL."""
        return f"{self.folder}/{self.checksum}"


@dataclass(frozen=True)
class Storage:
    """A folder under a URL that all workers reach; the object itself travels to them.

    Each method raises UserError where the storage does not answer or takes no more.
    """

    url: str = field(repr=False)  # a log that shows what a worker was given shows no password

    @property
    def label(self) -> str:
        """The URL without its password."""
        return re.sub(r"//[^/@]*@", "//", self.url)

    def sizes(self, folder: str) -> dict[str, int]:
        """The sizes in bytes of the files in a folder, by name; the folder is made where there is none."""
        with self._file_system() as (file_system, root):
            file_system.makedirs(f"{root}/{folder}", exist_ok=True)
            file_system.invalidate_cache()
            try:
                entries = file_system.ls(f"{root}/{folder}", detail=True)
            except FileNotFoundError:  # an object store knows no empty folder
                return {}
        return {
            entry["name"].rstrip("/").rpartition("/")[2]: entry["size"] for entry in entries if entry["type"] == "file"
        }

    def upload(self, sources: Mapping[StoredFile, Path], staging: str) -> None:
        """Upload files that are not in the storage yet; staging: its folder for unfinished uploads."""
        with ThreadPoolExecutor(_CONCURRENT_FILES) as pool:
            list(pool.map(lambda file: self._upload(sources[file], file.name, staging), sources))

    def _upload(self, path: Path, name: str, staging: str) -> None:
        """Upload to another name, then rename; two who upload the same file at once upload equal bytes."""
        with self._file_system() as (file_system, root):
            stored_size, size = None, path.stat().st_size
            file_system.invalidate_cache()
            with suppress(FileNotFoundError):
                stored_size = int(file_system.info(f"{root}/{name}")["size"])
            if stored_size == size:
                return
            unfinished = f"{root}/{staging}/{secrets.token_hex(8)}{STAGING}"
            file_system.put_file(str(path), unfinished)
            if stored_size is not None:
                file_system.rm_file(f"{root}/{name}")
            file_system.mv(unfinished, f"{root}/{name}")

    def fetch(self, files: Sequence[StoredFile], folder: Path) -> None:
        """Download files that are not in a folder yet.

        Raises UserError where one is not in the storage, or does not have the checksum of its name.
        """
        with ThreadPoolExecutor(_CONCURRENT_FILES) as pool:
            list(pool.map(lambda file: self._fetch(file, folder / file.local_path), files))

    def _fetch(self, file: StoredFile, path: Path) -> None:
        if path.exists():
            return
        with atomic_file(path, unique=True) as staging:
            with self._file_system(file.name) as (file_system, root):
                file_system.get_file(f"{root}/{file.name}", str(staging))
            if checksum(staging) != file.checksum:
                raise UserError(
                    f"共享存储 {self.label} 中的文件 {file.name} 已损坏；请删除该文件后重新运行。",
                    f"The copy {file.name} under {self.label} is damaged; delete it there and run again.",
                )

    def remove(self, folder: str) -> None:
        """Remove a folder and its files, if it is there."""
        with self._file_system() as (file_system, root):
            file_system.invalidate_cache()
            if file_system.exists(f"{root}/{folder}"):
                file_system.rm(f"{root}/{folder}", recursive=True)

    @contextmanager
    def _file_system(self, name: str = "") -> Iterator[tuple[Any, str]]:
        """Yield the file system and the folder in it; name: a file that should be there."""
        import fsspec

        try:
            file_system, root = fsspec.url_to_fs(self.url)
            yield file_system, root.rstrip("/")
        except FileNotFoundError as error:
            what = name or _reason(error)
            raise UserError(
                f"共享存储 {self.label} 中找不到所需文件（{what}）；请确认每台机器看到的是同一存储，然后重新运行。",
                f"Something that should be under {self.label} is not there ({what}); "
                "make sure that every machine sees the same storage, and run again.",
            ) from error
        except (ImportError, NotImplementedError) as error:
            raise _not_installed(self.label, error) from error
        except Exception as error:  # the exceptions differ by the kind of storage
            raise UserError(
                f"共享存储 {self.label} 无法读写（{_reason(error)}）；"
                "已完成的部分保留。请检查地址、权限和剩余空间后重新运行。",
                f"The storage {self.label} cannot be read or written ({_reason(error)}); finished parts are kept. "
                "Check its address, the rights to it and the room there, and run again.",
            ) from error


def open_storage(url: str) -> Storage:
    """The storage under a URL or a path.

    Raises UserError where no installed package reads such a URL.
    """
    import fsspec

    storage = Storage(url if "://" in url else Path(url).absolute().as_uri())
    protocol = fsspec.core.split_protocol(storage.url.rpartition("::")[2])[0]
    try:
        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise _not_installed(storage.label, error) from error
    return storage


def _reason(error: Exception) -> str:
    """The error in a few words, without an address, which may hold a password."""
    text = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else " ".join(str(error).split())
    before_address = _ADDRESS.split(text)[0].rstrip(".: ")
    return before_address if 0 < len(before_address) <= _LONGEST_REASON else type(error).__name__


def _not_installed(url: str, error: Exception) -> UserError:
    """The refusal of a storage that no installed package reads."""
    return UserError(
        f"无法使用 {url}（{_reason(error)}）；请在每台机器上安装读写该存储的 fsspec 部件，例如 s3:// 需要 s3fs。",
        f"{url} cannot be used ({_reason(error)}); install what fsspec needs for it on every machine, "
        "for example s3fs for s3://.",
    )
