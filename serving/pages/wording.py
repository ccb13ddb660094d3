"""The words on the pages, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from features.words import Words

Language = Literal["zh", "en"]
TAGS: Mapping[Language, str] = {"zh": "zh-Hans", "en": "en"}

WORDS: Mapping[str, Words] = {
    "title": Words("还款风险预警", "Repayment risk lights"),
    "find": Words("查找农户或贷款", "Find a household or loan"),
    "identifier": Words("农户编号或贷款编号", "Household or loan number"),
    "search": Words("查找", "Find"),
    "as_of": Words("截至", "As of"),
    "loans": Words("笔贷款", "loans"),
    "all": Words("全部", "all"),
    "worklist": Words("名单", "Work list"),
    "household": Words("农户", "Household"),
    "loan": Words("贷款", "Loan"),
    "bank": Words("银行", "Bank"),
    "light": Words("灯", "Light"),
    "rule_light": Words("规则灯", "Rule light"),
    "model_light": Words("模型灯", "Model light"),
    "no_model": Words("无模型", "no model"),
    "none": Words("无", "none"),
    "outstanding": Words("未还本金", "Outstanding"),
    "maturity": Words("距到期", "Matures in"),
    "past_maturity": Words("已到期", "Matured"),
    "days": Words("天", "days"),
    "ago": Words("前", "ago"),
    "village": Words("村", "Village"),
    "has_gone_bad": Words("已经变坏", "has gone bad"),
    "why_note": Words(
        "每条原因对风险 (对数几率) 的增减; 正数提高风险。各行相加即为上述可能性的对数几率。",
        "What each fact adds to the risk, in log-odds; positive raises it. The lines sum to the log-odds of the "
        "likelihood above.",
    ),
    "why": Words("与平均贷款相比的原因", "Reasons, against the average loan"),
    "colon": Words("：", ": "),
    "threshold_note": Words(
        "每条情况使风险 (对数几率) 增减多少; 自上而下相加, 从它们的平均走到本笔贷款。",
        "what each fact adds to the risk, in log-odds; added from the top down they lead from their average to this "
        "loan.",
    ),
    "those_loans": Words("这些贷款的平均", "Average of those loans"),
    "this_loan": Words("本笔贷款", "This loan"),
    "what_changed": Words("与上月相比的变化", "What changed since the month before"),
    "all_changes": Words("全部变化, 按来由", "All changes, by what moved them"),
    "adds": Words("对风险", "Adds"),
    "other_facts": Words("其他情况合计", "All other facts together"),
    "base_value": Words("基准值", "Base value"),
    "rules": Words("触发的规则", "Rules that fired"),
    "hard": Words("硬性规则", "hard rule"),
    "not_assessable": Words("因缺少数据无法判断的规则", "Rules that could not be assessed for lack of data"),
    "action": Words("应采取的措施", "What to do"),
    "previous": Words("上月", "Month before"),
    "facts": Words("已知情况", "What is known"),
    "value": Words("数值", "Value"),
    "typical": Words("本乡镇一般", "Usual in township"),
    "history": Words("还款计划与记录", "Schedule and repayments"),
    "due_on": Words("应还日", "Due on"),
    "principal_due": Words("应还本金", "Principal due"),
    "interest_due": Words("应还利息", "Interest due"),
    "state": Words("状态", "State"),
    "covered": Words("已还", "paid"),
    "covered_late": Words("迟还 {days} 天", "paid {days} days late"),
    "open_late": Words("逾期 {days} 天", "{days} days overdue"),
    "to_come": Words("未到期", "to come"),
    "nothing_found": Words("没有找到。请核对编号。", "Nothing found. Check the number."),
    "versions": Words("模型 {model} · 政策 {policy} · 数据 {data}", "model {model} · policy {policy} · data {data}"),
    "confirm": Words(
        "本灯为辅助判断, 由信贷员核实后确认; 农户可要求说明并提出异议。",
        "The light assists a decision; an officer confirms it. The household may ask for an explanation and object.",
    ),
    "five_classes": Words("五级分类", "Five classes"),
    "groups": Words("分组对比", "Groups compared"),
    "county": Words("县", "County"),
    "township": Words("乡镇", "Township"),
    "product": Words("产品", "Product"),
    "balance": Words("贷款余额 (元)", "Balance (yuan)"),
    "overdue_share": Words("逾期率 (金额)", "Overdue, by balance"),
    "interval": Words("95% 区间", "95% interval"),
    "overdue_household_share": Words("逾期率 (户数)", "Overdue, by households"),
    "common_causes": Words("可能的共同原因", "Possible common causes"),
    "groups_note": Words(
        "逾期率 = 有拖欠贷款的全部未还本金 / 贷款余额。组小则区间宽, 比较时请看区间。",
        "Overdue share: the whole outstanding principal of loans in arrears, of the balance. Small groups have wide "
        "intervals; compare by these.",
    ),
    "maturities": Words("到期日历", "Maturity calendar"),
    "within": Words("{days} 天内", "within {days} days"),
    "principal_falling_due": Words("到期本金 (元)", "Principal falling due (yuan)"),
    "households": Words("户", "households"),
    "matures_on": Words("到期日", "Matures on"),
    "notify_by": Words("最迟通知日", "Tell by"),
    "print_notices": Words("打印到期通知", "Print the notices"),
    "print_notice": Words("打印本笔到期通知", "Print its notice"),
    "notice": Words("贷款到期通知书", "Notice of maturity"),
    "notice_text": Words(
        "贵户在{bank}的贷款 {loan} 将于 {day} 到期, 届时应一次还清尚欠本金 {yuan} 元及当期利息。请提前备足资金。",
        "Your loan {loan} with {bank} falls due on {day}. The outstanding principal of {yuan} yuan is then to be "
        "repaid in one sum, with the interest of the period. Please set the money aside in time.",
    ),
    "notice_help": Words(
        "如有困难, 请在到期日前联系信贷员或村干部, 商议续贷、展期、分期 (最多 {months} 期) 或保险理赔。",
        "If this is difficult, speak to the bank's officer or the village before that day: renewal, extension, up to "
        "{months} instalments or an insurance claim may be possible.",
    ),
    "delivered_by": Words("送达人", "Delivered by"),
    "received_by": Words("签收人", "Received by"),
    "day": Words("日期", "Day"),
    "nothing_due": Words("没有到期的贷款。", "Nothing falls due."),
    "ratings": Words("评级", "Ratings"),
    "points": Words("得分", "Points"),
    "of_points": Words("满分", "Of"),
    "limit": Words("授信额度", "Limit"),
    "rate_discount": Words("利率优惠", "Off the yearly rate"),
    "grant_notes": Words("授信提示", "Notes on the grant"),
    "breach": Words("超出规定", "outside the notice"),
    "routes": Words("帮扶途径", "Routes of help"),
    "state_open": Words("可办", "open"),
    "state_pending": Words("办理中", "pending"),
    "state_later": Words("稍后可办", "later"),
    "state_closed": Words("不可办", "closed"),
    "state_unknown": Words("待查", "to be asked"),
    "expected_loss": Words("预期损失 (元)", "Expected loss (yuan)"),
    "of_fund": Words("基金", "fund"),
    "of_bank": Words("银行", "bank"),
    "more": Words("下一页", "Next page"),
    "other_language": Words("English", "中文"),
}


def in_language(language: Language) -> dict[str, str]:
    """All words of the pages in one language."""
    return {key: getattr(words, language) for key, words in WORDS.items()}
