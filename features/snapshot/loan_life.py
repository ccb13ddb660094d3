"""The life of each loan to a day: what it owes, its instalments and how they were covered, when it was bad.

Contract, section 2. The rows go to the compiled walk as arrays (`life_walk.py`), its results come back as frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from features.frame_schema import returns
from features.snapshot.amounts import fen
from features.snapshot.latest_versions import LatestVersions
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

_STATE_SHARE = (
    pl.when((pl.col("subsidy_manner") != "refund").fill_null(True))
    .then(pl.col("subsidy_share").fill_null(0.0))
    .otherwise(0.0)
)
"""The part of interest that the state pays the bank; none where the household pays and is paid back."""
_STATUSES, _CAUSES = pl.Series(STATUSES, dtype=pl.String), pl.Series(CAUSES_OF_BAD, dtype=pl.String)
_CLOSES_BY_RENEWAL = pl.col("renews_loan_id").is_not_null()


def loan_lives(versions: LatestVersions, last: date, rules: LifeRules) -> LoanLives:
    """Walk all loans of a snapshot to the evening of a day.

    versions: the rows known. last: the day; what happens later by these rows does not count. rules: as of the day.
    """
    arrays = read_only(_LoanRows(versions, last).arrays)
    loans, rows = len(arrays.principal), len(arrays.due_on)
    most_rows = _largest(arrays.rows_of[arrays.schedules_of]) + 1
    most_payments = _largest(arrays.payments_of)
    most_days = 2 * most_rows + 5 + 3 * _largest(arrays.extensions_of) + most_payments + _largest(arrays.schedules_of)
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

    def __init__(self, versions: LatestVersions, last: date) -> None:
        self._versions, self._last = versions, last
        self._loans = versions.cached_frame("numbered loans", lambda: versions.loans)

    @cached_property
    def arrays(self) -> LoanArrays:
        loans, schedules, rows = self._loans, *self._schedules()
        columns = ("loan", "kind", "occurred_on", "new_matures_on", "known_on", "withdrawn")
        events = self._collect("loan_events", columns).filter((pl.col("withdrawn") != "true").fill_null(True))
        extensions = events.filter(pl.col("new_matures_on").is_not_null()).sort(
            "loan", "occurred_on", "known_on", "new_matures_on"
        )
        payments = self._payments()
        return LoanArrays(
            originated_on=_days(loans["originated_on"]),
            matures_on=_days(loans["matures_on"]),
            principal=loans.select(fen("principal")).to_series().to_numpy(),
            state_share=loans.select(_STATE_SHARE).to_series().to_numpy(),
            settled_on=self._first_day(events, ("settled", "renewed"), self._renewals()),
            written_off_on=self._first_day(events, ("compensated", "written_off"), []),
            schedules_of=self._offsets(schedules),
            schedule_known_on=_days(schedules["first_known"]),
            rows_of=np.concatenate([[0], schedules["rows"].cum_sum().to_numpy()]).astype(np.int64),
            due_on=_days(rows["due_on"]),
            principal_due=rows["principal_due"].to_numpy(),
            interest_due=rows["interest_due"].to_numpy(),
            extensions_of=self._offsets(extensions),
            extended_on=_days(extensions["occurred_on"]),
            extended_to=_days(extensions["new_matures_on"]),
            payments_of=self._offsets(payments),
            paid_on=_days(payments["paid_on"]),
            principal_paid=payments["principal_paid"].to_numpy(),
            interest_paid=payments["interest_paid"].to_numpy(),
            subsidy_paid=payments["subsidy_paid"].to_numpy(),
        )

    def _collect(self, table: str, columns: Sequence[str]) -> pl.DataFrame:
        return self._versions.cached_frame(f"newest {table}", lambda: self._versions.newest(table)).select(columns)

    def _schedules(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Each schedule with its first known_on and the number of its rows; and the rows in its order."""
        versions = self._versions.cached_frame("all instalments", lambda: self._versions.all_versions("instalments"))
        first_known = versions.group_by("loan", "schedule_no").agg(pl.col("known_on").min().alias("first_known"))
        newest = self._versions.newest_by_key(versions.lazy(), "instalments", ("loan", "schedule_no"))
        unsorted = newest.select("loan", "schedule_no", "due_on", fen("principal_due"), fen("interest_due"))
        is_in_order = self._versions.is_in_order("instalments")
        rows = (unsorted if is_in_order else unsorted.sort("loan", "schedule_no", "due_on")).collect()
        counts = rows.group_by("loan", "schedule_no").agg(pl.len().cast(pl.Int64).alias("rows"))
        return counts.join(first_known, on=["loan", "schedule_no"]).sort("loan", "schedule_no"), rows

    def _payments(self) -> pl.DataFrame:
        rows = self._collect("payments", ("loan", "paid_on", "principal_paid", "interest_paid", "payer", "payment_id"))
        is_subsidy = (pl.col("payer") == "subsidy").fill_null(False)
        principal, interest = fen("principal_paid"), fen("interest_paid")
        drawn_on = self._loans["originated_on"].gather(rows["loan"])
        counted = rows.filter(rows["paid_on"] >= drawn_on)
        in_order = counted if self._versions.is_in_order("payments") else counted.sort("loan", "paid_on", "payment_id")
        return in_order.select(
            "loan",
            "paid_on",
            pl.when(is_subsidy).then(0).otherwise(principal).alias("principal_paid"),
            pl.when(is_subsidy).then(0).otherwise(interest).alias("interest_paid"),
            pl.when(is_subsidy).then(principal + interest).otherwise(0).alias("subsidy_paid"),
        )

    def _renewals(self) -> list[pl.DataFrame]:
        """The loans that another loan renews, of whichever household, with the day of its drawdown."""

        def query() -> pl.LazyFrame:
            """The days of all renewals."""
            renewing = self._versions.newest_of_all_households("loans").filter(_CLOSES_BY_RENEWAL)
            named = renewing.select(loan_id="renews_loan_id", occurred_on="originated_on")
            return named.join(self._loans.lazy().select("loan_id", "loan"), on="loan_id").select("loan", "occurred_on")

        return [self._versions.cached_frame("renewals", query).filter(pl.col("occurred_on") <= self._last)]

    def _first_day(self, events: pl.DataFrame, kinds: Sequence[str], more: list[pl.DataFrame]) -> npt.NDArray[np.int64]:
        """For each loan the first day of an event of some kinds, NEVER without one."""
        first = np.full(self._loans.height, NEVER, np.int64)
        for rows in (events.filter(pl.col("kind").is_in(kinds)), *more):
            np.minimum.at(first, rows["loan"].to_numpy(), _days(rows["occurred_on"]))
        return first

    def _offsets(self, rows: pl.DataFrame) -> npt.NDArray[np.int64]:
        """Where the rows of each loan begin in rows sorted by loan, and where the last one's end."""
        return np.searchsorted(rows["loan"].to_numpy(), np.arange(self._loans.height + 1)).astype(np.int64)


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
