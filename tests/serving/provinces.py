"""Three small counties beside each other, loaded, with a small champion, or none."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from features.contract.pseudonym import load_pseudonyms
from features.delivery.column_map import read_column_map
from features.loading.load import LoadOptions, load
from models.bundle import Bundle, write
from serving.batch.run import Workers, score
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.manifest import Manifest
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository
from training.simulate.order import Order
from training.simulate.parameters import Parameters
from training.simulate.province import simulate

AS_OF = date(2025, 12, 31)
HOUSEHOLDS, IN_COUNTY, MONTHS = 390, 150, 14
WHOLE, IN_BLOCKS = 1_000_000, 30
AT = datetime(2026, 1, 10, 8, tzinfo=UTC)


@dataclass(frozen=True)
class Province:
    """A store of three counties: 150, 150 and 90 households."""

    data: Path

    @property
    def store(self) -> DataFolder:
        return DataFolder(self.data)

    @property
    def folder(self) -> Path:
        """Where the month's editions lie."""
        return self.store.editions / month_folder_name(AS_OF)

    @property
    def month(self) -> PublishedMonth:
        return MonthRepository(self.store).month(AS_OF)

    @property
    def files(self) -> dict[str, bytes]:
        """Every published file of the newest edition, by name."""
        folder = self.month.folder
        return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*.parquet"))}

    def copied_to(self, folder: Path) -> Province:
        shutil.copytree(self.data, folder, symlinks=True)
        return Province(folder)

    def scored(self, households_in_part: int = WHOLE, workers: Workers | None = None) -> Manifest:
        return score(self.store, AS_OF, "clerk", AT, lambda *_: None, workers, households_in_part)


def built(folder: Path, champion: Bundle | None) -> Province:
    """Simulated and loaded; judged by the rules alone where there is no champion."""
    simulate(Order(HOUSEHOLDS, MONTHS, 5, 0, parameters=Parameters(households_per_county=IN_COUNTY)), folder / "inbox")
    province = Province(folder / "var")
    loading = LoadOptions(
        date(2026, 1, 10), read_column_map(), load_pseudonyms(province.data), report_progress=lambda _: None
    )
    assert not load(folder / "inbox", province.store.ledger, loading).has_refused_files
    if champion:
        write(champion, province.data / "models" / str(champion.number))
        province.store.models.record({"alias": "champion", "number": champion.number})
    return province


def records(province: Province) -> Mapping[str, bytes]:
    """What finished parts of a run that is not over have left, by name; one half written is none yet."""
    paths = province.folder.glob(".making/parts/[!.]*.*/record.json")
    return {path.parent.name: path.read_bytes() for path in paths}
