"""The columns of an edition's files: warnings, features and township medians."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from features.compute import FEATURES_SCHEMA, NOT_FEATURES, STATUS_COLUMNS
from features.frame_schema import FrameColumn, FrameSchema
from models.explain import REASON
from models.hazards import TIME_TO_BAD_SCHEMA
from models.score_change import CHANGE
from models.traffic_light.evaluate import FIRED

FAILED_CHECK = pl.Struct({"check": pl.String, "first": pl.String, "second": pl.String})
"""A check that a loan fails: its id and the two amounts (yuan) or days that contradict each other."""
NEW_FACT = pl.Struct({"table": pl.String, "happened_on": pl.Date, "known_on": pl.Date})
"""A delivered row about a household: its table, the day of the fact (missing where it has none), when it was known."""
WARNINGS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "household_id": FrameColumn(pl.String(), "The household that owes it."),
        "bank": FrameColumn(pl.String(), "The bank that lent it."),
        "county_code": FrameColumn(pl.String(), "The household's county, six digits; missing where it is not known."),
        "township_code": FrameColumn(pl.String(), "The household's township, nine digits."),
        "village_code": FrameColumn(pl.String(), "The household's village, twelve digits."),
        "as_of": FrameColumn(pl.Date(), "The month end."),
        "light": FrameColumn(pl.String(), "green, yellow or red, as `ScoringPolicy.light_level` decides it."),
        "rule_light": FrameColumn(pl.String(), "The worst light of the rules that fired; green where none did."),
        "model_light": FrameColumn(pl.String(), "The light by probability; missing where the model gave none."),
        "probability": FrameColumn(
            pl.Float64(), "Calibrated probability of going bad within the model's horizon; missing once gone bad."
        ),
        "probability_low": FrameColumn(
            pl.Float64(), "Low end of the 95% range of the share that goes bad among loans of this probability."
        ),
        "probability_high": FrameColumn(pl.Float64(), "Its high end; both missing for models of earlier programs."),
        **TIME_TO_BAD_SCHEMA.columns,
        "score_rank": FrameColumn(
            pl.Int64(), "Rank by probability in the month, 1 the riskiest; ties share the better rank."
        ),
        "shadow": FrameColumn(
            pl.Boolean(), "Whether the model has not passed the gate: its probability and reasons then move no light."
        ),
        **{name: FEATURES_SCHEMA.columns[name] for name in STATUS_COLUMNS},
        "incomplete": FrameColumn(pl.List(pl.String()), "Codes of what the loan lacked (LACKS of models.light)."),
        "rules": FrameColumn(FIRED, "The rules that fired: id, light, and whether they are hard."),
        "not_assessable": FrameColumn(pl.List(pl.String()), "Ids of the rules that a missing value leaves undecided."),
        "reasons": FrameColumn(
            pl.List(REASON),
            "At most five features, those that raise the risk first: the loan's value, the township's median (typical)"
            " and the contribution to the log-odds. Codes are in value_code and typical_code.",
        ),
        "base_value": FrameColumn(pl.Float64(), "Calibrated log-odds of the average training row."),
        "outstanding_principal": FrameColumn(pl.Float64(), "Principal that is not repaid, yuan."),
        "days_to_maturity": FrameColumn(pl.Int64(), "Days from as_of to maturity; below zero after it."),
        "days_past_due": FrameColumn(pl.Int64(), "Days since the oldest unpaid due day; 0 where nothing is overdue."),
        "previous_light": FrameColumn(pl.String(), "The loan's light in the previous published month, if it has one."),
        "changes": FrameColumn(
            pl.List(CHANGE),
            "At most three changes of the log-odds since the previous month, the largest first: kind, feature, value"
            " before and after, contribution.",
        ),
        "loan_checks": FrameColumn(
            pl.List(FAILED_CHECK),
            "The checks on the whole loan that it fails (features.loan_checks), with the two amounts or days.",
        ),
        "action": FrameColumn(
            pl.String(),
            "Code of the action that the county's policy assigns to the light, or to a green loan drawn for a trial of"
            " visits (visit_study.drawn_action).",
        ),
        "model_version": FrameColumn(pl.String(), "Number and digest of the model; `none` without one."),
        "policy_version": FrameColumn(pl.String(), "Versions of rules, county policy and thresholds."),
        "data_version": FrameColumn(pl.String(), "Version of the ledger that the month was computed from."),
    }
)
NEWS_SCHEMA = FrameSchema(
    {
        **WARNINGS_SCHEMA.columns,
        "as_of": FrameColumn(pl.Date(), "The day of the news."),
        "light": FrameColumn(pl.String(), "green, yellow or red; missing where the loan is no longer open."),
        "month": FrameColumn(pl.Date(), "The published month end that the news follow."),
        "before": FrameColumn(pl.String(), "Its light before: of earlier news, else of that month; missing if new."),
        "probability_before": FrameColumn(pl.Float64(), "Its probability then."),
        "cause": FrameColumn(pl.String(), "Code of what moved the light (serving.batch.news_cause)."),
        "awaits_payments": FrameColumn(
            pl.Boolean(),
            "Whether its bank has brought no payments since its last due day, so that arrears may be none.",
        ),
        "facts": FrameColumn(
            pl.List(NEW_FACT), "What became known of the household since the month, the newest first, at most twenty."
        ),
    }
)
_COLUMNS: Mapping[str, Mapping[str, pl.DataType]] = {
    "warnings": WARNINGS_SCHEMA.dtypes,
    "news": NEWS_SCHEMA.dtypes,
    "news_features": FEATURES_SCHEMA.dtypes,
    "features": FEATURES_SCHEMA.dtypes,
    "typical": {
        name: dtype for name, dtype in FEATURES_SCHEMA.dtypes.items() if name not in NOT_FEATURES - {"township_code"}
    },
}


def rows_as_declared(kind: str, rows: pl.LazyFrame, as_of: date, columns: Sequence[str] | None = None) -> pl.LazyFrame:
    """Rows of an edition as they are declared today: null in columns added since it was written, `as_of` as a date.

    kind: `warnings`, `features` or `typical`, and of the news of a day `news` and `news_features`. as_of: the edition's
    day. columns: those that are needed; None for all. Where some are missing, columns come in today's order, and those
    that are no longer declared come last.
    """
    names, dtypes = rows.collect_schema().names(), _COLUMNS[kind]
    known = [name for name in dtypes if columns is None or name in columns]
    missing = [pl.lit(None, dtypes[name]).alias(name) for name in known if name not in names]
    if missing:
        rows = rows.with_columns(missing).select(*known, *(name for name in names if name not in known))
    # Files of version 0.1 spell the day as a category of text.
    return rows.with_columns(pl.lit(as_of).alias("as_of")) if kind == "warnings" else rows
