"""County, townships and villages: invented names, codes of 6, 9 and 12 digits, and how far their people differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.days import F, I
from training.simulate.parameters import Parameters

_FIRST_COUNTY = 640323
_TOWNS = "一二三四五六七八九十"
_STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, slots=True)
class Places:
    """One entry a village. honesty: what it adds to a household's; attention: how well its officers call.

    number: of the county, from 1; its identifiers begin with it.
    """

    number: int
    township: I
    honesty: F
    attention: F
    codes: list[str]
    townships: list[str]
    names: list[str]

    @property
    def county_code(self) -> str:
        return county_code(self.number)

    @property
    def county_name(self) -> str:
        return "示范县" if self.number == 1 else f"{_in_stems(self.number - 1)}县"


def county_code(number: int) -> str:
    """Six digits of the county of that number, from 1."""
    return str(_FIRST_COUNTY + number - 1)


def settle(p: Parameters, rng: np.random.Generator, households: int, number: int, small_township: bool) -> Places:
    """Villages for that many households, dealt out to the townships in turn; the last may get a single one."""
    towns = int(np.clip(households // 300, 3, 6))
    villages = max(towns, round(households / max(p.households_per_village, households / 4000)))
    township = np.arange(villages, dtype=np.int64) * towns // villages
    if small_township:
        township = np.minimum(np.arange(villages, dtype=np.int64) * (towns - 1) // (villages - 1), towns - 1)
    town_honesty = rng.normal(0, p.township_spread, towns)
    town_honesty[int(rng.integers(towns))] -= p.worst_township
    within = [int(np.sum(township[:v] == township[v])) for v in range(villages)]
    return Places(
        number=number,
        township=township,
        honesty=town_honesty[township] + rng.normal(0, p.village_spread, villages),
        attention=0.6 * town_honesty[township] + rng.normal(0, p.village_spread, villages),
        codes=[f"{county_code(number)}{100 + t}{200 + v}" for t, v in zip(township, within, strict=True)],
        townships=[f"第{_TOWNS[t]}镇" for t in township],
        names=[f"{_in_stems(v)}村" for v in within],
    )


def _in_stems(number: int) -> str:
    """0 is 甲, 9 is 癸, 10 is 乙甲: heavenly stems as digits, for as many villages as there are."""
    return "".join(_STEMS[int(digit)] for digit in str(number))
