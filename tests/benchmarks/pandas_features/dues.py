"""Instalments of all schedules, the day on which each was covered, and which loans they have turned bad."""

from __future__ import annotations

import pandas as pd

from features.compute import BAD_AFTER_DAYS
from tests.benchmarks.pandas_features.book import ALWAYS, MONEY, NEVER, Book
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import fen, flags, summed

LONGEST_LOOK = 365
"""Days beyond which repayment cover does not look."""


def schedules_at(evening: Evening, book: Book) -> pd.DataFrame:
    """Instalments of every schedule known, by loan, schedule and day; money in fen.

    principal_covered, interest_covered, covered: the days on which they were. starts, ends: the days from which and
    until which the schedule was in force.
    """
    columns = ("due_on", "schedule_no", "principal_due", "interest_due", "known_on")
    versions = evening.versions("instalments", book.all_loans, *columns)
    newest = evening.newest_of("instalments", versions, ("loan", "schedule_no"))
    rows = newest.sort_values(["loan", "schedule_no", "due_on"], ignore_index=True)
    dues = pd.DataFrame(
        {
            "loan": rows["loan"],
            "schedule_no": rows["schedule_no"],
            "day": rows["due_on"],
            "principal": fen(rows["principal_due"]),
            "interest": fen(rows["interest_due"]),
        }
    )
    covered = {f"{money}_covered": _covered(dues, book, money) for money in MONEY}
    whole = {"due": dues["principal"] + dues["interest"], "covered": pd.DataFrame(covered).max(axis=1)}
    return _with_spans(dues.assign(**covered, **whole), _spans(versions))


def _with_spans(dues: pd.DataFrame, spans: pd.DataFrame) -> pd.DataFrame:
    dues = dues.assign(starts=float(ALWAYS), ends=float(NEVER))
    several = dues["loan"].isin(spans["loan"])
    theirs = dues.loc[several, ["loan", "schedule_no"]].merge(spans, on=["loan", "schedule_no"], how="left")
    for name in ("starts", "ends"):
        dues.loc[several, name] = theirs[name].to_numpy()
    return dues


def _spans(versions: pd.DataFrame) -> pd.DataFrame:
    """Of loans with several schedules: the lowest holds from the beginning, a higher from its first known_on."""
    of_loan = versions.groupby("loan")["schedule_no"]
    several = versions[of_loan.transform("min") != of_loan.transform("max")]
    known = several.groupby(["loan", "schedule_no"], as_index=False)["known_on"].min()
    later = known.groupby("loan")["known_on"].shift(-1)
    ends = later[::-1].groupby(known["loan"][::-1]).cummin()
    starts = known["known_on"].where(known["loan"].duplicated())
    found: pd.DataFrame = known.assign(starts=starts.fillna(ALWAYS), ends=ends.fillna(NEVER))
    return found


def gone_bad(schedules: pd.DataFrame, loans: int) -> pd.Series:
    """Whether each open loan has been so many days past due under the schedule in force on that day."""
    bad_on = schedules["day"] + BAD_AFTER_DAYS
    late = (bad_on <= 0) & (schedules["covered"] > bad_on)
    was_in_force = (schedules["starts"] <= bad_on) & (bad_on < schedules["ends"])
    return flags(schedules.loc[late & was_in_force, "loan"], loans) > 0


def dues_at(schedules: pd.DataFrame, book: Book) -> pd.DataFrame:
    """Instalments of the schedules in force, without what fell due after the loan was repaid or settled."""
    in_force = schedules[schedules["ends"] == NEVER]
    numbered = in_force.merge(book.loans[["loan", "home", "ended_on"]], on="loan")
    return numbered[numbered["day"] <= numbered["ended_on"]].reset_index(drop=True)


def _covered(dues: pd.DataFrame, book: Book, money: str) -> pd.Series:
    """The first day on which what was paid on each loan reached what was needed."""
    needed = dues.groupby(["loan", "schedule_no"], sort=False)[money].cumsum()
    asked = dues[["loan"]].assign(to_date=needed, due=dues.index)
    paid = book.payments.loc[book.payments[money] > 0, ["loan", f"{money}_to_date", "day"]]
    found = pd.merge_asof(
        asked.sort_values("to_date"),
        paid.rename(columns={f"{money}_to_date": "to_date"}).sort_values("to_date", kind="stable"),
        on="to_date",
        by="loan",
        direction="forward",
    )
    return found.set_index("due")["day"].reindex(dues.index).fillna(NEVER).mask(needed == 0, ALWAYS)


def due_to_maturity(book: Book, dues: pd.DataFrame) -> pd.DataFrame:
    """What falls due on all open loans of a household until each of them matures."""
    opened = book.opened[["loan", "home"]].assign(
        place=range(len(book.opened)), until=book.opened["matures_on"].clip(0, LONGEST_LOOK)
    )
    coming = dues[(dues["day"] > 0) & dues["loan"].isin(opened["loan"])]
    pairs = opened[["home", "place", "until"]].merge(coming[["home", "day", "due"]], on="home")
    within = pairs[pairs["day"] <= pairs["until"]]
    return pd.DataFrame({"household_due_to_maturity": summed(within["due"], within["place"], len(opened)) / 100})
