"""What a published month was judged by and computed from, read again; kept in memory while it is looked at."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from features.ledger.ledger import Ledger
from features.messages import Refused
from models.bundle import Bundle
from models.registry import Models
from serving.batch.warnings import NO_MODEL
from serving.months.repository import Month

_KEPT = 4
"""Models in memory at once: the months that people look at were judged by one or two."""


def bundle_of(month: Month, models: Models) -> Bundle:
    """The very model that judged the month.

    Raises Refused where none did, or the store no longer has it as it was.
    """
    version = month.manifest.model_version
    if version == NO_MODEL:
        raise Refused(f"{month.as_of} 没有可用模型。", f"No model judged {month.as_of}.")
    return _read(models.folder, version)


@lru_cache(_KEPT)
def _read(folder: Path, version: str) -> Bundle:
    found = Models(folder).numbered(int(version.partition("-")[0]))
    if found.version != version:
        raise Refused(
            f"模型 {version} 已被改动 (现为 {found.version}); 请重新评灯后再查看。",
            f"Model {version} has been altered (it is {found.version} now); score the month again.",
        )
    _ = found.trees.booster  # whoever asks first does not wait for it
    return found


@lru_cache(_KEPT)
def ledger_at(folder: Path, data_version: str) -> Ledger:
    """The ledger as a month was computed from it, its files' footers read once.

    Raises Refused where it never was at that version.
    """
    return Ledger(folder).at(data_version)
