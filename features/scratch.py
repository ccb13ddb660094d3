"""Temporary folders below a data folder: they hold what its files hold, and a killed process leaves none for good."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from features.atomic_files import exclusive_lock, is_locked

_FOLDER = ".scratch"
"""Below the data folder; what begins with a dot is no part of a backup."""
_OWNER = "owner.lock"
"""File of a temporary folder that its process holds locked while it lives."""


@contextmanager
def temporary_folder(data: Path, purpose: str) -> Iterator[Path]:
    """Yield a new folder that is removed when the block ends.

    Those of processes that were killed are removed first.

    Args:
        data: the data folder, which has room for what is made of its files, and is readable by its owner alone.
        purpose: first word of the folder's name.

    Example:
        >>> from features.scratch import temporary_folder
        >>> with temporary_folder(tmp, "example") as folder:
        ...     (folder / "a").write_text("1")
        1
        >>> folder.exists()
        False
    """
    root = data / _FOLDER
    root.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ownership:
        # a folder and the lock of its owner are made together, so that nobody removes it in between
        with exclusive_lock(root / "lock"):
            _remove_left_folders(root)
            folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=root))
            ownership.enter_context(exclusive_lock(folder / _OWNER))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def remove_left_folders(data: Path) -> None:
    """Remove the temporary folders of processes that ended without doing so, killed for instance."""
    root = data / _FOLDER
    if root.is_dir():
        with exclusive_lock(root / "lock"):
            _remove_left_folders(root)


def _remove_left_folders(root: Path) -> None:
    for folder in root.iterdir():
        if folder.is_dir() and not is_locked(folder / _OWNER):
            shutil.rmtree(folder, ignore_errors=True)
