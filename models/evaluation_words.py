"""What the parts of a judgement are called, in Chinese and English: contenders, segments, groups of people."""

from __future__ import annotations

from collections.abc import Mapping

from features.catalog import FAMILY_WORDS
from features.messages import Words
from features.units import HOUSEHOLD_TYPE, PRODUCT, SEX
from models.light import LIGHT_WORDS

CONTENDERS: Mapping[str, Words] = {
    "model": Words("模型", "the model"),
    "rules": Words("规则灯", "the rules"),
    "one_line_rule": Words("一句话规则 (该户逾期期数占比)", "the one-line rule (share of instalments late)"),
    "days_past_due": Words("逾期天数", "days past due"),
    "rating_631": Words("631 评级", "rating 631"),
    "rating_1531": Words("1531 评级", "rating 1531"),
    "scorecard": Words("评分卡 (逻辑回归)", "the scorecard (logistic)"),
    "unconstrained": Words("无单调约束的模型", "the model without monotone signs"),
}
SIMPLER = ("rules", "one_line_rule", "days_past_due", "rating_631", "rating_1531", "scorecard")
"""The rungs that are easier to understand than the model."""

PARTS: Mapping[str, Words] = {
    **LIGHT_WORDS,
    **FAMILY_WORDS,
    **{f"product={code}": words for code, words in PRODUCT.codes.items()},
    **{f"sex={code}": words for code, words in SEX.codes.items()},
    **{f"household_type={code}": words for code, words in HOUSEHOLD_TYPE.codes.items()},
    "lit": Words("亮灯 (红或黄)", "lit (red or yellow)"),
    "visited": Words("走访", "visited"),
    "not_visited": Words("不走访", "not visited"),
    "month": Words("月份", "Month"),
    "bank": Words("银行", "Bank"),
    "township": Words("乡镇", "Township"),
    "product": Words("产品", "Product"),
    "arrears": Words("是否拖欠", "Arrears"),
    "loan_age": Words("贷款账龄", "Age of the loan"),
    "borrower": Words("借款人", "Borrower"),
    "in_arrears": Words("已拖欠", "in arrears"),
    "not_in_arrears": Words("未拖欠", "not in arrears"),
    "under_12_months": Words("不满12个月", "under 12 months"),
    "12_months_or_more": Words("12个月及以上", "12 months or more"),
    "first_loan": Words("首次借款", "first loan"),
    "has_borrowed_before": Words("曾借过款", "has borrowed before"),
    "sex": Words("性别", "Sex"),
    "age": Words("年龄", "Age"),
    "disability": Words("家中有残疾人", "A member is disabled"),
    "household_type": Words("农户类型", "Type of household"),
    "under_35": Words("35岁以下", "under 35"),
    "35_to_49": Words("35至49岁", "35 to 49"),
    "50_to_59": Words("50至59岁", "50 to 59"),
    "60_or_more": Words("60岁及以上", "60 or more"),
    "disability=0": Words("否", "no"),
    "disability=1": Words("是", "yes"),
    "unknown": Words("不详", "unknown"),
}
"""Parts, groups and what they are parted by; a code that means something only beside another stands as `by=code`."""


def contender(name: str) -> Words:
    return CONTENDERS.get(name, Words(name, name))


def part(by: str, code: str) -> Words:
    """A bank's or township's own name stands for itself."""
    return PARTS.get(f"{by}={code}") or PARTS.get(code) or Words(code, code)
