"""Names of places and banks of a month: the choices of a list's filters, and the names that lists show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from features.messages import UserError
from features.units import PRODUCT
from serving.explain.loaded_models import ledger_at
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.portfolio.outcomes import LoanOutcomes

_COUNTY, _TOWNSHIP = 6, 9
"""Digits of the codes of a county and a township."""


@dataclass(frozen=True)
class PlaceDirectory:
    """Banks, townships and villages (codes) that have loans in the reader's scope.

    names: of places by code; a place without a name is absent.
    """

    banks: tuple[str, ...]
    townships: tuple[str, ...]
    villages: tuple[str, ...]
    names: Mapping[str, str]

    def name(self, code: str | None) -> str | None:
        """A place's name; its code where it has no name."""
        return None if code is None else self.names.get(code, code)

    def group_name(self, level: str, code: str, language: Literal["zh", "en"]) -> str:
        """The name of a group; a bank or product has its county before it where there are several counties."""
        if level == "village":
            return str(self.village_name(code))
        if level not in ("bank", "product"):
            return str(self.name(code))
        county, _, own = code.partition("/")
        own_name = str(getattr(PRODUCT.text(own), language)) if level == "product" else own
        return f"{self.name(county)} {own_name}" if self.has_several_counties else own_name

    @property
    def has_several_counties(self) -> bool:
        """Whether the townships lie in more than one county."""
        return len({code[:_COUNTY] for code in self.townships}) > 1

    def village_name(self, code: str | None) -> str | None:
        """The names of the township and the village, for a line of a list."""
        if code is None:
            return None
        return " ".join(dict.fromkeys(str(self.name(each)) for each in (code[:_TOWNSHIP], code)))

    def villages_of(self, area: str | None) -> tuple[str, ...]:
        """The villages of an area's township; none where the area is wider than a township."""
        if area is None or len(area) < _TOWNSHIP:
            return ()
        return tuple(code for code in self.villages if code.startswith(area[:_TOWNSHIP]))


def place_directory(month: PublishedMonth, store: DataFolder) -> PlaceDirectory:
    """The directory of the month's loans in the reader's scope."""
    banks, townships, villages = _banks_and_places(month)
    return PlaceDirectory(banks, townships, villages, place_names(month, store))


def place_names(month: PublishedMonth, store: DataFolder) -> Mapping[str, str]:
    """Names of counties, townships and villages by code, as they were when the month was scored."""
    return _ledger_place_names(store.folder, month.manifest.data_version, month.as_of)


@lru_cache(maxsize=128)
def _banks_and_places(month: PublishedMonth) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Banks, townships and villages of the loans; of an edition they never change."""
    columns = ("bank", "township_code", "village_code")
    combinations = month.scan("warnings").select(columns).unique().collect()
    banks, townships, villages = (tuple(combinations[name].drop_nulls().unique().sort()) for name in columns)
    return banks, townships, villages


@lru_cache(maxsize=16)
def _ledger_place_names(folder: Path, data_version: str, as_of: date) -> Mapping[str, str]:
    """Empty, so that codes are shown, where the ledger at that data version cannot be read any more."""
    try:
        return LoanOutcomes(ledger_at(folder / "ledger", data_version), as_of).place_names
    except UserError:
        return {}
