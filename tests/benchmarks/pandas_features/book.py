"""The loans of households that still borrow: what was agreed, what was paid on them, and which are open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import pandas as pd

from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import fen, largest, summed

NEVER, ALWAYS = 2**18, -(2**18)
"""Days on which something was paid: it has not come; nothing had to be paid."""
MONEY = ("principal", "interest")
Rows = TypeVar("Rows", pd.Series, pd.DataFrame)
_CLOSING = ("settled", "compensated", "written_off")
_TERMS = ("principal", "annual_rate", "subsidy_share", "originated_on", "matures_on")
_TEXTS = ("bank", "product", "repayment_method", "declared_use", "borrower_member_id", "renews_loan_id")


@dataclass(frozen=True)
class Book:
    """Money is in fen, days are counted from as_of.

    loans: open or closed, of every household with a loan that was not closed, by `loan_id`; `loan` and `home` number
    them and their households. payments: by loan and day. opened: the open ones among the loans.
    """

    loans: pd.DataFrame
    events: pd.DataFrame
    payments: pd.DataFrame
    opened: pd.DataFrame

    @cached_property
    def homes(self) -> pd.DataFrame:
        return self.loans[["household_id", "home"]].drop_duplicates()

    @cached_property
    def households(self) -> int:
        return int(self.loans["home"].max()) + 1 if len(self.loans) else 0

    @property
    def all_loans(self) -> pd.DataFrame:
        return self.loans[["loan_id", "loan"]]

    @property
    def open_loans(self) -> pd.DataFrame:
        return self.opened[["loan_id"]].assign(place=range(len(self.opened)))

    def for_open_loans(self, of_loans: Rows) -> Rows:
        """The open loans' rows of what is known of all loans."""
        return of_loans.loc[self.opened["loan"]].reset_index(drop=True)

    def handed_out(self, of_homes: pd.DataFrame) -> pd.DataFrame:
        """A frame of households, handed to each of their open loans."""
        return of_homes.loc[self.opened["home"]].reset_index(drop=True)


def book_at(evening: Evening) -> Book:
    loans, events = _still_borrowing(evening)
    payments = _payments(evening, loans)
    loans = _with_state(loans, events, payments)
    return Book(loans, events, payments, loans[loans["is_open"]])


def _still_borrowing(evening: Evening) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Loans of households with one that was not closed, and what happened to them."""
    loans = evening.newest("loans", "loan_id", "household_id", *_TERMS, *_TEXTS)
    events = evening.newest("loan_events", "loan_id", "kind", "occurred_on", "new_matures_on", "known_on")
    numbered = loans.assign(loan=range(len(loans)), home=loans["household_id"].factorize()[0])
    ended = events[events["kind"].isin(_CLOSING)].merge(numbered[["loan_id", "loan"]], on="loan_id")["loan"]
    borrowing = numbered.loc[~numbered["loan"].isin(ended), "home"].unique()
    kept = numbered[numbered["home"].isin(borrowing)].sort_values("loan_id", ignore_index=True)
    kept = kept.assign(loan=range(len(kept)), home=kept["home"].factorize()[0], principal=fen(kept["principal"]))
    return kept, events.merge(kept[["loan_id", "loan"]], on="loan_id")


def _payments(evening: Evening, loans: pd.DataFrame) -> pd.DataFrame:
    """With `principal_to_date` and `interest_to_date` of the loan after each."""
    columns = ("paid_on", "principal_paid", "interest_paid", "payer")
    read = evening.in_order("payments", loans[["loan_id", "loan"]], *columns)
    made = pd.DataFrame(
        {
            "loan": read["loan"],
            "day": read["paid_on"],
            "principal": fen(read["principal_paid"]),
            "interest": fen(read["interest_paid"]),
            "by_borrower": read["payer"] == "borrower",
        }
    )
    to_date = made.groupby("loan")[list(MONEY)].cumsum()
    return made.assign(principal_to_date=to_date["principal"], interest_to_date=to_date["interest"])


def _with_state(loans: pd.DataFrame, events: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """With what was paid, what is outstanding, when the loan matures and ended, and whether it is open."""
    count = len(loans)
    promises = events[events["new_matures_on"].notna()].sort_values(["occurred_on", "known_on", "new_matures_on"])
    promised = promises.drop_duplicates("loan", keep="last").set_index("loan")["new_matures_on"]
    paid = {f"paid_{money}": summed(payments[money], payments["loan"], count) for money in MONEY}
    outstanding = loans["principal"] - paid["paid_principal"]
    closed = events.loc[events["kind"].isin(_CLOSING), "loan"]
    return loans.assign(
        **paid,
        outstanding=outstanding,
        term_days=loans["matures_on"] - loans["originated_on"],
        matures_on=promised.reindex(loans.index).fillna(loans["matures_on"]),
        ended_on=_ended_on(loans, events, payments),
        is_open=(outstanding > 0) & ~loans["loan"].isin(closed) & (loans["originated_on"] <= 0),
    )


def _ended_on(loans: pd.DataFrame, events: pd.DataFrame, payments: pd.DataFrame) -> pd.Series:
    """The day by which each loan was repaid or settled; NEVER if it was not."""
    paid = payments[payments["principal"] > 0].merge(loans[["loan", "principal"]], on="loan", suffixes=("", "_lent"))
    repaid = paid[paid["principal_to_date"] >= paid["principal_lent"]]
    settled = events[events["kind"] == "settled"]
    ends = pd.concat([repaid[["loan", "day"]], settled.rename(columns={"occurred_on": "day"})[["loan", "day"]]])
    return -largest(-ends["day"], ends["loan"], len(loans), empty=-NEVER)
