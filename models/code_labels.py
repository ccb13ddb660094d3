"""Names of the contract's codes that no feature holds: hardships, insurance, events and payers of loans."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Bilingual

CAUSE_WORDS: Mapping[str, Bilingual] = {
    "illness": Bilingual("疾病", "illness"),
    "disability": Bilingual("残疾", "disability"),
    "death": Bilingual("死亡", "death"),
    "missing": Bilingual("失踪", "person missing"),
    "custody": Bilingual("羁押", "custody"),
    "disaster": Bilingual("自然灾害", "disaster"),
    "epidemic": Bilingual("疫病", "epidemic"),
    "accident": Bilingual("意外事故", "accident"),
    "business_failure": Bilingual("经营失败", "business failure"),
    "unemployment": Bilingual("失业", "unemployment"),
    "price_collapse": Bilingual("价格大跌", "price collapse"),
    "schooling": Bilingual("就学支出", "schooling"),
    "other": Bilingual("其他", "other hardship"),
}
INSURED_WORDS: Mapping[str, Bilingual] = {
    "accident": Bilingual("意外险", "accident"),
    "serious_illness": Bilingual("大病补充保险", "serious illness"),
    "sheep_income": Bilingual("滩羊收入保险", "sheep income"),
    "daylily_price": Bilingual("黄花菜价格保险", "daylily price"),
    "crop": Bilingual("种植业保险", "crop"),
    "other": Bilingual("其他保险", "other"),
}
LOAN_EVENT_WORDS: Mapping[str, Bilingual] = {
    "extended": Bilingual("展期", "extended"),
    "renewed": Bilingual("续贷", "renewed"),
    "settled": Bilingual("结清", "settled"),
    "compensated": Bilingual("代偿", "compensated by the fund"),
    "written_off": Bilingual("核销", "written off"),
}
PAYER_WORDS: Mapping[str, Bilingual] = {
    "borrower": Bilingual("农户", "borrower"),
    "subsidy": Bilingual("财政贴息", "subsidy"),
    "insurance": Bilingual("保险", "insurance"),
    "compensation_fund": Bilingual("风险补偿金", "compensation fund"),
    "other": Bilingual("其他", "other"),
}
