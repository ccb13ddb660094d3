"""The warning: one row for each open loan, by one function for batch, interface and page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from models.bundle import Bundle
from models.county_policy.sections import CountyPolicy
from models.explain import REASON, reasons
from models.light import Light
from models.traffic_light.declare import Rule
from models.traffic_light.judge import as_codes, as_levels, judged
from models.traffic_light.rules import rules_version

CHANGE = pl.Struct(
    {
        "kind": pl.String,
        "feature": pl.String,
        "before": pl.Float64,
        "after": pl.Float64,
        "contribution": pl.Float64,
    }
)
NO_MODEL = "none"
_FROM_FEATURES = (
    "loan_id",
    "household_id",
    "bank",
    "county_code",
    "township_code",
    "village_code",
    "outstanding_principal",
    "days_to_maturity",
    "days_past_due",
)
_ORDER = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code", "as_of"),
    *("light", "rule_light", "model_light", "probability", "score_rank", "rules", "not_assessable"),
    *("reasons", "base_value", "outstanding_principal", "days_to_maturity", "days_past_due"),
    *("previous_light", "changes", "action", "model_version", "policy_version", "data_version"),
)


@dataclass(frozen=True)
class Judges:
    """What turns features into lights: the rules and the county's policy in force, the champion (None: rule light
    only), the data's name."""

    rules: tuple[Rule, ...]
    county: CountyPolicy
    bundle: Bundle | None
    data_version: str

    @property
    def model_version(self) -> str:
        return self.bundle.version if self.bundle else NO_MODEL

    @property
    def policy_version(self) -> str:
        thresholds = self.bundle.policy.version if self.bundle else NO_MODEL
        return f"{rules_version(self.rules)}-{self.county.version}-{thresholds}"


def warnings_of(
    features: pl.DataFrame, typical: pl.DataFrame, previous: pl.DataFrame, judges: Judges, as_of: date
) -> pl.DataFrame:
    """The contract's warning for each row of `features`; `score_rank` is left to `ranked`.

    typical: medians by township. previous: `loan_id`, `previous_light`, `previous_model_light` of the month before.
    A loan that has gone bad is red and has no probability. Without a model the light is the rule light.
    """
    rows = features.select(*_FROM_FEATURES, "has_gone_bad").hstack(judged(features, judges.rules))
    scored = _scored(features.filter(~pl.col("has_gone_bad")), typical, previous, judges.bundle)
    joined = rows.join(scored, on="loan_id", how="left", maintain_order="left")
    lit = joined.join(
        previous.drop("previous_model_light"), on="loan_id", how="left", maintain_order="left"
    ).with_columns(_light(judges.bundle).alias("level"))
    return lit.with_columns(
        as_codes(pl.col("level")).alias("light"),
        pl.col("level")
        .replace_strict({int(light): judges.county.actions.of(light).code for light in Light})
        .alias("action"),
        pl.lit(as_of).alias("as_of"),
        pl.lit(None, pl.Int64).alias("score_rank"),
        pl.col("reasons").fill_null(pl.lit([], dtype=pl.List(REASON))),
        pl.lit([], dtype=pl.List(CHANGE)).alias("changes"),
        pl.col("days_to_maturity", "days_past_due").cast(pl.Int64),
        pl.lit(judges.model_version).alias("model_version"),
        pl.lit(judges.policy_version).alias("policy_version"),
        pl.lit(judges.data_version).alias("data_version"),
    ).select(_ORDER)


def ranked(warnings: pl.DataFrame, among: pl.Series) -> pl.DataFrame:
    """With `score_rank`: 1 is the riskiest, ties share the better rank, listed by loan_id.

    among: the probabilities of all loans that are ranked together, ascending.
    """
    safer = pl.Series("safer", among.search_sorted(warnings["probability"], side="right")).cast(pl.Int64)
    rank = pl.when(pl.col("probability").is_not_null()).then(len(among) + 1 - pl.lit(safer))
    return warnings.with_columns(rank.alias("score_rank")).sort("loan_id")


def _scored(
    features: pl.DataFrame, typical: pl.DataFrame, previous: pl.DataFrame, bundle: Bundle | None
) -> pl.DataFrame:
    """`probability`, `model_light`, `reasons` and `base_value` of loans that have not gone bad."""
    ids = features.select("loan_id")
    if bundle is None:
        return ids.with_columns(
            pl.lit(None, pl.Float64).alias("probability"),
            pl.lit(None, pl.String).alias("model_light"),
            pl.lit([], dtype=pl.List(REASON)).alias("reasons"),
            pl.lit(None, pl.Float64).alias("base_value"),
        )
    probability = pl.Series("probability", bundle.probability(features), dtype=pl.Float64)
    known = features.with_columns(probability).join(previous, on="loan_id", how="left", maintain_order="left")
    level = bundle.policy.level(pl.col("probability"), as_levels(pl.col("previous_model_light")))
    lit = known.select("loan_id", "probability", as_codes(level).alias("model_light"))
    return lit.hstack(reasons(features, typical, bundle))


def _light(bundle: Bundle | None) -> pl.Expr:
    """The worse of the hard rules' light and the model's; red once it has gone bad."""
    judged_level = (
        as_levels(pl.col("rule_light"))
        if bundle is None
        else pl.max_horizontal(as_levels(pl.col("hard_light")), as_levels(pl.col("model_light")))
    )
    return pl.when(pl.col("has_gone_bad")).then(int(Light.RED)).otherwise(judged_level).cast(pl.Int8)
