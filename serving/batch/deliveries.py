"""Completeness before publication: a month whose deliveries are not complete is refused, or published with a reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from features.completeness import BANK_DELIVERIES_SCHEMA, Completeness, assess_completeness
from features.messages import UserError
from serving.batch.inputs import RunSpec, open_context
from serving.batch.plan import Task
from serving.batch.tasks import BANK_DELIVERIES, output_frames

_COLUMNS = ("loan_id", "bank")


def delivery_provenance(spec: RunSpec, tasks: Sequence[Task], staging: Path, reason: str | None) -> dict[str, Any]:
    """The manifest's fields `completeness` and `incomplete` of a month whose edition is written to the staging folder.

    tasks: one of each county, whose output lies in the staging folder. reason: why an incomplete month is published
    all the same; not needed where the month is complete.

    Raises UserError where the deliveries are not complete and there is no reason.
    """
    context = open_context(spec)
    files = sorted((staging / "edition" / "warnings").glob("*.parquet"))
    open_loans = pl.scan_parquet(files, glob=False).select(_COLUMNS).with_columns(pl.col(_COLUMNS).cast(pl.String))
    before = None
    if context.previous_month:
        rows = context.previous_month.without_scope().scan("warnings").select(_COLUMNS)
        before = rows.with_columns(pl.col(_COLUMNS).cast(pl.String)).collect()
    banks = output_frames(tasks, BANK_DELIVERIES, staging, BANK_DELIVERIES_SCHEMA)
    assessed = assess_completeness(context.ledger, spec.as_of, banks, open_loans.collect(), before)
    if assessed.findings and reason is None:
        raise _refusal(spec, assessed)
    incomplete = None
    if assessed.findings:
        incomplete = {"reason": reason, "findings": [{"zh": one.zh, "en": one.en} for one in assessed.findings]}
    return {"completeness": assessed.as_json, "incomplete": incomplete}


def _refusal(spec: RunSpec, assessed: Completeness) -> UserError:
    """One sentence that names what is missing and what to do."""
    zh, en = "；".join(one.zh for one in assessed.findings), "; ".join(one.en for one in assessed.findings)
    return UserError(
        f'{spec.as_of} 的送达不完整，未发布：{zh}。请补送并装入后重新评灯，或写明原因照样发布：--incomplete "原因"。',
        f"The deliveries of {spec.as_of} are not complete, so it was not published: {en}. Load what is missing and "
        'score again, or publish it with a reason that is shown everywhere: --incomplete "reason".',
    )
