"""Households of the ledger by place and number, whether they borrow or not, as a reader may see them."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.amounts import yuan_sum
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from models.light import CODES
from serving.concurrency.single_flight import single_flight
from serving.explain.loaded_models import ledger_at
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_index
from serving.portfolio.cursors import cursor_after, last_shown
from serving.portfolio.place_names import place_names
from serving.schemas.household_records import HouseholdPage, ListedHousehold, LoanFilter

_DIGITS = (6, 9, 12)
"""Digits of the codes of counties, townships and villages."""
_DIRECTORIES_IN_MEMORY = 2
"""Month ends whose households are in memory, some 100 bytes for each loan; all readers share them."""
HOUSEHOLD_LOANS_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "The household."),
        "village_code": FrameColumn(pl.String(), "Its village; missing where no row of the household is known."),
        "household_type": FrameColumn(pl.String(), "As in table households."),
        "loan_id": FrameColumn(pl.String(), "A loan of it, open or closed; missing for a household without any."),
        "bank": FrameColumn(pl.String(), "The loan's bank; missing likewise."),
    }
)


@dataclass(frozen=True)
class HouseholdQuery:
    """Filters and page of a list of households.

    words: each has to be in the household's or a loan's id, in the name of its village, township or county, or at the
    beginning of its village's code. area: first digits of a village code. loans: with an open loan, or without.
    limit: households on the page. cursor: where the page begins, as the page before it says.
    """

    words: tuple[str, ...] = ()
    area: str | None = None
    loans: LoanFilter | None = None
    limit: int = 50
    cursor: str | None = None


@returns(HOUSEHOLD_LOANS_SCHEMA)
def household_loans(month: PublishedMonth, store: DataFolder) -> pl.LazyFrame:
    """All households of the ledger as known at the month's end, a row for each loan that was paid out by then.

    A household that never had a loan has one row, too. Sorted by village, household and loan. The rows are those of the
    reader's scope: a bank's reader sees households that have or had a loan of the bank, with these loans; a reader of
    an area all households that live there.

    Raises UserError where the ledger never was at the month's data version.
    """
    rows = _ledger_rows(store.folder, month.manifest.data_version, month.as_of).lazy()
    return month.scope.within(rows) if month.scope else rows


@single_flight(_DIRECTORIES_IN_MEMORY)
def _ledger_rows(folder: Path, data_version: str, as_of: date) -> pl.DataFrame:
    versions = LatestVersions(ledger_at(folder / "ledger", data_version).tables(), as_of)
    households = versions.newest_of_all_households("households")
    loans = versions.newest_of_all_households("loans").filter(pl.col("originated_on") <= as_of)
    joined = households.join(
        loans.select("household_id", "loan_id", "bank"), on="household_id", how="full", coalesce=True
    )
    rows = joined.select(list(HOUSEHOLD_LOANS_SCHEMA.columns))
    return rows.sort("village_code", "household_id", "loan_id", nulls_last=True).collect()


def household_search(month: PublishedMonth, store: DataFolder, query: HouseholdQuery) -> HouseholdPage:
    """One page of the households that match a query, by village and number.

    Args:
        month: the published month; its scope says which households and loans exist for the reader.
        store: the data folder that the month lies in.
        query: filters and page.

    Returns:
        The page's households with their open loans, the worst light, and the day the last closed loan ended; `total`
        households that match, and the cursor of the next page.

    Raises:
        UserError: for a cursor of another list, or where the ledger never was at the month's data version.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.household_search import HouseholdQuery, household_search
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> everyone = household_search(month, store, HouseholdQuery(limit=5))
        >>> with_loan, without = (
        ...     household_search(month, store, HouseholdQuery(loans=loans)).total for loans in ("open", "none")
        ... )
        >>> len(everyone.items), with_loan + without == everyone.total
        (5, True)
    """
    digest = hashlib.sha256(repr(replace(query, cursor=None, limit=0)).encode()).hexdigest()[:8]
    edition = f"{month.as_of}:{month.manifest.edition}:{digest}"
    rows = household_loans(month, store)
    for word in query.words:
        rows = rows.filter(_matches(word, place_names(month, store)).any().over("household_id"))
    if query.area is not None:
        rows = rows.filter(pl.col("village_code").str.starts_with(query.area))
    households = rows.group_by("household_id", "village_code", "household_type", maintain_order=True).agg(
        pl.col("loan_id").count().cast(pl.Int64).alias("loans")
    )
    open_loans = (
        loan_index(month)
        .group_by("household_id")
        .agg(
            pl.len().cast(pl.Int64).alias("open_loans"),
            yuan_sum(pl.col("outstanding_principal")).alias("outstanding_principal"),
            pl.col("light").to_physical().max().alias("level"),
        )
    )
    listed = households.join(open_loans, on="household_id", how="left", maintain_order="left").with_row_index("number")
    if query.loans is not None:
        has_open_loan = pl.col("open_loans").is_not_null()
        listed = listed.filter(has_open_loan if query.loans == "open" else ~has_open_loan)
    matching = listed.collect()
    to_come = matching.filter(pl.col("number") > last_shown(query.cursor, edition))
    page = to_come.head(query.limit)
    endings = last_endings(month, store, page["household_id"].to_list())
    items = [
        ListedHousehold.model_validate(
            {
                **row,
                "township_code": row["village_code"] and row["village_code"][:9],
                "light": None if row["level"] is None else CODES[row["level"]],
                "open_loans": row["open_loans"] or 0,
                "outstanding_principal": row["outstanding_principal"] or 0.0,
                "last_ended_on": endings.get(row["household_id"]),
            }
        )
        for row in page.to_dicts()
    ]
    more = 0 < page.height < to_come.height
    return HouseholdPage(
        **month.versions,
        total=matching.height,
        items=items,
        next_cursor=cursor_after(edition, page["number"][-1]) if more else None,
    )


def _matches(word: str, names: Mapping[str, str]) -> pl.Expr:
    """Whether a row is of a household or loan whose id has the word, or of a place whose name or code it is of."""
    codes = [code for code, name in names.items() if word in name]
    village = pl.col("village_code")
    of_named_place = [
        village.str.head(digits).is_in([code for code in codes if len(code) == digits]) for digits in _DIGITS
    ]
    in_ids = [pl.col(name).str.contains(word, literal=True) for name in ("household_id", "loan_id")]
    return pl.any_horizontal(*in_ids, village.str.starts_with(word), *of_named_place).fill_null(False)


def last_endings(month: PublishedMonth, store: DataFolder, household_ids: Collection[str]) -> dict[str, date]:
    """For a few households, the day on which the last of their closed loans ended; those without one are absent.

    Loans that do not exist for the reader do not count.

    Raises UserError where the ledger never was at the month's data version.
    """
    tables = ledger_at(store.folder / "ledger", month.manifest.data_version).tables().for_households(household_ids)
    snapshot = Snapshot(LatestVersions(tables, month.as_of), month.as_of, month.life_rules)
    loans = month.scope.within(snapshot.loans) if month.scope else snapshot.loans
    ended_on = pl.min_horizontal("ended_on", "lost_on")
    last = (
        loans.select("household_id", ended_on.alias("ended_on")).group_by("household_id").agg(pl.col("ended_on").max())
    )
    return dict(last.drop_nulls().collect().rows())
