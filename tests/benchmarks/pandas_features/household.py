"""The household: who is there, who can work, what the village thinks of it; and who borrows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd

from tests.benchmarks.pandas_features.book import Book
from tests.benchmarks.pandas_features.days import months_since
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import counted, flags, last_two, ratio

HERE = ("present", "working_away")
_SCHOOLED = ("senior", "tertiary")


@dataclass(frozen=True)
class People:
    """members: of the households, born by as_of. borrowers: a row for each open loan; missing where not recorded."""

    members: pd.DataFrame
    borrowers: pd.DataFrame


def people_at(evening: Evening, book: Book) -> People:
    codes = ("relation", "sex", "education", "health", "labour", "status")
    read = evening.newest("members", "household_id", "member_id", "birth_date", "known_on", *codes)
    people = read[~(read["birth_date"] > 0)]
    members = people.merge(book.homes, on="household_id")
    return People(members, _borrowers(people, members, book))


def of_people(people: People, book: Book, as_of: date) -> pd.DataFrame:
    """The members counted, and the borrower of each open loan."""
    borrowers = people.borrowers
    is_deceased = (borrowers["status"] == "deceased").astype("float64")
    return book.handed_out(_of_members(people.members, book.households)).assign(
        borrower_deceased=is_deceased.where(borrowers["recorded"].notna()),
        borrower_sex=borrowers["sex"],
        borrower_age=months_since(as_of, borrowers["birth_date"]) // 12,
    )


def _of_members(members: pd.DataFrame, homes: int) -> pd.DataFrame:
    here = members[members["status"].isin(HERE)]

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


def _borrowers(people: pd.DataFrame, members: pd.DataFrame, book: Book) -> pd.DataFrame:
    """The borrower of each open loan, though now of another household; the head where it is not known who."""
    told = people[["member_id", "sex", "birth_date", "status", "known_on"]].assign(recorded=1.0)
    named = book.opened[["borrower_member_id"]].merge(
        told, left_on="borrower_member_id", right_on="member_id", how="left"
    )
    heads = members[members["relation"] == "head"].assign(gone=lambda head: ~head["status"].isin(HERE))
    first = heads.sort_values(["gone", "member_id"]).drop_duplicates("home").assign(recorded=1.0).set_index("home")
    head = book.handed_out(first[told.columns].reindex(range(book.households)))
    return named[told.columns].where(named["recorded"].notna(), head)


def register_at(evening: Evening, book: Book) -> pd.DataFrame:
    """What the register says of each household, with `village_code`, by `home`."""
    known = evening.known("households", book.homes, "village_code", "household_type", "registered_on")
    homes = known.set_index("home").reindex(range(book.households))
    registered = months_since(evening.as_of, homes["registered_on"])
    return homes[["village_code", "household_type"]].assign(household_months_registered=registered)


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
