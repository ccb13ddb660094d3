"""Townships and villages: invented names, twelve-digit codes, and how far their people differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.days import F, I
from training.simulate.parameters import Parameters

COUNTY = "640323"
COUNTY_NAME = "示范县"
_TOWNS = "一二三四五六七八九十"
_STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, slots=True)
class Places:
    """One entry a village. honesty: what it adds to a household's; attention: how well its officers call."""

    township: I
    honesty: F
    attention: F
    codes: list[str]
    townships: list[str]
    names: list[str]


def settle(p: Parameters, rng: np.random.Generator, households: int) -> Places:
    """Villages for that many households, dealt out to the townships in turn."""
    towns = int(np.clip(households // 300, 3, 6))
    villages = max(towns, round(households / max(p.households_per_village, households / 4000)))
    township = np.arange(villages, dtype=np.int64) * towns // villages
    town_honesty = rng.normal(0, p.township_spread, towns)
    town_honesty[int(rng.integers(towns))] -= p.worst_township
    within = [int(np.sum(township[:v] == township[v])) for v in range(villages)]
    return Places(
        township=township,
        honesty=town_honesty[township] + rng.normal(0, p.village_spread, villages),
        attention=0.6 * town_honesty[township] + rng.normal(0, p.village_spread, villages),
        codes=[f"{COUNTY}{100 + t}{200 + v}" for t, v in zip(township, within, strict=True)],
        townships=[f"第{_TOWNS[t]}镇" for t in township],
        names=[f"{_in_stems(v)}村" for v in within],
    )


def _in_stems(number: int) -> str:
    """0 is 甲, 9 is 癸, 10 is 乙甲: heavenly stems as digits, for as many villages as there are."""
    return "".join(_STEMS[int(digit)] for digit in str(number))
