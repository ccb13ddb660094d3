"""How each time that a loan was bad ended, as known on a day: repaid, paid by the compensation fund, written off."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import LifeRules
from features.snapshot.loan_book import LoanBook

SPELL_ENDINGS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "product": FrameColumn(pl.String(), "Its product."),
        "bad_on": FrameColumn(pl.Date(), "First day of the time that it was bad."),
        "ended_on": FrameColumn(pl.Date(), "Day on which that ended; null while it goes on."),
        "ended_by": FrameColumn(pl.String(), "repaid, fund or written_off; null while it goes on."),
        "outstanding": FrameColumn(
            pl.Float64(), "Principal, yuan: where the fund paid, outstanding before it did; else on the day."
        ),
        "fund_paid": FrameColumn(pl.Float64(), "What the compensation fund paid, yuan; 0 where it did not."),
    }
)
HOUSEHOLDS_AT_ONCE = 20_000
"""Households whose loans are in memory at once."""
_STANDS = (pl.col("withdrawn") != "true").fill_null(True)
_IS_OF_FUND = (pl.col("payer") == "compensation_fund").fill_null(False)


@returns(SPELL_ENDINGS_SCHEMA)
def spell_endings(tables: DeliveredTables, as_of: date, rules: LifeRules) -> pl.DataFrame:
    """Every time that a loan was bad by the end of as_of, by what was known then, sorted by loan and day.

    The fund has paid on the day of the `compensated` event, or of its first payment where there is none; the amount is
    the sum of its payments, or the event's where none is delivered. A loan repaid, settled or renewed was repaid.

    >>> from datetime import date
    >>> from features.ledger.ledger import Ledger
    >>> endings = spell_endings(Ledger(data / "ledger").tables(), date(2025, 12, 31), LifeRules())
    >>> bool(endings["bad_on"].max() <= date(2025, 12, 31))
    True
    """
    blocks = tables.household_blocks(HOUSEHOLDS_AT_ONCE)
    return pl.concat(endings_of(LoanBook(LatestVersions(block, as_of), as_of, rules)) for block in blocks).sort(
        "loan_id", "bad_on"
    )


@returns(SPELL_ENDINGS_SCHEMA)
def endings_of(book: LoanBook) -> pl.DataFrame:
    """What `spell_endings` tells, of the loans of a book by its last day."""
    versions, as_of = book.versions, book.last
    events = versions.newest("loan_events").filter(_STANDS & (pl.col("occurred_on") <= as_of))
    written_off = events.filter(pl.col("kind") == "written_off").group_by("loan").agg(pl.col("occurred_on").min())
    payments = book.newest_payments.lazy().filter(pl.col("paid_on") <= as_of)
    spells = (
        book.lives.spells.lazy()
        .filter(pl.col("bad_on") <= as_of)
        .join(versions.loans.select("loan", "loan_id", "product", "principal"), on="loan")
        .join(_fund_payments(events, payments), on="loan", how="left")
        .join(written_off.rename({"occurred_on": "written_off_on"}), on="loan", how="left")
        .join(_repaid_principal(payments, events), on="loan", how="left")
    )
    endings = spells.with_columns(_ending_columns(as_of)).select(list(SPELL_ENDINGS_SCHEMA.columns))
    return endings.sort("loan_id", "bad_on").collect()


def _fund_payments(events: pl.LazyFrame, payments: pl.LazyFrame) -> pl.LazyFrame:
    """For each loan that the fund paid for: `fund_on`, and `paid`, yuan."""
    compensated = events.filter(pl.col("kind") == "compensated").group_by("loan")
    paid = payments.filter(_IS_OF_FUND).group_by("loan")
    joined = compensated.agg(pl.col("occurred_on").min(), pl.col("amount").sum()).join(
        paid.agg(pl.col("paid_on").min(), pl.col("principal_paid", "interest_paid").sum()),
        on="loan",
        how="full",
        coalesce=True,
    )
    return joined.select(
        "loan",
        pl.coalesce("occurred_on", "paid_on").alias("fund_on"),
        pl.coalesce((pl.col("principal_paid") + pl.col("interest_paid")) / 100, "amount").alias("paid"),
    )


def _repaid_principal(payments: pl.LazyFrame, events: pl.LazyFrame) -> pl.LazyFrame:
    """For each loan the principal repaid by others than the fund, up to the fund's day where it paid: `repaid`."""
    fund_day = _fund_payments(events, payments).select("loan", "fund_on")
    of_others = payments.filter(~_IS_OF_FUND).join(fund_day, on="loan", how="left")
    before = of_others.filter((pl.col("paid_on") <= pl.col("fund_on")).fill_null(True))
    return before.group_by("loan").agg((pl.col("principal_paid").sum() / 100).alias("repaid"))


def _ending_columns(as_of: date) -> list[pl.Expr]:
    repaid_on = pl.when(pl.col("arrears_ended_on") <= as_of).then("arrears_ended_on")
    until = pl.col("arrears_ended_on").fill_null(as_of)
    by_fund = pl.col("fund_on").is_between("bad_on", until).fill_null(False)
    by_bank = pl.col("written_off_on").is_between("bad_on", until).fill_null(False) & ~by_fund
    ending = pl.when(by_fund).then(pl.lit("fund")).when(by_bank).then(pl.lit("written_off"))
    ended_on = pl.when(by_fund).then("fund_on").when(by_bank).then("written_off_on").otherwise(repaid_on)
    outstanding = (pl.col("principal") - pl.col("repaid").fill_null(0.0)).clip(0).round(2)
    return [
        ended_on.alias("ended_on"),
        ending.when(repaid_on.is_not_null()).then(pl.lit("repaid")).alias("ended_by"),
        outstanding.alias("outstanding"),
        pl.when(by_fund).then(pl.col("paid").fill_null(0.0).round(2)).otherwise(0.0).alias("fund_paid"),
    ]
