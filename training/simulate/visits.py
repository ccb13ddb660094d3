"""Visits to borrowers, and what they change: of the loans that would go bad after one, a share pays in time instead."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from features.messages import UserError
from training.simulate.arrears import BAD_AFTER
from training.simulate.banks import write_payments
from training.simulate.days import NEVER, Bools, Ints, last_day, month_of
from training.simulate.world import Visits, World

_DRAWS = 2**32
_COLUMNS = ("loan_id", "visited_on")


@dataclass(frozen=True, slots=True)
class VisitEffect:
    """What a visit does to a loan that would go bad within some months after it.

    share: of the loans, those that visits help: they pay in time instead; the others are never helped. months: calendar
    months after the one of the visit in which it works; what is to go bad on the day of the visit, does.
    """

    share: float
    months: int = 6


@dataclass(frozen=True, slots=True)
class VisitOrder:
    """The visits of a simulation. file: Parquet with `loan_id` and `visited_on`. effect: of each of them."""

    file: Path
    effect: VisitEffect

    def of_county(self, county_number: int, seed: int) -> Visits:
        """The visits to loans of a county. Raises UserError where the file cannot be read, or lacks a column."""
        try:
            rows = pl.read_parquet(self.file, columns=list(_COLUMNS))
        except (OSError, pl.exceptions.PolarsError) as error:
            columns = ", ".join(_COLUMNS)
            raise UserError(
                f"无法从 {self.file} 读取走访（应有列 {columns}）。",
                f"No visits can be read from {self.file}, which has to have the columns {columns}.",
            ) from error
        return visits_of(
            rows.filter(pl.col("loan_id").str.contains(rf"^L{county_number:02d}\d{{7}}$")), self.effect, seed
        )


def visits_of(rows: pl.DataFrame, effect: VisitEffect, seed: int) -> Visits:
    """Visits with what each of them does.

    Whether visits help a loan depends on seed and loan alone: however many it has, the share that pays is the same, and
    a visit more changes nothing of the others.

    rows: `loan_id` as simulated and `visited_on`. seed: of the simulation.
    """
    loans, days = rows["loan_id"].to_list(), rows["visited_on"].cast(pl.Date)
    keys = [f"{seed}:{loan}".encode() for loan in loans]
    draws = np.array([int.from_bytes(hashlib.sha256(key).digest()[:4]) for key in keys], dtype=np.float64)
    return Visits(
        np.array([int(loan[3:]) for loan in loans], dtype=np.int64),
        days.cast(pl.Int32).to_numpy().astype(np.int64),
        np.asarray(draws < effect.share * _DRAWS, dtype=np.bool_),
        effect.months,
    )


def pay_after_visits(world: World, month: int) -> None:
    """Let loans that would be bad by the end of a month pay all they owe a day before, where a visit helped.

    The money is lent by kin. Loans that were bad on the day of the visit stay as they are.
    """
    if not world.visits.helps.any():
        return
    book, unpaid = world.book, world.unpaid
    ripe = unpaid.loan[unpaid.due_on + BAD_AFTER <= last_day(month)]
    loans = np.unique(ripe[book.open[ripe] & (book.bad_since[ripe] == NEVER)])
    bad_on = book.arrears_since[loans] + BAD_AFTER
    is_helped = helped_loans(world.visits, loans, bad_on)
    loans, day = loans[is_helped], np.maximum(bad_on[is_helped] - 1, book.last_paid_on[loans[is_helped]])
    if not len(loans):
        return
    owed, interest = book.owed[loans], np.maximum(book.due_interest - book.paid_interest, 0)[loans]
    np.add.at(world.households.debt, book.household[loans], owed)
    write_payments(world, loans, day, owed - interest, interest, "borrower")
    unpaid.remove_covered(book, world.spells, loans)


def helped_loans(visits: Visits, loans: Ints, bad_on: Ints) -> Bools:
    """Whether each loan, to go bad on a day, had a visit that helps before that day and not too long ago."""
    day_of_loan = np.full(int(max(loans.max(initial=-1), visits.loan.max(initial=-1))) + 1, NEVER)
    day_of_loan[loans] = bad_on
    would_be_bad_on = day_of_loan[visits.loan]
    months = month_of(would_be_bad_on) - month_of(visits.day)
    works = visits.helps & (would_be_bad_on != NEVER) & (visits.day < would_be_bad_on) & (months <= visits.months)
    return np.isin(loans, visits.loan[works])
