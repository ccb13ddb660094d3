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
KIND_REMEDIES: dict[str, Bilingual] = {
    "incomplete": Bilingual(
        "催送缺少的表，补齐后重新评灯；见数据员页面的送达情况",
        "ask for the missing tables and score the month again; the clerk's page shows what has come",
    ),
    "refused": Bilingual(
        "按 lights runs 所示的原因更正该文件，重新装载", "correct the file as lights runs says, and load it again"
    ),
    "late": Bilingual("向送达该表的单位催送", "ask whoever delivers the table"),
    "visits": Bilingual(
        "用 lights thresholds 查看与预算相符的阈值，写明原因后登记",
        "see with lights thresholds which thresholds would use up the budget, and register them with a reason",
    ),
    "alias_moved": Bilingual(
        "要使用该版本用 lights promote；否则在 MLflow 中改回",
        "use lights promote where that version is wanted; else move the alias back in MLflow",
    ),
    "no_reference": Bilingual("用 lights train 重新训练", "train again with lights train"),
    "zero_drift": Bilingual(
        "核对训练分布的来源：不应与本月总体相同", "check where the reference came from: it may not be the month itself"
    ),
    "score_drift": Bilingual(
        "先看下面各特征的漂移；没有政策或数据原因的，重新训练并比较",
        "look at the drift of the features first; without a cause in policy or data, train again and compare",
    ),
    "calibration": Bilingual(
        "核对近月还款是否送全；送全的，重新训练，由关口评判",
        "see whether the payments of these months are all there; where they are, train again and let the gate judge",
    ),
    "performance": Bilingual(
        "重新训练；低于规则时改用 lights score --rules-only",
        "train again; where the model does worse than the rules, use lights score --rules-only",
    ),
    "ageing": Bilingual(
        "用 lights train 重新训练，再用 lights compare 比较", "train again, and compare with lights compare"
    ),
    "column_gone": Bilingual(
        "查看是否漏送该表或表头改名；用 lights columns 补充列映射",
        "see whether the table is missing or a heading was renamed; complete the column map with lights columns",
    ),
    "column_missing": Bilingual(
        "请送达单位说明该列为何空缺增多，并补送", "ask whoever delivers it why more cells are empty, and for the rest"
    ),
    "codes_changed": Bilingual(
        "向银行核对代码表；代码对调的，在列映射 codes 中改正后重新送达",
        "compare the codes with the bank; where they were swapped, correct codes in the column map and deliver again",
    ),
    "new_codes": Bilingual(
        "向银行核对新贷款所用的代码；确为业务变化的，用 --acknowledge 说明",
        "compare the codes of new loans with the bank; where business has changed, acknowledge it",
    ),
    "drift": Bilingual(
        "查明原因：数据口径、政策或实际变化；属实际变化的，用 --acknowledge 说明，并考虑重新训练",
        "find the cause in data, policy or a real change; acknowledge a real one, and consider training again",
    ),
    "rows": Bilingual(
        "与送达单位核对行数：是否漏送、重复或改变范围",
        "compare the rows with whoever delivers them: left out, sent twice, or of another scope",
    ),
    "missing": Bilingual(
        "请送达单位补送空缺的单元格，或说明原因后用 --acknowledge",
        "ask for the empty cells, or acknowledge it with the reason",
    ),
    "mean": Bilingual(
        "核对单位（元、万元）和口径；有误的更正后重新送达",
        "check the unit (yuan, 10,000 yuan) and what is counted; deliver again where it is wrong",
    ),
}
"""What to do about a finding of each kind; one that is explained is acknowledged with its reason."""
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
