"""County, townships and villages: invented names, codes of 6, 9 and 12 digits, and how much their people differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.simulate.days import Floats, Ints
from training.simulate.parameters import Parameters

_FIRST_COUNTY = 640323
_TOWN_NUMERALS = "一二三四五六七八九十"
_STEMS = "甲乙丙丁戊己庚辛壬癸"


@dataclass(frozen=True, slots=True)
class Villages:
    """The villages of one county, one entry a village.

    county_number: from 1; identifiers of the county begin with it. township: number of each village's township.
    honesty: what a village adds to its households' honesty; attention: what it adds to their diligence, as its
    officers remind them better. codes: 12 digits. township_names, names: invented.
    """

    county_number: int
    township: Ints
    honesty: Floats
    attention: Floats
    codes: list[str]
    township_names: list[str]
    names: list[str]

    @property
    def county_code(self) -> str:
        """Six digits."""
        return county_code(self.county_number)

    @property
    def county_name(self) -> str:
        """Invented name of the county."""
        return "示范县" if self.county_number == 1 else f"{_stem_numeral(self.county_number - 1)}县"


def county_code(number: int) -> str:
    """Six digits of the county of a number, from 1."""
    return str(_FIRST_COUNTY + number - 1)


def draw_villages(
    p: Parameters, rng: np.random.Generator, households: int, county_number: int, small_township: bool
) -> Villages:
    """Villages for a number of households, spread over three to six townships.

    small_township: the last township has a single village.
    """
    town_count = int(np.clip(households // 300, 3, 6))
    village_count = max(town_count, round(households / max(p.households_per_village, households / 4000)))
    village = np.arange(village_count, dtype=np.int64)
    township = village * town_count // village_count
    if small_township:
        township = np.minimum(village * (town_count - 1) // (village_count - 1), town_count - 1)
    town_honesty = rng.normal(0, p.township_spread, town_count)
    town_honesty[int(rng.integers(town_count))] -= p.worst_township
    number_in_town = [int(np.sum(township[:number] == township[number])) for number in range(village_count)]
    return Villages(
        county_number=county_number,
        township=township,
        honesty=town_honesty[township] + rng.normal(0, p.village_spread, village_count),
        attention=0.6 * town_honesty[township] + rng.normal(0, p.village_spread, village_count),
        codes=[
            f"{county_code(county_number)}{100 + town}{200 + number}"
            for town, number in zip(township, number_in_town, strict=True)
        ],
        township_names=[f"第{_TOWN_NUMERALS[town]}镇" for town in township],
        names=[f"{_stem_numeral(number)}村" for number in number_in_town],
    )


def _stem_numeral(number: int) -> str:
    """A number in heavenly stems as digits: 0 is 甲, 9 is 癸, 10 is 乙甲."""
    return "".join(_STEMS[int(digit)] for digit in str(number))
