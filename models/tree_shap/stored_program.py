"""Pattern tables on disk: what a process has built once for a model's text is read by the next."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from features.atomic_files import atomic_file
from models.tree_shap.kernel import Program
from models.tree_shap.patterns import USUAL_BITS, WIDEST

_FORMAT = 2
"""To be counted up where the same text gives other tables."""
_BASE, _SINGLE = "base", "most_nodes"
"""The base value, and the field of a program that is one number."""


def program_path(folder: Path, text: str) -> Path:
    """The file of the tables of a model's text, below a folder."""
    digest = hashlib.sha256(f"{_FORMAT} {WIDEST} {USUAL_BITS}\n{text}".encode()).hexdigest()
    return folder / f"{digest[:32]}.npz"


def read_program(path: Path) -> tuple[Program, float] | None:
    """The tables and the base value; None where there is no file, or one that is cut or damaged.

    Each array is compared with its checksum (CRC-32) as it is unpacked; that the contributions sum to the score is
    checked where rows are explained.
    """
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in Program._fields}
            return Program(**{**arrays, _SINGLE: int(arrays[_SINGLE])}), float(stored[_BASE])
    except (OSError, ValueError, KeyError, EOFError, TypeError, RuntimeError, MemoryError, BadZipFile):
        return None


def write_program(path: Path, program: Program, base: float) -> None:
    """Write the tables for the next process; a disk that takes no more, or no writing, leaves them to be built anew."""
    arrays: dict[str, Any] = {**program._asdict(), _BASE: base}
    with suppress(OSError), atomic_file(path, unique=True, durable=False) as staging, staging.open("wb") as file:
        np.savez(file, **arrays)
