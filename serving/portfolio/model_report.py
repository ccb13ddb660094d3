"""What is kept of a model: its card, its policy and the judgement made of it when it was trained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.bundle import Bundle
from models.registry import Models

FILE = "judgement.json"


@dataclass(frozen=True)
class Judged:
    """judgement: the report as training wrote it, plain values; None where none is kept."""

    bundle: Bundle
    judgement: Mapping[str, Any] | None


def judged(models: Models, number: int) -> Judged:
    """Raises Refused where no such model was exported, or it cannot be read."""
    path = models.folder / str(number) / FILE
    return Judged(models.numbered(number), json.loads(path.read_text("utf-8")) if path.exists() else None)
