"""What the codes of the contract are called where no feature holds them: causes of hardship, kinds of insurance."""

from __future__ import annotations

from collections.abc import Mapping

from features.messages import Words

CAUSE_WORDS: Mapping[str, Words] = {
    "illness": Words("疾病", "illness"),
    "disability": Words("残疾", "disability"),
    "death": Words("死亡", "death"),
    "missing": Words("失踪", "person missing"),
    "custody": Words("羁押", "custody"),
    "disaster": Words("自然灾害", "disaster"),
    "epidemic": Words("疫病", "epidemic"),
    "accident": Words("意外事故", "accident"),
    "business_failure": Words("经营失败", "business failure"),
    "unemployment": Words("失业", "unemployment"),
    "price_collapse": Words("价格大跌", "price collapse"),
    "schooling": Words("就学支出", "schooling"),
    "other": Words("其他", "other hardship"),
}
INSURED_WORDS: Mapping[str, Words] = {
    "accident": Words("意外险", "accident"),
    "serious_illness": Words("大病补充保险", "serious illness"),
    "sheep_income": Words("滩羊收入保险", "sheep income"),
    "daylily_price": Words("黄花菜价格保险", "daylily price"),
    "crop": Words("种植业保险", "crop"),
    "other": Words("其他保险", "other"),
}
