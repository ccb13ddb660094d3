"""The version of the code that made a model: the package's own version and a digest of the sources behind a model."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("features", "models", "training")


def code_version() -> str:
    """`<version>+<eight digits>`; the digits change with any source line of features, models or training."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(f"{path.relative_to(root)}\n".encode() + path.read_bytes())
    return f"{version('county-lights')}+{digest.hexdigest()[:8]}"
