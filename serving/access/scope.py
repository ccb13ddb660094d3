"""Which loans exist for somebody: a filter inside every query, of published months and of cases alike."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import polars as pl
from sqlalchemy import ColumnElement, true

from serving.access.roles import MASKED, Role
from serving.database.tables import Case
from serving.months.data_folder import Store
from serving.months.loan_index import holding
from serving.months.repository import Month

_PERSONAL = ("warnings", "features")
"""Kinds of frames with a row for each loan; the others hold nothing about a person."""
_NUMBERS = ("household_id", "loan_id")
_NARROWED_BY = (*_NUMBERS, "bank", "village_code")


@dataclass(frozen=True)
class Scope:
    """bank, area (first digits of a village code): None for all. mask: the key of the pseudonyms shown, or None."""

    bank: str | None = None
    area: str | None = None
    mask: bytes | None = None

    def within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Of rows with bank and village_code, those that exist for whoever has this scope."""
        if self.bank is not None:
            rows = rows.filter(pl.col("bank") == self.bank)
        if self.area is not None:
            rows = rows.filter(pl.col("village_code").str.starts_with(self.area))
        return rows if self.mask is None else rows.with_columns(self._masked(name) for name in _NUMBERS)

    def cases(self) -> ColumnElement[bool]:
        """The same of the table of cases."""
        condition: ColumnElement[bool] = true()
        if self.bank is not None:
            condition &= Case.bank == self.bank
        if self.area is not None:
            condition &= Case.village_code.startswith(self.area, autoescape=True)
        return condition

    def _masked(self, name: str) -> pl.Expr:
        return pl.col(name).map_batches(self._pseudonyms, return_dtype=pl.String, is_elementwise=True)

    def _pseudonyms(self, numbers: pl.Series) -> pl.Series:
        key = self.mask or b""
        told = [n if n is None else f"x{hmac.digest(key, n.encode(), 'sha256').hex()[:16]}" for n in numbers]
        return pl.Series(numbers.name, told, pl.String)


EVERYWHERE = Scope()


@dataclass(frozen=True)
class SeenMonth(Month):
    """A published month as far as it exists for somebody."""

    scope: Scope = EVERYWHERE

    @property
    def whole(self) -> Month:
        return Month(self.as_of, self.folder)

    def scan(self, kind: str, county: str | None = None) -> pl.LazyFrame:
        rows = super().scan(kind, county)
        return self.scope.within(rows) if kind in _PERSONAL else rows

    def holding(self, text: str | None) -> pl.LazyFrame:
        """Kept once for all who see the same numbers, and narrowed to whoever asks."""
        mask = self.scope.mask
        shown = self.whole if mask is None else SeenMonth(self.as_of, self.folder, Scope(mask=mask))
        return replace(self.scope, mask=None).within(holding(shown, text))

    def rows(self, kind: str, places: Sequence[int], columns: Sequence[str] | None = None) -> pl.DataFrame:
        needed = None if columns is None else list(dict.fromkeys((*columns, *_NARROWED_BY)))
        found = self.scope.within(super().rows(kind, places, needed).lazy()).collect()
        return found if columns is None else found.select(columns)


@dataclass(frozen=True)
class SeenStore(Store):
    """The store as somebody reads it: no month leaves it but through their scope."""

    scope: Scope = EVERYWHERE

    def seen(self, month: Month) -> Month:
        return SeenMonth(**{each.name: getattr(month, each.name) for each in fields(month)}, scope=self.scope)


def scope_of(role: Role, bank: str | None, area: str | None, mask_key: bytes) -> Scope:
    return Scope(bank, area, mask_key if role in MASKED else None)
