"""The loans of households that still borrow: what was agreed, what was paid on them, and which are open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import pandas as pd

from tests.benchmarks.pandas_features.evening import Evening
from tests.benchmarks.pandas_features.grouped import fen, largest
from tests.benchmarks.pandas_features.lives import LOST, Happened, lives_at

Rows = TypeVar("Rows", pd.Series, pd.DataFrame)
_TERMS = ("principal", "annual_rate", "subsidy_share", "subsidy_manner", "originated_on", "matures_on")
_TEXTS = ("bank", "product", "repayment_method", "declared_use", "borrower_member_id", "renews_loan_id")
_PAYMENTS = ("paid_on", "principal_paid", "interest_paid", "payer", "known_on")


@dataclass(frozen=True)
class Book:
    """Money is in fen, days are counted from as_of.

    loans: open or closed, of every household with a loan that was not closed, by `loan_id`; `loan` and `home` number
    them and their households. payments: by loan and day. dues: the instalments in force. opened: the open ones among
    the loans.
    """

    loans: pd.DataFrame
    events: pd.DataFrame
    payments: pd.DataFrame
    dues: pd.DataFrame
    opened: pd.DataFrame

    @cached_property
    def homes(self) -> pd.DataFrame:
        return self.loans[["household_id", "home"]].drop_duplicates()

    @cached_property
    def households(self) -> int:
        return int(self.loans["home"].max()) + 1 if len(self.loans) else 0

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
    everybodys = evening.newest("loans", "loan_id", "household_id", *_TERMS, *_TEXTS)
    loans, events = _still_borrowing(evening, everybodys)
    payments = _payments(evening, loans)
    drawn = _since_drawdown(payments, loans)
    lives = lives_at(evening, loans, Happened(events, _renewals(everybodys, loans), drawn))
    loans = _with_state(loans, lives.loans, events, payments)
    dues = lives.dues.assign(home=loans["home"].to_numpy()[lives.dues["loan"]])
    counts = drawn["day"] > loans["counts_after"].to_numpy()[drawn["loan"]]
    return Book(loans, events, drawn.assign(counts=counts), dues, loans[loans["is_open"]])


def _still_borrowing(evening: Evening, loans: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Loans of households with one that was not closed, and what happened to them."""
    events = evening.newest("loan_events", "loan_id", "kind", "occurred_on", "new_matures_on", "withdrawn", "known_on")
    events = events[events["withdrawn"] != "true"]
    numbered = loans.assign(loan=range(len(loans)), home=loans["household_id"].factorize()[0])
    closing = events[events["kind"].isin(("settled", *LOST))]
    ended = closing.merge(numbered[["loan_id", "loan"]], on="loan_id")["loan"]
    borrowing = numbered.loc[~numbered["loan"].isin(ended), "home"].unique()
    kept = numbered[numbered["home"].isin(borrowing)].sort_values("loan_id", ignore_index=True)
    kept = kept.assign(loan=range(len(kept)), home=kept["home"].factorize()[0], principal=fen(kept["principal"]))
    return kept, events.merge(kept[["loan_id", "loan"]], on="loan_id")


def _renewals(everybodys: pd.DataFrame, loans: pd.DataFrame) -> pd.DataFrame:
    """Drawdowns of the loans that renew one of these, as `loan` and `occurred_on`."""
    renewing = everybodys.loc[everybodys["renews_loan_id"].notna() & (everybodys["originated_on"] <= 0)]
    named = renewing[["renews_loan_id", "originated_on"]].set_axis(["loan_id", "occurred_on"], axis=1)
    return named.merge(loans[["loan_id", "loan"]], on="loan_id")[["loan", "occurred_on"]]


def _payments(evening: Evening, loans: pd.DataFrame) -> pd.DataFrame:
    read = evening.in_order("payments", loans[["loan_id", "loan"]], *_PAYMENTS)
    return pd.DataFrame(
        {
            "loan": read["loan"],
            "day": read["paid_on"],
            "principal": fen(read["principal_paid"]),
            "interest": fen(read["interest_paid"]),
            "payer": read["payer"],
            "known_on": read["known_on"],
        }
    ).reset_index(drop=True)


def _since_drawdown(payments: pd.DataFrame, loans: pd.DataFrame) -> pd.DataFrame:
    """What is paid before drawdown repays nothing."""
    drawn_on = loans["originated_on"].to_numpy()[payments["loan"]]
    return payments[payments["day"] >= drawn_on].reset_index(drop=True)


def _with_state(loans: pd.DataFrame, lives: pd.DataFrame, events: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """With what became of each loan, whether it is open, and when its newest payment became known."""
    is_lost = loans["loan"].isin(events.loc[events["kind"].isin(LOST), "loan"])
    state = loans.assign(
        term_days=loans["matures_on"] - loans["originated_on"],
        is_open=lives["ended_on"].isna() & ~is_lost & (loans["originated_on"] <= 0),
        paid_known_on=largest(payments["known_on"], payments["loan"], len(loans)),
    )
    return pd.concat([state.drop(columns="matures_on"), lives], axis=1)
