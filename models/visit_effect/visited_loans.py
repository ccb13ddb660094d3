"""The loans of a month with what became of them: whether a visit counts for the light, and how they are compared."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.county_policy.sections import VisitStudy
from models.policy import Policy

VISITS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "visited_on": FrameColumn(pl.Date(), "Day of a visit."),
    }
)
LIGHTS_AND_LABELS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "household_id": FrameColumn(pl.String(), "The household that owes it."),
        "light": FrameColumn(pl.String(), "The published light: green, yellow or red."),
        "previous_light": FrameColumn(pl.String(), "That of the month before; missing for a new loan."),
        "status": FrameColumn(pl.String(), "performing or probation."),
        "has_hard_rule": FrameColumn(pl.Boolean(), "Whether a hard rule fired."),
        "probability": FrameColumn(pl.Float64(), "The published probability of going bad."),
        "bad_on": FrameColumn(pl.Date(), "Day on which the loan is bad next, by all data; missing where it is not."),
    },
    extra="the column that the light policy goes by",
)
"""What is known of a month's loans before visits are counted: input of `visited_loans`."""
VISITED_LOANS_SCHEMA = FrameSchema(
    {
        "as_of": FrameColumn(pl.Date(), "Month end of the light."),
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "household_id": FrameColumn(pl.String(), "The household that owes it."),
        "light": FrameColumn(pl.String(), "The published light."),
        "probability": FrameColumn(pl.Float64(), "The published probability of going bad."),
        "bad": FrameColumn(pl.Int8(), "1 where the loan went bad within the horizon, else 0."),
        "visited": FrameColumn(pl.Boolean(), "Whether a visit counts for the light (LightWindow)."),
        "rank": FrameColumn(
            pl.Int64(),
            "Rank from the yellow threshold: 1, 2, ... upwards, -1, -2, ... downwards; missing where the light would be"
            " the same on the other side (hard rules, probation, not green the month before), and for loans that were"
            " drawn, or visited before.",
        ),
        "above": FrameColumn(pl.Float64(), "Probability less the threshold, for ranked loans."),
        "width": FrameColumn(pl.Int64(), "Ranks on each side of the threshold that are compared in the month."),
        "drawn": FrameColumn(
            pl.Boolean(), "Of loans near the threshold in a trial, whether they were drawn; missing for others."
        ),
        "visited_before": FrameColumn(
            pl.Boolean(), "Whether the loan was visited within the horizon's length before the publication."
        ),
        "draw": FrameColumn(pl.Int64(), "Number of the draw: a loan keeps it for `drawn_months` months."),
        "weight": FrameColumn(pl.Float64(), "Of such a loan: 1 / the chance of its arm."),
    }
)
_DRAWS = 2**32


@dataclass(frozen=True)
class LightWindow:
    """The days on which a visit counts for the lights of a month.

    It counts from the day on which the month was published to the last day of the horizon, and before the day on which
    the loan goes bad: a later visit cannot have changed the label.
    """

    as_of: date
    published_on: date
    ends_on: date


@returns(VISITED_LOANS_SCHEMA)
def visited_loans(
    loans: pl.DataFrame, visits: pl.DataFrame, window: LightWindow, policy: Policy, study: VisitStudy
) -> pl.DataFrame:
    """The loans of a month with their outcomes, their visits, and the comparisons in which they stand.

    Args:
        loans: of one month, that a model scored, in the columns of LIGHTS_AND_LABELS_SCHEMA.
        visits: of any loans and days, in the columns of VISITS_SCHEMA.
        window: the days on which a visit counts.
        policy: the thresholds of the month's model.
        study: the numbers of the study that were in force.

    Example:
        >>> from datetime import date
        >>> import polars as pl
        >>> from models.county_policy.policy_table import shipped_policy_table
        >>> from models.policy import Policy
        >>> from models.visit_effect.visited_loans import LightWindow, visited_loans
        >>> loan = {"household_id": "H", "previous_light": "green", "status": "performing", "has_hard_rule": False}
        >>> loans = pl.DataFrame(
        ...     [
        ...         {"loan_id": "L1", "light": "yellow", "probability": 0.2, "bad_on": date(2025, 3, 1), **loan},
        ...         {"loan_id": "L2", "light": "green", "probability": 0.1, "bad_on": None, **loan},
        ...     ]
        ... )
        >>> visits = pl.DataFrame({"loan_id": ["L1"], "visited_on": [date(2025, 2, 10)]})
        >>> window = LightWindow(date(2025, 1, 31), date(2025, 2, 5), date(2025, 7, 31))
        >>> study = shipped_policy_table().policies[-1].visit_study
        >>> rows = visited_loans(loans, visits, window, Policy(0.15, 0.4, "capacity"), study)
        >>> rows.select("loan_id", "bad", "visited", "rank").rows()
        [('L1', 1, True, 1), ('L2', 0, False, -1)]
    """
    before = window.published_on - (window.ends_on - window.as_of)
    recent = visits.filter(pl.col("visited_on").is_between(before, window.published_on, closed="left"))
    within = visits.filter(pl.col("visited_on").is_between(window.published_on, window.ends_on))
    first = within.group_by("loan_id").agg(pl.col("visited_on").min())
    is_recent = pl.col("loan_id").is_in(recent["loan_id"].unique().implode())
    is_drawn = drawn_for_trial(study, window.as_of) if study.drawn_share else pl.lit(None, pl.Boolean)
    chance = pl.when(pl.col("drawn")).then(study.drawn_share).otherwise(1 - study.drawn_share)
    rows = loans.join(first, on="loan_id", how="left", maintain_order="left").with_columns(
        pl.lit(window.as_of).alias("as_of"),
        (pl.col("bad_on") <= window.ends_on).fill_null(False).cast(pl.Int8).alias("bad"),
        (pl.col("visited_on") < pl.col("bad_on").fill_null(date.max)).fill_null(False).alias("visited"),
        policy.threshold("yellow_from").alias("threshold"),
        pl.when(near_threshold(policy, study)).then(is_drawn).alias("drawn"),
        is_recent.alias("visited_before"),
        pl.lit(draw_number(study, window.as_of), pl.Int64).alias("draw"),
    )
    newly_judged = (
        (pl.col("status") == "performing")
        & ~pl.col("has_hard_rule")
        & (pl.col("previous_light").fill_null("green") == "green")
        & ~pl.col("drawn").fill_null(False)
        & ~is_recent
    )
    distance = pl.when(newly_judged).then(pl.col("probability") - pl.col("threshold"))
    is_lit, group = pl.col("light") != "green", policy.group_columns or ("as_of",)
    upwards = distance.rank("ordinal").over(*group, "lit")
    downwards = distance.rank("ordinal", descending=True).over(*group, "lit")
    return (
        rows.with_columns(is_lit.alias("lit"))
        .with_columns(
            pl.when(is_lit).then(upwards.cast(pl.Int64)).otherwise(-downwards.cast(pl.Int64)).alias("rank"),
            distance.alias("above"),
            (study.margin * newly_judged.sum().over(*group)).ceil().cast(pl.Int64).alias("width"),
            pl.when(pl.col("drawn").is_not_null()).then(1 / chance).alias("weight"),
        )
        .select(*VISITED_LOANS_SCHEMA.columns)
    )


def near_threshold(policy: Policy, study: VisitStudy) -> pl.Expr:
    """Whether each loan is green, performing and so near the yellow threshold that it may be drawn for the trial.

    It reads `light`, `status`, `probability` and the column that the policy goes by. A green loan has no hard rule.
    """
    is_near = pl.col("probability") >= study.drawn_from * policy.threshold("yellow_from")
    return ((pl.col("light") == "green") & (pl.col("status") == "performing") & is_near).fill_null(False)


def draw_number(study: VisitStudy, as_of: date) -> int:
    """The number of the draw that a month belongs to: every `drawn_months` calendar months there is a new one."""
    return (12 * as_of.year + as_of.month - 1) // study.drawn_months


def drawn_for_trial(study: VisitStudy, as_of: date) -> pl.Expr:
    """Whether each loan is drawn in a month, by its `loan_id`, the month and the study's seed alone.

    A loan keeps its draw for `drawn_months` months.
    """
    number = draw_number(study, as_of)

    def draws(loans: pl.Series) -> pl.Series:
        keys = [f"{study.seed}:{study.drawn_months}:{number}:{loan}".encode() for loan in loans]
        numbers = [int.from_bytes(hashlib.sha256(key).digest()[:4]) for key in keys]
        return pl.Series(numbers, dtype=pl.Int64) < study.drawn_share * _DRAWS

    return pl.col("loan_id").map_batches(draws, return_dtype=pl.Boolean)
