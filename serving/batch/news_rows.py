"""The news of a day: a row for each loan whose light is another than before, that is new, or that is closed."""

from __future__ import annotations

from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from serving.batch.news_cause import PAYMENTS, light_cause
from serving.months.published_frames import NEW_FACT, NEWS_SCHEMA

_MOST_FACTS = 20
"""Facts of a household that its news name; a household has few in a month."""
FACT_COLUMNS = ("table", "happened_on", "known_on")
_IDENTITY = ("household_id", "bank", "county_code", "township_code", "village_code")
_ENDS = ("settled", "renewed", "compensated", "written_off")
CLOSING_EVENTS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "ended_by": FrameColumn(pl.String(), "settled, renewed, compensated or written_off."),
    }
)
_IS_WITHDRAWN = (pl.col("withdrawn") == "true").fill_null(False)


@returns(NEWS_SCHEMA)
def loan_news(
    warnings: pl.DataFrame,
    before: pl.DataFrame,
    facts: pl.DataFrame,
    ledger: Ledger,
    month: date,
    as_of: date,
    rules_decide: bool,
) -> pl.DataFrame:
    """The loans whose light on a day is another than before, with what moved it.

    Args:
        warnings: of all open loans on the day, in the columns of WARNINGS_SCHEMA.
        before: the lights before, in the columns of LIGHTS_BEFORE_SCHEMA.
        facts: what became known since the month, in the columns of NEW_FACTS_SCHEMA.
        ledger: as it was at the day's data version; says how closed loans ended.
        month: the published month end that the news follow.
        as_of: the day.
        rules_decide: whether rules that are not hard move the light, since no model does.

    Returns:
        The news in the columns of NEWS_SCHEMA, sorted by `loan_id`.
    """
    renamed = {name: f"{name}_before" for name in ("light", "status", "probability", "rules", "incomplete", *_IDENTITY)}
    earlier = before.drop("model_light").rename(renamed)
    rows = warnings.cast({pl.Categorical: pl.String}).join(earlier, on="loan_id", how="full", coalesce=True)
    moved = rows.filter(pl.col("light").ne_missing(pl.col("light_before")))
    moved = moved.with_columns(
        *(pl.coalesce(name, f"{name}_before").alias(name) for name in _IDENTITY),
        pl.lit(as_of).alias("as_of"),
        pl.lit(month).alias("month"),
        pl.col("light_before").alias("before"),
        pl.col("rules_before").fill_null([]).alias("fired_before"),
        pl.lit(rules_decide).alias("rules_decide"),
        pl.col("incomplete").list.contains(PAYMENTS).fill_null(False).alias("awaits_payments"),
        *(pl.col(name).fill_null([]) for name in ("rules", "changes", "incomplete", "incomplete_before")),
    )
    closed = moved.filter(pl.col("light").is_null())["loan_id"]
    moved = moved.join(_facts_of_loans(facts, moved), on="loan_id", how="left")
    moved = moved.with_columns(pl.col("facts").fill_null([]))
    moved = moved.join(closing_events(ledger, closed, as_of), on="loan_id", how="left")
    moved = moved.with_columns(pl.col("ended_by").fill_null("repaid"))
    causes = pl.Series("cause", [light_cause(row) for row in moved.to_dicts()], pl.String)
    return moved.with_columns(causes).select(list(NEWS_SCHEMA.columns)).cast(NEWS_SCHEMA.dtypes).sort("loan_id")


def _facts_of_loans(facts: pl.DataFrame, loans: pl.DataFrame) -> pl.DataFrame:
    """The facts about each loan and about its household, the newest first; those of its other loans are not told.

    Another loan may be another bank's, whose officers alone see it.
    """
    of_household = facts.filter(pl.col("loan_id").is_null()).drop("loan_id")
    ids = loans.select("loan_id", "household_id")
    of_loan = facts.join(ids, on=["loan_id", "household_id"]).select("loan_id", *FACT_COLUMNS)
    both = pl.concat([ids.join(of_household, on="household_id").select("loan_id", *FACT_COLUMNS), of_loan])
    fact = pl.struct(FACT_COLUMNS).cast(NEW_FACT).head(_MOST_FACTS).alias("facts")
    return newest_facts_first(both).group_by("loan_id", maintain_order=True).agg(fact)


def newest_facts_first(facts: pl.DataFrame) -> pl.DataFrame:
    """Facts by the day they became known, then by the day they happened, the newest first."""
    return facts.sort("known_on", "happened_on", "table", descending=[True, True, False], nulls_last=True)


@returns(CLOSING_EVENTS_SCHEMA)
def closing_events(ledger: Ledger, loans: pl.Series, as_of: date) -> pl.DataFrame:
    """How loans ended that are no longer open: by the newest event known, by the loan that renews them, else repaid.

    Returns `loan_id` and `ended_by` of those that an event or a renewal ended.
    """
    known = pl.col("known_on") <= as_of
    events = (
        ledger.scan("loan_events")
        .filter(pl.col("loan_id").is_in(loans.implode()) & known & pl.col("kind").is_in(_ENDS) & ~_IS_WITHDRAWN)
        .sort("occurred_on", "known_on")
        .select("loan_id", pl.col("kind").alias("ended_by"))
    )
    renewals = (
        ledger.scan("loans")
        .filter(
            pl.col("renews_loan_id").is_in(loans.implode()) & known & (pl.col("renews_loan_id") != pl.col("loan_id"))
        )
        .select(pl.col("renews_loan_id").alias("loan_id"), pl.lit("renewed").alias("ended_by"))
    )
    return pl.concat([renewals, events]).collect().unique("loan_id", keep="last", maintain_order=True)
