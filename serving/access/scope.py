"""The loans that an account may see: a filter within every query of published months and of cases."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

import polars as pl
from sqlalchemy import ColumnElement, true

from features.contract.pseudonym import Pseudonyms
from serving.access.roles import MASKED_ROLES, Role
from serving.database.tables import Case

_ID_COLUMNS = ("household_id", "loan_id")
_MASKING = "masked numbers"


@dataclass(frozen=True)
class Scope:
    """The bank and the area of an account, and whether it sees ids.

    bank: None for all. area: the first digits of a village code; None for all. mask: the key of the pseudonyms that
    stand in the place of ids; None where ids are shown.
    """

    bank: str | None = None
    area: str | None = None
    mask: bytes | None = None

    @property
    def has_all_loans(self) -> bool:
        """Whether no loan is left out."""
        return self.bank is None and self.area is None

    def within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of this scope, of rows with `bank`, `village_code`, `household_id` and `loan_id`; ids masked."""
        if self.bank is not None:
            rows = rows.filter(pl.col("bank") == self.bank)
        if self.area is not None:
            rows = rows.filter(pl.col("village_code").str.starts_with(self.area))
        if self.mask is None:
            return rows
        ids = pl.col(_ID_COLUMNS)
        return rows.with_columns(ids.map_batches(self._pseudonyms, return_dtype=pl.String, is_elementwise=True))

    def households_within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The households of this scope, of rows with `household_id`, `village_code` and the `banks` of open loans.

        Households without an open loan are no other bank's clients: an account of a bank sees them in its area.
        """
        if self.bank is not None:
            rows = rows.filter(pl.col("banks").list.contains(self.bank) | (pl.col("banks").list.len() == 0))
        if self.area is not None:
            rows = rows.filter(pl.col("village_code").str.starts_with(self.area))
        if self.mask is None:
            return rows
        return rows.with_columns(pl.col("household_id").map_batches(self._pseudonyms, return_dtype=pl.String))

    def places_within(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of this scope's area, of rows with `village_code`, whatever their banks: for sums of places."""
        return rows if self.area is None else rows.filter(pl.col("village_code").str.starts_with(self.area))

    def loans_only(self) -> Scope:
        """The scope that leaves out the same loans and leaves ids as they are."""
        return replace(self, mask=None)

    def pseudonyms_only(self) -> Scope | None:
        """The scope that replaces the same ids and leaves out no loan; None where ids are shown."""
        return None if self.mask is None else Scope(mask=self.mask)

    def case_condition(self) -> ColumnElement[bool]:
        """The condition that the database's table of cases is filtered by."""
        condition: ColumnElement[bool] = true()
        if self.bank is not None:
            condition &= Case.bank == self.bank
        if self.area is not None:
            condition &= Case.village_code.startswith(self.area, autoescape=True)
        return condition

    def _pseudonyms(self, ids: pl.Series) -> pl.Series:
        key = self.mask or b""
        masked_ids = [n if n is None else f"x{hmac.digest(key, n.encode(), 'sha256').hex()[:16]}" for n in ids]
        return pl.Series(ids.name, masked_ids, pl.String)


ALL_LOANS = Scope()
"""The scope without restriction."""


def scope_of(role: Role, bank: str | None, area: str | None, mask_key: bytes) -> Scope:
    """The scope of an account: its bank and area, with ids masked where the role asks for it."""
    return Scope(bank, area, mask_key if role in MASKED_ROLES else None)


def mask_key_of(pseudonyms: Pseudonyms) -> bytes:
    """The key of the pseudonyms that analysts see in place of household and loan numbers."""
    return pseudonyms.key_for(_MASKING)
