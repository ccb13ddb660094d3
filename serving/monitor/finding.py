"""Findings of the monitor: what is beyond its bound, in words, with a code by which it is acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from features.messages import Bilingual


@dataclass(frozen=True)
class Finding:
    """A value that lies beyond its bound, or something that did not come.

    kind: a key of KIND_WORDS. message: the sentence for the reader. subject: what it is about, the same every month;
    empty where there is one of its kind alone. importance: the share of the score that the features concerned have.
    """

    kind: str
    message: Bilingual
    value: float | None = None
    bound: float | None = None
    subject: str = ""
    importance: float = 0.0

    @property
    def code(self) -> str:
        """The name by which the finding is acknowledged: its kind and its subject."""
        return f"{self.kind}:{self.subject}" if self.subject else self.kind


KIND_WORDS: dict[str, Bilingual] = {
    "incomplete": Bilingual("送达不全", "incomplete deliveries"),
    "refused": Bilingual("文件被退回", "refused file"),
    "late": Bilingual("迟交", "late"),
    "visits": Bilingual("走访预算", "budget of visits"),
    "alias_moved": Bilingual("MLflow 别名被移动", "alias moved in MLflow"),
    "no_reference": Bilingual("无训练分布", "no reference"),
    "zero_drift": Bilingual("漂移恰为零", "exactly no drift"),
    "score_drift": Bilingual("分数漂移", "drift of the score"),
    "calibration": Bilingual("校准", "calibration"),
    "performance": Bilingual("排序能力", "ranking"),
    "ageing": Bilingual("模型老化", "ageing of the model"),
    "column_gone": Bilingual("特征缺失", "feature gone"),
    "column_missing": Bilingual("特征缺失增多", "feature missing more often"),
    "codes_changed": Bilingual("代码改变", "codes changed"),
    "new_codes": Bilingual("新贷款的代码", "codes of new loans"),
    "drift": Bilingual("特征漂移", "drift of a feature"),
    "rows": Bilingual("行数异常", "row count"),
    "missing": Bilingual("缺失增多", "missing"),
    "mean": Bilingual("均值异常", "mean"),
}
"""Names of the kinds of findings; deliveries first, then the model, then data, whose order is by importance."""
_RANKED_BY_IMPORTANCE = list(KIND_WORDS).index("column_gone")
VERDICT_WORDS: dict[str, Bilingual] = {
    "fine": Bilingual("正常", "fine"),
    "beyond": Bilingual("超出界限", "beyond its bound"),
    "slow": Bilingual("训练以来缓慢变化", "moved slowly since the fit"),
    "gone": Bilingual("没有任何取值", "no value at all"),
    "less": Bilingual("缺失增多", "missing more often"),
    "few": Bilingual("数据不足", "not enough data"),
    "calendar": Bilingual("随日历变化，不比较", "moves with the calendar, not compared"),
    "notice": Bilingual("随政策通知变化，不比较", "moves with notices, not compared"),
    "waiting": Bilingual("标签未成熟", "labels not mature"),
    "no_model": Bilingual("无模型", "no model"),
}
"""Names of the verdicts on a row of a table."""


def rank_findings(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, first those on deliveries, then on the model, then on data by the importance of their features."""
    order = {kind: min(number, _RANKED_BY_IMPORTANCE) for number, kind in enumerate(KIND_WORDS)}
    return sorted(findings, key=lambda each: (order[each.kind], -each.importance, -(each.value or 0), each.code))
