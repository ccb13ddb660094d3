"""The loans beside a threshold: the nearest on its other side, the county's own where it has enough."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from models.bundle import Bundle
from models.light import Light
from models.threshold_group import QUESTIONS, answer_order, comparison_group, comparison_loans, difference_from_group
from tests.models.frames import fitted_bundle, random_frame

FRAME = random_frame(1000, 31)
RED, YELLOW, GREEN = (QUESTIONS[light] for light in (Light.RED, Light.YELLOW, Light.GREEN))


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return fitted_bundle()


def published(bundle: Bundle, *shares: float, county: str = "640323") -> pl.DataFrame:
    """Loans whose probability is so many times the yellow threshold."""
    probability = [share * bundle.policy.yellow_from for share in shares]
    return pl.DataFrame(
        {"loan_id": [f"L{n:03}" for n in range(len(shares))], "county_code": county, "probability": probability}
    ).with_columns(
        pl.col("loan_id").str.replace("L", "H").alias("household_id"),
        pl.lit("Rural Bank").alias("bank"),
        pl.lit(f"{county}100").alias("township_code"),
        pl.lit(f"{county}100001").alias("village_code"),
    )


def test_yellow_is_compared_with_the_nearest_under_the_threshold(bundle: Bundle) -> None:
    shares = [0.5 + 0.001 * n for n in range(500)]
    chosen = comparison_loans(published(bundle, *shares, 1.0), bundle, YELLOW, "640323")
    assert chosen is not None
    assert sorted(chosen.loan_ids) == [f"L{n:03}" for n in range(450, 500)]


def test_green_is_compared_with_the_nearest_from_the_threshold_on(bundle: Bundle) -> None:
    chosen = comparison_loans(published(bundle, 0.99, *(1 + 0.001 * n for n in range(100))), bundle, GREEN, "640323")
    assert chosen is not None
    assert sorted(chosen.loan_ids) == [f"L{n:03}" for n in range(1, 31)]


@pytest.mark.parametrize(("own", "county"), [(30, "640323"), (29, None)])
def test_a_county_stands_alone_from_thirty_loans_on(bundle: Bundle, own: int, county: str | None) -> None:
    others = published(bundle, *[0.9] * 50, county="640324").with_columns(("M" + pl.col("loan_id")).alias("loan_id"))
    both = pl.concat([published(bundle, *[0.5] * own), others])
    chosen = comparison_loans(both, bundle, YELLOW, "640323")
    assert chosen is not None
    assert chosen.county == county


@pytest.mark.parametrize(("households", "enough"), [(6, True), (5, False)])
def test_a_group_has_six_households(bundle: Bundle, households: int, enough: bool) -> None:
    loans = published(bundle, *[0.5] * 20).with_columns((pl.int_range(20) % households).cast(str).alias("household_id"))
    assert (comparison_loans(loans, bundle, YELLOW, "640323") is not None) == enough


def test_a_few_loans_of_another_bank_are_not_compared_with(bundle: Bundle) -> None:
    loans = published(bundle, *[0.5] * 30)
    few = pl.when(pl.int_range(30) < 4).then(pl.lit("Other Bank")).otherwise("bank")
    chosen = comparison_loans(loans.with_columns(few.alias("bank")), bundle, YELLOW, "640323")
    assert chosen is not None
    assert sorted(chosen.loan_ids) == loans["loan_id"].to_list()[4:]


def test_the_parts_sum_to_the_difference_of_the_log_odds(bundle: Bundle) -> None:
    beside = comparison_group(FRAME.head(40), bundle, RED, None)
    parts = bundle.explain(FRAME)
    assert beside.log_odds == pytest.approx(parts.log_odds[:40].mean())
    for row in range(50):
        found = difference_from_group(parts, row, beside)
        assert found.total == pytest.approx(parts.log_odds[row] - beside.log_odds, abs=1e-9)


def test_the_typical_value_is_the_median_and_the_most_frequent_code(bundle: Bundle) -> None:
    beside = comparison_group(FRAME.head(41), bundle, RED, None)
    assert beside.medians["repayment_cover"] == FRAME.head(41)["repayment_cover"].median()
    assert beside.medians["declared_use"] in FRAME.head(41)["declared_use"].mode().to_list()


def test_what_speaks_for_the_light_comes_first() -> None:
    parts = np.array([0.1, -0.5, 0.4, -0.2])
    assert answer_order(parts, YELLOW).tolist() == [2, 0, 1, 3]
    assert answer_order(parts, GREEN).tolist() == [1, 3, 2, 0]


def test_a_code_that_no_loan_beside_has_stays_a_missing_code(bundle: Bundle) -> None:
    unknown = FRAME.head(41).with_columns(pl.lit(None, pl.String).alias("use_finding"))
    beside = comparison_group(unknown, bundle, QUESTIONS[Light.RED], None)
    mine = difference_from_group(bundle.explain(FRAME.head(1)), 0, beside)
    assert mine.medians.shape == (len(bundle.columns),)
    assert beside.features.schema["use_finding"] == pl.String
