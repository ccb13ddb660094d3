"""Every feature of every open loan, as `features_at` names them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd

from features.catalog import OUTPUT_FEATURES
from features.compute import STATUS_COLUMNS
from features.units import YUAN
from tests.benchmarks.pandas_features import community, credit, household, income, insurance, loan, repayment
from tests.benchmarks.pandas_features.book import Book, book_at
from tests.benchmarks.pandas_features.derived import derived
from tests.benchmarks.pandas_features.evening import Evening

NAMES = tuple(feature.name for feature in OUTPUT_FEATURES)
_MONEY = frozenset(feature.name for feature in OUTPUT_FEATURES if feature.unit is YUAN)
CODES = frozenset(feature.name for feature in OUTPUT_FEATURES if feature.is_code)
STATUS = (*STATUS_COLUMNS, "has_gone_bad")


def features(ledger: Path, as_of: date) -> pd.DataFrame:
    """One row for each open loan, sorted by loan_id: the identifier, STATUS and the features in NAMES."""
    evening = Evening(ledger, as_of)
    book = book_at(evening)
    seen = _seen(evening, book)
    found = {**seen, **derived(seen), **community.of_neighbours(seen)}
    ids = book.opened["loan_id"].reset_index(drop=True)
    told = {name: found[name].round(2) if name in _MONEY else found[name] for name in (*STATUS, *NAMES)}
    return pd.DataFrame({"loan_id": ids, **told}, copy=False)


def _of_repayment(evening: Evening, book: Book) -> pd.DataFrame:
    as_of = evening.as_of
    return pd.concat(
        [
            book.for_open_loans(repayment.of_loans(book, as_of)),
            repayment.of_homes(book, as_of),
            repayment.due_to_maturity(book),
            credit.of_loans(book, as_of),
        ],
        axis=1,
    )


_PARTS: tuple[tuple[str | None, Callable[[Evening, Book], pd.DataFrame]], ...] = (
    (None, _of_repayment),
    ("policies", insurance.of_policies),
    ("income_statements", income.of_statements),
    ("credit_events", credit.of_events),
    ("assets", income.of_assets),
    ("use_checks", loan.of_checks),
    ("village_reviews", household.of_reviews),
    ("claims", insurance.of_claims),
    ("loan_events", loan.of_events),
    (None, loan.of_terms),
    (None, community.of_prices),
)
"""What is observed of open loans, and the table without which it is missing."""


def _seen(evening: Evening, book: Book) -> pd.DataFrame:
    register, people = household.register_at(evening, book), household.people_at(evening, book)
    of_banks = repayment.of_banks(book, register["village_code"])
    registered = book.handed_out(register)
    county = community.county_of(registered["village_code"])

    def part(table: str | None, frame: pd.DataFrame) -> pd.DataFrame:
        return frame if table is None else _where(county.isin(evening.counties_with(table)), frame)

    members = part("members", household.of_people(people, book, evening.as_of))
    hardships = part("hardships", insurance.of_hardships(evening, book, people))
    others = (part(table, of(evening, book)) for table, of in _PARTS)
    return pd.concat([registered, of_banks, members, hardships, *others], axis=1)


def _where(delivered: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    """Missing in a county where the table had not been delivered by then: nothing known is not nothing."""
    return frame if delivered.all() else frame.where(delivered)
