"""The version of the code that made a model: the package's own version, a digest of the sources, the git commit."""

from __future__ import annotations

import hashlib
import subprocess
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


def git_commit() -> tuple[str, bool] | None:
    """The commit of the repository that the sources lie in, and whether a source differs from it.

    None where they are installed without one: a repository that merely surrounds them does not hold this file.
    """
    here = Path(__file__).resolve()

    def git(*words: str) -> str:
        command = ["git", "-C", str(here.parents[1]), *words]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=10).stdout.strip()  # noqa: S603 - our own words

    try:
        git("ls-files", "--error-unmatch", str(here))
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--", *_PACKAGES))
    except (OSError, subprocess.SubprocessError):
        return None
