"""The life of each loan to a day: what it owes, its instalments and how they were covered, when it was bad.

Contract, section 2. The rows go to the compiled walk as arrays (`life_walk.py`), its results come back as frames.
"""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import returns
from features.snapshot.amounts import fen
from features.snapshot.latest_versions import LOST_KINDS
from features.snapshot.life_rules import (
    CAUSES_OF_BAD,
    FROM_THE_START,
    LIFE_DUES_SCHEMA,
    LIVES_SCHEMA,
    SPELLS_SCHEMA,
    STATUSES,
    LifeRules,
    LoanLives,
)
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
from features.snapshot.loan_book import LoanBook

_STATE_SHARE = (
    pl.when((pl.col("subsidy_manner") != "refund").fill_null(True))
    .then(pl.col("subsidy_share").fill_null(0.0))
    .otherwise(0.0)
)
"""The part of interest that the state pays the bank; none where the household pays and is paid back."""
_STATUSES, _CAUSES = pl.Series(STATUSES, dtype=pl.String), pl.Series(CAUSES_OF_BAD, dtype=pl.String)
_KINDS_OF_EVENTS = (
    pl.col("kind").is_in(("settled", "renewed")).alias("settles"),
    pl.col("kind").is_in(LOST_KINDS).alias("loses"),
    pl.col("new_matures_on").is_not_null().alias("extends"),
)
_CLOSES_BY_RENEWAL = pl.col("renews_loan_id").is_not_null()


def loan_lives(book: LoanBook) -> LoanLives:
    """Walk all loans of a book to the evening of its last day; what happens later by its rows does not count."""
    arrays, rules, last = read_only(_LoanRows(book).arrays), book.rules, book.last
    loans, rows = len(arrays.principal), len(arrays.due_on)
    most_rows = _largest(arrays.rows_of[arrays.schedules_of]) + 1
    most_payments = _largest(arrays.payments_of)
    most_days = 2 * most_rows + 6 + 3 * _largest(arrays.extensions_of) + most_payments + _largest(arrays.schedules_of)
    results = _new_results(loans)
    floats = ("interest", "state_interest")
    due_columns: list[Any] = [
        np.zeros(rows + loans, np.float64 if name in floats else np.int64) for name in DueResults._fields
    ]
    found = DueResults(*due_columns)
    most_spells = rows + loans + len(arrays.paid_on) + len(arrays.extended_on) + len(arrays.rows_of)
    spells = SpellResults(*(np.zeros(most_spells, np.int64) for _ in SpellResults._fields))
    numbers = Rules(rules.bad_after_days, round(rules.least * 100), rules.cure_instalments, rules.cure_months)
    evenings = np.empty(most_days, np.int64)
    room = (new_dues(most_rows + 1), new_covers(most_payments), evenings)
    count, spell_count = walk(arrays, numbers, _number(last), *room, results, found, spells)
    has_schedule = np.diff(arrays.schedules_of) > 0
    return LoanLives(
        _loans_frame(results, rules, has_schedule), _dues_frame(found, count), _spells_frame(spells, spell_count)
    )


class _LoanRows:
    """The rows of the loans as arrays, each kind sorted by loan."""

    def __init__(self, book: LoanBook) -> None:
        self._book, self._versions = book, book.versions
        self._loans = self._versions.cached_frame("numbered loans", lambda: self._versions.loans)

    @cached_property
    def arrays(self) -> LoanArrays:
        terms = self._loans.select("originated_on", "matures_on", fen("principal"), _STATE_SHARE.alias("state_share"))
        originated_on = _days(terms["originated_on"])
        return LoanArrays(
            originated_on=originated_on,
            matures_on=_days(terms["matures_on"]),
            principal=terms["principal"].to_numpy(),
            state_share=terms["state_share"].to_numpy(),
            **self._events(),
            **self._schedules(),
            **self._payments(originated_on),
        )

    def _events(self) -> dict[str, npt.NDArray[np.int64]]:
        events = self._versions.cached_frame("loan events", lambda: self._book.events)
        kinds = events.select(*_KINDS_OF_EVENTS)
        loan, day = events["loan"].to_numpy(), _days(events["occurred_on"])
        is_settled, is_lost, is_extension = (kinds[name].to_numpy() for name in kinds.columns)
        known_on = _days(events["known_on"].filter(kinds["extends"]))
        extended_to = _days(events["new_matures_on"].filter(kinds["extends"]))
        order = np.lexsort((extended_to, known_on, day[is_extension], loan[is_extension]))
        renewed = self._renewals()
        return {
            "settled_on": self._first_day(
                np.concatenate([loan[is_settled], renewed["loan"].to_numpy()]),
                np.concatenate([day[is_settled], _days(renewed["occurred_on"])]),
            ),
            "written_off_on": self._first_day(loan[is_lost], day[is_lost]),
            "extensions_of": self._offsets(loan[is_extension][order]),
            "extended_on": day[is_extension][order],
            "extended_to": extended_to[order],
        }

    def _schedules(self) -> dict[str, npt.NDArray[np.int64]]:
        rows = self._book.schedules
        loan, number = rows["loan"].to_numpy(), rows["schedule_no"].to_numpy()
        is_first = np.ones(len(loan), np.bool_)
        is_first[1:] = (loan[1:] != loan[:-1]) | (number[1:] != number[:-1])
        begins = np.flatnonzero(is_first)
        return {
            "schedules_of": self._offsets(loan[begins]),
            "schedule_known_on": _days(rows["first_known"])[begins],
            "rows_of": np.append(begins, len(loan)).astype(np.int64),
            "due_on": _days(rows["due_on"]),
            "principal_due": rows["principal_due"].to_numpy(),
            "interest_due": rows["interest_due"].to_numpy(),
        }

    def _payments(self, originated_on: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        rows = self._book.newest_payments
        loan, day = rows["loan"].to_numpy(), _days(rows["paid_on"])
        counts = day >= originated_on[loan]
        is_subsidy = (rows["payer"] == "subsidy").fill_null(False).to_numpy()[counts]
        principal, interest = rows["principal_paid"].to_numpy()[counts], rows["interest_paid"].to_numpy()[counts]
        return {
            "payments_of": self._offsets(loan[counts]),
            "paid_on": day[counts],
            "principal_paid": np.where(is_subsidy, 0, principal),
            "interest_paid": np.where(is_subsidy, 0, interest),
            "subsidy_paid": np.where(is_subsidy, principal + interest, 0),
        }

    def _renewals(self) -> pl.DataFrame:
        """The loans that another loan renews, of whichever household, with the day of its drawdown."""

        def query() -> pl.LazyFrame:
            """The days of all renewals."""
            renewing = self._versions.newest_of_all_households("loans").filter(_CLOSES_BY_RENEWAL)
            named = renewing.select(loan_id="renews_loan_id", occurred_on="originated_on")
            return named.join(self._loans.lazy().select("loan_id", "loan"), on="loan_id").select("loan", "occurred_on")

        renewals = self._versions.cached_frame("renewals", query)
        return renewals.filter(renewals["occurred_on"] <= self._book.last)

    def _first_day(self, loan: npt.NDArray[Any], day: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """For each loan the first of some days, NEVER without one."""
        first = np.full(self._loans.height, NEVER, np.int64)
        np.minimum.at(first, loan, day)
        return first

    def _offsets(self, loan: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """Where the rows of each loan begin in rows sorted by loan, and where the last one's end."""
        return np.searchsorted(loan, np.arange(self._loans.height + 1)).astype(np.int64)


def _days(days: pl.Series) -> npt.NDArray[np.int64]:
    return days.cast(pl.Int32).cast(pl.Int64).to_numpy()


def _number(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _largest(offsets: npt.NDArray[Any]) -> int:
    return int(np.diff(offsets).max(initial=0))


def _new_results(loans: int) -> LoanResults:
    kinds = {
        "status": np.int8,
        "bad_by": np.int8,
        "overdue_principal": np.float64,
        "overdue_interest": np.float64,
        "subsidy_overdue": np.float64,
    }
    columns: list[Any] = [np.zeros(loans, kinds.get(name, np.int64)) for name in LoanResults._fields]
    return LoanResults(*columns)


def _as_days(values: npt.NDArray[Any]) -> pl.Series:
    """Days of the walk; null where a day does not come; the first day that dates hold for ALWAYS."""
    days = np.where(values <= ALWAYS, _number(FROM_THE_START), values).astype("datetime64[D]")
    days[values >= NEVER] = np.datetime64("NaT")
    return pl.Series(days, dtype=pl.Date)


@returns(LIVES_SCHEMA)
def _loans_frame(results: LoanResults, rules: LifeRules, has_schedule: npt.NDArray[np.bool_]) -> pl.DataFrame:
    loans = len(results.status)
    status = _STATUSES.gather(results.status)
    dues_left = (rules.cure_instalments - pl.Series(results.dues_on_time)).clip(0)
    return pl.DataFrame(
        {
            "loan": pl.int_range(loans, dtype=pl.Int32, eager=True),
            "status": status,
            "bad_since": _as_days(results.bad_since),
            "arrears_ended_on": _as_days(results.arrears_ended_on),
            "bad_by": _CAUSES.gather(results.bad_by),
            "bad_due_on": _as_days(results.bad_due_on),
            "probation_until": _as_days(results.probation_until),
            "probation_dues_left": dues_left.set(status != "probation", None),
            "times_bad": results.spells,
            "days_past_due": results.days_past_due,
            "overdue_principal": results.overdue_principal,
            "overdue_interest": results.overdue_interest,
            "subsidy_overdue": results.subsidy_overdue,
            "outstanding": results.outstanding,
            "ended_on": _as_days(results.ended_on),
            "maturity": _as_days(results.maturity),
            "has_schedule": has_schedule.astype(np.int8),
            "counts_after": _as_days(results.counts_after),
        }
    )


@returns(LIFE_DUES_SCHEMA)
def _dues_frame(found: DueResults, count: int) -> pl.DataFrame:
    principal, interest = found.principal[:count], found.interest[:count]
    return pl.DataFrame(
        {
            "loan": pl.Series(found.loan[:count], dtype=pl.Int64).cast(pl.Int32),
            "due_on": _as_days(found.due_on[:count]),
            "principal_due": principal,
            "interest_due": interest,
            "state_interest": found.state_interest[:count],
            "principal_covered_on": _as_days(found.principal_covered_on[:count]),
            "interest_covered_on": _as_days(found.interest_covered_on[:count]),
            "asks": (principal > 0) | (interest > 1e-6),
        }
    )


@returns(SPELLS_SCHEMA)
def _spells_frame(spells: SpellResults, count: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "loan": pl.Series(spells.loan[:count], dtype=pl.Int64).cast(pl.Int32),
            "bad_on": _as_days(spells.bad_on[:count]),
            "arrears_ended_on": _as_days(spells.arrears_ended_on[:count]),
            "performing_on": _as_days(spells.performing_on[:count]),
        }
    )
