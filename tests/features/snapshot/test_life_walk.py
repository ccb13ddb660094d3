"""The compiled walk: arrays of one kind, whatever they were made of; loans that need no walk through their evenings."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from features.snapshot.life_walk import (
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

LAST, ROWS, PAYMENTS = 20_000, 6, 12


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


def drawn_loans(count: int, seed: int, *, extended: bool) -> LoanArrays:
    """Loans with a schedule each and payments that cover it, late or not at all; some are paid back, settled, lost.

    extended: with an extension of each that is granted after the last evening, and so changes nothing by it.
    """
    random = np.random.default_rng(seed)
    drawn_on = LAST - random.integers(10, 900, count)
    due_on = np.sort(drawn_on[:, None] + random.integers(1, 700, (count, ROWS)), axis=1)
    principal_due = random.choice([0, 0, 50_000, 100_000], (count, ROWS))
    interest_due = random.choice([0, 700, 1_234], (count, ROWS))
    paid_on = np.sort(due_on[:, :1] + random.integers(-40, 700, (count, PAYMENTS)), axis=1)
    principal_paid = random.choice(
        [0, 50_000, 100_000, 100_000, -50_000], (count, PAYMENTS), p=[0.3, 0.3, 0.2, 0.15, 0.05]
    )
    interest_paid = random.choice([0, 700, 1_234, 2_500], (count, PAYMENTS))
    never = np.full(count, NEVER)
    each = np.arange(count + 1)
    none = np.zeros(count + 1, np.int64)
    arrays: dict[str, Any] = {
        "originated_on": drawn_on,
        "matures_on": due_on[:, -1] + random.integers(0, 2, count) * 20,
        "principal": principal_due.sum(axis=1) + random.choice([0, 100_000], count),
        "state_share": random.choice([0.0, 0.5, 1.0], count),
        "settled_on": np.where(random.random(count) < 0.1, drawn_on + random.integers(1, 900, count), never),
        "written_off_on": np.where(random.random(count) < 0.05, drawn_on + random.integers(1, 900, count), never),
        "schedules_of": each,
        "schedule_known_on": drawn_on,
        "rows_of": each * ROWS,
        "due_on": due_on.ravel(),
        "principal_due": principal_due.ravel(),
        "interest_due": interest_due.ravel(),
        "extensions_of": each if extended else none,
        "extended_on": never - 2 if extended else none[:0],
        "extended_to": never - 1 if extended else none[:0],
        "payments_of": each * PAYMENTS,
        "paid_on": paid_on.ravel(),
        "principal_paid": principal_paid.ravel(),
        "interest_paid": interest_paid.ravel(),
        "subsidy_paid": np.zeros(count * PAYMENTS, np.int64),
    }
    return read_only(LoanArrays(**{name: np.ascontiguousarray(column) for name, column in arrays.items()}))


def walked(arrays: LoanArrays, rules: Rules) -> tuple[LoanResults, list[list[int]]]:
    """What the walk finds of loans, and the times that they were bad."""
    count, floats = len(arrays.principal), ("overdue_principal", "overdue_interest", "subsidy_overdue")
    kinds = {"status": np.int8, "bad_by": np.int8, **dict.fromkeys(floats, np.float64)}
    columns: list[Any] = [np.full(count, 7, kinds.get(name, np.int64)) for name in LoanResults._fields]
    dues: list[Any] = [
        np.zeros(count * (ROWS + 1), np.float64 if name in ("interest", "state_interest") else np.int64)
        for name in DueResults._fields
    ]
    spells = SpellResults(*(np.zeros(count * 50, np.int64) for _ in SpellResults._fields))
    results = LoanResults(*columns)
    room = (new_dues(ROWS + 2), new_covers(PAYMENTS), np.empty(100, np.int64))
    _, found = walk(arrays, rules, LAST, *room, results, DueResults(*dues), spells)
    bad: list[Any] = list(spells)
    return results, [column[:found].tolist() for column in bad]


def test_a_loan_that_needs_no_walk_is_told_as_if_walked() -> None:
    rules = Rules(bad_after_days=30, least=100, cure_instalments=2, cure_months=6)
    results, spells = walked(drawn_loans(4_000, 1, extended=False), rules)
    # An extension that is still to come changes nothing, but lets every evening be walked.
    all_walked, all_spells = walked(drawn_loans(4_000, 1, extended=True), rules)
    assert spells == all_spells
    for name in LoanResults._fields:
        np.testing.assert_array_equal(getattr(results, name), getattr(all_walked, name), name)
    assert np.bincount(results.status).min() > 100
    assert (results.spells == 0).sum() > 500
