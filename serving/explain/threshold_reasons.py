"""Why a light and not the next, told: against the loans of the month just on the other side of the threshold."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path

import polars as pl

from features.messages import Words
from models.bundle import Bundle, Parts
from models.explain import REASONS_SHOWN, largest_of_topics, listed_at
from models.light import CODES, Light
from models.registry import Models
from models.threshold_group import QUESTIONS, Against, Beside, against, chosen_beside, in_answer, together
from serving.explain.loaded_models import bundle_of
from serving.explain.sentences import reason_told
from serving.months.repository import Month
from serving.schemas.loan_warning import LoanWarning, Reason
from serving.schemas.reasons import ThresholdReasons

_BESIDE_KEPT = 256
"""Comparisons kept in memory: three a month and county."""
_QUESTION = Words("为什么是{light}而不是{instead}", "Why {light} and not {instead}")
_BY_RULE = Words(
    "{shown}出自硬性规则; 模型自己判为{light}。", "The {shown} light is by hard rules; the model alone says {light}. "
)
_KEPT_LIT = Words(
    " (沿用上月的灯: 可能性尚未降到界限的 {share} 以下)",
    " (kept from the month before: the likelihood has not yet fallen below {share} of the threshold)",
)
_UNDER, _ABOVE = Words("{lamp}界限下", "just under {lamp}"), Words("{lamp}界限上", "just above {lamp}")
_COMPARED = Words("与{whose}{side}最近的 {loans} 笔贷款相比", "Against the {loans} loans {side} {whose}")
_OF_COUNTY, _OF_ALL = Words("本县", "in the county"), Words("各县", "in all counties")


def threshold_reasons(
    warning: LoanWarning, parts: Parts, bundle: Bundle, month: Month, models: Models
) -> ThresholdReasons | None:
    """For one loan that the model judged; `parts` are its own.

    None where too few loans lie on the other side to be compared with.
    """
    if warning.model_light is None:
        return None
    other = _beside(month.whole, models.folder, Light[warning.model_light.upper()], warning.county_code)
    if other is None:
        return None
    mine = against(parts, 0, other)
    said, compared, reasons = _question(warning, other, bundle), _compared(other), _reasons(parts, mine, other)
    return ThresholdReasons.model_validate(
        {
            "light": other.question.light.code,
            "instead": other.question.instead.code,
            "zh": said.zh,
            "en": said.en,
            "compared_zh": compared.zh,
            "compared_en": compared.en,
            "loans": other.loans,
            "compared_log_odds": other.log_odds,
            "reasons": reasons,
            "other_facts": mine.total - math.fsum(each.contribution for each in reasons),
            "log_odds": other.log_odds + mine.total,
        }
    )


@lru_cache(_BESIDE_KEPT)
def _beside(month: Month, models: Path, light: Light, county: str | None) -> Beside | None:
    """Read once for each month, light and county; a newer edition is another month."""
    bundle, question = bundle_of(month, Models(models)), QUESTIONS[light]
    by = [bundle.policy.by] if bundle.policy.by else []
    published = month.scan("warnings").select({"loan_id", "county_code", "probability", *by}).collect()
    chosen = chosen_beside(published, bundle, question, county)
    if chosen is None:
        return None
    facts = month.scan("features").join(chosen.loans.to_frame().lazy(), on="loan_id", how="semi").collect()
    return together(facts, bundle, question, chosen.county)


def _question(warning: LoanWarning, other: Beside, bundle: Bundle) -> Words:
    question = other.question
    light, instead, shown = question.light.words, question.instead.words, Light[warning.light.upper()].words
    zh = _QUESTION.zh.format(light=light.zh, instead=instead.zh)
    en = _QUESTION.en.format(light=light.en, instead=instead.en)
    if warning.light != warning.model_light:
        zh = _BY_RULE.zh.format(shown=shown.zh, light=light.zh) + zh
        en = _BY_RULE.en.format(shown=shown.en, light=light.en) + en
    if _is_kept(warning, bundle):
        share = f"{bundle.policy.keeps:.0%}"
        zh, en = zh + _KEPT_LIT.zh.format(share=share), en + _KEPT_LIT.en.format(share=share)
    return Words(zh, en)


def _is_kept(warning: LoanWarning, bundle: Bundle) -> bool:
    row = pl.DataFrame([warning.model_dump(include={"probability", "bank", "township_code"})])
    fresh = row.select(bundle.policy.level(pl.col("probability"))).item()
    return bool(CODES[fresh] != warning.model_light)


def _side(other: Beside) -> Words:
    lamp, side = (Light.YELLOW, _ABOVE) if other.question.from_above else (other.question.light, _UNDER)
    return Words(side.zh.format(lamp=lamp.words.zh), side.en.format(lamp=lamp.words.en))


def _compared(other: Beside) -> Words:
    side, whose = _side(other), _OF_ALL if other.county is None else _OF_COUNTY
    zh = _COMPARED.zh.format(whose=whose.zh, side=side.zh, loans=other.loans)
    return Words(zh, _COMPARED.en.format(whose=whose.en, side=side.en, loans=other.loans))


def _reasons(parts: Parts, mine: Against, other: Beside) -> list[Reason]:
    whole = mine.of_columns[None, :]
    largest = largest_of_topics(whole, parts.columns)
    order = in_answer(whole[0, largest[0]], other.question)[:REASONS_SHOWN]
    cells = {"value": parts.cells, "typical": mine.typical[None, :]}
    [listed] = listed_at(largest[:, order], whole, parts.columns, cells).to_list()
    side = _side(other)
    usual = Words(f"{side.zh}一般为 {{typical}}", f"usual {side.en}: {{typical}}")
    return [reason_told(each, usual) for each in listed]
