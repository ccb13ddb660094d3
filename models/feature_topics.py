"""The topic of each of the model's columns, and the source of its changes between two months."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import polars as pl

from features.catalog import MODEL_COLUMNS
from features.declare import Feature
from features.messages import did_you_mean

_MODELS_CACHED = 8
Positions = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

FEATURES_BY_TOPIC: Mapping[str, tuple[str, ...]] = {
    "arrears": (
        *("days_past_due", "principal_days_past_due", "interest_days_past_due"),
        *("overdue_principal", "overdue_interest", "overdue_amount", "household_overdue_amount"),
    ),
    "delay_history": (
        *("days_late_max_6m", "days_late_max_12m", "late_instalments_12m", "paid_share_12m"),
        *("household_late_share", "household_days_late_max_12m", "household_days_late_mean"),
        *("household_days_before_due_mean", "times_bad", "months_since_arrears"),
    ),
    "who_pays": ("borrower_paid_share_12m", "subsidy_share"),
    "credit_history": (
        *("household_instalments_ever", "household_loans_ever", "household_months_known", "principal_to_largest"),
    ),
    "maturity": (
        *("days_to_maturity", "days_to_next_due", "due_next_3m", "due_next_6m"),
        *("principal_share_next_5m", "household_due_to_maturity", "repayment_cover"),
    ),
    "season": ("maturity_month",),
    "age_of_loan": ("months_on_book", "term_days"),
    "more_time": ("extensions", "is_renewal"),
    "terms": ("product", "repayment_method", "principal", "annual_rate"),
    "use": ("declared_use", "use_finding", "use_diverted", "use_ill", "use_unchecked", "use_check_age_months"),
    "income": (
        *("net_income", "income_per_head", "income_change", "income_swing_60m", "wage_share", "transfer_share"),
        *("yearly_surplus", "cost_to_income", "household_cost"),
    ),
    "known_income": ("statement_age_months", "statements_ever"),
    "savings": ("savings", "assets_age_months"),
    "herd": ("sheep_count", "herd_value", "herd_change"),
    "land": ("farmland_mu",),
    "debt": (
        *("household_outstanding", "household_open_loans", "household_debt", "debt_to_income", "outside_debt"),
        *("outside_debt_growth", "household_new_loans_12m", "new_debt_12m", "new_debt_to_income_12m"),
        *("inquiries_6m", "outstanding_principal"),
    ),
    "elsewhere": ("default_elsewhere", "overdue_elsewhere_12m", "guarantees_called_12m"),
    "people": ("household_size", "members_away", "workers_per_head", "schooled_share", "household_months_registered"),
    "village_review": ("integrity_points", "civility_points", "integrity_change", "review_age_months"),
    "hardship": (
        *("hardships_12m", "unresolved_hardship", "new_hardship_6m", "person_lost", "hardship_loss_12m"),
        *("hardship_age_months", "loss_to_income_12m"),
    ),
    "insurance": ("insured_industry", "insured_person", "sum_insured", "open_claims", "claims_paid_12m"),
    "neighbours": ("village_overdue_share", "township_bad_share", "product_bad_share"),
    "prices": ("declared_price_change",),
}
"""Related features; of each topic only the feature with the largest contribution is shown as a reason."""

CALENDAR_DIRECTION: Mapping[str, int] = {
    "days_to_maturity": -1,
    "months_on_book": 1,
    "days_to_next_due": 0,
    "due_next_3m": 0,
    "due_next_6m": 0,
    "principal_share_next_5m": 0,
    "household_months_registered": 1,
    "household_months_known": 1,
    "review_age_months": 1,
    "statement_age_months": 1,
    "assets_age_months": 1,
    "use_check_age_months": 1,
    "hardship_age_months": 1,
}
"""Features that the calendar alone changes, and the sign of that change (0: either); the other sign is a new fact."""


class ChangeSource(StrEnum):
    """Source of a change of a score between two months."""

    HOUSEHOLD = "household"
    TIME = "time"
    SURROUNDINGS = "surroundings"
    MODEL = "model"
    POLICY = "policy"


def topic_by_column(by_topic: Mapping[str, tuple[str, ...]], columns: Iterable[Feature]) -> dict[str, str]:
    """The topic of each column.

    Raises TypeError for a column that has no topic or two, and for a name in a topic that is no column.
    """
    names = [column.name for column in columns]
    topics: dict[str, str] = {}
    for topic, members in by_topic.items():
        for name in members:
            if name not in names:
                raise TypeError(f"Topic {topic} names {name!r}, no column of the model. {did_you_mean(name, names)}")
            if name in topics:
                raise TypeError(f"{name} has two topics, {topics[name]} and {topic}.")
            topics[name] = topic
    columns_without_topic = [name for name in names if name not in topics]
    if columns_without_topic:
        raise TypeError(
            f"The model's columns {columns_without_topic} have no topic: add them to models/feature_topics.py."
        )
    return topics


TOPICS: Mapping[str, str] = topic_by_column(FEATURES_BY_TOPIC, MODEL_COLUMNS)
"""The topic of every column of the model."""
_SURROUNDING_COLUMNS = tuple(column.name for column in MODEL_COLUMNS if column.family == "community")
_CHANGE_SOURCES = pl.Series([ChangeSource.SURROUNDINGS.value, ChangeSource.TIME.value, ChangeSource.HOUSEHOLD.value])


def change_sources(names: tuple[str, ...], positions: Positions, previous: Floats, current: Floats) -> pl.Series:
    """The source of each change of a value between two months: surroundings, calendar (`time`), or else the household.

    names: of the model's columns. positions: the column of each value. previous, current: the values.
    """
    directions, surroundings = _calendar_and_surroundings(names)
    is_by_calendar = (current - previous) * directions[positions] >= 0  # False where one is missing
    return _CHANGE_SOURCES.gather(pl.Series(np.where(surroundings[positions], 0, np.where(is_by_calendar, 1, 2))))


@lru_cache(_MODELS_CACHED)
def _calendar_and_surroundings(names: tuple[str, ...]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """For each column the sign of its change by the calendar (NaN for none), and whether it is of the surroundings."""
    clocks = [CALENDAR_DIRECTION.get(name, np.nan) for name in names]
    return np.array(clocks, dtype=np.float64), np.isin(names, _SURROUNDING_COLUMNS)
