"""Where everything the service keeps lies: one folder, read and written through this."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from features.ledger import Ledger
from features.sources.pseudonym import pseudonyms
from models.champions import Models


@dataclass(frozen=True)
class Store:
    """The data folder (`--data`, LIGHTS_DATA): ledger, models and published months below it."""

    folder: Path

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.folder / "ledger")

    @property
    def models(self) -> Models:
        return Models(self.folder / "models")

    def kept_as(self, identifier: str) -> str:
        """An identifier as it is kept: the pseudonym of an identity number, any other as it is."""
        return pseudonyms(self.folder).of(identifier.strip())

    @property
    def warnings(self) -> Path:
        """What other programs read: as_of=YYYY-MM-DD/*.parquet."""
        return self.folder / "warnings"

    @property
    def editions(self) -> Path:
        """Every edition of every published month, with its features and manifest."""
        return self.folder / "editions"
