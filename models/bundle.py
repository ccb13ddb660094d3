"""The model bundle: a folder of text files with trees, additive model, hazards, card, calibration and policy."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.atomic_files import atomic_folder, write_text
from features.catalog import MODEL_COLUMNS
from features.checksums import checksum, is_intact
from features.frame_schema import returns
from features.messages import UserError
from features.stored_format import FORMAT_FILE, check_format, stored_format, write_format
from models.additive import additive_model_of
from models.boosting import Trees, columns_of
from models.calibration import CalibrationCurve, calibration_of
from models.hazards import TIME_TO_BAD_SCHEMA, Hazards, hazards_of
from models.policy import Policy, policy_of
from models.probability_range import ProbabilityRange, probability_range_of
from models.raw_score import Blend, Floats, ModelColumn, RawScore

BUNDLE_FORMAT = 2
"""The format of a bundle that this release writes. In 1, of releases up to 0.2.0, it may lack checksums."""
_CHECKSUMS = "checksums.json"
_FILES = ("card.json", "calibration.json", "policy.json")
_TREES_FILE, _ADDITIVE_FILE = "model.txt", "additive.json"
_HAZARDS_FILE, _HAZARDS = "hazards.json", "hazards"
"""File of the hazards, and the key of a card with its digest; bundles of earlier programs have neither."""
_WEIGHTS = "weights"
"""Key of a card: the weight of each file of a blend."""
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Bundle:
    """A model with everything a light needs: score, calibration, light policy, and the card that says how it was made.

    Args:
        number: the registered version; 0 before the model is registered.
        score: raw scores and their contributions: trees, an additive model, or a blend of both.
        calibration: from raw scores to the log-odds of going bad.
        policy: the thresholds of the lights.
        card: JSON values. `horizon_months` and `bad_after_days` define the event that the probability is of, `plan` and
            `growth` the training, `reference` the population it was trained on.
        hazards: of going bad and of ending in each month ahead; None in bundles of earlier programs.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.registry import ModelStore
        >>> bundle = ModelStore(data / "models").champion
        >>> loans = features_at(date(2025, 12, 31), Ledger(data / "ledger").tables()).head(5)
        >>> probability = bundle.probability(loans)
        >>> bool(((0 < probability) & (probability < 1)).all())
        True
        >>> by_column, base = bundle.contributions(loans)
        >>> by_column.shape == (5, len(bundle.columns))
        True
    """

    number: int
    score: RawScore
    calibration: CalibrationCurve
    policy: Policy
    card: Mapping[str, Any]
    hazards: Hazards | None = None

    @property
    def columns(self) -> tuple[ModelColumn, ...]:
        """The model's inputs, in their order."""
        return self.score.columns

    @property
    def trees(self) -> Trees | None:
        """The trees of the score; None where it has none."""
        parts = [part for _, part in self.score.parts] if isinstance(self.score, Blend) else [self.score]
        return next((part for part in parts if isinstance(part, Trees)), None)

    @cached_property
    def version(self) -> str:
        """The registered number and a digest of everything that decides a probability or a light, as `3-1f0a9c2e`."""
        decides = [self.score.text, self.calibration.json_values, asdict(self.policy)]
        decides += [self.hazards.text] if self.hazards else []
        return f"{self.number}-{hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:8]}"

    @cached_property
    def probability_range(self) -> ProbabilityRange | None:
        """The range of each probability; None for a model of an earlier program."""
        return probability_range_of(self.card.get("probability_range"))

    @property
    def bad_after_days(self) -> int:
        """Days past due from which a loan has gone bad, as the model was trained."""
        return int(self.card["bad_after_days"])

    def probability(self, features: pl.DataFrame) -> Floats:
        """The calibrated probability, for each row, that the loan goes bad within the horizon.

        Raises KeyError naming the model's columns that `features` lacks.
        """
        return self.calibration.probability(self.score.log_odds(features))

    @returns(TIME_TO_BAD_SCHEMA)
    def time_to_bad(self, features: pl.DataFrame, probability: Floats, as_of: date) -> pl.DataFrame:
        """Probabilities of going bad within 1, 3 and 12 months and once due, as `Hazards.time_to_bad` defines them.

        features: of loans that are not bad. probability: of each. Missing in each row where the bundle has no hazards.
        """
        if self.hazards is None:
            return TIME_TO_BAD_SCHEMA.empty().clear(features.height)
        return self.hazards.time_to_bad(features, probability, np.full(features.height, np.datetime64(as_of)))

    def contributions(self, features: pl.DataFrame) -> tuple[Floats, float]:
        """Contributions (rows x columns) in calibrated log-odds, and the base value.

        A row's contributions and the base value sum to the log-odds of its probability. Raises ArithmeticError
        otherwise.
        """
        explained = self.explain(features)
        return explained.by_column, explained.base

    def explain(self, features: pl.DataFrame) -> Contributions:
        """Exact SHAP contributions in calibrated log-odds.

        Contributions to the raw score are multiplied by the slope of the calibration curve between the base value and
        the row's score, so that they sum to the calibrated log-odds. Raises ArithmeticError where contributions do not
        sum to the score: such reasons must not be shown.
        """
        inputs, raw, raw_scores, recomputed_rows = self.score.explain(features)
        if raw.shape[0] and np.abs(raw.sum(axis=1) - raw_scores).max() > _SUM_TOLERANCE:
            raise ArithmeticError("The reasons of a row do not sum to its score.")
        base = float(raw[0, -1]) if raw.shape[0] else 0.0
        by_column = raw[:, :-1] * self.calibration.chord_slope(raw_scores, base)[:, None]
        calibrated_base = float(self.calibration.log_odds(np.array(base)))
        return Contributions(
            self.columns,
            inputs,
            by_column,
            calibrated_base,
            self.calibration.probability(raw_scores),
            recomputed_rows,
        )


@dataclass(frozen=True)
class Contributions:
    """Contributions to the probability of each row, in calibrated log-odds.

    inputs: rows x columns as the trees read them. by_column: rows x columns of contributions. base: log-odds of the
    average training row. probability: as `Bundle.probability` gives it. recomputed_rows: rows that LightGBM explained
    because their contributions by pattern tables did not sum to their score.
    """

    columns: tuple[ModelColumn, ...]
    inputs: Floats
    by_column: Floats
    base: float
    probability: Floats
    recomputed_rows: int = 0

    def select_rows(self, rows: Sequence[int] | npt.NDArray[np.integer[Any]]) -> Contributions:
        """The contributions of the rows at these positions."""
        positions = np.asarray(rows, dtype=np.int64)
        return Contributions(
            self.columns, self.inputs[positions], self.by_column[positions], self.base, self.probability[positions]
        )

    @property
    def log_odds(self) -> Floats:
        """Calibrated log-odds of each row: the base value and its contributions added up."""
        return np.asarray(self.base + self.by_column.sum(axis=1), dtype=np.float64)


def write(bundle: Bundle, folder: Path) -> None:
    """Write a bundle's files into a new folder, which appears complete or not at all.

    Args:
        bundle: the model.
        folder: is created, its parents too. Its name is the bundle's number, as `read` takes it.

    Raises:
        OSError: where the folder exists and is not empty.

    Example:
        >>> from models.bundle import read, write
        >>> from models.registry import ModelStore
        >>> bundle = ModelStore(data / "models").champion
        >>> write(bundle, tmp / str(bundle.number))
        >>> names = {path.name for path in (tmp / str(bundle.number)).iterdir()}
        >>> {"calibration.json", "card.json", "policy.json"} < names
        True
        >>> read(tmp / str(bundle.number)).version == bundle.version
        True
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"There is a bundle in {folder} already.")
    parts = bundle.score.parts if isinstance(bundle.score, Blend) else ((1.0, bundle.score),)
    files = {_TREES_FILE if isinstance(part, Trees) else _ADDITIVE_FILE: (weight, part) for weight, part in parts}
    card = {name: value for name, value in bundle.card.items() if name not in (_WEIGHTS, _HAZARDS)}
    card["columns"] = [asdict(column) for column in bundle.columns]
    if isinstance(bundle.score, Blend):
        card[_WEIGHTS] = {name: weight for name, (weight, _) in files.items()}
    contents = (card, bundle.calibration.json_values, asdict(bundle.policy))
    texts: dict[str, Any] = {name: part.text for name, (_, part) in files.items()}
    if bundle.hazards is not None:
        texts[_HAZARDS_FILE] = bundle.hazards.text
        card[_HAZARDS] = {"digest": text_digest(bundle.hazards.text), "months": bundle.hazards.months}
    with atomic_folder(folder) as staging:
        for name, content in {**texts, **dict(zip(_FILES, contents, strict=True))}.items():
            text = content if isinstance(content, str) else json.dumps(content, indent=1, ensure_ascii=False)
            (staging / name).write_text(text, "utf-8")
        write_checksums(staging)


def write_checksums(folder: Path) -> None:
    """Write a bundle's format, and the checksums of its files, into its folder, which has these files.

    Raises UserError where the disk does not take it.
    """
    write_format(folder, BUNDLE_FORMAT)
    names = sorted((*_FILES, _TREES_FILE, _ADDITIVE_FILE, _HAZARDS_FILE, FORMAT_FILE))
    checksums = {name: checksum(folder / name) for name in names if (folder / name).exists()}
    write_text(json.dumps(checksums, indent=1), folder / _CHECKSUMS)


def read(folder: Path, tables: Path | None = None) -> Bundle:
    """Read a bundle.

    Args:
        folder: of its files; the folder's name is the bundle's number.
        tables: the folder in which pattern tables are kept for the next process; None for in memory alone.

    Returns:
        The bundle. LightGBM is imported only for what the walk down its trees and pattern tables cannot do.

    Raises:
        UserError: where a file is missing or broken, a newer release wrote the bundle, or the model's columns are not
            those of the feature catalogue; the message names them.

    Example:
        >>> from models.bundle import read
        >>> bundle = read(data / "models" / "1")
        >>> bundle.number, sorted(bundle.card)[:2]
        (1, ['bad_after_days', 'code_version'])
    """
    check_format(stored_format(folder), BUNDLE_FORMAT, folder)
    try:
        _check_files(folder)
        card, calibration, policy = (json.loads((folder / name).read_text("utf-8")) for name in _FILES)
        columns = tuple(ModelColumn(c["name"], c["sign"], tuple(c["levels"])) for c in card["columns"])
        _check_columns(folder.name, columns)
        score = _read_score(folder, columns, card.get(_WEIGHTS), tables)
        hazards = _read_hazards(folder, card[_HAZARDS]) if _HAZARDS in card else None
        return Bundle(int(folder.name), score, calibration_of(calibration), policy_of(policy), card, hazards)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"模型 {folder.name} 无法读取（{error}）；请重新训练或回退。",
            f"Model {folder.name} cannot be read ({error}); train again or go back to an earlier one.",
        ) from error


def _check_files(folder: Path) -> None:
    """Raises ValueError where a file is not what was written; bundles of earlier programs have no checksums."""
    if (folder / _CHECKSUMS).exists():
        for name, expected in json.loads((folder / _CHECKSUMS).read_text("utf-8")).items():
            if not is_intact(folder / name, expected):
                raise ValueError(f"{name} is not the file that was written")


def _read_score(
    folder: Path, columns: tuple[ModelColumn, ...], weights: Mapping[str, float] | None, tables: Path | None
) -> RawScore:
    """The score of a bundle's files; weights: of a blend's, by file."""
    names = weights or [name for name in (_TREES_FILE, _ADDITIVE_FILE) if (folder / name).exists()] or [_TREES_FILE]
    parts: list[RawScore] = []
    for name in names:
        text = (folder / name).read_text("utf-8")
        parts.append(Trees(text, columns, tables) if name == _TREES_FILE else additive_model_of(text, columns))
    return Blend(tuple(zip(weights.values(), parts, strict=True))) if weights else parts[0]


def _read_hazards(folder: Path, on_card: Mapping[str, Any]) -> Hazards:
    """The hazards of a bundle's file. Raises ValueError where it is not the file that the card names."""
    text = (folder / _HAZARDS_FILE).read_text("utf-8")
    if text_digest(text) != on_card["digest"]:
        raise ValueError(f"{_HAZARDS_FILE} is not the file that the card names")
    return hazards_of(text)


def text_digest(text: str) -> str:
    """The first 16 hexadecimal digits of a text's SHA-256."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _check_columns(number: str, columns: tuple[ModelColumn, ...]) -> None:
    current = columns_of(MODEL_COLUMNS)
    if columns == current:
        return
    removed = [column.name for column in columns if column not in current]
    added = [column.name for column in current if column not in columns]
    difference = (
        f"only the model has {removed}, only the catalogue has {added}" if removed or added else "the order differs"
    )
    raise UserError(
        f"模型 {number} 的输入列与当前特征目录不一致（{difference}）；请重新训练。",
        f"Model {number} was trained on other columns than today's catalogue: {difference}. Train again.",
    )
