"""Shared storage by fsspec URL: files are put there whole, and brought back by the checksum of what they hold."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from features.messages import Refused
from serving.months.repository import checksum

_AT_ONCE = 8
"""Files on their way at the same time: far storage answers late, but answers many."""
_LONGEST_REASON = 120
_ADDRESS = re.compile(r"(?: for url:)?\s*\S*://")


@dataclass(frozen=True)
class Copy:
    """A file as it lies in the storage, named by its checksum, so that it never changes.

    at: where it belongs below a worker's own folder. folder: where it lies below the URL.
    """

    at: str
    folder: str
    checksum: str

    @property
    def name(self) -> str:
        return f"{self.folder}/{self.checksum}"


@dataclass(frozen=True)
class Storage:
    """A folder under a URL that all who compute reach; it travels to other machines.

    Each call raises Refused where the storage does not answer or takes no more.
    """

    url: str = field(repr=False)  # a log that shows what a worker was given shows no password

    @property
    def told(self) -> str:
        """The URL as it may be shown."""
        return re.sub(r"//[^/@]*@", "//", self.url)

    def sizes(self, folder: str) -> dict[str, int]:
        """The files in a folder, made where there is none yet, by name."""
        with self._opened() as (files, root):
            files.makedirs(f"{root}/{folder}", exist_ok=True)
            files.invalidate_cache()
            try:
                found = files.ls(f"{root}/{folder}", detail=True)
            except FileNotFoundError:  # an object store knows no empty folder
                return {}
        return {one["name"].rstrip("/").rpartition("/")[2]: one["size"] for one in found if one["type"] == "file"}

    def put(self, copies: Mapping[Copy, Path], aside: str) -> None:
        """Put files where they are not there yet; aside: a folder of the storage for what is only half there."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda copy: self._put(copies[copy], copy.name, aside), copies))

    def _put(self, path: Path, name: str, aside: str) -> None:
        """Under its name only when whole. Who puts the same at the same time, puts the same bytes."""
        with self._opened() as (files, root):
            held, size = _size(files, f"{root}/{name}"), path.stat().st_size
            if held == size:
                return
            half = f"{root}/{aside}/{secrets.token_hex(8)}.making"
            files.put_file(str(path), half)
            if held is not None:
                files.rm_file(f"{root}/{name}")
            files.mv(half, f"{root}/{name}")

    def bring(self, copies: Sequence[Copy], below: Path) -> None:
        """Bring files that are not below a folder yet.

        Raises Refused where one is not in the storage, or is not what its name says.
        """
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(lambda copy: self._bring(copy, below / copy.at), copies))

    def _bring(self, copy: Copy, path: Path) -> None:
        if path.exists():
            return
        half = path.with_name(f"{path.name}.{secrets.token_hex(4)}.making")
        half.parent.mkdir(parents=True, exist_ok=True)
        with self._opened(copy.name) as (files, root):
            files.get_file(f"{root}/{copy.name}", str(half))
        if checksum(half) != copy.checksum:
            half.unlink()
            raise Refused(
                f"共享存储 {self.told} 中的文件 {copy.name} 已损坏; 请删除该文件后重新运行。",
                f"The copy {copy.name} under {self.told} is damaged; delete it there and run again.",
            )
        half.replace(path)

    def remove(self, folder: str) -> None:
        """Remove a folder with all in it, if it is there."""
        with self._opened() as (files, root):
            files.invalidate_cache()
            if files.exists(f"{root}/{folder}"):
                files.rm(f"{root}/{folder}", recursive=True)

    @contextmanager
    def _opened(self, name: str = "") -> Iterator[tuple[Any, str]]:
        """The file system and the folder in it; name: a file that should be there."""
        import fsspec

        try:
            files, root = fsspec.url_to_fs(self.url)
            yield files, root.rstrip("/")
        except FileNotFoundError as error:
            raise _not_there(self.told, name, error) from error
        except (ImportError, NotImplementedError) as error:
            raise _not_installed(self.told, error) from error
        except Exception as error:  # every kind of storage fails in words of its own
            raise _no_answer(self.told, error) from error


def storage_at(url: str) -> Storage:
    """The storage under a URL or a path.

    Raises Refused where no installed package reads such a URL.
    """
    import fsspec

    storage = Storage(url if "://" in url else Path(url).absolute().as_uri())
    protocol = fsspec.core.split_protocol(storage.url.rpartition("::")[2])[0]
    try:
        fsspec.get_filesystem_class(protocol)
    except (ImportError, ValueError) as error:
        raise _not_installed(storage.told, error) from error
    return storage


def _size(files: Any, path: str) -> int | None:
    files.invalidate_cache()
    try:
        return int(files.info(path)["size"])
    except FileNotFoundError:
        return None


def _reason(error: Exception) -> str:
    """In a few words, without an address: that may hold a password."""
    said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else " ".join(str(error).split())
    before_address = _ADDRESS.split(said)[0].rstrip(".: ")
    return before_address if 0 < len(before_address) <= _LONGEST_REASON else type(error).__name__


def _not_installed(url: str, error: Exception) -> Refused:
    return Refused(
        f"无法使用 {url} ({_reason(error)}); 请在每台机器上安装读写该存储的 fsspec 部件, 例如 s3:// 需要 s3fs。",
        f"{url} cannot be used ({_reason(error)}); install what fsspec needs for it on every machine, "
        "for example s3fs for s3://.",
    )


def _not_there(url: str, name: str, error: Exception) -> Refused:
    what = name or _reason(error)
    return Refused(
        f"共享存储 {url} 中找不到所需文件 ({what}); 请确认每台机器看到的是同一存储, 然后重新运行。",
        f"Something that should be under {url} is not there ({what}); "
        "make sure that every machine sees the same storage, and run again.",
    )


def _no_answer(url: str, error: Exception) -> Refused:
    return Refused(
        f"共享存储 {url} 无法读写 ({_reason(error)}); 已完成的部分保留。请检查地址、权限和剩余空间后重新运行。",
        f"The storage {url} cannot be read or written ({_reason(error)}); finished parts are kept. "
        "Check its address, the rights to it and the room there, and run again.",
    )
