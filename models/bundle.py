"""A model as a folder of text: LightGBM's own file, the card, the calibration and the policy. No pickle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.catalog import MODEL_COLUMNS
from features.messages import Refused
from models.boosting import Column, Floats, Trees, columns_of
from models.calibration import Calibration, calibration_of
from models.policy import Policy, policy_of

_FILES = ("model.txt", "card.json", "calibration.json", "policy.json")
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Bundle:
    """A model that can be used: trees, calibration, policy, and the card that says where they come from.

    card: plain JSON values; `horizon_months` and `bad_after_days` say what the probability is of.
    """

    number: int
    trees: Trees
    calibration: Calibration
    policy: Policy
    card: Mapping[str, Any]

    @cached_property
    def version(self) -> str:
        """The registered number and a digest of everything that decides a probability or a light."""
        decides = [self.trees.text, self.calibration.stored, asdict(self.policy)]
        return f"{self.number}-{hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:8]}"

    @property
    def bad_after_days(self) -> int:
        return int(self.card["bad_after_days"])

    def probability(self, features: pl.DataFrame) -> Floats:
        """The calibrated probability of the label: the one that is published, ranked and lit."""
        return self.calibration.probability(self.trees.log_odds(features))

    def contributions(self, features: pl.DataFrame) -> tuple[Floats, float]:
        """Rows x columns in calibrated log-odds, and the base value; a row and the base sum to its log-odds."""
        parts = self.parts(features)
        return parts.of_columns, parts.base

    def parts(self, features: pl.DataFrame) -> Parts:
        """The exact parts of the raw score, stretched row by row as the calibration stretches what they sum to.

        Raises ArithmeticError where a row does not: a reason that does not add up is never shown.
        """
        cells, parts, raw, again = self.trees.explained(features)
        if parts.shape[0] and np.abs(parts.sum(axis=1) - raw).max() > _SUM_TOLERANCE:
            raise ArithmeticError("The reasons of a row do not sum to its score.")
        base = float(parts[0, -1]) if parts.shape[0] else 0.0
        stretched = parts[:, :-1] * self.calibration.steepness(raw, base)[:, None]
        calibrated = float(self.calibration.log_odds(np.array(base)))
        return Parts(self.trees.columns, cells, stretched, calibrated, self.calibration.probability(raw), again)


@dataclass(frozen=True)
class Parts:
    """Why each row has its probability, in calibrated log-odds.

    cells: rows x columns, the facts as the trees read them. of_columns: the part of each. base: what the average
    training row has. probability: as `Bundle.probability` has it. again: rows that LightGBM had to explain, since their
    parts by pattern tables did not sum to their score.
    """

    columns: tuple[Column, ...]
    cells: Floats
    of_columns: Floats
    base: float
    probability: Floats
    again: int = 0

    def of_rows(self, rows: Sequence[int] | npt.NDArray[np.integer[Any]]) -> Parts:
        """The same of some rows alone."""
        these = np.asarray(rows, dtype=np.int64)
        return Parts(self.columns, self.cells[these], self.of_columns[these], self.base, self.probability[these])

    @property
    def log_odds(self) -> Floats:
        """What each row's parts sum to with the base."""
        return np.asarray(self.base + self.of_columns.sum(axis=1), dtype=np.float64)


def write(bundle: Bundle, folder: Path) -> None:
    """Write the four files; the folder appears whole or not at all."""
    making = folder.with_name(f".{folder.name}.making")
    making.mkdir(parents=True)
    card = {**bundle.card, "columns": [asdict(column) for column in bundle.trees.columns]}
    contents = (bundle.trees.text, card, bundle.calibration.stored, asdict(bundle.policy))
    for name, content in zip(_FILES, contents, strict=True):
        text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False)
        (making / name).write_text(text, "utf-8")
    making.rename(folder)


def read(folder: Path) -> Bundle:
    """Read a bundle; the folder's name is its number.

    Raises Refused where a file is missing or broken, or its columns are not today's catalogue, saying which.
    """
    try:
        text, *stored = ((folder / name).read_text("utf-8") for name in _FILES)
        card, calibration, policy = (json.loads(content) for content in stored)
        columns = tuple(Column(c["name"], c["sign"], tuple(c["levels"])) for c in card["columns"])
        _check_columns(folder.name, columns)
        return Bundle(int(folder.name), Trees(text, columns), calibration_of(calibration), policy_of(policy), card)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refused(
            f"模型 {folder.name} 无法读取 ({error}); 请重新训练或回退。",
            f"Model {folder.name} cannot be read ({error}); train again or go back to an earlier one.",
        ) from error


def _check_columns(number: str, columns: tuple[Column, ...]) -> None:
    today = columns_of(MODEL_COLUMNS)
    if columns == today:
        return
    gone = [column.name for column in columns if column not in today]
    new = [column.name for column in today if column not in columns]
    what = f"only the model has {gone}, only the catalogue has {new}" if gone or new else "the order differs"
    raise Refused(
        f"模型 {number} 的输入列与当前特征目录不一致 ({what}); 请重新训练。",
        f"Model {number} was trained on other columns than today's catalogue: {what}. Train again.",
    )
