"""Words of the household ledger in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual

LOANS_OPEN = Bilingual(
    "扣分按未结贷款计算。",
    "Deductions are those of the open loans.",
)
LOANS_ENDED = Bilingual(
    "目前没有未结贷款：扣分按近12个月内结清的贷款和已代偿或核销的贷款计算。",
    "No open loan now: deductions are those of the loans that ended in the last 12 months, and of those "
    "compensated or written off.",
)
NO_LOANS = Bilingual(
    "从未贷款：没有可扣分的贷款，逾期和用途两项为零是因为没有贷款，不是还款表现。",
    "Never had a loan: there is none to deduct for; arrears and use are nought for want of a loan, not by conduct.",
)
NOT_PUBLISHED = Bilingual(
    "该日未发布，按目前已装载的数据计算", "that day is not published: computed from the data loaded by now"
)
AGE_WORDS: Mapping[str, Bilingual] = {
    "granted": Bilingual(
        "{years}，属应授尽授年龄（{youngest}–{granted_to} 岁）",
        "{years_en}: of the age to which all are granted, {youngest} to {granted_to}",
    ),
    "included": Bilingual(
        "{years}，本县一并纳入（{granted_to}–{oldest} 岁）",
        "{years_en}: included by the county, above {granted_to} and up to {oldest}",
    ),
    "too_young": Bilingual("{years}，未满 {youngest} 岁", "{years_en}: under {youngest}"),
    "too_old": Bilingual("{years}，超过 {oldest} 岁", "{years_en}: over {oldest}"),
    "unknown": Bilingual("年龄不详，请核实", "age not known; ask"),
}
LISTING_UNKNOWN = Bilingual("征信情况未送达", "credit standing was not delivered")
NOT_LISTED = Bilingual("无未结的他行违约或被执行", "no open default or enforcement elsewhere")
FINDING_NOT_RECORDED = Bilingual(
    "他行违约或被执行未结；非恶意的仍可授信，是否恶意尚无认定记录",
    "an open default or enforcement elsewhere; still granted unless malicious, and whether it is has not been recorded",
)
SINCE_WORDS: Mapping[str, Bilingual] = {
    "previous_month": Bilingual("与上一发布月份", "Against the month published before"),
    "year_before": Bilingual("与一年前", "Against one year before"),
}
MOVED = Bilingual(
    "{since}（{day}）相比：{before}（{points_before} 分）→ {after}（{points} 分）",
    "{since_en} ({day}): {before_en} ({points_before} points) → {after_en} ({points} points)",
)
NOT_MOVED = Bilingual(
    "{since}（{day}）相比没有变化：{after}（{points} 分）",
    "{since_en} ({day}): unchanged, {after_en} ({points} points)",
)
STATE_WORDS: Mapping[str, Bilingual] = {
    "open": Bilingual("未结", "open"),
    "repaid": Bilingual("已还清", "repaid"),
    "renewed": Bilingual("已结清或续贷", "settled or renewed"),
    "lost": Bilingual("已代偿或核销", "compensated or written off"),
}
VERDICT_WORDS: Mapping[str, Bilingual] = {
    "credit": Bilingual("达标", "met"),
    "below_share": Bilingual("未达标：占比不足", "not met: share too small"),
    "overdue": Bilingual("未达标：逾期户占比过高", "not met: too many in arrears"),
    "too_little_known": Bilingual("资料不足，不评", "too little is known to judge"),
    "too_few": Bilingual("户数过少，不评", "too few households to judge"),
}
REVOLVING_NOTE = Bilingual(
    "循环贷每笔借据一行：授信为借据本金，已用为未还本金，剩余为两者之差。"
    "送达的表没有授信合同，也没有同一借据下的再次支用：再次支用以新借据送达的，另列一行；"
    "已还清而未到期的能否再用，须向银行核实，剩余一栏空缺。",
    "A row for each loan of the product: granted is its principal, drawn what is outstanding, left the "
    "difference. The tables delivered hold no contract of a grant and no further drawing on one loan: a drawing "
    "that comes as a loan of its own is a row of its own; whether one that is repaid before its day may be drawn "
    "again is the bank's to say, so nothing stands in the column of what is left.",
)
PLACES_NOTE = Bilingual(
    "信用户：评级为{grades}的农户。信用村：信用户占比不低于 {village_share:.0%}，"
    "有贷户中逾期户不超过 {village_overdue:.0%}；"
    "信用乡镇：信用村占已评村不低于 {township_share:.0%}，有贷户中逾期户不超过 {township_overdue:.0%}。"
    "符合条件：借款人或户主 {youngest}–{oldest} 岁且无他行违约未结；"
    "有未结的，是否恶意由人认定，系统无认定记录，单列。授信为等级额度，已用为其中未还本金。"
    "户数不足 {least} 的村不列数字；可由乡镇合计推算出来的也不列。",
    "Credit household: of grade {grades_en}. Credit village: at least {village_share:.0%} credit households and "
    "at most {village_overdue:.0%} of the borrowing ones in arrears; credit township: at least "
    "{township_share:.0%} of the villages judged are credit villages, and at most {township_overdue:.0%} of the "
    "borrowing households in arrears. Eligible: borrower or head of {youngest} to {oldest} without an open "
    "default elsewhere; those with one stand apart: whether it is malicious is for a person to find, and no "
    "finding is recorded. Granted: the limit of the grade; drawn: what is outstanding of it. Villages under "
    "{least} households have no figures, nor those that a township's sums would tell.",
)
