"""How many loans went bad, by whether the light was on and whether the loan was visited, beside what was foretold."""

from __future__ import annotations

import math

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.jeffreys import jeffreys_interval

OUTCOME_RATES_SCHEMA = FrameSchema(
    {
        "lit": FrameColumn(pl.Boolean(), "Whether the light was yellow or red."),
        "visited": FrameColumn(pl.Boolean(), "Whether a visit counts for the light (LightWindow)."),
        "loans": FrameColumn(pl.Int64(), "Loan-months: a loan counts in each matured month."),
        "bad": FrameColumn(pl.Int64(), "Of these, those that went bad within the horizon."),
        "rate": FrameColumn(pl.Float64(), "bad / loans; missing without a loan."),
        "low": FrameColumn(pl.Float64(), "Lower end of the rate's 95% interval."),
        "high": FrameColumn(pl.Float64(), "Upper end of it."),
        "foretold": FrameColumn(pl.Float64(), "Mean of the published probabilities."),
    }
)


@returns(OUTCOME_RATES_SCHEMA)
def outcome_rates(rows: pl.DataFrame) -> pl.DataFrame:
    """Loan-months and those gone bad, of lit and green loans, visited or not; four rows.

    The intervals are Jeffreys', of as many independent loans as would vary like these, whose households have several
    months and loans. The rows do not tell the effect of visits: officers choose whom they visit, and a loan that goes
    bad early can no longer be visited in time.

    rows: in the columns of `VISITED_LOANS_SCHEMA`, of matured months.
    """
    groups = [(lit, visited) for lit in (True, False) for visited in (True, False)]
    is_lit = pl.col("light") != "green"
    return pl.DataFrame(
        [
            {"lit": lit, "visited": visited, **rate_cells(rows.filter(is_lit == lit, pl.col("visited") == visited))}
            for lit, visited in groups
        ],
        OUTCOME_RATES_SCHEMA.dtypes,
    )


def rate_cells(rows: pl.DataFrame) -> dict[str, float | int | None]:
    """The cells of one group of loan-months; `loans` and `bad` alone where there is none."""
    loans, bad = rows.height, int(rows["bad"].sum())
    if not loans:
        return {"loans": 0, "bad": 0, "rate": None, "low": None, "high": None, "foretold": None}
    deviations = rows.select("household_id", off=pl.col("bad") - pl.col("bad").mean())
    by_household = deviations.group_by("household_id").agg(
        pl.col("off").sum(), (pl.col("off") ** 2).sum().alias("alone")
    )
    alone = math.fsum(by_household["alone"])
    effect = max(math.fsum(by_household["off"] ** 2) / alone, 1.0) if alone else 1.0
    low, high = jeffreys_interval(bad / effect, loans / effect)
    foretold = math.fsum(rows["probability"]) / loans
    return {"loans": loans, "bad": bad, "rate": bad / loans, "low": low, "high": high, "foretold": foretold}
