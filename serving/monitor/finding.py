"""A finding: something beyond its bound, in words, with the value and the bound."""

from __future__ import annotations

from dataclasses import dataclass

from features.messages import Words


@dataclass(frozen=True)
class Finding:
    """kind: one of KINDS. value, bound: what was found, and what it may not be beyond."""

    kind: str
    said: Words
    value: float | None = None
    bound: float | None = None


KINDS: dict[str, Words] = {
    "drift": Words("特征漂移", "drift of a feature"),
    "score_drift": Words("分数漂移", "drift of the score"),
    "zero_drift": Words("漂移恰为零", "exactly no drift"),
    "no_reference": Words("无训练分布", "no reference"),
    "calibration": Words("校准", "calibration"),
    "performance": Words("排序能力", "ranking"),
    "late": Words("迟交", "late"),
    "rows": Words("行数异常", "row count"),
    "missing": Words("缺失增多", "missing"),
    "mean": Words("均值异常", "mean"),
}
VERDICTS: dict[str, Words] = {
    "fine": Words("正常", "fine"),
    "beyond": Words("超出界限", "beyond its bound"),
    "few": Words("数据不足", "not enough data"),
    "calendar": Words("随日历变化", "moves with the calendar"),
    "waiting": Words("标签未成熟", "labels not mature"),
    "no_model": Words("无模型", "no model"),
}
"""What is said of each row of a table."""
