"""County figures: the median, or another quantile, of a feature in each county, which rules may compare with."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema, returns
from models.disclosure import DISCLOSURE_COLUMNS, tellable_groups
from models.traffic_light.rule import Rule

CountyFigures = Mapping[str, Mapping[str, float]]
"""By county code, the value of each figure that may be told."""
COUNTY_FIGURES_SCHEMA = FrameSchema(
    {
        "county_code": FrameColumn(pl.String(), "The county."),
        "figure": FrameColumn(pl.String(), "Name of the figure (`Condition.county_figure`)."),
        "value": FrameColumn(
            pl.Float64(), "Its value; there is no row where it may not be told (`models.disclosure`)."
        ),
    }
)
WITH_FIGURES_SCHEMA = FrameSchema({}, extra="the columns that were passed in, and one of each figure of the rules")


def figure_columns(rules: tuple[Rule, ...]) -> list[str]:
    """The columns of a feature frame that the county figures of these rules need; empty where they have none."""
    names = {each.feature.name for rule in rules for each in rule.conditions if each.county_figure}
    return [*DISCLOSURE_COLUMNS, "county_code", "has_gone_bad", *sorted(names)] if names else []


@returns(COUNTY_FIGURES_SCHEMA)
def county_figures(features: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """The figures of each county that the rules compare with, by the loans of a month that have not gone bad.

    A household counts once for each value that its loans have.

    Args:
        features: of all loans of the counties, with the columns `figure_columns`.
        rules: those in force.

    Returns:
        A row for each county and figure, sorted.

    Example:
        >>> from datetime import date
        >>> from features.income import income_per_head
        >>> from features.messages import Bilingual
        >>> from models.traffic_light.rule import Colour, Condition
        >>> words = Bilingual("低于全县 {county_income_per_head}", "below {county_income_per_head} in the county")
        >>> low = Condition(income_per_head, "<", 0.5, county_quantile=0.5)
        >>> rule = Rule("R203", Colour.YELLOW, (low,), words, "notice", date(2026, 1, 1))
        >>> loans = pl.DataFrame({"income_per_head": [1.0, 2.0, 3.0, 5.0, 6.0, 9.0]}).with_columns(
        ...     pl.lit("640323").alias("county_code"),
        ...     pl.lit(False).alias("has_gone_bad"),
        ...     pl.lit("Rural Bank").alias("bank"),
        ...     pl.lit("640323100").alias("township_code"),
        ...     pl.lit("640323100001").alias("village_code"),
        ...     household_id=pl.Series([f"H{number}" for number in range(6)]),
        ... )
        >>> county_figures(loans, (rule,)).rows()
        [('640323', 'county income_per_head 0.5', 4.0)]
    """
    conditions = {each.county_figure: each for rule in rules for each in rule.conditions if each.county_figure}
    frames = [COUNTY_FIGURES_SCHEMA.empty()]
    for figure, condition in sorted(conditions.items()):
        value = pl.col(condition.feature.name)
        sound = features.filter(~pl.col("has_gone_bad"), value.is_not_null(), pl.col("county_code").is_not_null())
        by_county = sound.unique(["household_id", condition.feature.name]).group_by("county_code")
        figures = by_county.agg(
            pl.lit(figure).alias("figure"),
            value.quantile(condition.county_quantile or 0.0, "linear").alias("value"),
        )
        counties = tellable_groups(sound, pl.col("county_code"))
        frames.append(figures.filter(pl.col("county_code").is_in(counties.implode())))
    return pl.concat(frames).sort("county_code", "figure")


def figures_by_county(figures: pl.DataFrame) -> CountyFigures:
    """The rows of COUNTY_FIGURES_SCHEMA by county and figure."""
    by_county: dict[str, dict[str, float]] = {}
    for county, figure, value in figures.rows():
        by_county.setdefault(county, {})[figure] = value
    return by_county


@returns(WITH_FIGURES_SCHEMA)
def with_county_figures(features: pl.DataFrame, figures: CountyFigures, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """Loans with the figures of their county that the rules compare with; missing where there is none."""
    names = sorted({each.county_figure for rule in rules for each in rule.conditions if each.county_figure})
    county = pl.col("county_code")
    return features.with_columns(
        county.replace_strict(
            {code: of_county[name] for code, of_county in figures.items() if name in of_county},
            default=None,
            return_dtype=pl.Float64,
        ).alias(name)
        for name in names
    )
