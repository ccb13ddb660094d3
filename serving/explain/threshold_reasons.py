"""Why a light and not the next, in words: the difference from the loans just on the other side of the threshold."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import polars as pl

from features.messages import Bilingual
from models.bundle import Bundle, Contributions
from models.disclosure import DISCLOSURE_COLUMNS
from models.explain import REASONS_SHOWN, contribution_lists, largest_column_by_topic
from models.light import CODES, Light
from models.registry import ModelStore
from models.threshold_group import (
    QUESTIONS,
    ComparisonGroup,
    GroupDifference,
    answer_order,
    comparison_group,
    comparison_loans,
    difference_from_group,
)
from serving.explain.loaded_models import loaded_model
from serving.explain.sentences import render_reason
from serving.months.edition import PublishedMonth
from serving.schemas.loan_warning import LoanWarning, Reason
from serving.schemas.reasons import ThresholdReasons

_GROUPS_IN_MEMORY = 256
"""Comparison groups: three a month and county."""
_QUESTION = Bilingual("为什么是{light}而不是{instead}", "Why {light} and not {instead}")
_BY_RULE = Bilingual(
    "{shown}出自硬性规则；模型自己判为{light}。", "The {shown} light is by hard rules; the model alone says {light}. "
)
_IN_SHADOW = Bilingual(
    "{shown}按规则；影子模型判为{light}。", "The {shown} light is by the rules; the model in shadow says {light}. "
)
_FROM_PREVIOUS_MONTH = Bilingual(
    "（沿用上月的灯：可能性尚未降到界限的 {share} 以下）",
    " (kept from the month before: the likelihood has not yet fallen below {share} of the threshold)",
)
_UNDER, _ABOVE = Bilingual("{lamp}界限下", "just under {lamp}"), Bilingual("{lamp}界限上", "just above {lamp}")
_COMPARISON = Bilingual("与{whose}{side}最近的 {loans} 笔贷款相比", "Against the {loans} loans {side} {whose}")
_OF_COUNTY, _OF_ALL = Bilingual("本县", "in the county"), Bilingual("各县", "in all counties")


def threshold_reasons(
    warning: LoanWarning, contributions: Contributions, bundle: Bundle, month: PublishedMonth, models: ModelStore
) -> ThresholdReasons | None:
    """Why the model gives a loan this light and not the next: the difference from loans across the threshold.

    Args:
        warning: the loan's warning.
        contributions: of this loan alone, one row.
        bundle: the model that scored the month.
        month: the published month; the loans to compare with are taken from all of it, whatever the reader's scope.
        models: the store that the model lies in.

    Returns:
        The question and the group compared with in both languages, and at most five reasons in log-odds, those for
        the light first. None where the model gave the loan no light, or too few loans lie across the threshold.

    Raises:
        UserError: where the store no longer has the model that scored the month.

    Example:
        >>> import polars as pl
        >>> from serving.explain.loaded_models import loaded_model
        >>> from serving.explain.sentences import render_warnings
        >>> from serving.explain.threshold_reasons import threshold_reasons
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> bundle = loaded_model(month, store.models)
        >>> loan = month.scan("features").filter(~pl.col("has_gone_bad")).head(1).collect()
        >>> warning = month.scan("warnings").join(loan.lazy(), on="loan_id", how="semi").collect()
        >>> [rendered] = render_warnings(warning, loan, month)
        >>> reasons = threshold_reasons(rendered, bundle.explain(loan), bundle, month, store.models)
        >>> total = reasons.compared_log_odds + sum(each.contribution for each in reasons.reasons) + reasons.other_facts
        >>> round(total - reasons.log_odds, 9) == 0
        True
    """
    if warning.model_light is None:
        return None
    light = Light[warning.model_light.upper()]
    group = _comparison_group(month.without_scope(), models.folder, light, warning.county_code)
    if group is None:
        return None
    difference = difference_from_group(contributions, 0, group)
    question, side = _question(warning, group, bundle), _side(group)
    whose = _OF_ALL if group.county is None else _OF_COUNTY
    reasons = _largest_reasons(contributions, difference, group)
    return ThresholdReasons.model_validate(
        {
            "light": group.question.light.code,
            "instead": group.question.other_light.code,
            "zh": question.zh,
            "en": question.en,
            "compared_zh": _COMPARISON.zh.format(whose=whose.zh, side=side.zh, loans=group.loans),
            "compared_en": _COMPARISON.en.format(whose=whose.en, side=side.en, loans=group.loans),
            "loans": group.loans,
            "compared_log_odds": group.log_odds,
            "reasons": reasons,
            "other_facts": difference.total - math.fsum(reason.contribution for reason in reasons),
            "log_odds": group.log_odds + difference.total,
        }
    )


@lru_cache(_GROUPS_IN_MEMORY)
def _comparison_group(month: PublishedMonth, models: Path, light: Light, county: str | None) -> ComparisonGroup | None:
    """The loans to compare with, by month, light and county; a newer edition is another month."""
    bundle, question = loaded_model(month, ModelStore(models)), QUESTIONS[light]
    by = [bundle.policy.by] if bundle.policy.by else []
    columns = {"loan_id", "county_code", "probability", *DISCLOSURE_COLUMNS, *by}
    month_loans = month.scan("warnings").select(columns).collect()
    nearest = comparison_loans(month_loans, bundle, question, county)
    if nearest is None:
        return None
    facts = month.scan("features").join(nearest.loan_ids.to_frame().lazy(), on="loan_id", how="semi").collect()
    return comparison_group(facts, bundle, question, nearest.county)


def _question(warning: LoanWarning, group: ComparisonGroup, bundle: Bundle) -> Bilingual:
    """The question; with it, where the light shown is by a rule, or the light is kept from the previous month."""
    question = group.question
    light, instead, shown = question.light.words, question.other_light.words, Light[warning.light.upper()].words
    zh = _QUESTION.zh.format(light=light.zh, instead=instead.zh)
    en = _QUESTION.en.format(light=light.en, instead=instead.en)
    if warning.shadow or warning.light != warning.model_light:
        whose = _IN_SHADOW if warning.shadow else _BY_RULE
        zh = whose.zh.format(shown=shown.zh, light=light.zh) + zh
        en = whose.en.format(shown=shown.en, light=light.en) + en
    row = pl.DataFrame([warning.model_dump(include={"probability", "bank", "township_code"})])
    level_by_probability = row.select(bundle.policy.level(pl.col("probability"))).item()
    if CODES[level_by_probability] != warning.model_light:
        share = f"{bundle.policy.keeps:.0%}"
        zh, en = zh + _FROM_PREVIOUS_MONTH.zh.format(share=share), en + _FROM_PREVIOUS_MONTH.en.format(share=share)
    return Bilingual(zh, en)


def _side(group: ComparisonGroup) -> Bilingual:
    """The side of the threshold on which the group lies, as `just under yellow`."""
    lamp, side = (Light.YELLOW, _ABOVE) if group.question.from_above else (group.question.light, _UNDER)
    return Bilingual(side.zh.format(lamp=lamp.words.zh), side.en.format(lamp=lamp.words.en))


def _largest_reasons(contributions: Contributions, difference: GroupDifference, group: ComparisonGroup) -> list[Reason]:
    by_column = difference.by_column[None, :]
    largest = largest_column_by_topic(by_column, contributions.columns)
    order = answer_order(by_column[0, largest[0]], group.question)[:REASONS_SHOWN]
    cells = {"value": contributions.inputs, "typical": difference.medians[None, :]}
    [reasons] = contribution_lists(largest[:, order], by_column, contributions.columns, cells).to_list()
    side = _side(group)
    comparison = Bilingual(f"{side.zh}一般为 {{typical}}", f"usual {side.en}: {{typical}}")
    return [render_reason(reason, comparison) for reason in reasons]
