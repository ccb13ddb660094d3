"""The warning, a row for each open loan: `build_warnings` builds it for the monthly run and for what-if.

API and pages read the warnings that were published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import polars as pl

from features.compute import STATUS_COLUMNS
from features.frame_schema import FrameColumn, FrameSchema, returns
from models.bundle import Bundle, Contributions
from models.county_policy.sections import CountyPolicy
from models.explain import REASON, reasons
from models.hazards import TIME_TO_BAD_SCHEMA
from models.light import Light
from models.raw_score import Floats
from models.score_change import CHANGE, largest_changes, score_change
from models.traffic_light.county_figures import CountyFigures, with_county_figures
from models.traffic_light.evaluate import RULE_LIGHTS_SCHEMA, as_codes, as_levels, evaluate_rules
from models.traffic_light.rule import Rule
from models.traffic_light.rules import rules_version
from models.visit_effect.visited_loans import drawn_for_trial, near_threshold
from serving.months.previous_month import PreviousMonth
from serving.months.published_frames import FAILED_CHECK, WARNINGS_SCHEMA

NO_MODEL = "none"
"""The model version of a month that the rules alone decided."""
LIGHTS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "light": FrameColumn(pl.String(), "green, yellow or red."),
        "probability": FrameColumn(pl.Float64(), "Calibrated probability of going bad; missing where there is none."),
    }
)
_MODEL_COLUMNS = (
    *("probability", "probability_low", "probability_high", "model_light", *TIME_TO_BAD_SCHEMA.columns),
    *("reasons", "base_value", "changes"),
)
_FEATURE_COLUMNS = (
    *("loan_id", "household_id", "bank", "county_code", "township_code", "village_code"),
    *("outstanding_principal", "days_to_maturity", "days_past_due"),
)
_LACKED = pl.concat_list(
    pl.when(pl.col("bank_silent") == 1).then(pl.lit("payments")),
    pl.when((pl.col("repayment_unjudged") == 1) & (pl.col("bank_silent") == 0)).then(pl.lit("schedule")),
    pl.when(pl.col("income_unknown") == 1).then(pl.lit("income_statement")),
).list.drop_nulls()
_WITHOUT_OPTIMISATION = pl.QueryOptFlags.none()
"""For a single household, planning a query costs more than it saves."""


@dataclass(frozen=True)
class ScoringPolicy:
    """Everything that turns features into lights.

    rules, county_policy: those in force. bundle: the model; None for the rules' light alone. data_version: the
    version of the ledger, which a warning names. shadow: whether the model moves no light. county_figures: of the whole
    counties in the month, where rules compare with them.
    """

    rules: tuple[Rule, ...]
    county_policy: CountyPolicy
    bundle: Bundle | None
    data_version: str
    shadow: bool = False
    county_figures: CountyFigures = field(default_factory=dict)

    @property
    def model_version(self) -> str:
        """The bundle's version, or NO_MODEL."""
        return self.bundle.version if self.bundle else NO_MODEL

    @cached_property
    def policy_version(self) -> str:
        """The versions of rules, county policy and thresholds, joined."""
        thresholds = self.bundle.policy.version if self.bundle else NO_MODEL
        return f"{rules_version(self.rules)}-{self.county_policy.version}-{thresholds}"

    @returns(RULE_LIGHTS_SCHEMA)
    def rule_lights(self, features: pl.DataFrame) -> pl.DataFrame:
        """The columns of RULE_LIGHTS_SCHEMA for each row of features."""
        return evaluate_rules(with_county_figures(features, self.county_figures, self.rules), self.rules)

    @cached_property
    def model_light(self) -> pl.Expr:
        """The light by `probability`, and by `previous_model_light` where the policy holds on to lights.

        Missing without a model.
        """
        if self.bundle is None:
            return pl.lit(None, pl.String)
        previous_level = as_levels(pl.col("previous_model_light"))
        return as_codes(self.bundle.policy.level(pl.col("probability"), previous_level))

    def model_lights(self, features: pl.DataFrame, previous_lights: pl.DataFrame, probability: Floats) -> pl.DataFrame:
        """`probability` and `model_light` of each row; previous_lights: rows of `PreviousMonth.lights_of`."""
        group_columns = self.bundle.policy.group_columns if self.bundle else ()
        rows = pl.concat(
            [
                pl.Series("probability", probability, dtype=pl.Float64).to_frame().lazy(),
                features.lazy().select(group_columns),
                previous_lights.lazy().select("previous_model_light"),
            ],
            how="horizontal",
        )
        return _collect_unoptimised(rows.select("probability", self.model_light.alias("model_light")))

    @cached_property
    def light_level(self) -> pl.Expr:
        """The published light of each row, as a level.

        With a model it is the worse of the hard rules' light and the model's light: a rule that is not hard does not
        change it. Without a model, or with one in shadow, it is the rules' light. A bad loan is red, with a model or
        without; one on probation is yellow at the least.
        """
        if self.bundle is None or self.shadow:
            level = as_levels(pl.col("rule_light"))
        else:
            level = pl.max_horizontal(as_levels(pl.col("hard_light")), as_levels(pl.col("model_light")))
        least = pl.when(pl.col("status") == "probation").then(int(Light.YELLOW)).otherwise(int(Light.GREEN))
        told = pl.max_horizontal(level, least)
        return pl.when(pl.col("status") == "bad").then(int(Light.RED)).otherwise(told).cast(pl.Int8)

    @cached_property
    def output_columns(self) -> tuple[pl.Expr, ...]:
        """The published columns that follow from `level` and from the versions, and those in their published types."""
        actions = {int(light): self.county_policy.actions.of(light).code for light in Light}
        return (
            as_codes(pl.col("level")).alias("light"),
            pl.col("level").replace_strict(actions).alias("action"),
            pl.lit(self.model_version).alias("model_version"),
            pl.lit(self.policy_version).alias("policy_version"),
            pl.lit(self.data_version).alias("data_version"),
            pl.lit(None, pl.Int64).alias("score_rank"),
            pl.lit(self.shadow).alias("shadow"),
            pl.col("reasons").fill_null(pl.lit([], dtype=pl.List(REASON))),
            pl.col("changes").fill_null(pl.lit([], dtype=pl.List(CHANGE))),
            pl.col("days_to_maturity", "days_past_due").cast(pl.Int64),
        )

    def action_with_draw(self, as_of: date) -> pl.Expr:
        """The action of each row: that of its light, and of green loans drawn for the trial of visits the trial's.

        Nothing else of a loan depends on the draw (`VisitStudy`); it reads `light`, `status`, `probability`. A model in
        shadow draws nobody: its threshold decides no light.
        """
        study = self.county_policy.visit_study
        if self.bundle is None or self.shadow or not study.drawn_share:
            return pl.col("action")
        is_drawn = near_threshold(self.bundle.policy, study) & drawn_for_trial(study, as_of)
        return pl.when(is_drawn).then(pl.lit(study.drawn_action.code)).otherwise(pl.col("action")).alias("action")


class ScoredWarnings(NamedTuple):
    """The warnings, and how many of them LightGBM itself explained.

    warnings: columns of WARNINGS_SCHEMA, with `score_rank` missing. explained_again: rows whose contributions by
    pattern tables did not sum to their score.
    """

    warnings: pl.DataFrame
    explained_again: int


def build_warnings(
    features: pl.DataFrame,
    township_medians: pl.DataFrame,
    previous_month: PreviousMonth,
    scoring: ScoringPolicy,
    as_of: date,
    findings: pl.DataFrame,
) -> ScoredWarnings:
    """Build the warning of each open loan: its light (`ScoringPolicy.light_level`), probabilities, reasons and changes.

    A loan that has gone bad has no probability, and none by month ahead.

    Args:
        features: of the loans, as `features_at` returns them.
        township_medians: medians by township, as `township_medians` of models.explain returns them; reasons name them.
        previous_month: lights, probabilities and features of these loans in the previous month; changes compare them.
        scoring: the rules, policy and model in force.
        as_of: the month end.
        findings: the checks that loans fail, as `loan_findings` returns them.

    Returns:
        The warnings in the columns of WARNINGS_SCHEMA, one for each row of `features` in their order, and how many of
        them LightGBM itself explained. `score_rank` is missing: it is added when the edition is written, once all loans
        are scored.

    Example:
        >>> from datetime import date
        >>> from features.compute import features_at
        >>> from features.loan_checks import loan_findings
        >>> from models.explain import township_medians
        >>> from serving.batch.warnings import ScoringPolicy, build_warnings
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.previous_month import previous_month_of
        >>> from serving.months.published_frames import WARNINGS_SCHEMA
        >>> folder, day = DataFolder(data), date(2025, 12, 31)
        >>> tables = folder.ledger.tables()
        >>> loans, findings = features_at(day, tables), loan_findings(day, tables)
        >>> in_force = folder.rules.in_force(day), folder.policies.in_force(day)
        >>> scoring = ScoringPolicy(*in_force, folder.models.champion, folder.ledger.data_version)
        >>> previous = previous_month_of(None, loans["loan_id"])
        >>> warnings, explained_again = build_warnings(
        ...     loans, township_medians(loans), previous, scoring, day, findings
        ... )
        >>> warnings.height == loans.height, WARNINGS_SCHEMA.mismatch(warnings.schema) is None
        (True, True)
    """
    loans = features.lazy().select(*_FEATURE_COLUMNS, *STATUS_COLUMNS, _LACKED.alias("incomplete"))
    previous_lights, is_sound = previous_month.lights_of(features["loan_id"]), ~features["has_gone_bad"]
    scored_columns, explained_again = _model_columns(
        _rows_where(features, is_sound),
        _rows_where(previous_lights, is_sound),
        township_medians,
        previous_month,
        scoring,
        as_of,
    )
    frames = (
        scoring.rule_lights(features),
        previous_lights.select("previous_light"),
        _scatter(scored_columns, is_sound),
    )
    rows = pl.concat([loans, *(frame.lazy() for frame in frames)], how="horizontal")
    rows = rows.with_columns(scoring.light_level.alias("level"))
    failed = findings.group_by("loan_id").agg(pl.struct("check", "first", "second").alias("loan_checks"))
    checks = features.select("loan_id").join(failed, on="loan_id", how="left", maintain_order="left")["loan_checks"]
    rows = rows.with_columns(
        *scoring.output_columns, pl.lit(as_of).alias("as_of"), checks.cast(pl.List(FAILED_CHECK)).fill_null([])
    )
    rows = rows.with_columns(scoring.action_with_draw(as_of))
    return ScoredWarnings(_collect_unoptimised(rows.select(*WARNINGS_SCHEMA.columns)), explained_again)


def _rows_where(rows: pl.DataFrame, condition: pl.Series) -> pl.DataFrame:
    """The rows where a condition holds; no copy where it holds for all."""
    return rows if condition.all() else rows.filter(condition)


def _null_columns(rows: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """Columns of WARNINGS_SCHEMA that are missing in each row."""
    dtypes = WARNINGS_SCHEMA.dtypes
    return rows.with_columns(pl.lit(None, dtypes[name]).alias(name) for name in names).select(names)


def _scatter(rows: pl.DataFrame, condition: pl.Series) -> pl.DataFrame:
    """Put the rows, in their order, where the condition holds; missing values elsewhere."""
    if condition.all():
        return rows
    positions = pl.when(condition).then(condition.cum_sum() - 1)
    return rows.select(pl.all().gather(pl.select(positions).to_series()))


def _collect_unoptimised(query: pl.LazyFrame) -> pl.DataFrame:
    return query.collect(engine="in-memory", optimizations=_WITHOUT_OPTIMISATION)


def _model_columns(
    features: pl.DataFrame,
    previous_lights: pl.DataFrame,
    township_medians: pl.DataFrame,
    previous_month: PreviousMonth,
    scoring: ScoringPolicy,
    as_of: date,
) -> tuple[pl.DataFrame, int]:
    """The columns _MODEL_COLUMNS of loans that have not gone bad, and how many of them LightGBM itself explained.

    previous_lights: the loans' rows of `PreviousMonth.lights_of`.
    """
    bundle = scoring.bundle
    if bundle is None:
        return _null_columns(features, _MODEL_COLUMNS), 0
    contributions = bundle.explain(features)
    lights = scoring.model_lights(features, previous_lights, contributions.probability)
    if bundle.probability_range is None:
        ranges = _null_columns(features, ["probability_low", "probability_high"])
    else:
        low, high = bundle.probability_range.bounds(contributions.probability)
        ranges = pl.DataFrame({"probability_low": low, "probability_high": high})
    months_ahead = bundle.time_to_bad(features, contributions.probability, as_of)
    reason_columns = reasons(features["township_code"], township_medians, contributions)
    changes = _changes(previous_lights, lights["model_light"], previous_month, bundle, contributions)
    frames = (lights, ranges, months_ahead, reason_columns, changes.to_frame())
    return pl.concat(frames, how="horizontal"), contributions.recomputed_rows


@returns(LIGHTS_SCHEMA)
def build_lights(features: pl.DataFrame, previous_month: PreviousMonth, scoring: ScoringPolicy) -> pl.DataFrame:
    """The light and probability of each loan, equal to those of `build_warnings`, without reasons and changes."""
    is_sound = ~features["has_gone_bad"]
    sound_loans = _rows_where(features, is_sound)
    if scoring.bundle is None:
        lights = _null_columns(sound_loans, ["probability"])
    else:
        previous_lights = _rows_where(previous_month.lights_of(features["loan_id"]), is_sound)
        lights = scoring.model_lights(sound_loans, previous_lights, scoring.bundle.probability(sound_loans))
    rows = features.select("loan_id", "status").hstack(scoring.rule_lights(features))
    rows = pl.concat([rows, _scatter(lights, is_sound)], how="horizontal")
    return rows.select("loan_id", as_codes(scoring.light_level).alias("light"), "probability")


def _changes(
    previous_lights: pl.DataFrame,
    model_light: pl.Series,
    previous_month: PreviousMonth,
    bundle: Bundle,
    contributions: Contributions,
) -> pl.Series:
    """`changes` of each row; missing for a loan without a probability in the previous month."""
    if previous_month.features is None:
        return pl.Series("changes", [None] * previous_lights.height, pl.List(CHANGE))
    is_comparable = (
        previous_lights["previous_probability"].is_not_null() & previous_lights["row_position"].is_not_null()
    )
    previous_rows = _rows_where(previous_lights, is_comparable)
    changes = score_change(
        bundle,
        contributions.select_rows(is_comparable.arg_true().to_numpy()),
        previous_month.features[previous_rows["row_position"]],
        published_log_odds(previous_rows["previous_probability"]),
    )
    other_light = model_light.filter(is_comparable).ne_missing(previous_rows["previous_model_light"])
    lists = largest_changes(changes, other_light).alias("changes").to_frame()
    return _scatter(lists, is_comparable).to_series()


def published_log_odds(probability: pl.Series) -> npt.NDArray[np.float64]:
    """The log-odds of published probabilities."""
    values = probability.to_numpy()
    return np.asarray(np.log(values) - np.log1p(-values), dtype=np.float64)
