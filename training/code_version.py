"""The version of the code that made a model: the package's own, and a digest of every source file behind a model."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

_ROOMS = ("features", "models", "training")


def code_version() -> str:
    """`<version>+<eight digits>`; the digits change with any line of code a model hangs on."""
    house = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for room in _ROOMS for path in (house / room).rglob("*.py")):
        digest.update(f"{path.relative_to(house)}\n".encode() + path.read_bytes())
    return f"{version('county-lights')}+{digest.hexdigest()[:8]}"
