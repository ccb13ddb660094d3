"""The warning: one row for each open loan, by one function for batch, interface and page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from models.boosting import Floats
from models.bundle import Bundle, Parts
from models.county_policy.sections import CountyPolicy
from models.explain import REASON, reasons
from models.light import Light
from models.score_change import CHANGE, change, largest_changes
from models.traffic_light.evaluate import as_codes, as_levels, judged
from models.traffic_light.rule import Rule
from models.traffic_light.rules import rules_version
from serving.months.previous_month import Before

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

    @cached_property
    def policy_version(self) -> str:
        thresholds = self.bundle.policy.version if self.bundle else NO_MODEL
        return f"{rules_version(self.rules)}-{self.county.version}-{thresholds}"

    @cached_property
    def model_light(self) -> pl.Expr:
        """By `probability`, and `previous_model_light` where lights are kept; missing without a model."""
        if self.bundle is None:
            return pl.lit(None, pl.String)
        was = as_levels(pl.col("previous_model_light"))
        return as_codes(self.bundle.policy.level(pl.col("probability"), was))

    @cached_property
    def light(self) -> pl.Expr:
        """The worse of the hard rules' light and the model's, as a level; red once it has gone bad."""
        if self.bundle is None:
            level = as_levels(pl.col("rule_light"))
        else:
            level = pl.max_horizontal(as_levels(pl.col("hard_light")), as_levels(pl.col("model_light")))
        return pl.when(pl.col("has_gone_bad")).then(int(Light.RED)).otherwise(level).cast(pl.Int8)

    @cached_property
    def told(self) -> tuple[pl.Expr, ...]:
        """What a warning says by its `level`, and by what it was judged."""
        actions = {int(light): self.county.actions.of(light).code for light in Light}
        return (
            as_codes(pl.col("level")).alias("light"),
            pl.col("level").replace_strict(actions).alias("action"),
            pl.lit(self.model_version).alias("model_version"),
            pl.lit(self.policy_version).alias("policy_version"),
            pl.lit(self.data_version).alias("data_version"),
            *_TOLD,
        )


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
    then, sound = before.of(features["loan_id"]), ~features["has_gone_bad"]
    scored, again = _scored(_only(features, sound), _only(then, sound), typical, before, judges)
    beside = (judged(features, judges.rules), then.select("previous_light"), _spread(scored, sound))
    known = pl.concat([rows, *(each.lazy() for each in beside)], how="horizontal")
    told = known.with_columns(judges.light.alias("level")).with_columns(*judges.told, pl.lit(as_of).alias("as_of"))
    return Warned(_at_once(told.select(_ORDER)), again)


def _only(rows: pl.DataFrame, which: pl.Series) -> pl.DataFrame:
    return rows if which.all() else rows.filter(which)


def _nothing(rows: pl.DataFrame, columns: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """Columns in which nothing is known of any of the rows."""
    return rows.with_columns(pl.lit(None, dtype).alias(name) for name, dtype in columns.items()).select(*columns)


def _spread(some: pl.DataFrame, where: pl.Series) -> pl.DataFrame:
    """Rows laid where `where` holds, in their order; missing elsewhere."""
    if where.all():
        return some
    places = pl.when(where).then(where.cum_sum() - 1)
    return some.select(pl.all().gather(pl.select(places).to_series()))


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
    features: pl.DataFrame, then: pl.DataFrame, typical: pl.DataFrame, before: Before, judges: Judges
) -> tuple[pl.DataFrame, int]:
    """`probability`, `model_light`, `reasons`, `base_value` and `changes` of loans that have not gone bad.

    then: what the month before said of each (`Before.of`).
    """
    bundle = judges.bundle
    if bundle is None:
        return _nothing(features, _SCORED), 0
    parts = bundle.parts(features)
    lit = _lit(features, then, parts.probability, judges)
    told = reasons(features["township_code"], typical, parts)
    changes = _changes(then, lit["model_light"], before, bundle, parts)
    return pl.concat([lit, told, changes.to_frame()], how="horizontal"), parts.again


def _lit(features: pl.DataFrame, then: pl.DataFrame, probability: Floats, judges: Judges) -> pl.DataFrame:
    """`probability` and `model_light` of each row."""
    goes_by = judges.bundle.policy.goes_by if judges.bundle else ()
    known = [features.lazy().select(goes_by), then.lazy().select("previous_model_light")]
    found = pl.Series("probability", probability, dtype=pl.Float64).to_frame().lazy()
    together = pl.concat([found, *known], how="horizontal")
    return _at_once(together.select("probability", judges.model_light.alias("model_light")))


def lights_of(features: pl.DataFrame, before: Before, judges: Judges) -> pl.DataFrame:
    """`loan_id`, `light` and `probability` of each row, as its warning has them, without the reasons."""
    rows = features.select("loan_id", "has_gone_bad").hstack(judged(features, judges.rules))
    sound = ~features["has_gone_bad"]
    known, then = _only(features, sound), _only(before.of(features["loan_id"]), sound)
    if judges.bundle is None:
        lit = _nothing(known, {"probability": pl.Float64()})
    else:
        lit = _lit(known, then, judges.bundle.probability(known), judges)
    beside = pl.concat([rows, _spread(lit, sound)], how="horizontal")
    return beside.select("loan_id", as_codes(judges.light).alias("light"), "probability")


def _changes(then: pl.DataFrame, model_light: pl.Series, before: Before, bundle: Bundle, now: Parts) -> pl.Series:
    """`changes` of each row; missing of a loan to which the month before gave no probability."""
    if before.facts is None:
        return pl.Series("changes", [None] * then.height, pl.List(CHANGE))
    there = then["previous_probability"].is_not_null() & then["place"].is_not_null()
    both, light = _only(then, there), model_light.filter(there)
    facts = before.facts[both["place"]]
    found = change(bundle, now.of_rows(there.arg_true().to_numpy()), facts, log_odds_of(both["previous_probability"]))
    other_light = light.ne_missing(both["previous_model_light"])
    listed = largest_changes(found, other_light).alias("changes").to_frame()
    return _spread(listed, there).to_series()


def log_odds_of(probability: pl.Series) -> npt.NDArray[np.float64]:
    """Of published probabilities."""
    known = probability.to_numpy()
    return np.asarray(np.log(known) - np.log1p(-known), dtype=np.float64)
