"""The compiled walk: arrays of one kind, whatever they were made of; loans that need no walk through their evenings."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numba
import numpy as np
import pytest
from polars.testing import assert_frame_equal

from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import LifeRules, LoanLives
from features.snapshot.life_walk import LoanArrays, read_only
from features.snapshot.loan_book import LoanBook
from tests.features.one_loan import instalment, loan, one_loan

LAST = date(2024, 9, 30)
STILL_TO_COME = date(2100, 1, 1)


def loan_arrays(writeable: bool) -> LoanArrays:
    columns: list[Any] = [np.zeros(1, np.int64) for _ in LoanArrays._fields]
    for column in columns:
        column.flags.writeable = writeable
    return LoanArrays(*columns)


def test_arrays_that_can_be_written_to_make_no_other_walk_than_those_that_cannot() -> None:
    assert numba.typeof(loan_arrays(writeable=True)) != numba.typeof(loan_arrays(writeable=False))
    kinds = {numba.typeof(read_only(loan_arrays(writeable))) for writeable in (True, False)}
    assert len(kinds) == 1


def test_the_arrays_themselves_stay_as_they_are() -> None:
    arrays = loan_arrays(writeable=True)
    assert not read_only(arrays).paid_on.flags.writeable
    assert arrays.paid_on.flags.writeable


def drawn_lives(count: int, rules: LifeRules, *, extended: bool) -> LoanLives:
    """The lives of loans with a schedule each and payments that cover it, late or not; some are settled or lost.

    extended: with an extension of each that is still to come on the last day, and so changes nothing by it.
    """
    random = np.random.default_rng(1)
    rows: dict[str, list[dict[str, Any]]] = {"loans": [], "instalments": [], "payments": [], "loan_events": []}

    def after(day: date, least: int, most: int) -> date:
        return day + timedelta(days=int(random.integers(least, most)))

    for number in range(count):
        name, drawn_on = f"L{number:04d}", after(LAST, -900, -10)
        due_on = [after(drawn_on, -60, 700) for _ in range(4)]
        dues = [float(random.choice([0, 500, 1_000])) for _ in due_on]
        rows["loans"].append(
            loan(
                name,
                principal=sum(dues) + float(random.choice([1, 1_000])),
                originated_on=drawn_on,
                matures_on=after(drawn_on, 300, 800),
                subsidy_share=float(random.choice([0.0, 0.5, 1.0])),
            )
        )
        for day, due in dict(zip(due_on, dues, strict=True)).items():
            interest = float(random.choice([0.0, 7.0, 12.34]))
            rows["instalments"].append(instalment(name, due_on=day, principal_due=due, interest_due=interest))
        for payment in range(8):
            repaid = float(random.choice([0, 500, 1_000, -500], p=[0.3, 0.4, 0.25, 0.05]))
            paid_on = after(due_on[payment % 4], -20, 60)
            paid = {"principal_paid": repaid, "interest_paid": float(random.choice([0.0, 7.0, 25.0]))}
            rows["payments"].append({"payment_id": f"{name}-{payment}", "loan_id": name, "paid_on": paid_on, **paid})
        for kind, share in (("settled", 0.1), ("written_off", 0.05)):
            if random.random() < share:
                rows["loan_events"].append({"loan_id": name, "kind": kind, "occurred_on": after(drawn_on, 1, 900)})
        if extended:
            to_come = {"occurred_on": STILL_TO_COME, "new_matures_on": STILL_TO_COME + timedelta(days=1)}
            rows["loan_events"].append({"loan_id": name, "kind": "extended", **to_come})
    return LoanBook(LatestVersions(one_loan(**rows), known_by=None), LAST, rules).lives


@pytest.mark.parametrize("bad_after_days", [1, 30])
def test_a_loan_that_needs_no_walk_is_told_as_if_walked(bad_after_days: int) -> None:
    rules = LifeRules(bad_after_days=bad_after_days)
    lives, all_walked = (drawn_lives(1_500, rules, extended=extended) for extended in (False, True))
    for found, expected in (
        (lives.loans, all_walked.loans),
        (lives.dues, all_walked.dues),
        (lives.spells, all_walked.spells),
    ):
        assert_frame_equal(found, expected, check_exact=True)
    counts = dict(lives.loans["status"].value_counts().rows())
    assert min(counts[status] for status in ("performing", "probation", "bad")) > 20
    assert (lives.loans["times_bad"] == 0).sum() > 100
