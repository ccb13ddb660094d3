"""The inbox of a simulation: it takes its name once it is whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.atomic_files import atomic_folder
from features.contract.tables import TABLES
from features.messages import UserError

TRUTH = "truth"
"""Folder of an inbox that only simulations write."""


@contextmanager
def inbox_writer(out: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; it becomes `out` when the block ends, and replaces an earlier simulation.

    Raises UserError where `out` holds anything that no simulation wrote.
    """
    out = out.resolve()
    entries = {entry.name for entry in out.iterdir()} if out.is_dir() else set()
    if (entries and TRUTH not in entries) or entries - {*TABLES, TRUTH} or (out.exists() and not out.is_dir()):
        raise UserError(
            f"{out} 中已有其他文件，不予覆盖；请用 --out 另选文件夹。",
            f"{out} already holds something else and is left alone; choose another folder with --out.",
        )
    with atomic_folder(out, durable=False) as staging:
        yield staging
