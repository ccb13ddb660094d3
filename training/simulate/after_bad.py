"""Measures of what becomes of bad loans in a simulated county, and of what banks book and take back."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from training.simulate.measured import MeasuredCounty

_YEAR = timedelta(days=365)
_LOST = ("compensated", "written_off")
_LATE_RELIEF = ("extended", "renewed")


def standing_events(county: MeasuredCounty) -> pl.DataFrame:
    """The newest version of each event of a loan, without those withdrawn."""
    events = county.tables["loan_events"].sort("known_on").unique(["loan_id", "kind", "occurred_on"], keep="last")
    return events.filter((pl.col("withdrawn") != "true").fill_null(True))


def year_old_spells(county: MeasuredCounty) -> pl.DataFrame:
    """The times that loans were bad that began a year or more before the last day reported."""
    newest = county.tables["payments"].select(pl.col("known_on").max()).to_series()
    return county.spells.join(newest.to_frame("reported"), how="cross").filter(
        pl.col("bad_on") <= pl.col("reported") - _YEAR
    )


def paid_up_share(county: MeasuredCounty) -> float:
    """Share of the times bad whose arrears ended within a year."""
    ended = (pl.col("arrears_ended_on") <= pl.col("bad_on") + _YEAR).fill_null(False)
    return float(year_old_spells(county).select(ended.mean()).item())


def partly_paid_share(county: MeasuredCounty) -> float:
    """Share of the times bad in which the borrower paid something that did not end the arrears."""
    spells = year_old_spells(county)
    payments = county.tables["payments"].filter(pl.col("payer") == "borrower").select("loan_id", "paid_on")
    lasting = (pl.col("paid_on") < pl.col("arrears_ended_on")).fill_null(True)
    within = spells.join(payments, on="loan_id").filter(pl.col("paid_on") >= pl.col("bad_on"), lasting)
    return within.select("loan_id", "bad_on").unique().height / spells.height


def late_relief_share(county: MeasuredCounty) -> float:
    """Share of the times bad that ended by an extension or a renewal."""
    spells = year_old_spells(county)
    relieved = standing_events(county).filter(pl.col("kind").is_in(_LATE_RELIEF)).select("loan_id", "occurred_on")
    same_day = spells.join(
        relieved.unique(), left_on=["loan_id", "arrears_ended_on"], right_on=["loan_id", "occurred_on"], how="semi"
    )
    return same_day.height / spells.height


def lost_share(county: MeasuredCounty) -> float:
    """Share of the times bad of loans that were compensated or written off."""
    spells = year_old_spells(county)
    lost = standing_events(county).filter(pl.col("kind").is_in(_LOST))
    return spells.filter(pl.col("arrears_ended_on").is_null()).join(lost, on="loan_id", how="semi").height / max(
        spells.height, 1
    )


def rest_schedule_share(county: MeasuredCounty) -> float:
    """Share of the extended loans whose later schedule asks for less than was lent."""
    loans = county.tables["loans"].unique("loan_id").select("loan_id", "principal")
    asked = county.tables["instalments"].group_by("loan_id", "schedule_no").agg(pl.col("principal_due").sum())
    later = asked.filter(pl.col("schedule_no") > 1).join(loans, on="loan_id")
    return float(later.select((pl.col("principal_due") < pl.col("principal") - 1).mean()).item())


def reversal_share(county: MeasuredCounty) -> float:
    """Share of payments that are below zero."""
    is_reversal = (pl.col("principal_paid") < 0) | (pl.col("interest_paid") < 0)
    return float(county.tables["payments"].select(is_reversal.mean()).item())


def withdrawn_share(county: MeasuredCounty) -> float:
    """Share of the events of loans that were withdrawn."""
    events = county.tables["loan_events"].group_by("loan_id", "kind", "occurred_on").agg(pl.col("withdrawn").max())
    return float(events.select((pl.col("withdrawn") == "true").fill_null(False).mean()).item())


def refunded_share(county: MeasuredCounty) -> float:
    """Share of the subsidised loans whose households pay the interest and are paid back."""
    loans = county.tables["loans"].unique("loan_id").filter(pl.col("subsidy_share") > 0)
    return float(loans.select((pl.col("subsidy_manner") == "refund").mean()).item())
