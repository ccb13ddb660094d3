"""MLflow's aliases beside the store's own history, which alone decides: an alias moved by hand in MLflow is told.

MLflow itself is not imported, since that takes seconds and a score may not wait for it: its SQLite file is read.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from features.messages import Bilingual, Line
from models.registry import ModelStore

MODEL_NAME = "county-lights"
"""Name of the registered model in MLflow."""
ALIASES = ("champion", "challenger")
UNCHECKED = Bilingual(
    "未核对 MLflow 的别名：只有可读取的 SQLite 数据库才能直接核对；使用的版本以 models/history.jsonl 为准。",
    "MLflow's aliases were not checked: only a SQLite database that can be read is; models/history.jsonl decides which "
    "version is in use.",
)
_SQLITE = "sqlite:///"
_SECONDS = 0.2
"""How long a database that is being written is waited for."""
_ALIAS_QUERY = "SELECT alias, version FROM registered_model_aliases WHERE name = ?"
_VERSION_QUERY = "SELECT count(*) FROM model_versions WHERE name = ?"
_MOVED = Bilingual(
    "MLflow 中 {alias} 是版本 {in_mlflow}，这里使用的是版本 {in_use}；在 MLflow 中移动别名不改变使用的版本。",
    "In MLflow {alias} is version {in_mlflow}, in use here is version {in_use}: an alias moved in MLflow does not "
    "change what is in use.",
)
_REMOVED = Bilingual(
    "MLflow 中没有 {alias}，这里使用的仍是版本 {in_use}。",
    "In MLflow no version is {alias}, in use here is still version {in_use}.",
)
_ADDED = Bilingual(
    "MLflow 中 {alias} 是版本 {in_mlflow}，这里没有 {alias}；在 MLflow 中设别名不改变使用的版本。",
    "In MLflow {alias} is version {in_mlflow}, here none is: an alias set in MLflow does not change what is in use.",
)
_PROMOTE = Bilingual(
    '要使用版本 {in_mlflow}：lights promote {in_mlflow} --reason "…"；否则请在 MLflow 中改回。',
    'To use version {in_mlflow}: lights promote {in_mlflow} --reason "…"; else move it back in MLflow.',
)
_MOVE_BACK = Bilingual("请在 MLflow 中改回。", "Move it back in MLflow.")


@dataclass(frozen=True)
class MovedAlias:
    """An alias that MLflow gives to another version (`in_mlflow`) than the history (`in_use`); None: to no version."""

    alias: str
    in_mlflow: int | None
    in_use: int | None

    @property
    def message(self) -> Bilingual:
        """Which version has the alias in MLflow, which is in use here, and what to do."""
        fact = _REMOVED if self.in_mlflow is None else _ADDED if self.in_use is None else _MOVED
        remedy = _PROMOTE if self.alias == "champion" and self.in_mlflow is not None else _MOVE_BACK
        return Bilingual(f"{fact.zh} {remedy.zh}", f"{fact.en} {remedy.en}").format(**asdict(self))

    @property
    def json_values(self) -> dict[str, Any]:
        """`alias`, `in_mlflow`, `in_use`, and the message as `zh` and `en`."""
        return {**asdict(self), "zh": self.message.zh, "en": self.message.en}


def mlflow_url(store: Path) -> str:
    """MLflow's address where none is named: a SQLite file in the data folder, as SQLAlchemy writes it."""
    return f"{_SQLITE}{(store / 'mlflow' / 'mlflow.db').resolve()}"


def sqlite_file(url: str) -> Path | None:
    """The SQLite file of an address in SQLAlchemy's form; None for any other database or server."""
    path = url.removeprefix(_SQLITE).partition("?")[0]
    return Path(path) if path and url.startswith(_SQLITE) else None


def moved_aliases(store: Path, url: str | None = None) -> tuple[MovedAlias, ...] | None:
    """The aliases on which MLflow and the store's history differ.

    Args:
        store: the data folder.
        url: of MLflow's database; None for the one in the data folder.

    Returns:
        One for each alias that differs; none where MLflow knows no version of the model. None where that cannot be
        told: the address is no SQLite file, or it cannot be read now.

    Example:
        >>> moved_aliases(data), moved_aliases(data, "http://mlflow.county:5000") is None
        ((), True)
    """
    in_mlflow = read_aliases(url or mlflow_url(store))
    return None if in_mlflow is None else differing_aliases(ModelStore(store / "models"), in_mlflow)


def alias_lines(moved: Sequence[MovedAlias] | None) -> Iterator[Line]:
    """A line for every alias that was moved, or that they were not checked."""
    for words in [UNCHECKED] if moved is None else [each.message for each in moved]:
        yield Bilingual(f"! {words.zh}", f"! {words.en}")


def differing_aliases(models: ModelStore, in_mlflow: Mapping[str, int | None]) -> tuple[MovedAlias, ...]:
    """The aliases of `in_mlflow`, each with its version there, that name another version in the history."""
    pairs = [(alias, version, models.number_of(alias)) for alias, version in in_mlflow.items()]
    return tuple(MovedAlias(alias, version, in_use) for alias, version, in_use in pairs if version != in_use)


def read_aliases(url: str) -> dict[str, int | None] | None:
    """The version that each alias of ALIASES has in MLflow's SQLite file; empty where there is no version at all.

    None where the address is no SQLite file, or the file cannot be read.
    """
    path = sqlite_file(url)
    if path is None:
        return None
    if not path.is_file():
        return {}
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=_SECONDS)) as database:
            [[versions]] = database.execute(_VERSION_QUERY, (MODEL_NAME,))
            version_of = dict(database.execute(_ALIAS_QUERY, (MODEL_NAME,)).fetchall())
    except sqlite3.Error:
        return None
    return {alias: version_of.get(alias) for alias in ALIASES} if versions else {}
