"""Samples: for each fold the cohort of each month end with its features, labels and rule lights."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

import polars as pl

from features.bad_spells import bad_spells, loan_ends
from features.compute import FEATURES_SCHEMA, Population, features_at
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.messages import UserError
from models.county_policy.policy_table import PolicyTable
from models.light import CODES
from models.traffic_light.county_figures import county_figures, figures_by_county, with_county_figures
from models.traffic_light.evaluate import evaluate_rules
from models.traffic_light.rule import Rule
from models.traffic_light.rule_table import RuleTable
from training.concurrent_fits import fits_at_a_time, map_concurrently
from training.folds import Fold, rows_in_fold
from training.labels import label_cohort
from training.plan import Plan

ProgressCallback = Callable[[int, str], None]
"""Called after each step with the number of further steps and a line of text."""

_MOST_ROWS_IN_MEMORY = 2_000_000
"""Rows of all tables up to which they are read once for all month ends; a row takes some hundred bytes."""

SAMPLE_SCHEMA = FrameSchema(
    {
        **FEATURES_SCHEMA.columns,
        "bad_on": FrameColumn(pl.Date(), "Day on which the loan went bad, by all data; null where it has not."),
        "as_of": FrameColumn(pl.Date(), "Month end on which the features are computed."),
        "bad": FrameColumn(pl.Int8(), "Label: 1 where the loan goes bad within the plan's horizon, else 0."),
        "rule_level": FrameColumn(pl.Int8(), "Rule light by the rules in force on `as_of`: 0 green, 1 yellow, 2 red."),
        "ended_on": FrameColumn(
            pl.Date(), "Day on which the loan was repaid, settled or renewed, by all data; null where it was not."
        ),
        "followed_until": FrameColumn(
            pl.Date(),
            "Last month end on which it is certain what had happened to the loan, by the plan's reporting lag.",
        ),
    }
)
"""Columns of a fold as `samples` returns it."""
DAY_LABELS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "Identifier of the loan."),
        "as_of": FrameColumn(pl.Date(), "Day of the cohort."),
        "bad": FrameColumn(pl.Int8(), "1 where the loan goes bad within the horizon, else 0; null until it is mature."),
        "bad_on": FrameColumn(pl.Date(), "Day on which the loan is bad next; null where that has not come."),
        "mature_on": FrameColumn(pl.Date(), "Day up to which payments have to be known for the label to be mature."),
    }
)
RULE_LEVEL_SCHEMA = FrameSchema(
    {"rule_level": SAMPLE_SCHEMA.columns["rule_level"]}, extra="the columns of the cohort, before it"
)


def samples(
    ledger: Ledger,
    plan: Plan,
    rules: RuleTable,
    policies: PolicyTable,
    on_progress: ProgressCallback,
    folds: Collection[Fold] = tuple(Fold),
) -> dict[Fold, pl.DataFrame]:
    """The training samples: for each fold one row for each loan of its cohort and month end.

    Args:
        ledger: the county's ledger.
        plan: month ends, horizon and shares of households of each fold.
        rules: the dated rule table.
        policies: the dated policy table, which says when a loan is cured.
        on_progress: called once for each month end, with 1 and the day.
        folds: the folds wanted; all of them if not said.

    Returns:
        For each fold a frame sorted by `as_of` and `loan_id`, in the columns of `SAMPLE_SCHEMA`: the features,
        `bad_on`, `as_of`, `bad`, `rule_level`, `ended_on`, `followed_until`; and the county's figures that rules
        compare with, where any do.

    Raises:
        UserError: the labels of a month end are not mature, or all loans of a fold have the same outcome.

    Example:
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> from training.plan_files import SHIPPED_PLANS, load_plan
        >>> plan, ledger = load_plan(SHIPPED_PLANS / "demo.toml"), Ledger(data / "ledger")
        >>> tables = rule_table_of(data), policy_table_of(data)
        >>> folds = samples(ledger, plan, *tables, lambda *_: None, [Fold.JUDGEMENT])
        >>> judgement = folds[Fold.JUDGEMENT]
        >>> judgement.columns == list(SAMPLE_SCHEMA.columns)
        True
        >>> sorted(judgement["bad"].unique()), set(judgement["as_of"]) <= set(plan.month_ends.judgement)
        ([0, 1], True)
    """
    rows = ledger.tables().read_into_memory(_MOST_ROWS_IN_MEMORY)
    newest = policies.in_force(last_reported_day(ledger)).life_rules(plan.bad_after_days)
    spells, ends = bad_spells(rows, newest), loan_ends(rows, newest)
    followed_until = pl.lit(plan.last_mature_day(last_reported_day(ledger))).alias("followed_until")
    days = sorted({day for fold in folds for day in fold.month_ends(plan)})
    for as_of in days:
        _check_mature(as_of, plan, last_reported_day(ledger))

    def cohort_by_fold(as_of: date) -> dict[Fold, pl.DataFrame]:
        """The samples of one month end, by fold, in the columns of `SAMPLE_SCHEMA`."""
        life_rules = policies.in_force(as_of).life_rules(plan.bad_after_days)
        features = features_at(as_of, rows, Population.COHORT, life_rules)
        # of all rules, whenever they are in force, so that the frames of all months have the same columns
        figures = figures_by_county(county_figures(features, rules.rules))
        cohort = label_cohort(with_county_figures(features, figures, rules.rules), spells, as_of, plan)
        with_lights = with_rule_level(cohort, rules.in_force(as_of))
        with_ends = with_lights.join(ends, on="loan_id", how="left", maintain_order="left").with_columns(followed_until)
        return {fold: rows_in_fold(with_ends, fold, plan) for fold in folds if as_of in fold.month_ends(plan)}

    frames: dict[Fold, list[pl.DataFrame]] = {fold: [] for fold in folds}
    at_a_time = fits_at_a_time(int(rows.collect(rows["loans"].select(pl.len())).item()))
    for begin in range(0, len(days), at_a_time):
        together = days[begin : begin + at_a_time]
        for as_of in together:
            on_progress(1, str(as_of))
        for by_fold in map_concurrently(cohort_by_fold, together, at_a_time):
            for fold, frame in by_fold.items():
                frames[fold].append(frame)
    joined = {fold: pl.concat(frames.pop(fold), rechunk=True) for fold in folds}  # no fold is in memory twice for long
    for fold, frame in joined.items():
        _check_outcomes(frame, fold)
    return joined


@returns(DAY_LABELS_SCHEMA)
def day_labels(ledger: Ledger, as_of: date, plan: Plan, policies: PolicyTable) -> pl.DataFrame:
    """The labels of the cohort of one day, by all data loaded; they need no model.

    A label is missing until it is mature; a day in `bad_on` has come by the newest payment that is known.

    Args:
        ledger: the county's ledger.
        as_of: the day.
        plan: horizon, days past due that are bad, and reporting lag.
        policies: the dated policy table, which says when a loan is cured.

    Returns:
        One row for each loan of the cohort, sorted by `loan_id`, in the columns of DAY_LABELS_SCHEMA. Loans that, by
        data that came later, were bad on the day are left out.

    Raises:
        UserError: nothing is loaded.

    Example:
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from training.plan_files import SHIPPED_PLANS, load_plan
        >>> plan, ledger = load_plan(SHIPPED_PLANS / "demo.toml"), Ledger(data / "ledger")
        >>> labels = day_labels(ledger, date(2024, 12, 31), plan, policy_table_of(data))
        >>> labels["mature_on"].unique().to_list(), labels["bad"].null_count()
        ([datetime.date(2025, 7, 31)], 0)
    """
    until, rows = last_reported_day(ledger), ledger.tables()
    spells = bad_spells(rows, policies.in_force(until).life_rules(plan.bad_after_days))
    life_rules = policies.in_force(as_of).life_rules(plan.bad_after_days)
    labels = label_cohort(features_at(as_of, rows, Population.COHORT, life_rules), spells, as_of, plan)
    is_mature = pl.lit(plan.is_mature(as_of, until))
    return labels.select(
        "loan_id",
        "as_of",
        pl.when(is_mature).then("bad"),
        pl.when(pl.col("bad_on") <= until).then("bad_on"),
        pl.lit(plan.mature_on(as_of)).alias("mature_on"),
    )


def sample_steps(plan: Plan) -> int:
    """Number of month ends that `samples` of all folds computes."""
    return len({day for fold in Fold for day in fold.month_ends(plan)})


@returns(RULE_LEVEL_SCHEMA)
def with_rule_level(cohort: pl.DataFrame, rules: tuple[Rule, ...]) -> pl.DataFrame:
    """The cohort of one month end with `rule_level`, the rule light as 0, 1 or 2."""
    light = evaluate_rules(cohort, rules)["rule_light"]
    level_of_code = {code: level for level, code in enumerate(CODES)}
    return cohort.with_columns(light.replace_strict(level_of_code, return_dtype=pl.Int8).alias("rule_level"))


def first_loan_day(ledger: Ledger) -> date:
    """The day on which the first loan was paid out.

    Raises UserError where no loans are loaded.
    """
    return _only_day(ledger.scan("loans").select(pl.col("originated_on").min()))


def last_reported_day(ledger: Ledger) -> date:
    """The last day that the banks have reported on: the newest `known_on` of a payment.

    Raises UserError where no payments are loaded.
    """
    return _only_day(ledger.scan("payments").select(pl.col("known_on").max()))


def _only_day(frame: pl.LazyFrame) -> date:
    day = frame.collect().item()
    if day is None:
        raise UserError(
            "尚未装入贷款和还款；请先运行 lights load。",
            "No loans and payments are loaded; run lights load first.",
        )
    assert isinstance(day, date)  # noqa: S101 - the ledger's type
    return day


def _check_mature(as_of: date, plan: Plan, until: date) -> None:
    if not plan.is_mature(as_of, until):
        raise UserError(
            f"{as_of} 的标签要到 {plan.label_end(as_of)} 之后 {plan.reporting_lag_days} 天才成熟，而数据只到 {until}。",
            f"The labels of {as_of} are mature {plan.reporting_lag_days} days after {plan.label_end(as_of)}, "
            f"but the data end on {until}; choose earlier month ends.",
        )


def _check_outcomes(frame: pl.DataFrame, fold: Fold) -> None:
    """Raise UserError where no loan of the fold went bad, or every one."""
    went_bad = int(frame["bad"].sum())
    if 0 < went_bad < frame.height:
        return
    raise UserError(
        f"{fold} 样本共 {frame.height} 笔，其中变坏 {went_bad} 笔，无法训练或评判；请扩大月份或农户范围。",
        f"The {fold} fold has {frame.height} rows of which {went_bad} went bad: nothing to learn or judge by. "
        "Take more month ends or a larger share of households.",
    )
