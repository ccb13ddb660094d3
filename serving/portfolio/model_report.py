"""A stored model for its page: its bundle, and the evaluation made when it was trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.stored_files import read_stored_json
from models.bundle import Bundle
from models.registry import ModelStore

EVALUATION_FILE = "judgement.json"
"""Name of the evaluation's file in the model's folder."""


@dataclass(frozen=True)
class ModelReport:
    """A model and its evaluation as training wrote it, in JSON values; None where none is stored."""

    bundle: Bundle
    evaluation: Mapping[str, Any] | None


def model_report(models: ModelStore, number: int) -> ModelReport:
    """The model of a number.

    Raises UserError where the store has no such model, or it cannot be read.
    """
    path = models.folder / str(number) / EVALUATION_FILE
    return ModelReport(models.bundle(number), read_stored_json(path, dict) if path.exists() else None)
