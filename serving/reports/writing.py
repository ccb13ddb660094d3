"""Folders of report files, written whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from features.messages import UserError


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Replace a folder by files with the given contents, by name; equal contents leave the folder untouched.

    A run killed between the two renames leaves the old folder aside: the next call puts it back first.

    Raises UserError where the disk does not take the files; the old folder is unchanged then.
    """
    staging, replaced = folder.with_name(f".{folder.name}.making"), folder.with_name(f".{folder.name}.old")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        if replaced.exists() and not folder.exists():
            replaced.rename(folder)
        has_all = folder.is_dir() and {path.name for path in folder.iterdir()} == set(files)
        if has_all and all((folder / name).read_bytes() == content for name, content in files.items()):
            return
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        for name, content in files.items():
            with (staging / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        shutil.rmtree(replaced, ignore_errors=True)
        if folder.exists():
            folder.rename(replaced)
        staging.rename(folder)
        shutil.rmtree(replaced, ignore_errors=True)
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        raise UserError(
            f"报表未能写入 {folder} ({error.strerror}); 原有文件未动。请检查磁盘与权限后重试。",
            f"The report could not be written to {folder} ({error.strerror}); what stood there is untouched. Check the "
            "disk and its permissions and run again.",
        ) from error
