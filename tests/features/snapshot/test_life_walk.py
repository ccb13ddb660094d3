"""The compiled walk takes arrays of one kind, whatever they were made of."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from features.snapshot.life_walk import LoanArrays, read_only


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
