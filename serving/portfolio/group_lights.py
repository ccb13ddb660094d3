"""Lights of a month's groups (counties, townships, villages, banks, products), and early common causes."""

from __future__ import annotations

import polars as pl

from features.messages import Bilingual
from models.expected_loss import expected_loss
from models.group_light.evaluate_groups import GroupLevel, common_causes, evaluate_groups
from models.light import LIGHT_WORDS
from serving.months.edition import PublishedMonth
from serving.portfolio.visit_budget import visit_budget_report
from serving.schemas.portfolio import CommonCause, GroupLight, GroupSummary

TOO_FEW = Bilingual("不足 {least} 笔，不评", "under {least} loans: too few to judge")
_CAUSE = Bilingual(
    "{was_green} 笔绿灯中 {lost_green} 笔本月转黄或转红，按全县比例应约 {expected:.1f} 笔；"
    "纯属偶然的可能性 {chance:.1%}",
    "of {was_green} green loans {lost_green} turned yellow or red this month, where the county's rate gives "
    "{expected:.1f}; chance alone would do that {chance:.1%} of the time",
)
_FEATURE_COLUMNS = (
    *("loan_id", "originated_on", "product", "overdue_principal", "overdue_interest"),
    *("has_gone_bad", "use_diverted"),
)


def group_lights(month: PublishedMonth, level: GroupLevel) -> GroupSummary:
    """The groups of a level compared, over the loans in the reader's scope.

    Args:
        month: the published month; its policy has the bounds of the groups' lights.
        level: how loans are grouped.

    Returns:
        `groups`, the largest overdue share first and those too small for a light last, and the `common_causes` at
        every level.

    Example:
        >>> from models.group_light.evaluate_groups import GroupLevel
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.group_lights import group_lights
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> [county] = group_lights(month, GroupLevel.COUNTY).groups
        >>> county.loans == month.manifest.rows
        True
    """
    facts = month.scan("features").select(_FEATURE_COLUMNS)
    loans = month.scan("warnings").join(facts, on="loan_id").collect()
    loans = loans.hstack(expected_loss(loans, month.contract_terms, month.fund_curves))
    policy = month.policy.groups
    evaluated = evaluate_groups(loans, level, policy).sort(
        pl.col("light").is_null(), -pl.col("overdue_share"), "code", maintain_order=True
    )
    too_few = TOO_FEW.format(least=policy.least_loans)
    groups = []
    for row in evaluated.to_dicts():
        words = LIGHT_WORDS[row["light"]] if row["light"] else too_few
        groups.append(GroupLight.model_validate({**row, "zh": words.zh, "en": words.en}))
    causes = []
    for row in common_causes(loans, policy).to_dicts():
        sentence = _CAUSE.format(**row)
        causes.append(CommonCause.model_validate({**row, "zh": sentence.zh, "en": sentence.en}))
    return GroupSummary(
        **month.versions,
        level=level.value,
        visits=visit_budget_report(month),
        yellow_above=policy.yellow_above,
        red_above=policy.red_above,
        least_loans=policy.least_loans,
        groups=groups,
        common_causes=causes,
    )
