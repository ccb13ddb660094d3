"""A folder of files written whole or not at all; the same content changes nothing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from features.messages import Refused


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Put the files in the place of a folder of the same name; one that a killed run left half done is taken away.

    Raises Refused where the disk does not take them; what stood before then still stands.
    """
    making, old = (folder.with_name(f".{folder.name}.{what}") for what in ("making", "old"))
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
        if _holds(folder, files):
            return
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir()
        for name, content in files.items():
            _write(content, making / name)
        shutil.rmtree(old, ignore_errors=True)
        if folder.exists():
            folder.rename(old)
        making.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise Refused(
            f"报表未能写入 {folder} ({error.strerror}); 原有文件未动。请检查磁盘与权限后重试。",
            f"The report could not be written to {folder} ({error.strerror}); what stood there is untouched. Check the "
            "disk and its permissions and run again.",
        ) from error


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    if not folder.is_dir() or {path.name for path in folder.iterdir()} != set(files):
        return False
    return all((folder / name).read_bytes() == content for name, content in files.items())


def _write(content: bytes, path: Path) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
