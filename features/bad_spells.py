"""The times that loans were bad, and when they ended, by all data of a ledger: what labels and reports compare with."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import SPELLS_SCHEMA, LifeRules
from features.snapshot.loan_book import LoanBook

BAD_SPELLS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        **{name: column for name, column in SPELLS_SCHEMA.columns.items() if name != "loan"},
    }
)
LOAN_ENDS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "ended_on": FrameColumn(
            pl.Date(), "Day on which it was repaid, settled or renewed, by all data; null where it was not."
        ),
    }
)
NEXT_BAD_SCHEMA = FrameSchema(
    {"bad_on": FrameColumn(pl.Date(), "Day on which the loan is bad next, by all data; null where it is not.")},
    extra="The columns of the loans.",
)
_LAST = date(2200, 1, 1)
"""A day after all that can be due."""


@returns(BAD_SPELLS_SCHEMA)
def bad_spells(tables: DeliveredTables, rules: LifeRules) -> pl.DataFrame:
    """Every time that a loan was bad, by all data, sorted by loan and day.

    What is due later and not paid yet makes a loan bad on a day that may not have come: who uses it asks whether the
    data reach so far.

    >>> from features.ledger.ledger import Ledger
    >>> spells = bad_spells(Ledger(data / "ledger").tables(), LifeRules())
    >>> spells.columns
    ['loan_id', 'bad_on', 'arrears_ended_on', 'performing_on']
    """
    book = LoanBook(LatestVersions(tables, known_by=None), _LAST, rules)
    named = book.lives.spells.lazy().join(book.versions.loans.select("loan", "loan_id"), on="loan")
    return named.select(list(BAD_SPELLS_SCHEMA.columns)).sort("loan_id", "bad_on").collect()


@returns(LOAN_ENDS_SCHEMA)
def loan_ends(tables: DeliveredTables, rules: LifeRules) -> pl.DataFrame:
    """The day on which each loan ended, by all data, sorted by loan; what was compensated or written off has not.

    >>> from features.ledger.ledger import Ledger
    >>> ends = loan_ends(Ledger(data / "ledger").tables(), LifeRules())
    >>> ends.columns, ends["ended_on"].null_count() < ends.height
    (['loan_id', 'ended_on'], True)
    """
    book = LoanBook(LatestVersions(tables, known_by=None), _LAST, rules)
    named = book.lives.loans.lazy().join(book.versions.loans.select("loan", "loan_id"), on="loan")
    return named.select(list(LOAN_ENDS_SCHEMA.columns)).sort("loan_id").collect()


@returns(NEXT_BAD_SCHEMA)
def with_next_bad_on(loans: pl.DataFrame, spells: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Loans with `bad_on`, the first day after as_of on which they are bad; without those bad on as_of by all data.

    loans: with `loan_id`; their order stays. spells: in the columns of BAD_SPELLS_SCHEMA.
    """
    has_ended = pl.col("arrears_ended_on") <= as_of
    is_bad_now = (pl.col("bad_on") <= as_of) & ~has_ended.fill_null(False)
    bad_now = spells.filter(is_bad_now).select("loan_id")
    following = spells.filter(pl.col("bad_on") > as_of).group_by("loan_id").agg(pl.col("bad_on").min())
    sound = loans.join(bad_now, on="loan_id", how="anti", maintain_order="left")
    return sound.join(following, on="loan_id", how="left", maintain_order="left")
