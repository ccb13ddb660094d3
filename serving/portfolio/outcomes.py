"""What became of each loan by a day, as the ledger tells: paid out, extended, repaid, settled, compensated, lost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from features.compute import BAD_AFTER_DAYS
from features.ledger.ledger import Ledger
from features.snapshot.as_of import Evening
from features.snapshot.latest_versions import Known
from features.snapshot.loan_book import bad_on
from serving.months.repository import Month

_LOST = ("compensated", "written_off")
_IN_DOUBT = {"compensated": 0, "written_off": 1, "settled": 2}
"""Of endings on one day the first of these counts: a loan the fund paid off was not settled clean."""


@dataclass(frozen=True)
class Fates:
    """The loans, payments and events known by the evening of `as_of`. bad_after_days: when a loan has gone bad."""

    ledger: Ledger
    as_of: date
    bad_after_days: int = BAD_AFTER_DAYS

    @cached_property
    def _evening(self) -> Evening:
        return Evening(Known(self.ledger.rows(), self.as_of), self.as_of)

    @cached_property
    def loans(self) -> pl.DataFrame:
        """One row for each loan paid out, open or not: its place, `principal`, `originated_on`, `renews_loan_id`;

        `ended_on`, `ended_by`: the first day it was repaid in full, settled (both `settled`), compensated or written
        off; null while it is open. `is_renewed`: a later loan renews it. `bad_on`: the day it went bad, repaid since or
        not.
        """
        gone_bad = bad_on(self._evening.book, self.bad_after_days)
        ended = self._evening.loans.join(self._endings, on="loan", how="left")
        loans = ended.join(gone_bad, on="loan", how="left").collect()
        renewed = loans["renews_loan_id"].drop_nulls().unique().to_list()
        return loans.select(
            *("loan", "loan_id", "household_id", "bank", "product", "county_code", "township_code", "village_code"),
            *("principal", "originated_on", "renews_loan_id", "ended_on", "ended_by", "bad_on"),
            pl.col("loan_id").is_in(renewed).alias("is_renewed"),
        )

    @property
    def _endings(self) -> pl.LazyFrame:
        book = self._evening.book
        repaid = book.endings.select("loan", pl.min_horizontal("paid_off_on", "settled_on").alias("ended_on"))
        settled = repaid.with_columns(pl.lit("settled").alias("ended_by"))
        lost = book.events.filter(pl.col("kind").is_in(_LOST)).select(
            "loan", pl.col("occurred_on").alias("ended_on"), pl.col("kind").alias("ended_by")
        )
        order = pl.col("ended_by").replace_strict(_IN_DOUBT, return_dtype=pl.Int8)
        return pl.concat([settled, lost]).sort("loan", "ended_on", order).unique("loan", keep="first")

    @cached_property
    def events(self) -> pl.DataFrame:
        """`loan`, `kind`, `occurred_on`, `amount` (yuan; missing where the bank gave none)."""
        return self._evening.known.newest("loan_events").select("loan", "kind", "occurred_on", "amount").collect()

    @cached_property
    def payments(self) -> pl.DataFrame:
        """`loan`, `paid_on`, `principal_paid` (yuan)."""
        return self._evening.known.newest("payments").select("loan", "paid_on", "principal_paid").collect()

    @cached_property
    def names(self) -> dict[str, str]:
        """What counties, townships and villages are called, by their codes; one without a name is absent."""
        homes = self._evening.known.newest_of_all("households").sort("known_on", "household_id")
        found: dict[str, str] = {}
        for digits, name in ((6, "county_name"), (9, "township_name"), (12, "village_name")):
            code = pl.col("village_code").str.head(digits).alias("code")
            last = homes.filter(pl.col(name).is_not_null()).group_by(code).agg(pl.col(name).last())
            found.update(dict(last.collect().rows()))
        return found


def fates_of(month: Month, ledger: Ledger) -> Fates:
    """By what the ledger held when the month was scored, and its model's label.

    Raises Refused where the ledger never was at the month's data version.
    """
    label = month.manifest.label or {}
    known = ledger.at(month.manifest.data_version)
    return Fates(known, month.as_of, int(label.get("bad_after_days", BAD_AFTER_DAYS)))
