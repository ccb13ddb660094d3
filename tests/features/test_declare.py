"""The idiom: a declaration that is wrong fails when it is made, and says what was meant."""

from __future__ import annotations

import polars as pl
import pytest

from features import repayment
from features.catalog import FEATURES, MODEL_COLUMNS, SHOWN_FEATURES, build_catalog
from features.declare import EVER, FeatureRole, Risk, Row, derived, observed, past_months, ratio, relative_change
from features.snapshot.sources import BORROWERS, INSTALMENTS
from features.units import DAYS


def test_a_misspelt_column_says_which_was_meant() -> None:
    with pytest.raises(AttributeError, match=r"no column 'days_lat'\. Did you mean 'days_late'"):

        @observed(INSTALMENTS, EVER, zh="", en="", unit=DAYS)
        def misspelt(row: Row) -> pl.Expr:
            """A reason."""
            return row.days_lat.max()


def test_a_feature_without_a_reason_is_refused() -> None:
    with pytest.raises(TypeError, match="why an officer should care"):

        @observed(INSTALMENTS, EVER, zh="", en="", unit=DAYS)
        def silent(row: Row) -> pl.Expr:
            return row.days_late.max()


def test_a_name_has_to_end_with_its_window() -> None:
    with pytest.raises(TypeError, match="its name has to end so"):

        @observed(INSTALMENTS, past_months(6), zh="", en="", unit=DAYS)
        def days_late_max_3m(row: Row) -> pl.Expr:
            """A reason."""
            return row.days_late.max()


def test_a_column_that_may_only_be_audited_cannot_be_scored() -> None:
    with pytest.raises(TypeError, match="may be audited, never scored"):

        @observed(BORROWERS, EVER, zh="", en="", unit=DAYS)
        def sex_scored(row: Row) -> pl.Expr:
            """A reason."""
            return row.sex


def test_a_feature_made_of_an_audited_one_is_refused_on_import() -> None:
    @derived(zh="", en="", unit=DAYS)
    def age_scored(borrower_age: pl.Expr) -> pl.Expr:
        """A reason."""
        return borrower_age

    with pytest.raises(TypeError, match="age_scored is made of borrower_age, which may be audited, never scored"):
        build_catalog([*FEATURES.values(), age_scored])


def test_a_column_not_asked_of_the_row_is_refused_so_that_none_gets_round_the_audit() -> None:
    with pytest.raises(TypeError, match="Feature sex_unasked looks at sex behind its declaration"):

        @observed(BORROWERS, EVER, zh="", en="", unit=DAYS)
        def sex_unasked(row: Row) -> pl.Expr:
            """A reason."""
            return row.deceased + (pl.col("sex") == "F")


def test_a_feature_that_is_no_parameter_is_refused_so_that_none_gets_round_the_audit() -> None:
    with pytest.raises(TypeError, match="Feature age_unasked looks at borrower_age behind its declaration"):

        @derived(zh="", en="", unit=DAYS)
        def age_unasked(days_past_due: pl.Expr) -> pl.Expr:
            """A reason."""
            return days_past_due * pl.col("borrower_age")


def test_an_input_that_is_no_feature_says_which_was_meant() -> None:
    @derived(zh="", en="", unit=DAYS)
    def doubled(days_past_du: pl.Expr) -> pl.Expr:
        """A reason."""
        return days_past_du * 2

    with pytest.raises(TypeError, match=r"made of 'days_past_du'\. Did you mean 'days_past_due'"):
        build_catalog([*FEATURES.values(), doubled])


def test_a_feature_is_declared_once() -> None:
    with pytest.raises(TypeError, match="days_past_due is declared twice"):
        build_catalog([*FEATURES.values(), FEATURES["days_past_due"]])


def test_a_decorator_registers_nothing() -> None:
    @derived(zh="", en="", unit=DAYS)
    def unheard_of(days_past_due: pl.Expr) -> pl.Expr:
        """A reason."""
        return days_past_due

    assert unheard_of.inputs == ("days_past_due",)
    assert "unheard_of" not in FEATURES


def test_a_feature_says_once_what_page_model_and_rule_need() -> None:
    feature = repayment.days_late_max_6m
    assert (feature.name, feature.family, feature.risk, feature.role) == (
        "days_late_max_6m",
        "repayment",
        Risk.RISES,
        FeatureRole.MODEL,
    )
    assert feature.unit.text(3).zh == "3 天"
    assert feature.why.startswith("The worst recent delay")


def test_steps_leave_neither_to_the_model_nor_to_people() -> None:
    assert not {feature.name for feature in (*SHOWN_FEATURES, *MODEL_COLUMNS)} & {"paid_12m", "due_12m"}


def test_a_fall_by_exactly_a_share_reaches_that_share() -> None:
    before = [float(yuan) for yuan in range(5, 5000, 5)]
    prices = pl.DataFrame({"before": before, "now": [yuan * 4 / 5 for yuan in before]})
    changes = prices.select(relative_change(pl.col("now"), pl.col("before"))).to_series()
    assert changes.unique().to_list() == [-0.2]


def test_a_ratio_is_the_same_alone_and_among_others() -> None:
    frame = pl.DataFrame({"part": [9339.95, 1.0, 2.0], "whole": [20000.0, 20000.0, 20000.0]})
    computed = ratio(pl.col("part"), pl.col("whole")).alias("ratio")
    alone = frame.select("part").with_columns(pl.lit(20000.0).alias("whole")).select(computed)
    assert alone["ratio"].to_list() == frame.select(computed)["ratio"].to_list()
