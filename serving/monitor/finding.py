"""A finding: something beyond its bound, in words, with the value and the bound."""

from __future__ import annotations

from dataclasses import dataclass

from features.words import Words


@dataclass(frozen=True)
class Finding:
    """kind: drift, score_drift, zero_drift, no_reference, calibration, performance, late, rows, missing or mean."""

    kind: str
    said: Words
    value: float | None = None
    bound: float | None = None


VERDICTS: dict[str, Words] = {
    "fine": Words("正常", "fine"),
    "beyond": Words("超出界限", "beyond its bound"),
    "few": Words("数据不足", "not enough data"),
    "calendar": Words("随日历变化", "moves with the calendar"),
    "waiting": Words("标签未成熟", "labels not mature"),
    "no_model": Words("无模型", "no model"),
}
"""What is said of each row of a table."""
