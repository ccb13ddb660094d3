"""Findings of the monitor: values beyond their bounds, in words."""

from __future__ import annotations

from dataclasses import dataclass

from features.messages import Bilingual


@dataclass(frozen=True)
class Finding:
    """A value that lies beyond its bound.

    kind: a key of KIND_WORDS. message: the sentence for the reader.
    """

    kind: str
    message: Bilingual
    value: float | None = None
    bound: float | None = None


KIND_WORDS: dict[str, Bilingual] = {
    "drift": Bilingual("特征漂移", "drift of a feature"),
    "score_drift": Bilingual("分数漂移", "drift of the score"),
    "zero_drift": Bilingual("漂移恰为零", "exactly no drift"),
    "no_reference": Bilingual("无训练分布", "no reference"),
    "calibration": Bilingual("校准", "calibration"),
    "performance": Bilingual("排序能力", "ranking"),
    "late": Bilingual("迟交", "late"),
    "rows": Bilingual("行数异常", "row count"),
    "missing": Bilingual("缺失增多", "missing"),
    "mean": Bilingual("均值异常", "mean"),
}
"""Names of the kinds of findings."""
VERDICT_WORDS: dict[str, Bilingual] = {
    "fine": Bilingual("正常", "fine"),
    "beyond": Bilingual("超出界限", "beyond its bound"),
    "few": Bilingual("数据不足", "not enough data"),
    "calendar": Bilingual("随日历变化", "moves with the calendar"),
    "waiting": Bilingual("标签未成熟", "labels not mature"),
    "no_model": Bilingual("无模型", "no model"),
}
"""Names of the verdicts on a row of a table."""
