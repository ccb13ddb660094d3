"""The four corners of rule light and model light, a row on each side of lit."""

from __future__ import annotations

import polars as pl
import pytest

from serving.portfolio.quadrants import CORNER_WORDS, Corner, corner

ROWS = [
    ("green", "green", Corner.NEITHER),
    ("yellow", "green", Corner.RULES_ONLY),
    ("red", "green", Corner.RULES_ONLY),
    ("green", "yellow", Corner.MODEL_ONLY),
    ("green", "red", Corner.MODEL_ONLY),
    ("yellow", "red", Corner.BOTH),
    ("red", "yellow", Corner.BOTH),
    ("red", None, Corner.NO_MODEL),
    ("green", None, Corner.NO_MODEL),
]


@pytest.mark.parametrize(("rules", "model", "expected"), ROWS)
def test_a_loan_lies_in_the_corner_of_its_two_lights_and_in_no_other(
    rules: str, model: str | None, expected: Corner
) -> None:
    schema = {"rule_light": pl.String, "model_light": pl.String}
    loan = pl.DataFrame([(rules, model)], schema, orient="row")
    assert loan.select(corner()).item() == expected.value
    assert [each for each in Corner if loan.select(each.holds).item()] == [expected]


def test_every_corner_has_a_name_in_both_languages() -> None:
    assert set(CORNER_WORDS) == set(Corner)
