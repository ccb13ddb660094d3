"""Text files that the service stores (JSON): read back, or refused with the path where one is cut or damaged."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from features.messages import UserError

Value = TypeVar("Value")


def read_stored(path: Path, parse: Callable[[str], Value]) -> Value:
    """Read a stored text file by `parse`.

    Raises UserError, naming the path and the fault, where the file is missing, cut, no UTF-8, or not what `parse` takes
    (ValueError, TypeError, KeyError, AttributeError: what `json.loads`, dataclasses and pydantic raise).
    """
    try:
        return parse(path.read_text("utf-8"))
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        fault = getattr(error, "strerror", None) or type(error).__name__
        raise UserError(
            f"保存的文件 {path} 缺失或已损坏（{fault}）；请从备份恢复该文件。",
            f"The stored file {path} is missing or damaged ({fault}); restore it from a backup.",
        ) from error


def read_stored_json(path: Path, build: Callable[[Any], Value]) -> Value:
    """Read a stored JSON file and build a value from it; raises UserError as `read_stored` does."""
    return read_stored(path, lambda text: build(json.loads(text)))
