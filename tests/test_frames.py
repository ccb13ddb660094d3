"""Schemas of frames: what they refuse, and that the page of them is up to date."""

from __future__ import annotations

import polars as pl
import pytest

from features.frame_schema import FrameColumn, FrameMismatchError, FrameSchema, returns
from tests.frames_page import PAGE, declared_schemas, page

LOANS = FrameSchema(
    {"loan_id": FrameColumn(pl.String(), "The loan."), "days": FrameColumn(pl.Int64(), "Days past due.")}
)
OPEN = FrameSchema({"loan_id": FrameColumn(pl.String(), "The loan.")}, extra="whatever the caller adds")


def test_the_page_of_frames_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run python -m tests.frames_page and look at the change"


def test_many_functions_declare_their_frame() -> None:
    assert len(declared_schemas()) > 50
    assert all(schema.columns or schema.extra for schema in declared_schemas().values())


def test_an_empty_frame_has_the_declared_columns() -> None:
    assert LOANS.empty().schema == LOANS.dtypes
    assert LOANS.mismatch(LOANS.empty().schema) is None


@pytest.mark.parametrize(
    ("schema", "frame", "mismatch"),
    [
        (LOANS, {"loan_id": ["a"]}, "lacks days"),
        (LOANS, {"loan_id": ["a"], "days": [1], "more": [1]}, "has more, which"),
        (LOANS, {"loan_id": ["a"], "days": [1.5]}, "has days as Float64"),
        (LOANS, {"days": [1], "loan_id": ["a"]}, "has the order"),
        (OPEN, {"more": [1]}, "lacks loan_id"),
    ],
)
def test_another_frame_is_refused_at_the_call(
    schema: FrameSchema, frame: dict[str, list[object]], mismatch: str
) -> None:
    @returns(schema)
    def made() -> pl.DataFrame:
        return pl.DataFrame(frame)

    with pytest.raises(FrameMismatchError, match=mismatch):
        made()


def test_further_columns_are_taken_where_the_schema_says_so() -> None:
    assert OPEN.mismatch(pl.DataFrame({"more": [1], "loan_id": ["a"]}).schema) is None
