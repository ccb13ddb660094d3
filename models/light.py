"""The three lights of a loan and their names."""

from __future__ import annotations

from enum import IntEnum

from features.messages import Bilingual


class Light(IntEnum):
    """A light; the worse of two is their maximum."""

    GREEN = 0
    YELLOW = 1
    RED = 2

    @property
    def code(self) -> str:
        """The light as files and interfaces write it: `green`, `yellow`, `red`."""
        return self.name.lower()

    @property
    def words(self) -> Bilingual:
        """The light's name in Chinese and English."""
        return LIGHT_WORDS[self.code]


CODES: tuple[str, ...] = tuple(light.code for light in Light)
LACKS: dict[str, Bilingual] = {
    "schedule": Bilingual("无还款计划", "no schedule"),
    "payments": Bilingual("银行自最近应还日以来未送还款", "no payments of the bank since the last due day"),
    "income_statement": Bilingual("18个月内无满半年的收入调查", "no income statement of half a year in 18 months"),
}
"""What a loan may lack without which its light says less than it could, by code."""
LACKS_REMEDIES: dict[str, Bilingual] = {
    "schedule": Bilingual(
        "请银行送达该笔贷款的还款计划（instalments）", "let the bank deliver its schedule (instalments)"
    ),
    "payments": Bilingual("请银行送达至月末的还款（payments）", "let the bank deliver payments up to the month end"),
    "income_statement": Bilingual(
        "请村里调查该户近半年收入并送达（income_statements）",
        "let the village take its income of half a year and deliver it (income_statements)",
    ),
}
"""What to bring, by code."""
LIGHT_WORDS: dict[str, Bilingual] = {
    "green": Bilingual("绿灯", "green"),
    "yellow": Bilingual("黄灯", "yellow"),
    "red": Bilingual("红灯", "red"),
    "note": Bilingual("提示", "note"),
}
