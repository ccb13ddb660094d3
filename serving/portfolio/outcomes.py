"""Outcomes of all loans by a day, from the ledger: payout, events, payments, how and when each loan ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from features.ledger.ledger import Ledger
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SHIPPED_RULES, LifeRules
from serving.months.edition import PublishedMonth

_LOST = ("compensated", "written_off")
_ENDING_ORDER = {"compensated": 0, "written_off": 1, "settled": 2}
"""Of several endings on one day the first in this order counts: a loan that the fund repaid was not settled clean."""


@dataclass(frozen=True)
class LoanOutcomes:
    """The loans, payments and events known at the end of `as_of`.

    rules: of late, bad and cured on that day.
    """

    ledger: Ledger
    as_of: date
    rules: LifeRules = SHIPPED_RULES

    @cached_property
    def _snapshot(self) -> Snapshot:
        return Snapshot(LatestVersions(self.ledger.tables(), self.as_of), self.as_of, self.rules)

    @cached_property
    def loans(self) -> pl.DataFrame:
        """One row for each loan paid out, open or not: ids, bank, places, `principal`, `originated_on` and so on.

        `ended_on`, `ended_by`: the first day it was repaid in full, settled (both `settled`), compensated or written
        off; null while it is open. `is_renewed`: a later loan renews it. `bad_on`: the day it went bad, repaid since or
        not.
        """
        book = self._snapshot.book
        repaid = book.lives.loans.lazy().filter(pl.col("ended_on").is_not_null()).select("loan", "ended_on")
        settled = repaid.with_columns(pl.lit("settled").alias("ended_by"))
        lost = book.events.filter(pl.col("kind").is_in(_LOST)).select(
            "loan", pl.col("occurred_on").alias("ended_on"), pl.col("kind").alias("ended_by")
        )
        order = pl.col("ended_by").replace_strict(_ENDING_ORDER, return_dtype=pl.Int8)
        endings = pl.concat([settled, lost]).sort("loan", "ended_on", order).unique("loan", keep="first")
        first_bad = book.lives.spells.lazy().group_by("loan").agg(pl.col("bad_on").min())
        ended = self._snapshot.loans.drop("ended_on").join(endings, on="loan", how="left")
        loans = ended.join(first_bad, on="loan", how="left").collect()
        renewed = loans["renews_loan_id"].drop_nulls().unique().to_list()
        return loans.select(
            *("loan", "loan_id", "household_id", "bank", "product", "county_code", "township_code", "village_code"),
            *("principal", "originated_on", "renews_loan_id", "ended_on", "ended_by", "bad_on"),
            pl.col("loan_id").is_in(renewed).alias("is_renewed"),
        )

    @cached_property
    def events(self) -> pl.DataFrame:
        """`loan`, `kind`, `occurred_on`, `amount` (yuan; missing where the bank gave none)."""
        return self._snapshot.versions.newest("loan_events").select("loan", "kind", "occurred_on", "amount").collect()

    @cached_property
    def payments(self) -> pl.DataFrame:
        """`loan`, `paid_on`, `principal_paid` (yuan)."""
        return self._snapshot.versions.newest("payments").select("loan", "paid_on", "principal_paid").collect()

    @cached_property
    def place_names(self) -> dict[str, str]:
        """Names of counties, townships and villages by code; a place without a name is absent."""
        households = self._snapshot.versions.newest_of_all_households("households").sort("known_on", "household_id")
        names: dict[str, str] = {}
        for digits, name in ((6, "county_name"), (9, "township_name"), (12, "village_name")):
            code = pl.col("village_code").str.head(digits).alias("code")
            newest = households.filter(pl.col(name).is_not_null()).group_by(code).agg(pl.col(name).last())
            names.update(dict(newest.collect().rows()))
        return names


def loan_outcomes(month: PublishedMonth, ledger: Ledger) -> LoanOutcomes:
    """The outcomes by the ledger as it was when the month was scored, and by its model's label.

    Raises UserError where the ledger never was at the month's data version.
    """
    return LoanOutcomes(ledger.at(month.manifest.data_version), month.as_of, month.life_rules)
