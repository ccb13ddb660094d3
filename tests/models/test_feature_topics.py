"""Topics: every column has one, nothing barred has any, and the calendar is told from a new fact."""

from __future__ import annotations

import numpy as np
import pytest

from features.catalog import FEATURES, MODEL_COLUMNS
from features.declare import FeatureRole
from models.feature_topics import CALENDAR_DIRECTION, FEATURES_BY_TOPIC, TOPICS, change_sources, topic_by_column


def moved_by(feature: str, before: float | None, after: float | None) -> str:
    was, is_now = (np.array([np.nan if each is None else each]) for each in (before, after))
    names = tuple(TOPICS)
    return str(change_sources(names, np.array([names.index(feature)]), was, is_now).item())


def test_every_column_of_the_model_has_one_topic_and_nothing_else_has() -> None:
    assert set(TOPICS) == {column.name for column in MODEL_COLUMNS}
    assert set(CALENDAR_DIRECTION) <= set(TOPICS)


def test_what_may_only_be_audited_is_no_reason() -> None:
    barred = {feature.name for feature in FEATURES.values() if feature.role is FeatureRole.AUDIT}
    assert {"borrower_sex", "borrower_age", "household_disabled", "healthy_share", "household_type"} <= barred
    assert not barred & set(TOPICS)


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        ({}, "'days_past_due'.*have no topic"),
        ({"arrears": ("days_past_duo",)}, "Did you mean 'days_past_due'"),
        ({"a": ("savings",), "b": ("savings",)}, "two topics, a and b"),
    ],
)
def test_a_topic_that_does_not_fit_the_columns_fails_on_import(drawn: dict[str, tuple[str, ...]], said: str) -> None:
    with pytest.raises(TypeError, match=said):
        topic_by_column(drawn, MODEL_COLUMNS)


@pytest.mark.parametrize(
    ("feature", "before", "after", "kind"),
    [
        ("days_to_maturity", 60.0, 30.0, "time"),
        ("days_to_maturity", 30.0, 30.0, "time"),
        ("days_to_maturity", 30.0, 395.0, "household"),
        ("statement_age_months", 11.0, 12.0, "time"),
        ("statement_age_months", 12.0, 0.0, "household"),
        ("statement_age_months", None, 0.0, "household"),
        ("due_next_3m", 100.0, 50.0, "time"),
        ("days_past_due", 0.0, 30.0, "household"),
        ("village_overdue_share", 0.0, 0.1, "surroundings"),
        ("declared_price_change", None, -0.2, "surroundings"),
    ],
)
def test_the_calendar_the_surroundings_and_the_household_are_told_apart(
    feature: str, before: float | None, after: float | None, kind: str
) -> None:
    assert moved_by(feature, before, after) == kind


def test_related_facts_share_a_topic() -> None:
    assert TOPICS["days_past_due"] == TOPICS["overdue_amount"]
    assert TOPICS["debt_to_income"] == TOPICS["household_debt"]
    assert len(FEATURES_BY_TOPIC) >= 5
