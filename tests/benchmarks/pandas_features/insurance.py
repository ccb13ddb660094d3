"""Insurance and hardship: what befell the household, what it lost, and who will pay for it."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import calendar_months, first_day
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, flags, largest, total

_LOST = ("death", "missing", "custody")
_SUDDEN = ("illness", "disaster", "accident", "epidemic")
_INDUSTRY = ("sheep_income", "daylily_price", "crop")
_PERSON = ("accident", "serious_illness")


def of_hardships(evening: Evening, book: Book) -> pd.DataFrame:
    homes, as_of = book.households, evening.as_of
    rows = evening.known("hardships", book.homes, "occurred_on", "cause", "loss_amount", "resolved_on")
    year, unresolved = rows[rows["occurred_on"] >= first_day(as_of, 12)], rows[~(rows["resolved_on"] <= 0)]
    new = unresolved[unresolved["cause"].isin(_SUDDEN) & (unresolved["occurred_on"] >= first_day(as_of, 6))]
    newest = largest(rows["occurred_on"], rows["home"], homes)
    return book.handed_out(
        pd.DataFrame(
            {
                "hardships_12m": counted(year["home"], homes),
                "unresolved_hardship": flags(unresolved["home"], homes),
                "new_hardship_6m": flags(new["home"], homes),
                "person_lost": flags(unresolved.loc[unresolved["cause"].isin(_LOST), "home"], homes),
                "hardship_loss_12m": total(year["loss_amount"], year["home"], homes),
                "hardship_age_months": calendar_months(as_of, newest),
            }
        )
    )


def of_policies(evening: Evening, book: Book) -> pd.DataFrame:
    homes = book.households
    rows = evening.known("policies", book.homes, "kind", "insured_from", "insured_to", "sum_insured")
    rows = rows[(rows["insured_from"] <= 0) & (rows["insured_to"] >= 0)]
    return book.handed_out(
        pd.DataFrame(
            {
                "insured_industry": flags(rows.loc[rows["kind"].isin(_INDUSTRY), "home"], homes),
                "insured_person": flags(rows.loc[rows["kind"].isin(_PERSON), "home"], homes),
                "sum_insured": total(rows["sum_insured"], rows["home"], homes),
            }
        )
    )


def of_claims(evening: Evening, book: Book) -> pd.DataFrame:
    homes = book.households
    columns = ("occurred_on", "claimed_amount", "paid_amount", "settled_on")
    rows = evening.known("claims", book.homes, *columns)
    waiting = rows[~(rows["settled_on"] <= 0)]
    paid = rows[(rows["settled_on"] <= 0) & (rows["occurred_on"] >= first_day(evening.as_of, 12))]
    return book.handed_out(
        pd.DataFrame(
            {
                "open_claims": counted(waiting["home"], homes),
                "open_claimed": total(waiting["claimed_amount"], waiting["home"], homes),
                "claims_paid_12m": total(paid["paid_amount"], paid["home"], homes),
            }
        )
    )
