"""The digest of the program that computes a month: the modules it is made of, and the libraries' versions."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_START = ("serving.batch.tasks", "serving.batch.publish")
"""The modules that compute a month and write its files; what they import, directly or not, computes with them."""
_PACKAGES = ("features", "models", "serving")
_LIBRARIES = ("lightgbm", "numba", "numpy", "polars", "pyarrow")
_IMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|[^\n]*)|import\s+([\w.]+))", re.MULTILINE)


@lru_cache(maxsize=1)
def program_digest() -> str:
    """Sixteen hex digits that change with the modules that compute a month, their data files, and the libraries.

    Pages, the API, reports and commands are no part of it: a change there computes no month again.
    """
    digest = hashlib.sha256(json.dumps([version(name) for name in _LIBRARIES]).encode())
    for path in computing_files():
        digest.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def computing_files() -> list[Path]:
    """The source files that compute a month, and the tables (TOML) that ship beside them, in a fixed order."""
    modules: dict[str, Path] = {}
    waiting = list(_START)
    while waiting:
        module = waiting.pop()
        path = _source(module)
        if module in modules or path is None:
            continue
        modules[module] = path
        for package, names, name in _IMPORT.findall(path.read_text("utf-8")):
            # `from a import b` may mean the module a, or a.b
            waiting.extend((package or name, *(f"{package}.{one}" for one in re.findall(r"\w+", names) if package)))
    tables = {table for path in modules.values() for table in path.parent.glob("*.toml")}
    return sorted({*modules.values(), *tables})


def _source(module: str) -> Path | None:
    """The file of a module of ours; None for a name inside one, and for a library."""
    path = _ROOT.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    if module.partition(".")[0] not in _PACKAGES:
        return None
    return next((candidate for candidate in candidates if candidate.is_file()), None)
