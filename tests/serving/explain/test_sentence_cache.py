"""Loans of a list, told once: the same as told anew, in the order asked for, and under each scope as it shows them."""

from __future__ import annotations

import pytest

from serving.access.scope import Scope
from serving.explain import sentence_cache
from serving.explain.sentence_cache import render_warnings_at
from serving.explain.sentences import render_warnings
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from tests.conftest import County

_POSITIONS = [7, 3, 11, 0]


def rendered_anew(month: PublishedMonth, positions: list[int]) -> list[object]:
    return list(render_warnings(month.rows("warnings", positions), month.rows("features", positions), month))


def test_what_was_told_before_is_told_again_in_the_order_asked_for(county: County) -> None:
    month = MonthRepository(county.store).month()
    first = render_warnings_at(month, _POSITIONS)
    again = render_warnings_at(month, [*reversed(_POSITIONS), 5])
    assert first == rendered_anew(month, _POSITIONS)
    assert again == rendered_anew(month, [*reversed(_POSITIONS), 5])
    assert all(one is other for one, other in zip(first, again[3::-1], strict=True))


def test_whoever_sees_pseudonyms_is_told_them_whatever_others_were_told(county: County) -> None:
    whole = render_warnings_at(MonthRepository(county.store).month(), _POSITIONS)
    masked = MonthRepository(DataFolder(county.data, Scope(mask=b"0" * 32))).month()
    assert not {each.loan_id for each in render_warnings_at(masked, _POSITIONS)} & {each.loan_id for each in whole}


def test_no_more_loans_are_kept_than_there_is_room_for(county: County, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sentence_cache, "_LOANS_IN_MEMORY", 5)
    month = MonthRepository(county.store).month()
    assert render_warnings_at(month, list(range(20))) == rendered_anew(month, list(range(20)))
    assert len(sentence_cache._warnings) == 5
    assert render_warnings_at(month, [19, 2]) == rendered_anew(month, [19, 2])
