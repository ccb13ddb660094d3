"""The grade of every household: by each rating for its type, what its limit covers, what is drawn and what is left."""

from __future__ import annotations

from datetime import date
from typing import Literal

import polars as pl

from features.declare import Feature
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.household_ledger import HouseholdLedger
from features.snapshot.amounts import yuan_sum
from models.county_policy.sections import CountyPolicy, Grants
from models.rating.items import DEDUCTIONS, ITEMS
from models.rating.rate import household_ratings

_FACTS = (*(item.fact for item in ITEMS), *(deduction.fact for deduction in DEDUCTIONS))
RATING_FACTS: tuple[Feature, ...] = tuple({fact.name: fact for fact in _FACTS}.values())
"""The features that ratings are made of, for `household_ledger_at`."""
RatingName = Literal["631", "1531"]
AgeBand = Literal["too_young", "granted", "included", "too_old", "unknown"]
_BY_TABLE = {
    "points": (pl.Float64(), "Points of 100 by rating {name}; missing where it is not for this type of household."),
    "grade": (pl.String(), "Grade by rating {name}; missing likewise, and where too little is known."),
    "limit": (pl.Float64(), "Limit of that grade, yuan."),
    "drawn": (pl.Float64(), "Outstanding principal of open loans in the products that this limit covers, yuan."),
}
HOUSEHOLD_GRADES_SCHEMA = FrameSchema(
    {
        "household_id": FrameColumn(pl.String(), "Identifier of the household."),
        "county_code": FrameColumn(pl.String(), "Its county, six digits; null where no village of it is known."),
        "township_code": FrameColumn(pl.String(), "Its township, nine digits; null likewise."),
        "village_code": FrameColumn(pl.String(), "Its village, twelve digits; null likewise."),
        "household_type": FrameColumn(pl.String(), "As in table households."),
        "table": FrameColumn(
            pl.String(), "The rating that sets its grade: the one for its type, else the one for all."
        ),
        "points": FrameColumn(pl.Float64(), "Points of 100 by that rating."),
        "known": FrameColumn(pl.Float64(), "Share of the points whose facts are there."),
        "grade": FrameColumn(pl.String(), "Grade by that rating; missing where too few facts are there."),
        "limit": FrameColumn(pl.Float64(), "Limit of the grade, yuan; missing without a grade."),
        "drawn": FrameColumn(
            pl.Float64(), "Outstanding principal of open loans in the products that the limit covers, yuan."
        ),
        "headroom": FrameColumn(pl.Float64(), "Limit less drawn, not below 0, yuan; missing without a grade."),
        "above_limit": FrameColumn(pl.Float64(), "Drawn less limit, not below 0, yuan; missing without a grade."),
        "rate_one_year": FrameColumn(
            pl.Float64(), "Ceiling of a loan of up to a year less the grade's discount; missing without either."
        ),
        "rate_longer": FrameColumn(pl.Float64(), "The same of a longer loan."),
        "open_loans": FrameColumn(pl.Int64(), "Open loans, of all products."),
        "loans_ever": FrameColumn(pl.Int64(), "Loans it has ever drawn."),
        "lost_loans": FrameColumn(pl.Int64(), "Those of them that were compensated or written off."),
        "outstanding_principal": FrameColumn(pl.Float64(), "Outstanding principal of all open loans, yuan."),
        "banks": FrameColumn(pl.List(pl.String()), "Banks of its open loans, sorted."),
        "in_arrears": FrameColumn(pl.Boolean(), "Whether something is overdue on its open loans."),
        "subsidy_to_come": FrameColumn(pl.Float64(), "Interest that the state is still to pay on its loans, yuan."),
        "years_with_dues": FrameColumn(pl.Int64(), "Whole years in which something was asked of it."),
        "punctual_years": FrameColumn(pl.Int64(), "Those of them in which none of it was paid late."),
        "borrower_age": FrameColumn(pl.Int64(), "Age of the borrower; without a loan, of the head."),
        "age_band": FrameColumn(
            pl.String(), "granted, included (above the age to which all are granted), too_young, too_old, or unknown."
        ),
        "listed": FrameColumn(
            pl.Boolean(), "Whether a default or enforcement elsewhere is open; null where not known."
        ),
        **{
            f"{column}_{name}": FrameColumn(dtype, meaning.format(name=name))
            for name in ("631", "1531")
            for column, (dtype, meaning) in _BY_TABLE.items()
        },
    }
)


@returns(HOUSEHOLD_GRADES_SCHEMA)
def household_grades(ledger: HouseholdLedger, policy: CountyPolicy, as_of: date) -> pl.DataFrame:
    """The grade of every household, with its limit and what is drawn of it.

    Args:
        ledger: of the day, with RATING_FACTS.
        policy: in force on the day.
        as_of: the day.

    Returns:
        One row for each household, sorted by household_id. `points` and `grade` of a borrower are those of
        `household_ratings` over its open loans.

    Example:
        >>> from datetime import date
        >>> from features.household_ledger import household_ledger_at
        >>> from features.ledger.ledger import Ledger
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.rating.households import RATING_FACTS, household_grades
        >>> day = date(2025, 12, 31)
        >>> ledger = household_ledger_at(day, Ledger(data / "ledger").tables(), RATING_FACTS)
        >>> grades = household_grades(ledger, policy_table_of(data).in_force(day), day)
        >>> grades.height == ledger.facts["household_id"].n_unique()
        True
        >>> bool((grades["headroom"].drop_nulls() >= 0).all())
        True
    """
    households = ledger.facts.unique("household_id", keep="first", maintain_order=True).select(
        *("household_id", "county_code", "township_code", "village_code", "household_type"),
        (pl.col("default_elsewhere") > 0).alias("listed"),
        (pl.col("household_overdue_amount") > 0).alias("overdue"),
    )
    main = pl.lit(None, pl.String)
    for name, table in sorted(policy.ratings.items(), key=lambda each: len(each[1].for_types)):  # the one for all first
        households = households.join(_by_table(ledger, policy, name), on="household_id", how="left")
        is_for_type = pl.col("household_type").is_in(table.for_types) if table.for_types else pl.lit(True)
        main = pl.when(is_for_type.fill_null(False)).then(pl.lit(name)).otherwise(main)
    is_open, ceilings = pl.col("is_open"), policy.rates.on(as_of)
    of_loans = ledger.loans.group_by("household_id").agg(
        is_open.sum().cast(pl.Int64).alias("open_loans"),
        pl.len().cast(pl.Int64).alias("loans_ever"),
        pl.col("lost_on").count().cast(pl.Int64).alias("lost_loans"),
        *(yuan_sum(pl.col(name).filter(is_open)).alias(name) for name in ("outstanding_principal", "subsidy_to_come")),
        pl.col("bank").filter(is_open).unique().sort().alias("banks"),
    )
    of_main = [
        pl.coalesce(pl.when(pl.col("table") == name).then(f"{column}_{name}") for name in policy.ratings).alias(column)
        for column in ("points", "known", "grade", "limit", "discount", "drawn")
    ]
    rates = [
        pl.lit(getattr(ceilings[1], term) if ceilings else None, pl.Float64) - pl.col("discount")
        for term in ("one_year", "longer")
    ]
    return (
        households.join(of_loans, on="household_id", how="left")
        .join(ledger.years, on="household_id", how="left")
        .join(ledger.people, on="household_id", how="left")
        .with_columns(
            pl.col("open_loans", "loans_ever", "lost_loans", "years_with_dues", "punctual_years").fill_null(0),
            pl.col("outstanding_principal", "subsidy_to_come").fill_null(0.0),
            pl.col("banks").fill_null(pl.lit([], pl.List(pl.String))),
            main.alias("table"),
        )
        .with_columns(
            *of_main,
            (pl.col("overdue") & (pl.col("open_loans") > 0)).fill_null(False).alias("in_arrears"),
            age_band(policy.grants).alias("age_band"),
        )
        .with_columns(
            (pl.col("limit") - pl.col("drawn")).clip(lower_bound=0).alias("headroom"),
            (pl.col("drawn") - pl.col("limit")).clip(lower_bound=0).alias("above_limit"),
            rates[0].clip(lower_bound=0).round(6).alias("rate_one_year"),
            rates[1].clip(lower_bound=0).round(6).alias("rate_longer"),
        )
        .select(*HOUSEHOLD_GRADES_SCHEMA.columns)
        .sort("household_id")
    )


def age_band(grants: Grants) -> pl.Expr:
    """The band of the column `borrower_age` in the policy's ages: AgeBand."""
    age = pl.col("borrower_age")
    return (
        pl.when(age.is_null())
        .then(pl.lit("unknown"))
        .when(age < grants.youngest)
        .then(pl.lit("too_young"))
        .when(age <= grants.granted_to)
        .then(pl.lit("granted"))
        .when(age <= grants.oldest)
        .then(pl.lit("included"))
        .otherwise(pl.lit("too_old"))
    )


def _by_table(ledger: HouseholdLedger, policy: CountyPolicy, name: RatingName) -> pl.DataFrame:
    """Points, grade, limit, discount, and what is drawn of the limit by one rating, for the households of its types.

    A household of a type that is not known is rated by every table.
    """
    table, facts = policy.ratings[name], ledger.facts
    rating = household_ratings(facts, table, policy.points).select("points", "known", "grade")
    rows = facts.select("household_id", "household_type").hstack(rating).unique("household_id", keep="first")
    if table.for_types:
        rows = rows.filter(pl.col("household_type").is_in(table.for_types) | pl.col("household_type").is_null())
    is_covered = pl.col("is_open") & pl.col("product").is_in(policy.credit.products[name]).fill_null(False)
    drawn = ledger.loans.group_by("household_id").agg(
        yuan_sum(pl.col("outstanding_principal").filter(is_covered)).alias("drawn")
    )
    grade_numbers = [
        pl.col("grade").replace_strict(
            {grade.code: getattr(grade, number) for grade in table.grades}, default=None, return_dtype=pl.Float64
        )
        for number in ("limit", "rate_discount")
    ]
    rated = rows.with_columns(grade_numbers[0].alias("limit"), grade_numbers[1].alias("discount"))
    in_full = rated.join(drawn, on="household_id", how="left").with_columns(pl.col("drawn").fill_null(0.0))
    return in_full.drop("household_type").rename(
        {column: f"{column}_{name}" for column in ("points", "known", "grade", "limit", "discount", "drawn")}
    )
