"""Thresholds by the visits of one month: those that light exactly so many loans of a month end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from features.compute import features_at
from features.frame_schema import FrameColumn, FrameSchema, returns
from features.ledger.ledger import Ledger
from features.messages import UserError
from features.months import is_month_end, month_end
from models.budget_use import BudgetUse, budget_use, published_level
from models.bundle import Bundle
from models.county_policy.policy_table import policy_table_of
from models.policy import Policy, VisitBudget
from models.traffic_light.evaluate import as_codes, evaluate_county_rules
from models.traffic_light.rule_table import rule_table_of
from training.plan import MonthVisits

PREVIOUS_LIGHTS_SCHEMA = FrameSchema(
    {
        "loan_id": FrameColumn(pl.String(), "The loan."),
        "previous_model_light": FrameColumn(pl.String(), "Its light by probability in the published month before."),
    }
)


@dataclass(frozen=True)
class MonthThresholds:
    """The lit loans of a month under a model beside the budget of visits, and thresholds that use the budget up."""

    use: BudgetUse
    policy: Policy


def month_thresholds(store: Path, bundle: Bundle, chosen: MonthVisits) -> MonthThresholds:
    """Find the thresholds under which a model lights exactly so many loans of a month end.

    Args:
        store: the data folder. The lights of the published month before hold as they do in a monthly run.
        bundle: the model; its own thresholds are those of today.
        chosen: the month end and the number of visits.

    Returns:
        The counts under today's thresholds, and the light policy with the new ones.

    Raises:
        UserError: the day is no month end or has no rules, or no open loan is known by then.

    Example:
        >>> from models.registry import ModelStore
        >>> champion = ModelStore(data / "models").champion
        >>> chosen = MonthVisits(by="visits", as_of=date(2025, 12, 31), lit=60)
        >>> found = month_thresholds(data, champion, chosen)
        >>> found.use.budget_lit, found.use.offer.lit, found.policy.chosen_by
        (60, 60, 'visits')
    """
    day = chosen.as_of
    if not is_month_end(day):
        raise UserError(
            f"{day} 不是月末；例如 {month_end(day)}。", f"{day} is no month end; for example {month_end(day)} is."
        )
    county_policy = policy_table_of(store).in_force(day)
    life_rules = county_policy.life_rules(bundle.bad_after_days)
    features = features_at(day, Ledger(store / "ledger").tables(), rules=life_rules)
    if features.is_empty():
        raise UserError(f"截至 {day} 没有已知的未结贷款。", f"No open loan is known by {day}.")
    rules = rule_table_of(store).in_force(day)
    by_rules = evaluate_county_rules(features, rules).select("rule_light", "hard_light")
    loans = (
        features.select("loan_id", "status", *bundle.policy.group_columns)
        .hstack([*by_rules, pl.Series("probability", bundle.probability(features))])
        .join(previous_lights(store, day), on="loan_id", how="left", maintain_order="left")
        .with_columns(as_codes(published_level(bundle.policy)).alias("light"))
    )
    use = budget_use(loans, bundle.policy, county_policy)
    if chosen.lit is not None:
        red = chosen.lit * use.budget_red // use.budget_lit if use.budget_lit else 0
        visits = VisitBudget(min(red if chosen.red is None else chosen.red, chosen.lit), chosen.lit)
        use = budget_use(loans, bundle.policy, county_policy, visits)
    assert use.offer is not None  # noqa: S101 - there is a model
    terms = {
        "visits": {"as_of": str(day), "red": use.budget_red, "lit": use.budget_lit},
        "budget": {
            "red": use.budget_red,
            "lit": use.budget_lit,
            "most_lit": min(use.share(use.budget_lit) or 1.0, 1.0),
        },
        "rows": use.sound,
    }
    return MonthThresholds(use, use.offer.policy(bundle.policy, terms))


@returns(PREVIOUS_LIGHTS_SCHEMA)
def previous_lights(store: Path, day: date) -> pl.DataFrame:
    """The lights by probability of the month published last before a day's month, read as any program reads them."""
    months = sorted(path for path in (store / "warnings").glob("month=*") if path.name < f"month={day:%Y-%m}")
    if not months:
        return PREVIOUS_LIGHTS_SCHEMA.empty()
    rows = pl.scan_parquet(sorted(months[-1].glob("*.parquet")), glob=False)
    return rows.select("loan_id", pl.col("model_light").cast(pl.String).alias("previous_model_light")).collect()
