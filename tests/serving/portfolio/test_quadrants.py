"""The four corners of rule light and model light, a row on each side of lit."""

from __future__ import annotations

import polars as pl
import pytest

from serving.portfolio.quadrants import QUADRANT_WORDS, Quadrant, quadrant_of_lights

ROWS = [
    ("green", "green", Quadrant.NEITHER),
    ("yellow", "green", Quadrant.RULES_ONLY),
    ("red", "green", Quadrant.RULES_ONLY),
    ("green", "yellow", Quadrant.MODEL_ONLY),
    ("green", "red", Quadrant.MODEL_ONLY),
    ("yellow", "red", Quadrant.BOTH),
    ("red", "yellow", Quadrant.BOTH),
    ("red", None, Quadrant.NO_MODEL),
    ("green", None, Quadrant.NO_MODEL),
]


@pytest.mark.parametrize(("rules", "model", "expected"), ROWS)
def test_a_loan_lies_in_the_corner_of_its_two_lights_and_in_no_other(
    rules: str, model: str | None, expected: Quadrant
) -> None:
    schema = {"rule_light": pl.String, "model_light": pl.String}
    loan = pl.DataFrame([(rules, model)], schema, orient="row")
    assert loan.select(quadrant_of_lights()).item() == expected.value
    assert [each for each in Quadrant if loan.select(each.condition).item()] == [expected]


def test_every_corner_has_a_name_in_both_languages() -> None:
    assert set(QUADRANT_WORDS) == set(Quadrant)
