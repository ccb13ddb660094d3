"""The status of a loan in a sentence: since when it was bad and why, when it paid up, and what ends its probation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.messages import Bilingual

STATUS_WORDS: dict[str, Bilingual] = {
    "performing": Bilingual("正常还款", "performing"),
    "probation": Bilingual("观察期", "on probation"),
    "bad": Bilingual("不良", "bad"),
}
_MONEY = {"principal": Bilingual("本金", "principal"), "interest": Bilingual("利息", "interest")}


def status_sentence(warning: Mapping[str, Any]) -> Bilingual | None:
    """Since when a loan was bad and why, when its arrears ended, and what ends its probation; None where it never was.

    warning: a row with the columns `status`, `bad_since`, `bad_by`, `bad_due_on`, `arrears_ended_on`,
    `probation_until` and `probation_dues_left` of WARNINGS_SCHEMA; missing ones count as null.
    """
    if warning.get("bad_since") is None:
        return None
    parts = [_cause(warning), _end(warning)]
    return Bilingual("；".join(part.zh for part in parts) + "。", "; ".join(part.en for part in parts) + ".")


def _cause(warning: Mapping[str, Any]) -> Bilingual:
    since, due_on = warning["bad_since"], warning.get("bad_due_on")
    if due_on is None:
        return Bilingual(f"{since} 代偿或核销", f"compensated or written off on {since}")
    money, days = _MONEY[warning["bad_by"]], (since - due_on).days
    return Bilingual(
        f"{due_on} 应还{money.zh}至 {since} 逾期满 {days} 天",
        f"{money.en} due on {due_on} was {days} days past due on {since}",
    )


def _end(warning: Mapping[str, Any]) -> Bilingual:
    paid_on = warning.get("arrears_ended_on")
    if paid_on is None or warning["status"] == "bad":
        return Bilingual("至今未补还，属不良，不作预测", "not paid up: it is bad, and nothing is predicted")
    if warning["status"] == "performing":
        return Bilingual(f"{paid_on} 已补还，观察期已满", f"paid up on {paid_on}, and its probation has ended")
    until, left = warning["probation_until"], warning["probation_dues_left"]
    dues = Bilingual(f"再按期还 {left} 期，", f"{left} more due(s) paid on time, ") if left else Bilingual("", "")
    return Bilingual(
        f"{paid_on} 已补还，观察中：{dues.zh}最早 {until} 转为正常，此前至少黄灯",
        f"paid up on {paid_on}, on probation: {dues.en}{until} at the earliest ends it; yellow at the least until then",
    )
