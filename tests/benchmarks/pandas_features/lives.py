"""The life of each loan to as_of: what it owes, its instalments and how they were covered, its status.

What is asked on an evening follows from the schedule, the events and the payments of that evening, and pandas has no
vectorised form of it. Both sides therefore share the product's compiled walk, `features.snapshot.life_walk`; the
arrays for it are built here from the Parquet rows, by pandas alone. tests/oracle checks the walk independently.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from features.snapshot.life_rules import CAUSES_OF_BAD, SHIPPED_RULES, STATUSES
from features.snapshot.life_walk import (
    ALWAYS,
    NEVER,
    DueResults,
    LoanArrays,
    LoanResults,
    Rules,
    SpellResults,
    new_covers,
    new_dues,
    read_only,
    walk,
)
from tests.benchmarks.pandas_features.days import number
from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import Array, fen

LOST = ("compensated", "written_off")
"""Kinds of events by which a loan stays bad."""
_RULES = Rules(
    SHIPPED_RULES.bad_after_days,
    round(SHIPPED_RULES.least * 100),
    SHIPPED_RULES.cure_instalments,
    SHIPPED_RULES.cure_months,
)
_OWED = ("overdue_principal", "overdue_interest", "subsidy_overdue")


class Happened(NamedTuple):
    """What happened to some loans, each numbered by `loan`.

    events: without those withdrawn. renewals: the days on which another loan, of whichever household, renewed it.
    payments: since drawdown, by loan and day.
    """

    events: pd.DataFrame
    renewals: pd.DataFrame
    payments: pd.DataFrame


class Lives(NamedTuple):
    """loans: a row for each loan. dues: the instalments in force, by loan and day. Days are counted from as_of."""

    loans: pd.DataFrame
    dues: pd.DataFrame


def lives_at(evening: Evening, loans: pd.DataFrame, happened: Happened) -> Lives:
    """Walk all loans, numbered by `loan`, to as_of. Money in fen."""
    today = number(evening.as_of)
    arrays = read_only(_arrays(evening, loans, happened, today))
    rows = len(arrays.due_on)
    largest = int(np.diff(arrays.rows_of[arrays.schedules_of]).max(initial=0)) + 1
    each = (arrays.extensions_of, arrays.payments_of, arrays.schedules_of)
    extensions, paid, schedules = (int(np.diff(offsets).max(initial=0)) for offsets in each)
    results = LoanResults(*_room(LoanResults, len(loans)))
    found = DueResults(*_room(DueResults, rows + len(loans)))
    most_spells = rows + len(loans) + len(arrays.paid_on) + len(arrays.extended_on) + len(arrays.rows_of)
    spells = SpellResults(*_room(SpellResults, most_spells))
    evenings = np.empty(2 * largest + 6 + 3 * extensions + paid + schedules, np.int64)
    room = (new_dues(largest + 1), new_covers(paid), evenings)
    count, _ = walk(arrays, _RULES, today, *room, results, found, spells)
    of_loans = _loans_frame(results, np.diff(arrays.schedules_of) > 0, today)
    return Lives(of_loans, _dues_frame(found, count, today))


def _room(kind: Any, rows: int) -> list[Array]:
    parts_of_fen = (*_OWED, "interest", "state_interest")
    kinds: dict[str, Any] = dict.fromkeys(("status", "bad_by"), np.int8) | dict.fromkeys(parts_of_fen, np.float64)
    return [np.zeros(rows, kinds.get(name, np.int64)) for name in kind._fields]


def _arrays(evening: Evening, loans: pd.DataFrame, happened: Happened, today: int) -> LoanArrays:
    count, (events, renewals, payments) = len(loans), happened
    schedules, rows = _schedules(evening, loans)
    extensions = events[events["new_matures_on"].notna()].sort_values(
        ["loan", "occurred_on", "known_on", "new_matures_on"]
    )
    closing = events.loc[events["kind"].isin(("settled", "renewed")), ["loan", "occurred_on"]]
    of_state = payments["payer"] == "subsidy"
    principal, interest = (_whole(payments[money]) for money in ("principal", "interest"))
    return LoanArrays(
        originated_on=_whole(loans["originated_on"] + today),
        matures_on=_whole(loans["matures_on"] + today),
        principal=_whole(loans["principal"]),
        state_share=_state_share(loans),
        settled_on=_first_day(pd.concat([closing, renewals]), count, today),
        written_off_on=_first_day(events[events["kind"].isin(LOST)], count, today),
        schedules_of=_offsets(schedules, count),
        schedule_known_on=_whole(schedules["known_on"] + today),
        rows_of=np.append(0, schedules["rows"].to_numpy("int64").cumsum()),
        due_on=_whole(rows["due_on"] + today),
        principal_due=_whole(fen(rows["principal_due"])),
        interest_due=_whole(fen(rows["interest_due"])),
        extensions_of=_offsets(extensions, count),
        extended_on=_whole(extensions["occurred_on"] + today),
        extended_to=_whole(extensions["new_matures_on"] + today),
        payments_of=_offsets(payments, count),
        paid_on=_whole(payments["day"] + today),
        principal_paid=np.where(of_state, 0, principal),
        interest_paid=np.where(of_state, 0, interest),
        subsidy_paid=np.where(of_state, principal + interest, 0),
    )


def _schedules(evening: Evening, loans: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Each schedule with its first `known_on` and how many `rows` it has; and the rows, in the same order."""
    columns = ("due_on", "schedule_no", "principal_due", "interest_due", "known_on")
    of_schedule = ["loan", "schedule_no"]
    versions = evening.versions("instalments", loans[["loan_id", "loan"]], *columns)
    first_known = versions.groupby(of_schedule)["known_on"].min()
    newest = evening.newest_of("instalments", versions, of_schedule)
    schedules = newest.groupby(of_schedule).size().rename("rows").to_frame().join(first_known)
    return schedules.reset_index(), newest.sort_values([*of_schedule, "due_on"])


def _state_share(loans: pd.DataFrame) -> Array:
    """The part of interest that the state pays the bank; nothing where the household is paid back."""
    share = loans["subsidy_share"].fillna(0).where(loans["subsidy_manner"] != "refund", 0)
    return np.array(share, "float64")


def _first_day(events: pd.DataFrame, count: int, today: int) -> Array:
    """For each loan the day of the first event, NEVER without one."""
    first = events.groupby("loan")["occurred_on"].min().reindex(range(count))
    return np.array((first + today).fillna(NEVER), "int64")


def _whole(values: pd.Series) -> Array:
    return np.array(values, "int64")


def _offsets(rows: pd.DataFrame, count: int) -> Array:
    """Where the rows of each loan begin in rows sorted by loan, and where the last one's end."""
    return np.searchsorted(rows["loan"].to_numpy("int64"), np.arange(count + 1))


def _loans_frame(results: LoanResults, has_schedule: Array, today: int) -> pd.DataFrame:
    status = pd.Series(pd.Categorical.from_codes(results.status, pd.Index(STATUSES)))
    left = pd.Series(SHIPPED_RULES.cure_instalments - results.dues_on_time).clip(lower=0)
    days = ("bad_since", "bad_due_on", "arrears_ended_on", "probation_until", "ended_on")
    return pd.DataFrame(
        {
            "status": status,
            "has_gone_bad": status == "bad",
            **{name: _days(getattr(results, name), today) for name in days},
            "bad_by": pd.Categorical.from_codes(results.bad_by - 1, pd.Index(CAUSES_OF_BAD[1:])),
            "probation_dues_left": left.where(status == "probation"),
            "times_bad": results.spells.astype("float64"),
            **{name: np.round(getattr(results, name) / 100, 6) for name in _OWED},
            "outstanding": results.outstanding,
            "matures_on": results.maturity - today,
            "has_schedule": has_schedule,
            "counts_after": results.counts_after - today,
        }
    )


def _days(values: Array, today: int) -> pd.Series:
    return pd.Series(values - today).where(values < NEVER)


def _dues_frame(found: DueResults, count: int, today: int) -> pd.DataFrame:
    """The covered columns are the days on which that was; missing where it was not.

    ahead: days from coverage to the due day; missing also where nothing had to be paid.
    """
    paid_up, served = found.principal_covered_on[:count], found.interest_covered_on[:count]
    due_on, covered = found.due_on[:count], np.maximum(paid_up, served)
    principal, interest = found.principal[:count], found.interest[:count]
    return pd.DataFrame(
        {
            "loan": found.loan[:count],
            "day": due_on - today,
            "principal": principal,
            "interest": interest,
            "due": principal + interest,
            "whole_due": principal + interest + found.state_interest[:count],
            "principal_covered": _days(paid_up, today),
            "interest_covered": _days(served, today),
            "covered": _days(covered, today),
            "ahead": pd.Series(due_on - covered).where((covered > ALWAYS) & (covered < NEVER)),
        }
    )
