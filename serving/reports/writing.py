"""Folders of report files, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from features.atomic_files import atomic_folder
from features.messages import UserError


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Replace a folder by files with the given contents, by name; equal contents leave the folder untouched.

    Raises UserError where the disk does not take the files; the old folder is unchanged then.
    """
    try:
        is_same = folder.is_dir() and {path.name for path in folder.iterdir()} == set(files)
        if is_same and all((folder / name).read_bytes() == content for name, content in files.items()):
            return
        with atomic_folder(folder) as staging:
            for name, content in files.items():
                (staging / name).write_bytes(content)
    except OSError as error:
        raise UserError(
            f"报表未能写入 {folder}（{error.strerror}）；原有文件未动。请检查磁盘与权限后重试。",
            f"The report could not be written to {folder} ({error.strerror}); what stood there is untouched. Check the "
            "disk and its permissions and run again.",
        ) from error
