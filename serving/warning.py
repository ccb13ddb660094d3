"""The warning: one row for each open loan, by one function for batch, interface and page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from models.boosting import Floats
from models.bundle import Bundle, Parts
from models.change import CHANGE, change, largest_changes
from models.county_policy.sections import CountyPolicy
from models.explain import REASON, reasons
from models.light import Light
from models.traffic_light.declare import Rule
from models.traffic_light.judge import as_codes, as_levels, judged
from models.traffic_light.rules import rules_version
from serving.before import Before

NO_MODEL = "none"
_SCORED: dict[str, pl.DataType] = {
    "probability": pl.Float64(),
    "model_light": pl.String(),
    "reasons": pl.List(REASON),
    "base_value": pl.Float64(),
    "changes": pl.List(CHANGE),
}
_AS_WRITTEN = pl.QueryOptFlags.none()
_TOLD = (
    pl.lit(None, pl.Int64).alias("score_rank"),
    pl.col("reasons").fill_null(pl.lit([], dtype=pl.List(REASON))),
    pl.col("changes").fill_null(pl.lit([], dtype=pl.List(CHANGE))),
    pl.col("days_to_maturity", "days_past_due").cast(pl.Int64),
)
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


class Warned(NamedTuple):
    """The warnings, and how many rows were explained again since their parts did not sum to their score."""

    warnings: pl.DataFrame
    explained_again: int


def warnings_of(features: pl.DataFrame, typical: pl.DataFrame, before: Before, judges: Judges, as_of: date) -> Warned:
    """The contract's warning for each row of `features`; `score_rank` is left to `ranked`.

    typical: medians by township. before: what the month before said of these loans.
    A loan that has gone bad is red and has no probability. Without a model the light is the rule light.
    """
    rows = features.lazy().select(*_FROM_FEATURES, "has_gone_bad")
    scored, again = _scored(features.filter(~pl.col("has_gone_bad")), typical, before, judges.bundle)
    known = (
        pl.concat([rows, judged(features, judges.rules).lazy()], how="horizontal")
        .join(scored.lazy(), on="loan_id", how="left", maintain_order="left")
        .join(before.lights.lazy().select("loan_id", "previous_light"), on="loan_id", how="left", maintain_order="left")
    )
    lit = known.with_columns(_light(judges.bundle).alias("level"))
    told = lit.with_columns(
        as_codes(pl.col("level")).alias("light"),
        pl.col("level")
        .replace_strict({int(light): judges.county.actions.of(light).code for light in Light})
        .alias("action"),
        pl.lit(as_of).alias("as_of"),
        pl.lit(judges.model_version).alias("model_version"),
        pl.lit(judges.policy_version).alias("policy_version"),
        pl.lit(judges.data_version).alias("data_version"),
        *_TOLD,
    )
    return Warned(_at_once(told.select(_ORDER)), again)


def _at_once(query: pl.LazyFrame) -> pl.DataFrame:
    """In one go, as it is written: of a household alone, what each step costs to begin is most of it."""
    return query.collect(engine="in-memory", optimizations=_AS_WRITTEN)


def ranked(warnings: pl.DataFrame, among: pl.Series) -> pl.DataFrame:
    """With `score_rank`: 1 is the riskiest, ties share the better rank, listed by loan_id.

    among: the probabilities of all loans that are ranked together, ascending.
    """
    safer = pl.Series("safer", among.search_sorted(warnings["probability"], side="right")).cast(pl.Int64)
    rank = pl.when(pl.col("probability").is_not_null()).then(len(among) + 1 - pl.lit(safer))
    return warnings.with_columns(rank.alias("score_rank")).sort("loan_id")


def _scored(
    features: pl.DataFrame, typical: pl.DataFrame, before: Before, bundle: Bundle | None
) -> tuple[pl.DataFrame, int]:
    """`probability`, `model_light`, `reasons`, `base_value` and `changes` of loans that have not gone bad."""
    ids = features.select("loan_id")
    if bundle is None:
        return ids.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in _SCORED.items()), 0
    parts = bundle.parts(features)
    lit = _lit(ids, parts.probability, before, bundle)
    told = lit.lazy().select("loan_id", "probability", "model_light")
    explained = pl.concat([told, reasons(features["township_code"], typical, parts).lazy()], how="horizontal")
    changes = _changes(lit, before, bundle, parts).lazy()
    return _at_once(explained.join(changes, on="loan_id", how="left", maintain_order="left")), parts.again


def _lit(loans: pl.DataFrame, probability: Floats, before: Before, bundle: Bundle) -> pl.DataFrame:
    """`loan_id`, `probability`, `model_light` and what the month before said."""
    scored = loans.lazy().with_columns(pl.Series("probability", probability, dtype=pl.Float64))
    known = scored.join(before.lights.lazy(), on="loan_id", how="left", maintain_order="left")
    level = bundle.policy.level(pl.col("probability"), as_levels(pl.col("previous_model_light")))
    return _at_once(known.with_columns(as_codes(level).alias("model_light")))


def lights_of(features: pl.DataFrame, before: Before, judges: Judges) -> pl.DataFrame:
    """`loan_id`, `light` and `probability` of each row, as its warning has them, without the reasons."""
    rows = features.select("loan_id", "has_gone_bad").hstack(judged(features, judges.rules))
    sound = features.filter(~pl.col("has_gone_bad"))
    if judges.bundle is None:
        lit = sound.select("loan_id", pl.lit(None, pl.Float64).alias("probability"))
    else:
        lit = _lit(sound.select("loan_id"), judges.bundle.probability(sound), before, judges.bundle).select(
            "loan_id", "probability", "model_light"
        )
    joined = rows.join(lit, on="loan_id", how="left", maintain_order="left")
    return joined.select("loan_id", as_codes(_light(judges.bundle)).alias("light"), "probability")


def _changes(lit: pl.DataFrame, before: Before, bundle: Bundle, now: Parts) -> pl.DataFrame:
    """`loan_id`, `changes` of the loans that the month before gave a probability."""
    if before.facts is None:
        return pl.DataFrame(schema={"loan_id": pl.String, "changes": pl.List(CHANGE)})
    judged_then = lit.lazy().with_row_index("now").filter(pl.col("previous_probability").is_not_null())
    known_then = before.facts.lazy().select("loan_id").with_row_index("then")
    both = _at_once(judged_then.join(known_then, on="loan_id", how="inner", maintain_order="left"))
    then, odds_then = before.facts[both["then"]], log_odds_of(both["previous_probability"])
    found = change(bundle, now.of_rows(both["now"].to_numpy()), then, odds_then)
    other_light = both["model_light"].ne_missing(both["previous_model_light"])
    return both.select("loan_id").with_columns(largest_changes(found, other_light).alias("changes"))


def log_odds_of(probability: pl.Series) -> npt.NDArray[np.float64]:
    """Of published probabilities."""
    known = probability.to_numpy()
    return np.asarray(np.log(known) - np.log1p(-known), dtype=np.float64)


def _light(bundle: Bundle | None) -> pl.Expr:
    """The worse of the hard rules' light and the model's; red once it has gone bad."""
    judged_level = (
        as_levels(pl.col("rule_light"))
        if bundle is None
        else pl.max_horizontal(as_levels(pl.col("hard_light")), as_levels(pl.col("model_light")))
    )
    return pl.when(pl.col("has_gone_bad")).then(int(Light.RED)).otherwise(judged_level).cast(pl.Int8)
