"""Frames of published months have the columns that their schemas declare, for every reader."""

from __future__ import annotations

import pytest

from serving.access.scope import Scope
from serving.months.data_folder import DataFolder
from serving.months.loan_index import LOAN_INDEX_SCHEMA, loan_index
from serving.months.published_frames import WARNINGS_SCHEMA
from serving.months.repository import MonthRepository
from tests.conftest import County

READERS = [None, Scope(), Scope(area="64"), Scope(area="64", mask=b"0" * 32)]


@pytest.mark.parametrize("scope", READERS, ids=["unrestricted", "all", "area", "pseudonyms"])
def test_frames_have_the_declared_columns_for_every_reader(county: County, scope: Scope | None) -> None:
    month = MonthRepository(DataFolder(county.data, scope)).month()
    for index in (loan_index(month), loan_index(month, "6")):
        assert LOAN_INDEX_SCHEMA.mismatch(index.collect_schema()) is None
        assert LOAN_INDEX_SCHEMA.mismatch(index.collect().schema) is None
    assert WARNINGS_SCHEMA.mismatch(month.scan("warnings").collect_schema()) is None
    assert WARNINGS_SCHEMA.mismatch(month.rows("warnings", [1, 0]).schema) is None
