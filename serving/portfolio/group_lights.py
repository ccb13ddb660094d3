"""A month's groups compared: banks, townships, villages, counties, each with its light, and early common causes."""

from __future__ import annotations

import polars as pl

from features.messages import Words
from models.county_policy.sections import Groups
from models.expected_loss import expected_loss
from models.group_light.evaluate_groups import Level, common_causes, groups
from models.light import LIGHT_WORDS
from serving.months.repository import Month
from serving.schemas.portfolio import CommonCause, GroupLight, Summary

TOO_FEW = Words("不足 {least} 笔, 不评", "under {least} loans: too few to judge")
_CAUSE = Words(
    "{was_green} 笔绿灯中 {lost_green} 笔本月转黄或转红, 按全县比例应约 {expected:.1f} 笔; "
    "纯属偶然的可能性 {chance:.1%}",
    "of {was_green} green loans {lost_green} turned yellow or red this month, where the county's rate gives "
    "{expected:.1f}; chance alone would do that {chance:.1%} of the time",
)
_FACTS = (
    *("loan_id", "product", "overdue_principal", "overdue_interest"),
    *("has_gone_bad", "use_diverted"),
)


def summary(month: Month, level: Level) -> Summary:
    """Groups of a level, the largest overdue share first; those too small to judge last."""
    facts = month.scan("features").select(_FACTS)
    loans = month.scan("warnings").join(facts, on="loan_id").collect()
    loans = loans.hstack(expected_loss(loans, month.policy))
    policy = month.policy.groups
    judged = groups(loans, level, policy).sort(
        pl.col("light").is_null(), -pl.col("overdue_share"), "code", maintain_order=True
    )
    return Summary(
        **month.versions,
        level=level.value,
        yellow_above=policy.yellow_above,
        red_above=policy.red_above,
        least_loans=policy.least_loans,
        groups=[_group(row, policy) for row in judged.to_dicts()],
        common_causes=[_cause(row) for row in common_causes(loans, policy).to_dicts()],
    )


def _group(row: dict[str, object], policy: Groups) -> GroupLight:
    few = TOO_FEW.filled(least=policy.least_loans)
    words = LIGHT_WORDS[str(row["light"])] if row["light"] else few
    return GroupLight.model_validate({**row, "zh": words.zh, "en": words.en})


def _cause(row: dict[str, object]) -> CommonCause:
    said = _CAUSE.filled(**row)
    return CommonCause.model_validate({**row, "zh": said.zh, "en": said.en})
