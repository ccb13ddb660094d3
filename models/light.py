"""The light: green, yellow, red."""

from __future__ import annotations

from enum import IntEnum

from features.messages import Words


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


CODES: tuple[str, ...] = tuple(light.code for light in Light)
LIGHT_WORDS: dict[str, Words] = {
    "green": Words("绿灯", "green"),
    "yellow": Words("黄灯", "yellow"),
    "red": Words("红灯", "red"),
    "note": Words("提示", "note"),
}
