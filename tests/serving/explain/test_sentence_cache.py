"""Loans of a list, told once: the same as told anew, in the order asked for, and under each scope as it shows them."""

from __future__ import annotations

import pytest

from serving.access.scope import Scope, SeenStore
from serving.explain import sentence_cache as told_once
from serving.explain.sentence_cache import told_at
from serving.explain.sentences import told
from serving.months.repository import Month, Published
from tests.conftest import County

_PLACES = [7, 3, 11, 0]


def anew(month: Month, places: list[int]) -> list[object]:
    return list(told(month.rows("warnings", places), month.rows("features", places), month))


def test_what_was_told_before_is_told_again_in_the_order_asked_for(county: County) -> None:
    month = Published(county.store).month()
    first = told_at(month, _PLACES)
    again = told_at(month, [*reversed(_PLACES), 5])
    assert first == anew(month, _PLACES)
    assert again == anew(month, [*reversed(_PLACES), 5])
    assert all(one is other for one, other in zip(first, again[3::-1], strict=True))


def test_whoever_sees_pseudonyms_is_told_them_whatever_others_were_told(county: County) -> None:
    whole = told_at(Published(county.store).month(), _PLACES)
    masked = Published(SeenStore(county.data, Scope(mask=b"0" * 32))).month()
    assert not {each.loan_id for each in told_at(masked, _PLACES)} & {each.loan_id for each in whole}


def test_no_more_loans_are_kept_than_there_is_room_for(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(told_once, "_KEPT", 5)
    month = Published(county.store).month()
    assert told_at(month, list(range(20))) == anew(month, list(range(20)))
    assert len(told_once._told) == 5
    assert told_at(month, [19, 2]) == anew(month, [19, 2])
