"""The loans of households that still borrow: what was agreed, what was paid on them, and which are open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tests.benchmarks.pandas_features.evening import MOST_DAYS, Evening
from tests.benchmarks.pandas_features.grouped import Array, before, fen, largest, marked, summed
from tests.benchmarks.pandas_features.scan import Owners, frame_of

NEVER, ALWAYS = MOST_DAYS, -MOST_DAYS
"""Days on which something was paid: it has not come; nothing had to be paid."""
MONEY = ("principal", "interest")
_CLOSING = ("settled", "compensated", "written_off")
_TERMS = ["principal", "annual_rate", "subsidy_share", "originated_on", "matures_on"]
_TEXTS = ["bank", "product", "repayment_method", "declared_use", "borrower_member_id", "renews_loan_id"]


@dataclass(frozen=True)
class Book:
    """Loans and households go by their place among `loan_ids` and `household_ids`; money is in fen.

    loans: open or closed, of every household with a loan that was not closed. texts: of the same loans, as Arrow
    has them. payments: by loan and day. opened: the places of open loans, in the order of their identifiers.
    """

    loan_ids: pa.Array
    homes: Owners
    loans: pd.DataFrame
    texts: pa.Table
    events: pd.DataFrame
    payments: pd.DataFrame
    opened: Array

    @property
    def household_ids(self) -> pa.Array:
        return self.homes.ids

    @property
    def all_loans(self) -> Owners:
        return Owners("loan_id", "loan", self.loan_ids)

    @property
    def open_loans(self) -> Owners:
        return Owners("loan_id", "place", self.loan_ids.take(pa.array(self.opened)))

    def for_open_loans(self, of_loans: pd.DataFrame) -> pd.DataFrame:
        """The open loans' rows of a frame of all loans."""
        return of_loans.take(self.opened).reset_index(drop=True)

    def handed_out(self, of_homes: pd.DataFrame) -> pd.DataFrame:
        """A frame of households, handed to each of their open loans."""
        return of_homes.take(self.loans["home"].to_numpy()[self.opened]).reset_index(drop=True)

    def reached_on(self, money: str, loan: Array, needed: Array) -> Array:
        """The first day on which what was paid on each loan reached what was needed; NEVER if it has not.

        Searched in the running sum of all payments, by loan and day, from where each loan's own begin.
        """
        day, payer = self.payments["day"].to_numpy(), self.payments["loan"].to_numpy()
        wanted = before(self.loans[f"paid_{money}"]).to_numpy()[loan] + needed
        at = np.searchsorted(self.payments[money].to_numpy().cumsum(), wanted)
        if not len(day):
            return np.full(len(loan), NEVER)
        inside = np.minimum(at, len(day) - 1)
        return np.where((at < len(day)) & (payer[inside] == loan), day[inside], NEVER)


def book_at(evening: Evening) -> Book:
    read, events = _still_borrowing(evening)
    loan_ids, homes = read["loan_id"].combine_chunks(), _encoded(read["household_id"])
    payments = _payments(evening, Owners("loan_id", "loan", loan_ids))
    loans = frame_of(read.select(_TERMS)).assign(home=np.asarray(homes.indices, dtype="int64"))
    loans = _with_state(loans.assign(principal=fen(loans["principal"])), events, payments)
    opened = np.flatnonzero(loans["is_open"])
    by_id = np.asarray(pc.sort_indices(loan_ids.take(pa.array(opened))))
    households = Owners("household_id", "home", homes.dictionary, evening.linked_to(homes.dictionary))
    return Book(loan_ids, households, loans, read.select(_TEXTS), events, payments, opened[by_id])


def _still_borrowing(evening: Evening) -> tuple[pa.Table, pd.DataFrame]:
    """Loans of households with one that was not closed, and what happened to them, by their place."""
    loans = evening.newest("loans", "loan_id", "household_id", *_TERMS, *_TEXTS)
    everybody = Owners("loan_id", "loan", loans["loan_id"].combine_chunks())
    events = evening.known("loan_events", everybody, "kind", "occurred_on", "new_matures_on")
    closed = marked(events.loc[events["kind"].isin(_CLOSING), "loan"], len(loans))
    homes = _encoded(loans["household_id"])
    of_home = np.asarray(homes.indices)
    kept = marked(of_home[~closed], len(homes.dictionary))[of_home]
    events = events[kept[events["loan"]]]
    return loans.filter(pa.array(kept)), events.assign(loan=(kept.cumsum() - 1)[events["loan"]])


def _encoded(names: pa.ChunkedArray) -> pa.DictionaryArray:
    return names.combine_chunks().dictionary_encode()


def _payments(evening: Evening, owners: Owners) -> pd.DataFrame:
    read = evening.known("payments", owners, "paid_on", "principal_paid", "interest_paid", "payer")
    payments = pd.DataFrame(
        {
            "loan": read["loan"].astype("int64"),
            "day": read["paid_on"],
            "principal": fen(read["principal_paid"]),
            "interest": fen(read["interest_paid"]),
            "by_borrower": read["payer"] == "borrower",
        },
        copy=False,
    )
    return payments.take(np.argsort(payments["loan"] * MOST_DAYS + payments["day"], kind="stable"))


def _with_state(loans: pd.DataFrame, events: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """With what was paid, what is outstanding, when the loan matures and whether it is open."""
    count = len(loans)
    closed = marked(events.loc[events["kind"].isin(_CLOSING), "loan"], count)
    promises = events[events["new_matures_on"].notna()].sort_values(["occurred_on", "known_on", "new_matures_on"])
    promised = promises.drop_duplicates("loan", keep="last").set_index("loan")["new_matures_on"]
    settled = events[events["kind"] == "settled"]
    paid = {f"paid_{money}": summed(payments[money], payments["loan"], count) for money in MONEY}
    outstanding = loans["principal"] - paid["paid_principal"]
    return loans.assign(
        **paid,
        outstanding=outstanding,
        term_days=loans["matures_on"] - loans["originated_on"],
        matures_on=promised.reindex(loans.index).fillna(loans["matures_on"]),
        settled_on=-largest(-settled["occurred_on"], settled["loan"], count),
        is_open=(outstanding > 0) & ~closed & (loans["originated_on"] <= 0),
    )
