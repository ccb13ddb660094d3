"""Places and banks of a month, by code and by name: what a list can be narrowed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from features.messages import Refused
from features.units import PRODUCT
from serving.explain.loaded_models import ledger_at
from serving.months.data_folder import Store
from serving.months.repository import Month
from serving.portfolio.outcomes import Fates

_COUNTY, _TOWNSHIP = 6, 9
"""Digits of their codes."""


@dataclass(frozen=True)
class Places:
    """Banks, townships and villages (codes) in which somebody has loans to see; names: by code, where there is one."""

    banks: tuple[str, ...]
    townships: tuple[str, ...]
    villages: tuple[str, ...]
    names: Mapping[str, str]

    def name(self, code: str | None) -> str | None:
        """A place's name; its code where it has none."""
        return None if code is None else self.names.get(code, code)

    def group(self, level: str, code: str, language: Literal["zh", "en"]) -> str:
        """What a group is called; with its county where banks and products of several counties stand together."""
        if level == "village":
            return str(self.village(code))
        if level not in ("bank", "product"):
            return str(self.name(code))
        county, _, own = code.partition("/")
        called = str(getattr(PRODUCT.words(own), language)) if level == "product" else own
        return f"{self.name(county)} {called}" if self.has_counties else called

    @property
    def has_counties(self) -> bool:
        """More than one."""
        return len({code[:_COUNTY] for code in self.townships}) > 1

    def village(self, code: str | None) -> str | None:
        """Township and village in one, for a line of a list."""
        if code is None:
            return None
        return " ".join(dict.fromkeys(str(self.name(each)) for each in (code[:_TOWNSHIP], code)))

    def villages_of(self, area: str | None) -> tuple[str, ...]:
        """The villages of a township; none before one is chosen."""
        if area is None or len(area) < _TOWNSHIP:
            return ()
        return tuple(code for code in self.villages if code.startswith(area[:_TOWNSHIP]))


def places(month: Month, store: Store) -> Places:
    """Of the loans that exist for whoever reads the month."""
    found, names = _of(month), names_of(month, store)
    return Places(*found, names)


def names_of(month: Month, store: Store) -> Mapping[str, str]:
    """What counties, townships and villages were called when the month was scored."""
    return _names(store.folder, month.manifest.data_version, month.as_of)


@lru_cache(maxsize=128)
def _of(month: Month) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """An edition never changes."""
    names = ("bank", "township_code", "village_code")
    found = month.scan("warnings").select(names).unique().collect()
    banks, townships, villages = (tuple(found[name].drop_nulls().unique().sort()) for name in names)
    return banks, townships, villages


@lru_cache(maxsize=16)
def _names(folder: Path, data_version: str, as_of: date) -> Mapping[str, str]:
    """Codes stand for themselves where the ledger of then cannot be read any more."""
    try:
        return Fates(ledger_at(folder / "ledger", data_version), as_of).names
    except Refused:
        return {}
