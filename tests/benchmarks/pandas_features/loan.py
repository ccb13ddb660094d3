"""The loan and its use: how much, for how long, what is left, when it falls due, where the money went."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import first_day, month_of_year, months_since
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, flags, largest

_RENEWING = ("extended", "renewed")
_RIGHT = ("put_right", "as_declared")
_ILL = ("partly_diverted", "idle")
_CODES = ["bank", "product", "repayment_method", "declared_use"]


def of_terms(evening: Evening, book: Book) -> pd.DataFrame:
    """What was agreed on each open loan and what has become of it."""
    loans, as_of = book.for_open_loans(book.loans), evening.as_of
    return loans[_CODES].assign(
        principal=loans["principal"] / 100,
        annual_rate=loans["annual_rate"],
        subsidy_share=loans["subsidy_share"],
        term_days=loans["term_days"],
        months_on_book=months_since(as_of, loans["originated_on"]),
        days_to_maturity=loans["matures_on"],
        outstanding_principal=loans["outstanding"] / 100,
        is_renewal=loans["renews_loan_id"].notna().astype("float64"),
        maturity_month=pd.Categorical(month_of_year(as_of, loans["matures_on"])).rename_categories(str),
    )


def of_events(evening: Evening, book: Book) -> pd.DataFrame:
    """Extensions and renewals."""
    count, events = len(book.loans), book.events
    rows = events[events["kind"].isin(_RENEWING)]
    recent = rows[rows["occurred_on"] >= first_day(evening.as_of, 3)]
    return book.for_open_loans(
        pd.DataFrame({"extensions": counted(rows["loan"], count), "renewal_agreed_3m": flags(recent["loan"], count)})
    )


def of_checks(evening: Evening, book: Book) -> pd.DataFrame:
    """The last use check of each open loan, and whether ill use stands that nothing put right since."""
    count = len(book.opened)
    rows = evening.in_order("use_checks", book.open_loans, "checked_on", "finding")
    newest = rows.drop_duplicates("place", keep="last").set_index("place").reindex(range(count))

    def last(*findings: str) -> pd.Series:
        found = rows[rows["finding"].isin(findings)]
        return largest(found["checked_on"], found["place"], count)

    right = last(*_RIGHT).fillna(-float("inf"))
    return pd.DataFrame(
        {
            "use_finding": newest["finding"],
            "use_diverted": (last("diverted") > right).astype("float64"),
            "use_ill": (last(*_ILL) > right).astype("float64"),
            "use_unchecked": newest["checked_on"].isna().astype("float64"),
            "use_check_age_months": months_since(evening.as_of, newest["checked_on"]),
        }
    )
