"""Names in Chinese and English for a model evaluation: compared models, segments, groups of people."""

from __future__ import annotations

from collections.abc import Mapping

from features.catalog import FAMILY_LABELS
from features.messages import Bilingual
from features.units import HOUSEHOLD_TYPE, PRODUCT, SEX
from models.light import LIGHT_WORDS

COMPARED_MODELS: Mapping[str, Bilingual] = {
    "model": Bilingual("模型", "the model"),
    "bad_if_due": Bilingual("模型（到期时尚未还清的，变坏的可能）", "the model (bad if still open when due)"),
    "rules": Bilingual("规则预警", "the rules"),
    "one_line_rule": Bilingual("一句话规则（该户逾期期数占比）", "the one-line rule (share of instalments late)"),
    "days_past_due": Bilingual("逾期天数", "days past due"),
    "rating_631": Bilingual("631 评级", "rating 631"),
    "rating_1531": Bilingual("1531 评级", "rating 1531"),
    "tuned_rules": Bilingual("调优后的规则表（打分）", "the tuned rules (points)"),
    "calendar": Bilingual("按到期日先后", "the calendar (soonest due first)"),
    "calendar_cover": Bilingual("临近到期中保障最低的先", "the calendar with cover (due soon, lowest cover first)"),
    "logistic": Bilingual("逻辑回归", "a logistic regression"),
    "scorecard": Bilingual("评分卡（逻辑回归，旧）", "the scorecard (logistic) of earlier reports"),
    "unconstrained": Bilingual("无单调约束的模型", "the model without monotone signs"),
}
FORETOLD_FIGURES: Mapping[str, Bilingual] = {
    "probability_1m": Bilingual("1个月内变坏", "goes bad within 1 month"),
    "probability_3m": Bilingual("3个月内变坏", "goes bad within 3 months"),
    "probability": Bilingual("预测期内变坏", "goes bad within the horizon"),
    "probability_12m": Bilingual("12个月内变坏", "goes bad within 12 months"),
    "due_probability": Bilingual("到期时仍未还清", "still open when due"),
    "bad_if_due": Bilingual("到期时未还清的，随后变坏", "goes bad, if still open when due"),
}
"""Names of the figures by month ahead."""
SIMPLER_OPPONENTS = (
    *("rules", "tuned_rules", "calendar", "calendar_cover", "one_line_rule", "days_past_due"),
    *("rating_631", "rating_1531", "logistic"),
)
"""Opponents that are easier to understand than the model."""

GROUP_WORDS: Mapping[str, Bilingual] = {
    **LIGHT_WORDS,
    **FAMILY_LABELS,
    **{f"product={code}": words for code, words in PRODUCT.codes.items()},
    **{f"sex={code}": words for code, words in SEX.codes.items()},
    **{f"household_type={code}": words for code, words in HOUSEHOLD_TYPE.codes.items()},
    "lit": Bilingual("亮灯（红或黄）", "lit (red or yellow)"),
    "visited": Bilingual("走访", "visited"),
    "not_visited": Bilingual("不走访", "not visited"),
    "month": Bilingual("月份", "Month"),
    "bank": Bilingual("银行", "Bank"),
    "township": Bilingual("乡镇", "Township"),
    "product": Bilingual("产品", "Product"),
    "arrears": Bilingual("是否拖欠", "Arrears"),
    "loan_age": Bilingual("贷款账龄", "Age of the loan"),
    "borrower": Bilingual("借款人", "Borrower"),
    "in_arrears": Bilingual("已拖欠", "in arrears"),
    "not_in_arrears": Bilingual("未拖欠", "not in arrears"),
    "under_12_months": Bilingual("不满12个月", "under 12 months"),
    "12_months_or_more": Bilingual("12个月及以上", "12 months or more"),
    "first_loan": Bilingual("首次借款", "first loan"),
    "has_borrowed_before": Bilingual("曾借过款", "has borrowed before"),
    "sex": Bilingual("性别", "Sex"),
    "age": Bilingual("年龄", "Age"),
    "disability": Bilingual("家中有残疾人", "A member is disabled"),
    "household_type": Bilingual("农户类型", "Type of household"),
    "under_35": Bilingual("35岁以下", "under 35"),
    "35_to_49": Bilingual("35至49岁", "35 to 49"),
    "50_to_59": Bilingual("50至59岁", "50 to 59"),
    "60_or_more": Bilingual("60岁及以上", "60 or more"),
    "disability=0": Bilingual("否", "no"),
    "disability=1": Bilingual("是", "yes"),
    "unknown": Bilingual("不详", "unknown"),
}
"""Names of groups and of what they are grouped by; a code that depends on the latter has the key `by=code`."""


def compared_model_words(name: str) -> Bilingual:
    """The name of a compared model; the code itself where it has none."""
    return COMPARED_MODELS.get(name, Bilingual(name, name))


def group_words(by: str, code: str) -> Bilingual:
    """The name of a group; a bank's or township's code is its own name.

    by: what is grouped by (`bank`, `sex`); empty where the code needs none.
    """
    return GROUP_WORDS.get(f"{by}={code}") or GROUP_WORDS.get(code) or Bilingual(code, code)
