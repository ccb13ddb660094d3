"""The model and the ledger that a published month was computed with, read again and cached."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from features.ledger.ledger import Ledger
from features.messages import UserError
from models.bundle import Bundle
from models.registry import ModelStore
from serving.batch.warnings import NO_MODEL
from serving.months.edition import PublishedMonth

_IN_MEMORY = 4
"""Models, and ledgers, in memory at once: the months that people look at were scored by one or two."""


def loaded_model(month: PublishedMonth, models: ModelStore) -> Bundle:
    """The model that scored the month, in exactly the version that did.

    Raises UserError where no model did, or the store no longer has that version.
    """
    version = month.manifest.model_version
    if version == NO_MODEL:
        raise UserError(f"{month.as_of} 没有可用模型。", f"No model judged {month.as_of}.")
    return _bundle(models.folder, version)


@lru_cache(_IN_MEMORY)
def _bundle(folder: Path, version: str) -> Bundle:
    bundle = ModelStore(folder).bundle(int(version.partition("-")[0]))
    if bundle.version != version:
        raise UserError(
            f"模型 {version} 已被改动（现为 {bundle.version}）；请重新评灯后再查看。",
            f"Model {version} has been altered (it is {bundle.version} now); score the month again.",
        )
    if bundle.trees:
        bundle.trees.load_tables()  # here, so that the first request does not wait for them
    return bundle


@lru_cache(_IN_MEMORY)
def ledger_at(folder: Path, data_version: str) -> Ledger:
    """The ledger in a folder at the data version that a month was computed from; its files' footers are read once.

    Raises UserError where the ledger never was at that version.
    """
    return Ledger(folder).at(data_version)
