"""The first words of a sheet: a sentence on the loan, and its three main reasons as a county office says them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from features.catalog import FEATURES
from features.messages import Bilingual
from features.units import Value
from serving.explain.missing_facts import missing_fact
from serving.explain.sentences import Row
from serving.schemas.household_sheet import MainReason
from serving.schemas.loan_warning import LoanWarning, Reason

_MOST_REASONS = 3
_MOST_FACTS = 2
"""Facts of the household in the sentence on the loan."""
_TEN_THOUSAND = 10_000


@dataclass(frozen=True)
class PlainWords:
    """How a feature's value is said. zh, en: around {value}. none: where the value is zero, in place of them."""

    zh: str
    en: str
    none: Bilingual | None = None

    def sentence(self, value: Value, text: Bilingual) -> Bilingual:
        """The value in words. text: the value in its unit."""
        if self.none is not None and not isinstance(value, str) and value == 0:
            return self.none
        return Bilingual(self.zh.format(value=text.zh), self.en.format(value=text.en))


PLAIN_WORDS: Mapping[str, PlainWords] = {
    "annual_rate": PlainWords("年利率 {value}", "a yearly rate of {value}"),
    "assets_age_months": PlainWords("资产已 {value}未核实", "assets not surveyed for {value}"),
    "bank_bad_share": PlainWords(
        "该行同类贷款 {value} 已变坏",
        "{value} of the bank's loans went bad",
        Bilingual("该行无变坏贷款", "no bad loan at this bank"),
    ),
    "borrower_paid_share_12m": PlainWords(
        "近一年应还的由农户本人还了 {value}", "the household itself paid {value} of what fell due in a year"
    ),
    "civility_points": PlainWords("村评文明得分 {value}", "{value} for civility in the village review"),
    "cost_to_income": PlainWords("家庭支出占收入 {value}", "household cost takes {value} of the income"),
    "days_late_max_12m": PlainWords(
        "近一年最长迟还 {value}", "up to {value} late within a year", Bilingual("近一年都按时还款", "on time all year")
    ),
    "days_late_max_6m": PlainWords(
        "近半年最长迟还 {value}",
        "up to {value} late within half a year",
        Bilingual("近半年都按时还款", "on time for half a year"),
    ),
    "days_past_due": PlainWords("已逾期 {value}", "{value} past due", Bilingual("目前没有逾期", "nothing is past due")),
    "days_to_maturity": PlainWords("离到期还有 {value}", "{value} to maturity"),
    "days_to_next_due": PlainWords("离下次应还还有 {value}", "{value} to the next due day"),
    "debt_to_income": PlainWords("全部负债是年收入的 {value}", "debts are {value} the yearly income"),
    "declared_price_change": PlainWords("所报产业价格一年变动 {value}", "the product's price moved {value} in a year"),
    "declared_use": PlainWords("贷款用于{value}", "the loan is for {value}"),
    "due_next_3m": PlainWords(
        "3个月内要还 {value}",
        "{value} fall due within 3 months",
        Bilingual("3个月内没有要还的", "nothing falls due within 3 months"),
    ),
    "due_next_6m": PlainWords(
        "半年内要还 {value}",
        "{value} fall due within half a year",
        Bilingual("半年内没有要还的", "nothing falls due in half a year"),
    ),
    "farmland_mu": PlainWords("家里有地 {value}", "{value} of farmland", Bilingual("家里没有耕地", "no farmland")),
    "hardship_age_months": PlainWords("{value}前家里遇到困难", "a hardship {value} ago"),
    "hardship_loss_12m": PlainWords(
        "近一年因灾因病损失 {value}",
        "{value} lost to hardships in a year",
        Bilingual("近一年没有困难损失", "no loss in a year"),
    ),
    "herd_value": PlainWords("牲畜值 {value}", "a herd worth {value}", Bilingual("家里没有牲畜", "no animals")),
    "household_days_before_due_mean": PlainWords("以往平均提前 {value}还款", "paid {value} ahead on average"),
    "household_days_late_mean": PlainWords(
        "以往平均迟还 {value}", "{value} late on average so far", Bilingual("以往从不迟还", "never late so far")
    ),
    "household_instalments_ever": PlainWords(
        "至今只有 {value} 期还款记录",
        "{value} instalments on record so far",
        Bilingual("还没有还款记录", "no instalment on record"),
    ),
    "household_late_share": PlainWords(
        "以往 {value} 的期次迟还",
        "{value} of past instalments were late",
        Bilingual("以往期次都不迟还", "no past instalment was late"),
    ),
    "household_size": PlainWords("家里 {value} 口人", "{value} people at home"),
    "insured_industry": PlainWords(
        "产业保险：{value}", "industry insured: {value}", Bilingual("没有产业保险", "no industry insurance")
    ),
    "is_renewal": PlainWords("这笔是续贷：{value}", "a renewal: {value}", Bilingual("不是续贷", "not a renewal")),
    "late_instalments_12m": PlainWords(
        "近一年迟还 {value} 期",
        "{value} late instalments in a year",
        Bilingual("近一年没有迟还", "no late instalment in a year"),
    ),
    "loss_to_income_12m": PlainWords(
        "近一年损失占年收入 {value}",
        "a year's losses took {value} of the income",
        Bilingual("近一年没有损失", "no loss in a year"),
    ),
    "maturity_month": PlainWords("{value}到期", "matures in {value}"),
    "net_income": PlainWords("一年纯收入 {value}", "a yearly net income of {value}"),
    "outstanding_principal": PlainWords("还欠本金 {value}", "{value} of principal outstanding"),
    "overdue_amount": PlainWords("逾期 {value}", "{value} overdue", Bilingual("没有逾期金额", "nothing overdue")),
    "overdue_elsewhere_12m": PlainWords(
        "近一年在别的银行逾期 {value} 次",
        "{value} times overdue elsewhere in a year",
        Bilingual("在别的银行没有逾期", "not overdue elsewhere"),
    ),
    "principal_share_next_5m": PlainWords(
        "本金的 {value} 要在5个月内还",
        "{value} of the principal falls due within 5 months",
        Bilingual("5个月内不用还本", "no principal due within 5 months"),
    ),
    "repayment_cover": PlainWords("到期前的钱是要还的 {value}", "means until maturity are {value} what is due"),
    "savings": PlainWords("存款 {value}", "savings of {value}", Bilingual("没有存款", "no savings")),
    "subsidy_share": PlainWords(
        "贴息 {value}", "{value} of the interest is subsidised", Bilingual("没有贴息", "no interest subsidy")
    ),
    "sum_insured": PlainWords("保额 {value}", "insured for {value}", Bilingual("没有任何保险", "not insured at all")),
    "term_days": PlainWords("贷款期限 {value}", "a term of {value}"),
    "township_bad_share": PlainWords(
        "本乡镇 {value} 的贷款已变坏",
        "{value} of the township's loans went bad",
        Bilingual("本乡镇没有变坏贷款", "no bad loan in the township"),
    ),
    "transfer_share": PlainWords("收入的 {value} 靠补助", "{value} of the income is transfers"),
    "unresolved_hardship": PlainWords(
        "家里的困难还没有化解", "a hardship is not resolved", Bilingual("没有未化解的困难", "no open hardship")
    ),
    "use_finding": PlainWords("用途检查：{value}", "use check: {value}"),
    "village_overdue_share": PlainWords(
        "本村别家 {value} 的余额在拖欠",
        "{value} of the village's other loans are in arrears",
        Bilingual("本村别家都没有拖欠", "no other arrears in the village"),
    ),
    "wage_share": PlainWords("收入的 {value} 靠打工", "{value} of the income is wages"),
    "workers_per_head": PlainWords("劳动力占 {value}", "{value} of the members work"),
}
"""The words of the features that a sheet names most often; the others are told by their label and value."""
_METHODS = {
    "bullet_quarterly_interest": Bilingual("到期一次还本", "the principal is due in one sum"),
    "bullet_all": Bilingual("到期一次还本付息", "all is due in one sum"),
    "equal_instalment": Bilingual("最后一期到期（等额本息）", "the last equal instalment is due"),
    "equal_principal": Bilingual("最后一期到期（等额本金）", "the last instalment of equal principal is due"),
}
_DUE = Bilingual("{days} 天后（{day}）{method}", "{method} in {days} days ({day})")
_PAST_DUE = Bilingual("{day} 已到期（{method}）", "{method} since {day}")


def plain_fact(name: str, value: Value) -> Bilingual:
    """A feature's value in plain words; a missing one with what to bring.

    Example:
        >>> from serving.explain.plain_reasons import plain_fact
        >>> plain_fact("herd_value", 0.0).zh, plain_fact("principal_share_next_5m", 1.0).en
        ('家里没有牲畜', '100.0% of the principal falls due within 5 months')
    """
    label = FEATURES[name].label
    if value is None:
        missing = missing_fact(name)
        return Bilingual(f"{label.zh}：{missing.zh}", f"{label.en}: {missing.en}")
    text, words = FEATURES[name].unit.text(value), PLAIN_WORDS.get(name)
    if words is None:
        return Bilingual(f"{label.zh}：{text.zh}", f"{label.en}: {text.en}")
    return words.sentence(value, text)


def loan_summary(facts: Row, as_of: date) -> Bilingual:
    """One sentence on a loan: what is owed, when and how it falls due, and up to two facts of the household.

    facts: the loan's published features, by name. as_of: the month's end.
    """
    owed = f"{facts['outstanding_principal'] / _TEN_THOUSAND:,.2f}".rstrip("0").rstrip(".")
    days = round(facts["days_to_maturity"])
    method = _METHODS.get(facts["repayment_method"], _METHODS["bullet_all"])
    words = _DUE if days >= 0 else _PAST_DUE
    matures_on = as_of + timedelta(days=days)
    due_zh = words.zh.format(days=days, day=matures_on, method=method.zh)
    due_en = words.en.format(days=days, day=matures_on, method=method.en)
    household = _household_facts(facts)[:_MOST_FACTS]
    zh = "；".join([f"{owed} 万元，{due_zh}", *(each.zh for each in household)])
    en = "; ".join([f"{facts['outstanding_principal']:,.0f} yuan, {due_en}", *(each.en for each in household)])
    return Bilingual(f"{zh}。", f"{en}.")


def _household_facts(facts: Row) -> list[Bilingual]:
    """What matters first of a household's means, the most pressing first."""
    found = []
    if (facts["overdue_amount"] or 0) > 0:
        found.append(plain_fact("overdue_amount", facts["overdue_amount"]))
    if facts["unresolved_hardship"] == 1:
        found.append(plain_fact("unresolved_hardship", 1))
    if facts["herd_value"] is not None:
        found.append(plain_fact("herd_value", facts["herd_value"]))
    if facts["savings"] is not None:
        found.append(plain_fact("savings", facts["savings"]))
    return found


def main_reasons(warning: LoanWarning, contributions: Mapping[str, float]) -> list[MainReason]:
    """Up to three reasons of a light in plain words: the rules that set it, then the facts that move the score most.

    A fact that raises the risk has points: its part of all that raises it, which is 100 points; one that lowers it has
    its part of all that lowers it.

    warning: with its sentences. contributions: of all facts, in log-odds; empty where no model scored the loan.
    """
    rules = [
        MainReason(feature=None, zh=rule.zh, en=rule.en, direction="raises", points=None)
        for rule in warning.rules
        if rule.light == warning.light
    ]
    raised = math.fsum(value for value in contributions.values() if value > 0)
    lowered = math.fsum(value for value in contributions.values() if value < 0)
    by_model = [_main_reason(reason, raised, lowered) for reason in warning.reasons]
    return [*rules, *by_model][:_MOST_REASONS]


def _main_reason(reason: Reason, raised: float, lowered: float) -> MainReason:
    words = plain_fact(reason.feature, reason.value)
    raises = reason.contribution > 0
    whole = raised if raises else lowered
    points = round(100 * reason.contribution / whole) if whole else None
    return MainReason(
        feature=reason.feature,
        zh=words.zh,
        en=words.en,
        direction="raises" if raises else "lowers",
        points=points,
    )
