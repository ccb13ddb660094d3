"""Every feature of every open loan, as `features_at` names them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd

from features.catalog import OUTPUT_FEATURES
from tests.benchmarks.pandas_features import community, credit, household, income, insurance, loan, repayment
from tests.benchmarks.pandas_features.book import Book, book_at
from tests.benchmarks.pandas_features.derived import derived
from tests.benchmarks.pandas_features.dues import due_to_maturity, dues_at, gone_bad, schedules_at
from tests.benchmarks.pandas_features.evening import Evening

NAMES = tuple(feature.name for feature in OUTPUT_FEATURES)
CODES = frozenset(feature.name for feature in OUTPUT_FEATURES if feature.is_code)


def features(ledger: Path, as_of: date) -> pd.DataFrame:
    """One row for each open loan, sorted by loan_id: the identifier and the features in NAMES."""
    evening = Evening(ledger, as_of)
    book = book_at(evening)
    seen = _seen(evening, book)
    found = {**seen, **derived(seen), **community.of_neighbours(seen)}
    ids = book.opened["loan_id"].reset_index(drop=True)
    return pd.DataFrame({"loan_id": ids, **{name: found[name] for name in NAMES}}, copy=False)


def _of_repayment(evening: Evening, book: Book) -> pd.DataFrame:
    schedules = schedules_at(evening, book)
    dues = dues_at(schedules, book)
    repaid = repayment.of_loans(book, dues, evening.as_of)
    bad = gone_bad(schedules, len(book.loans)).rename("has_gone_bad")
    return pd.concat(
        [
            book.for_open_loans(repaid),
            book.for_open_loans(bad),
            repayment.of_homes(book, dues, evening.as_of),
            credit.of_loans(book, repaid, evening.as_of),
            due_to_maturity(book, dues),
        ],
        axis=1,
    )


_PARTS: tuple[tuple[str | None, Callable[[Evening, Book], pd.DataFrame]], ...] = (
    (None, _of_repayment),
    ("members", household.of_people),
    ("policies", insurance.of_policies),
    ("income_statements", income.of_statements),
    ("credit_events", credit.of_events),
    ("assets", income.of_assets),
    ("use_checks", loan.of_checks),
    ("hardships", insurance.of_hardships),
    ("village_reviews", household.of_reviews),
    ("claims", insurance.of_claims),
    ("loan_events", loan.of_events),
    (None, loan.of_terms),
    (None, community.of_prices),
)
"""What is observed of open loans, and the table without which it is missing."""


def _seen(evening: Evening, book: Book) -> pd.DataFrame:
    register = household.of_register(evening, book)
    county = community.county_of(register["village_code"])

    def part(table: str | None, of: Callable[[Evening, Book], pd.DataFrame]) -> pd.DataFrame:
        frame = of(evening, book)
        return frame if table is None else _where(county.isin(evening.counties_with(table)), frame)

    return pd.concat([register, *(part(table, of) for table, of in _PARTS)], axis=1)


def _where(delivered: pd.Series, frame: pd.DataFrame) -> pd.DataFrame:
    """Missing in a county where the table had not been delivered by then: nothing known is not nothing."""
    return frame if delivered.all() else frame.where(delivered)
