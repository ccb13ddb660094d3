"""The light: green, yellow, red, and what is to be done at each."""

from __future__ import annotations

from enum import IntEnum

from features.words import Words


class Light(IntEnum):
    """GREEN < YELLOW < RED: the worse of two lights is their maximum."""

    GREEN = 0
    YELLOW = 1
    RED = 2

    @property
    def code(self) -> str:
        """As files and interfaces write it."""
        return self.name.lower()

    @property
    def words(self) -> Words:
        return LIGHT_WORDS[self.code]

    @property
    def action(self) -> str:
        """The code of what is to be done (domain, section 6)."""
        return _ACTIONS[self]


CODES: tuple[str, ...] = tuple(light.code for light in Light)
LIGHT_WORDS: dict[str, Words] = {
    "green": Words("绿灯", "green"),
    "yellow": Words("黄灯", "yellow"),
    "red": Words("红灯", "red"),
    "note": Words("提示", "note"),
}
_ACTIONS = {Light.GREEN: "quarterly_check", Light.YELLOW: "call_or_visit", Light.RED: "joint_visit"}
ACTION_WORDS: dict[str, Words] = {
    "quarterly_check": Words("按季例行检查", "quarterly check"),
    "call_or_visit": Words("电话联系或上门, 商定还款计划", "call or visit, agree a repayment plan"),
    "joint_visit": Words(
        "3个工作日内联合上门, 决定续贷、分期、理赔、代偿或清收; 不再增贷",
        "joint visit within 3 working days; decide on renewal, instalments, insurance claim, compensation or recovery; "
        "no top-up",
    ),
}
