"""Insurance and hardship: what befell the household, what it lost, and who will pay for it."""

from __future__ import annotations

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import calendar_months, first_day
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, flags, largest, total
from tests.benchmarks.pandas_features.household import HERE, People

_LOST = ("death", "missing", "custody")
_SUDDEN = ("illness", "disaster", "accident", "epidemic", *_LOST)
_INDUSTRY = ("sheep_income", "daylily_price", "crop")
_PERSON = ("accident", "serious_illness")


def of_hardships(evening: Evening, book: Book, people: People) -> pd.DataFrame:
    homes, as_of = book.households, evening.as_of
    columns = ("occurred_on", "cause", "loss_amount", "resolved_on", "member_id")
    rows = evening.known("hardships", book.homes, *columns)
    year, unresolved = rows[rows["occurred_on"] >= first_day(as_of, 12)], rows[~(rows["resolved_on"] <= 0)]
    new = unresolved[unresolved["cause"].isin(_SUDDEN) & (unresolved["occurred_on"] >= first_day(as_of, 6))]
    lost = unresolved[unresolved["cause"].isin(_LOST)]
    newest = largest(rows["occurred_on"], rows["home"], homes)
    of_homes = pd.DataFrame(
        {
            "hardships_12m": counted(year["home"], homes),
            "unresolved_hardship": flags(unresolved["home"], homes),
            "new_hardship_6m": flags(new["home"], homes),
            "person_lost": flags(lost["home"], homes),
            "hardship_loss_12m": total(year["loss_amount"], year["home"], homes),
            "hardship_age_months": calendar_months(as_of, newest),
        }
    )
    return book.handed_out(of_homes).assign(borrower_loss=_borrower_loss(lost, book, people))


def _borrower_loss(lost: pd.DataFrame, book: Book, people: People) -> pd.Series:
    """1 where a loss is the borrower's: the office names the borrower, or nobody, and the register nobody else."""
    borrowers, members = people.borrowers, people.members
    opened = book.opened.reset_index(drop=True)
    of_loans = pd.DataFrame(
        {
            "home": opened["home"],
            "place": range(len(opened)),
            "borrower": borrowers["member_id"].fillna(opened["borrower_member_id"]),
            "is_here": borrowers["status"].isin(HERE),
            "recorded_on": borrowers["known_on"],
        }
    )
    deceased = members[members["status"] == "deceased"].groupby("home")["known_on"].max().rename("death_recorded_on")
    losses = lost.merge(of_loans, on="home").merge(deceased.reset_index(), on="home", how="left")
    by_register = (losses["cause"] == "death") & (losses["death_recorded_on"] >= losses["occurred_on"])
    is_back = losses["is_here"] & (losses["recorded_on"] >= losses["occurred_on"])
    is_named = losses["member_id"].notna() & losses["borrower"].notna()
    is_borrower = (losses["member_id"] == losses["borrower"]).where(is_named, ~(by_register | is_back))
    return flags(losses.loc[is_borrower, "place"], len(opened))


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
    rows = _claims(evening).merge(book.homes, on="household_id")
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


def _claims(evening: Evening) -> pd.DataFrame:
    """Claims with the household of their policy, which a correction may have given to another."""
    columns = ("policy_id", "household_id", "occurred_on", "claimed_amount", "paid_amount", "settled_on")
    claims = evening.newest("claims", *columns)
    if not evening.is_revised("policies"):
        return claims
    holders = evening.newest("policies", "policy_id", "household_id").set_index("policy_id")["household_id"]
    return claims.assign(household_id=claims["policy_id"].map(holders).fillna(claims["household_id"]))
