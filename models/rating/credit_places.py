"""Credit villages (信用村) and credit townships (信用乡镇): sums over the grades of every household of a place."""

from __future__ import annotations

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from features.snapshot.amounts import yuan_sum
from models.county_policy.credit_sections import Credit, CreditPlace
from models.disclosure import LEAST_OTHERS, tellable_groups

GRADE_CODES = ("excellent", "good", "fair", "poor")
VERDICTS = ("credit", "below_share", "overdue", "too_little_known", "too_few")
_LEAST_HOUSEHOLDS = LEAST_OTHERS + 1
"""A household of the place that reads a figure has to see LEAST_OTHERS others behind it."""
_BANDS = ("granted", "included", "too_young", "too_old", "unknown")


def _count(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Int64(), meaning)


CREDIT_PLACES_SCHEMA = FrameSchema(
    {
        "code": FrameColumn(pl.String(), "Code of the village, twelve digits, or of the township, nine."),
        "households": _count("Households of the ledger; told whatever the other columns are."),
        **{f"{grade}_households": _count(f"Households of grade {grade}.") for grade in GRADE_CODES},
        "ungraded_households": _count("Households of which too little is known for a grade."),
        "credit_households": _count("Households of a grade that makes a credit household."),
        "credit_share": FrameColumn(pl.Float64(), "Those of all its households."),
        "borrowing_households": _count("Households with an open loan."),
        "overdue_households": _count("Those of them with something overdue."),
        "overdue_share": FrameColumn(pl.Float64(), "Those of the borrowing households; missing without one."),
        **{f"{band}_age_households": _count(f"Households in the band of ages `{band}`.") for band in _BANDS},
        "listed_households": _count(
            "Households of an age that may be granted, with an open default elsewhere: granted unless it is malicious, "
            "which a person has to establish and no table records."
        ),
        "eligible_households": _count("Households of an age that may be granted, and not listed."),
        "limit_households": _count("Those of them whose grade gives a limit: granted."),
        "granted": FrameColumn(pl.Float64(), "Limits of these, yuan."),
        "drawn_households": _count("Those of them that have drawn of it."),
        "drawn": FrameColumn(pl.Float64(), "What they have drawn, yuan."),
        "villages": _count("Villages that are judged; 1 for a village."),
        "credit_villages": _count("Those of them that are credit villages."),
        "verdict": FrameColumn(
            pl.String(), f"One of {', '.join(VERDICTS)}: a credit place, or the first reason why it is none."
        ),
    }
)
_BORROWING = ("borrowing_households", "overdue_households", "overdue_share", "drawn_households", "drawn")


@returns(CREDIT_PLACES_SCHEMA)
def credit_villages(households: pl.DataFrame, policy: Credit) -> pl.DataFrame:
    """The villages of the households: shares by grade, the coverage of grants, and whether each is a credit village.

    Args:
        households: as `household_grades` returns them; those without a known village are in none.
        policy: the grades of a credit household, and the bounds of a credit village.

    Returns:
        One row a village, sorted by code. A village of too few households has no figures but their number, and so has
        the next smallest of its township where the others would tell those of a few; figures of borrowers are missing
        where one bank's would tell another's (`models.disclosure`).

    Example:
        >>> from datetime import date
        >>> from features.household_ledger import household_ledger_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.rating.credit_places import credit_villages
        >>> from models.rating.households import RATING_FACTS, household_grades
        >>> day = date(2025, 12, 31)
        >>> policy = policy_table_of(data).in_force(day)
        >>> ledger = household_ledger_at(day, Ledger(data / "ledger").tables(), RATING_FACTS)
        >>> grades = household_grades(ledger, policy, day)
        >>> villages = credit_villages(grades, policy.credit)
        >>> villages["households"].sum() == grades["village_code"].count()
        True
    """
    township, size = pl.col("code").str.head(9), pl.col("households")
    small = size < _least(policy)
    smaller = (size.cum_sum() - size).over(township)
    needed = small.any().over(township) & (smaller < _LEAST_HOUSEHOLDS)
    in_order = _judged_villages(households, policy).sort("households", "code")
    return _hidden(in_order, small | needed, households, "village_code")


@returns(CREDIT_PLACES_SCHEMA)
def credit_townships(households: pl.DataFrame, policy: Credit) -> pl.DataFrame:
    """The townships of the households, with the sums of their villages, and whether it is a credit township.

    Args:
        households: as `household_grades` returns them.
        policy: the bounds of a credit village and of a credit township.

    Returns:
        One row a township, sorted by code. One of too few households has no figures but their number.
    """
    villages = _judged_villages(households, policy).group_by(pl.col("code").str.head(9).alias("township_code"))
    judged = pl.col("verdict").is_in(("credit", "below_share", "overdue"))
    of_villages = villages.agg(
        judged.sum().cast(pl.Int64).alias("villages"),
        (pl.col("verdict") == "credit").sum().cast(pl.Int64).alias("credit_villages"),
    )
    sums = _sums(households, "township_code", policy).join(of_villages, left_on="code", right_on="township_code")
    share = pl.when(pl.col("villages") > 0).then(pl.col("credit_villages") / pl.col("villages"))
    townships = sums.with_columns(_verdict(share, policy.township, policy))
    return _hidden(townships, pl.col("households") < _least(policy), households, "township_code")


def _judged_villages(households: pl.DataFrame, policy: Credit) -> pl.DataFrame:
    """All villages with their sums and verdicts, also those of few households."""
    sums = _sums(households, "village_code", policy)
    judged = sums.with_columns(_verdict(pl.col("credit_share"), policy.village, policy))
    is_judged = ~pl.col("verdict").is_in(("too_few", "too_little_known"))
    return judged.with_columns(
        is_judged.cast(pl.Int64).alias("villages"),
        (pl.col("verdict") == "credit").cast(pl.Int64).alias("credit_villages"),
    )


def _sums(households: pl.DataFrame, by: str, policy: Credit) -> pl.DataFrame:
    """The sums of the households of each place."""
    grade, band = pl.col("grade"), pl.col("age_band")
    is_of_age, is_listed = band.is_in(("granted", "included")), pl.col("listed").fill_null(False)
    is_eligible = is_of_age & ~is_listed
    has_limit = is_eligible & (pl.col("limit") > 0).fill_null(False)
    has_drawn = has_limit & (pl.col("drawn") > 0)
    flags = {
        **{f"{code}_households": (grade == code).fill_null(False) for code in GRADE_CODES},
        "ungraded_households": grade.is_null(),
        "credit_households": grade.is_in(policy.credit_grades).fill_null(False),
        "borrowing_households": pl.col("open_loans") > 0,
        "overdue_households": pl.col("in_arrears"),
        **{f"{name}_age_households": band == name for name in _BANDS},
        "listed_households": is_of_age & is_listed,
        "eligible_households": is_eligible,
        "limit_households": has_limit,
        "drawn_households": has_drawn,
    }
    placed = households.filter(pl.col(by).is_not_null())
    sums = placed.group_by(pl.col(by).alias("code")).agg(
        pl.len().cast(pl.Int64).alias("households"),
        *(flag.sum().cast(pl.Int64).alias(name) for name, flag in flags.items()),
        yuan_sum(pl.col("limit").filter(has_limit)).alias("granted"),
        yuan_sum(pl.col("drawn").filter(has_limit)).alias("drawn"),
    )
    borrowing = pl.col("borrowing_households")
    return sums.with_columns(
        (pl.col("credit_households") / pl.col("households")).alias("credit_share"),
        pl.when(borrowing > 0).then(pl.col("overdue_households") / borrowing).alias("overdue_share"),
    )


def _verdict(share: pl.Expr, bounds: CreditPlace, policy: Credit) -> pl.Expr:
    """Whether a place is a credit place: `share` of credit households or villages; null where none is judged."""
    graded = 1 - pl.col("ungraded_households") / pl.col("households")
    return (
        pl.when(pl.col("households") < _least(policy))
        .then(pl.lit("too_few"))
        .when((graded < policy.least_graded) | share.is_null())
        .then(pl.lit("too_little_known"))
        .when(share < bounds.from_share)
        .then(pl.lit("below_share"))
        .when((pl.col("overdue_share") > bounds.overdue_up_to).fill_null(False))
        .then(pl.lit("overdue"))
        .otherwise(pl.lit("credit"))
        .alias("verdict")
    )


def _least(policy: Credit) -> int:
    return max(policy.least_households, _LEAST_HOUSEHOLDS)


def _hidden(places: pl.DataFrame, hidden: pl.Expr, households: pl.DataFrame, by: str) -> pl.DataFrame:
    """The places by code, their figures null and their verdict `too_few` where `hidden` holds.

    Figures of borrowers are null also where a bank would learn those of a few households of other banks.
    """
    loans = households.explode("banks").rename({"banks": "bank"}).filter(pl.col("bank").is_not_null())
    tellable = tellable_groups(loans, pl.col(by)).to_list()
    is_told = ~hidden & (pl.col("code").is_in(tellable) | (pl.col("borrowing_households") == 0))
    told = [
        pl.when(is_told if name in _BORROWING else ~hidden).then(name).alias(name)
        for name in CREDIT_PLACES_SCHEMA.columns
        if name not in ("code", "households", "verdict")
    ]
    verdict = pl.when(hidden).then(pl.lit("too_few")).otherwise("verdict").alias("verdict")
    return places.with_columns(*told, verdict).select(*CREDIT_PLACES_SCHEMA.columns).sort("code")
