"""Sentences of reasons: no usual value that contradicts the contribution, and what to bring for a missing value."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.catalog import FEATURES, MODEL_COLUMNS
from features.contract.tables import TABLES
from features.declare import Feature, Risk
from models.explain import contribution_table, township_medians
from serving.explain.loaded_models import loaded_model
from serving.explain.missing_facts import DOCUMENTS, missing_fact, tables_to_fill
from serving.explain.sentences import USUAL_IN_TOWNSHIP, render_reason, render_warnings
from serving.explain.threshold_reasons import threshold_reasons
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.schemas.loan_warning import LoanWarning, Reason
from tests.conftest import County

SIGNED = [each for each in MODEL_COLUMNS if each.risk is not Risk.OPEN]
BARE = re.compile(r"(?:\(usual [^()]*\)|（[^（）]*一般为 ?[^（）]*）)$")
"""The comparison at the end of a sentence, in either language."""


def months(county: County) -> list[PublishedMonth]:
    return [MonthRepository(county.store).month(day) for day in (county.before, county.newest)]


def rendered(month: PublishedMonth) -> list[LoanWarning]:
    return render_warnings(month.scan("warnings").collect(), month.scan("features").collect(), month)


def reason(name: str, value: float | None, typical: float | None, contribution: float) -> Reason:
    figures = {"value": value, "typical": typical, "value_code": None, "typical_code": None}
    return render_reason({"feature": name, "contribution": contribution, **figures}, USUAL_IN_TOWNSHIP)


def is_compared(told: Reason) -> bool:
    """Whether a usual value is named; in both languages or in neither."""
    zh, en = BARE.search(told.zh) is not None, BARE.search(told.en) is not None
    assert zh == en
    return zh


def is_signed(told: Reason) -> bool:
    return FEATURES[told.feature].risk is not Risk.OPEN


def agreement(told: Reason) -> float:
    """Above zero where the value lies on the side of the usual one that the contribution says; NaN without either."""
    if not isinstance(told.value, float) or not isinstance(told.typical, float):
        return math.nan
    return (told.value - told.typical) * FEATURES[told.feature].risk * told.contribution


def contradicting(reasons: Iterable[Reason]) -> list[str]:
    compared = [each for each in reasons if is_signed(each) and is_compared(each)]
    return [f"{each.contribution:+.2f} {each.en}" for each in compared if not agreement(each) > 0]


def test_no_published_reason_contradicts_its_sentence(county: County) -> None:
    reasons = [each for month in months(county) for warning in rendered(month) for each in warning.reasons]
    both = [each for each in reasons if is_signed(each) and each.value is not None and each.typical is not None]
    assert min(map(agreement, both)) < 0 < max(map(agreement, both))  # some medians do contradict
    assert contradicting(reasons) == []


def test_no_contribution_of_any_column_contradicts_its_sentence(county: County) -> None:
    """All columns of many loans, not the five published: there, few signed features lower the risk."""
    month = county.month
    loans = month.scan("features").filter(~pl.col("has_gone_bad")).head(150).collect()
    parts = loaded_model(month, county.store.models).explain(loans)
    medians = township_medians(month.scan("features").collect()).select(column.name for column in parts.columns)
    usual = np.array([np.nan if column.levels else (medians[column.name][0] or 0) for column in parts.columns], float)
    rows, positions = np.nonzero(parts.by_column)
    inputs = {"value": parts.inputs, "typical": np.broadcast_to(usual, parts.inputs.shape)}
    table = contribution_table(rows, positions, parts.by_column, parts.columns, inputs)
    reasons = [render_reason(row, USUAL_IN_TOWNSHIP) for row in table.to_dicts()]
    compared = [each for each in reasons if is_signed(each) and is_compared(each)]
    assert {(FEATURES[each.feature].risk, each.contribution > 0) for each in compared} == {
        (risk, raises) for risk in (Risk.RISES, Risk.FALLS) for raises in (True, False)
    }
    assert contradicting(reasons) == []


def test_no_reason_against_the_next_light_contradicts_its_sentence(county: County) -> None:
    month, models = county.month, county.store.models
    bundle = loaded_model(month, models)
    warnings = [each for each in rendered(month) if each.model_light is not None]
    reasons: list[Reason] = []
    for warning in [each for light in ("red", "yellow", "green") for each in warnings if each.light == light][::9]:
        facts = month.scan("features").filter(pl.col("loan_id") == warning.loan_id).collect()
        answer = threshold_reasons(warning, bundle.explain(facts), bundle, month, models)
        reasons += answer.reasons if answer else []
    assert any(is_compared(each) for each in reasons)
    assert contradicting(reasons) == []


@given(
    st.sampled_from(SIGNED),
    st.floats(-1e6, 1e6),
    st.floats(-1e6, 1e6),
    st.floats(-5, 5).filter(lambda contribution: contribution != 0),
)
def test_a_usual_value_is_named_exactly_where_it_agrees(
    feature: Feature, value: float, typical: float, contribution: float
) -> None:
    told = reason(feature.name, value, typical, contribution)
    differs = feature.unit.text(value) != feature.unit.text(typical)
    assert is_compared(told) == (differs and agreement(told) > 0)
    assert (told.value, told.typical) == (value, typical)  # the fields of the contract stay


@pytest.mark.parametrize(
    ("name", "value", "typical", "contribution", "compared"),
    [
        ("cost_to_income", 0.66, 0.81, 0.4, False),
        ("cost_to_income", 0.66, 0.81, -0.4, True),
        ("cost_to_income", 0.81, 0.66, 0.4, True),
        ("savings", 900.0, 5000.0, 0.4, True),
        ("savings", 900.0, 5000.0, -0.4, False),
        ("savings", 900.0, 900.0, 0.4, False),
        ("cost_to_income", 0.6601, 0.6599, 0.4, False),
        ("cost_to_income", 0.66, None, 0.4, False),
        ("sheep_count", 3.0, 9.0, 0.4, True),
        ("sheep_count", 3.0, 9.0, -0.4, True),
    ],
)
def test_a_comparison_that_contradicts_or_says_nothing_is_left_out(
    name: str, value: float, typical: float | None, contribution: float, compared: bool
) -> None:
    assert is_compared(reason(name, value, typical, contribution)) is compared


def test_a_missing_value_is_told_with_what_to_bring_and_from_whom() -> None:
    told = reason("net_income", None, 21_000.0, 0.3)
    assert told.zh == "年纯收入：无数据，请带上收入调查表（村委会）"
    assert told.en == "Yearly net income: no data; bring the income statement (village committee)"


def test_what_did_not_happen_is_not_asked_for_as_if_it_had() -> None:
    told = reason("hardship_age_months", None, 4.0, -0.1)
    assert "（没有登记的困难）；如不符，请带上困难登记或监测记录（乡镇）" in told.zh
    assert "(no hardship is recorded); if this is wrong, bring the record of hardships (township office)" in told.en


def test_every_published_missing_value_is_told_with_what_to_bring(county: County) -> None:
    missing = [
        each
        for month in months(county)
        for warning in rendered(month)
        for each in warning.reasons
        if each.value is None
    ]
    assert missing
    assert [each.en for each in missing if "bring" not in each.en or "usual" in each.en] == []
    assert [each.zh for each in missing if not re.search("请带上|不需补充", each.zh) or "一般" in each.zh] == []


@pytest.mark.parametrize("feature", MODEL_COLUMNS, ids=lambda feature: feature.name)
def test_the_documents_are_those_of_the_tables_that_a_feature_is_computed_from(feature: Feature) -> None:
    words, tables = missing_fact(feature.name), tables_to_fill(feature.name)
    assert all(DOCUMENTS[table].zh in words.zh and DOCUMENTS[table].en in words.en for table in tables)
    assert "bring" in words.en
    assert bool(tables) == ("请带上" in words.zh)
    if feature.source is not None and feature.source.tables:
        assert tables == feature.source.tables


def test_every_table_of_the_contract_has_a_document() -> None:
    assert set(DOCUMENTS) == set(TABLES)
