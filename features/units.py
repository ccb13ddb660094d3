"""Units: how a feature's value is written for a person, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isnan

from features.messages import Bilingual

Value = float | int | str | bool | None
MISSING = Bilingual("无数据", "no data")


@dataclass(frozen=True)
class Unit:
    """A unit of measure, or a list of codes, with the texts in which its values are written.

    zh, en: the text around {value}. decimals: how many are written. scale: what the value is multiplied with first.
    codes: the text of each code. is_code: whether values are text codes, not numbers.
    """

    name: str
    zh: str = "{value}"
    en: str = "{value}"
    decimals: int = 0
    scale: float = 1
    codes: Mapping[str, Bilingual] = field(default_factory=dict)
    is_code: bool = False

    def text(self, value: Value) -> Bilingual:
        """The value as a person reads it; `no data` for a missing one."""
        if value is None or (isinstance(value, float) and isnan(value)):
            return MISSING
        if isinstance(value, str):
            return self.codes.get(value, Bilingual(value, value))
        if self.codes:
            code = str(int(value))
            return self.codes.get(code, Bilingual(code, code))
        number = round(float(value) * self.scale, self.decimals) + 0.0
        written = f"{number:,.{self.decimals}f}"
        return Bilingual(self.zh.format(value=written), self.en.format(value=written))


def code_unit(name: str, **codes: tuple[str, str]) -> Unit:
    """A unit for text codes, given by code as (Chinese, English)."""
    return Unit(name, codes={code: Bilingual(zh, en) for code, (zh, en) in codes.items()}, is_code=True)


YUAN = Unit("yuan", "{value} 元", "{value} yuan")
DAYS = Unit("days", "{value} 天", "{value} days")
MONTHS = Unit("months", "{value} 个月", "{value} months")
YEARS = Unit("years", "{value} 岁", "{value} years")
COUNT = Unit("count")
HEAD = Unit("head", "{value} 头", "{value} head")
MU = Unit("mu", "{value} 亩", "{value} mu", decimals=1)
POINTS = Unit("points", "{value} 分", "{value} points")
TIMES = Unit("times", "{value} 倍", "{value} times", decimals=2)
PERCENT = Unit("percent", "{value}%", "{value}%", decimals=1, scale=100)
RATE = Unit("percent", "{value}%", "{value}%", decimals=2, scale=100)
"""A yearly rate: banks agree hundredths of a percent."""
YES_NO = Unit("yes_no", codes={"0": Bilingual("否", "no"), "1": Bilingual("是", "yes")})
NAME = Unit("name", is_code=True)
PRODUCT = code_unit(
    "product",
    microloan=("小额信贷", "microloan"),
    revolving=("循环贷", "revolving grant"),
    other=("其他", "other"),
)
REPAYMENT_METHOD = code_unit(
    "repayment_method",
    bullet_quarterly_interest=("按季结息到期还本", "quarterly interest, principal at maturity"),
    bullet_all=("到期一次还本付息", "all at maturity"),
    equal_instalment=("等额本息", "equal instalments"),
    equal_principal=("等额本金", "equal principal"),
)
HOUSEHOLD_TYPE = code_unit(
    "household_type",
    lifted_out=("脱贫户", "lifted out of poverty"),
    unstable=("脱贫不稳定户", "unstable"),
    marginal=("边缘易致贫户", "marginal"),
    sudden_hardship=("突发严重困难户", "sudden hardship"),
    ordinary=("一般农户", "ordinary"),
)
SEX = code_unit("sex", F=("女", "female"), M=("男", "male"))
FINDING = code_unit(
    "finding",
    as_declared=("按申报使用", "as declared"),
    partly_diverted=("部分挪用", "partly diverted"),
    diverted=("挪用", "diverted"),
    idle=("闲置", "idle"),
    put_right=("已纠正", "put right"),
)
MONTH = Unit(
    "month", codes={str(month): Bilingual(f"{month}月", f"month {month}") for month in range(1, 13)}, is_code=True
)
USE = code_unit(
    "use",
    sheep=("养羊", "sheep"),
    cattle=("养牛", "cattle"),
    daylily=("黄花菜", "daylily"),
    grain=("粮食", "grain"),
    forage=("饲草", "forage"),
    herbs=("药材", "herbs"),
    trade=("经商", "trade"),
    other=("其他", "other"),
)
