"""The household: who is there, who can work, what the village thinks of it; and who borrows."""

from __future__ import annotations

from datetime import date

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import months_since
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, flags, last_two, ratio

_HERE = ("present", "working_away")
_SCHOOLED = ("senior", "tertiary")


def of_people(evening: Evening, book: Book) -> pd.DataFrame:
    """The members born by as_of, and the borrower among them."""
    codes = ("relation", "sex", "education", "health", "labour", "status")
    people = evening.newest("members", "household_id", "member_id", "birth_date", *codes)
    people = people[~(people["birth_date"] > 0)]
    members = people.merge(book.homes, on="household_id")
    together = book.handed_out(_of_members(members, book.households))
    return pd.concat([together, _of_borrowers(people, members, book, evening.as_of)], axis=1)


def _of_members(members: pd.DataFrame, homes: int) -> pd.DataFrame:
    here = members[members["status"].isin(_HERE)]

    def those(holds: pd.Series) -> pd.Series:
        return counted(here.loc[holds, "home"], homes)

    return pd.DataFrame(
        {
            "household_size": counted(here["home"], homes),
            "workers_per_head": ratio(
                those(here["labour"] == "full") + those(here["labour"] == "part") / 2, those(here["labour"].notna())
            ),
            "members_away": those(here["status"] == "working_away"),
            "schooled_share": ratio(those(here["education"].isin(_SCHOOLED)), those(here["education"].notna())),
            "healthy_share": ratio(those(here["health"] == "healthy"), those(here["health"].notna())),
            "household_disabled": flags(here.loc[here["health"] == "disabled", "home"], homes),
        }
    )


def _of_borrowers(people: pd.DataFrame, members: pd.DataFrame, book: Book, as_of: date) -> pd.DataFrame:
    """The borrower of each open loan, though now of another household; the head where it is not known who."""
    told = people[["member_id", "sex", "birth_date", "status"]].assign(known=1.0)
    named = book.opened[["borrower_member_id"]].merge(
        told, left_on="borrower_member_id", right_on="member_id", how="left"
    )
    heads = members[members["relation"] == "head"].assign(gone=lambda head: ~head["status"].isin(_HERE))
    first = heads.sort_values(["gone", "member_id"]).drop_duplicates("home").assign(known=1.0).set_index("home")
    head = book.handed_out(first[told.columns].reindex(range(book.households)))
    borrower = named[told.columns].where(named["known"].notna(), head)
    return pd.DataFrame(
        {
            "borrower_deceased": (borrower["status"] == "deceased").astype("float64").where(borrower["known"].notna()),
            "borrower_sex": borrower["sex"],
            "borrower_age": months_since(as_of, borrower["birth_date"]) // 12,
        }
    )


def of_register(evening: Evening, book: Book) -> pd.DataFrame:
    """What the register of households says, with `village_code`."""
    known = evening.known("households", book.homes, "village_code", "household_type", "registered_on")
    homes = known.set_index("home").reindex(range(book.households))
    registered = months_since(evening.as_of, homes["registered_on"])
    kept = homes[["village_code", "household_type"]]
    return book.handed_out(kept.assign(household_months_registered=registered))


def of_reviews(evening: Evening, book: Book) -> pd.DataFrame:
    points = ("integrity_points", "civility_points")
    reviews = evening.in_order("village_reviews", book.homes, "reviewed_on", *points)
    newest, before = last_two(reviews, "home", book.households)
    return book.handed_out(
        newest[list(points)].assign(
            integrity_change=newest["integrity_points"] - before["integrity_points"],
            review_age_months=months_since(evening.as_of, newest["reviewed_on"]),
        )
    )
