"""The lit loans of a month beside the budget of visits, counted when the month is published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from models.budget_use import budget_use
from models.light import Light
from models.traffic_light.evaluate import as_codes, as_levels
from serving.batch.inputs import RunSpec, open_context

_COLUMNS = ("loan_id", "status", "rule_light", "light", "probability")


def visits_provenance(spec: RunSpec, staging: Path) -> dict[str, Any]:
    """The manifest's field `visits`: the loans of all counties, whose files lie in the staging folder's edition."""
    context = open_context(spec)
    bundle, previous_month = context.scoring.bundle, context.previous_month
    policy = bundle.policy if bundle and not context.scoring.shadow else None
    level_if_hard = pl.when(pl.element().struct.field("hard")).then(as_levels(pl.element().struct.field("light")))
    hard_light = as_codes(pl.col("rules").list.eval(level_if_hard).list.max().fill_null(int(Light.GREEN)))
    paths = sorted((staging / "edition" / "warnings").glob("*.parquet"))
    columns = [*_COLUMNS, *(policy.group_columns if policy else ())]
    loans = pl.scan_parquet(paths, glob=False).select(*columns, hard_light.alias("hard_light"))
    if previous_month:
        light = pl.col("model_light").cast(pl.String).alias("previous_model_light")
        previous_lights = previous_month.scan("warnings").select("loan_id", light)
        loans = loans.join(previous_lights, on="loan_id", how="left", maintain_order="left")
    else:
        loans = loans.with_columns(pl.lit(None, pl.String).alias("previous_model_light"))
    return {"visits": budget_use(loans.collect(), policy, context.scoring.county_policy).as_json}
