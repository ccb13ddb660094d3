"""What became of the payments that households promised: kept, broken, or not to be told from the delivered data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.messages import Bilingual


class PromiseState(StrEnum):
    """What became of a promise.

    waiting: its day has not passed. unknown: its day has passed, and the bank has delivered no payments since.
    """

    WAITING = "waiting"
    KEPT = "kept"
    BROKEN = "broken"
    UNKNOWN = "unknown"


PROMISE_WORDS: Mapping[PromiseState, Bilingual] = {
    PromiseState.WAITING: Bilingual("承诺未到期", "promised"),
    PromiseState.KEPT: Bilingual("承诺已兑现", "promise kept"),
    PromiseState.BROKEN: Bilingual("承诺未兑现", "promise broken"),
    PromiseState.UNKNOWN: Bilingual("承诺日已过", "promise day past"),
}
PROMISES_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "promise": FrameColumn(pl.String(), "A PromiseState of the newest promise in its open case."),
        "promise_paid": FrameColumn(pl.Float64(), "Paid by others than the state since it was made, yuan."),
    }
)
_NOT_OWN_MONEY = ("subsidy", "compensation_fund")
_SMALLEST_PAYMENT = 0.005
"""Yuan: a sum that lacks less than this is whole."""


@returns(PROMISES_SCHEMA)
def promise_states(promises: pl.DataFrame, ledger: Ledger, today: date) -> pl.DataFrame:
    """What became of each promise.

    A payment counts from the day on which the promise was recorded to the promised day. A promise whose sum was not
    paid is broken once the bank has delivered payments of a later day; until then it cannot be told.

    Args:
        promises: `loan_id`, `bank`, `promised_on`, `promised_yuan` and `promise_recorded_on` of each.
        ledger: the delivered loans and payments.
        today: the date in the county.

    Returns:
        A row for each promise, in the columns of PROMISES_SCHEMA.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.portfolio.promises import promise_states
        >>> made, day = date(2025, 12, 1), date(2025, 12, 20)
        >>> promise = dict(loan_id="none", bank="none", promised_on=day, promised_yuan=50.0, promise_recorded_on=made)
        >>> promise_states(pl.DataFrame([promise]), DataFolder(data).ledger, date(2026, 1, 5))["promise"].to_list()
        ['unknown']
    """
    if promises.is_empty():
        return PROMISES_SCHEMA.empty()
    rows = promises.with_columns(pl.col("bank").cast(pl.String))
    rows = rows.join(newest_payments_after(promises, ledger), on="bank", how="left")
    rows = rows.join(paid_for(promises, ledger), on="loan_id", how="left")
    is_kept = pl.col("promise_paid") >= pl.col("promised_yuan") - _SMALLEST_PAYMENT
    is_delivered = (pl.col("newest_payment_on") > pl.col("promised_on")).fill_null(False)
    state = (
        pl.when(is_kept)
        .then(pl.lit(PromiseState.KEPT.value))
        .when(pl.col("promised_on") >= today)
        .then(pl.lit(PromiseState.WAITING.value))
        .when(is_delivered)
        .then(pl.lit(PromiseState.BROKEN.value))
        .otherwise(pl.lit(PromiseState.UNKNOWN.value))
    )
    rows = rows.with_columns(pl.col("promise_paid").fill_null(0.0))
    return rows.with_columns(state.alias("promise")).select(*PROMISES_SCHEMA.columns)


def newest_payments_after(promises: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """The day of each bank's newest payment, as `newest_payment_on`, where it is after the earliest promised day."""
    earliest = promises["promised_on"].min()
    later = ledger.scan("payments").filter(pl.col("paid_on") > earliest).select("loan_id", "paid_on")
    with_bank = later.join(ledger.scan("loans").select("loan_id", "bank").unique(), on="loan_id")
    return with_bank.group_by("bank").agg(pl.col("paid_on").max().alias("newest_payment_on")).collect()


def paid_for(promises: pl.DataFrame, ledger: Ledger) -> pl.DataFrame:
    """What was paid on each loan between the promise and its day, by `loan_id`, as `promise_paid`."""
    loan_ids = promises["loan_id"].to_list()
    payments = ledger.scan("payments").filter(pl.col("loan_id").is_in(loan_ids))
    newest = payments.sort("known_on").unique("payment_id", keep="last").collect()
    with_promise = newest.join(promises, on="loan_id")
    is_own = ~pl.col("payer").cast(pl.String).is_in(_NOT_OWN_MONEY).fill_null(False)
    in_time = pl.col("paid_on").is_between("promise_recorded_on", "promised_on")
    paid = (pl.col("principal_paid") + pl.col("interest_paid")).sum().cast(pl.Float64)
    return with_promise.filter(is_own & in_time).group_by("loan_id").agg(paid.alias("promise_paid"))
