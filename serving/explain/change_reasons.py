"""What changed since the month before, told whole: by what moved it, change by change."""

from __future__ import annotations

import math

import polars as pl

from features.messages import Words
from models.bundle import Bundle, Parts
from models.feature_topics import Mover
from models.score_change import Change as Difference
from models.score_change import all_changes, change
from serving.batch.warnings import NO_MODEL, log_odds_of
from serving.explain.sentences import GONE_BAD, NO_MODEL_USED, change_told
from serving.months.previous_month import Before
from serving.schemas.loan_warning import Change, LoanWarning
from serving.schemas.reasons import ChangesOfKind, WhatChanged

KIND_WORDS = {
    Mover.HOUSEHOLD: Words("农户情况变化", "facts of the household"),
    Mover.TIME: Words("时间推移", "time passing"),
    Mover.SURROUNDINGS: Words("村镇与市场变化", "neighbours and market"),
    Mover.MODEL: Words("模型更换", "another model"),
    Mover.POLICY: Words("界限变化", "thresholds"),
}
_SINCE = Words(
    "自 {since} 以来风险 (对数几率) 变化 {total:+.2f}", "Since {since} the risk (log-odds) moved by {total:+.2f}"
)
_FIRST = Words(
    "这是首个发布的月份, 没有上月可比。", "This is the first month published; there is none to compare with."
)
_NEW = Words("上月名单中没有这笔贷款。", "The loan was not in the list of the month before.")
_NOT_JUDGED = Words("上月没有可用模型。", "There was no usable model the month before.")
_OTHER_FACTS = Words(
    "上月按另一特征目录计算, 无法逐项比较。",
    "The month before was computed by another catalogue of facts; it cannot be compared fact by fact.",
)


def what_changed(warning: LoanWarning, parts: Parts | None, bundle: Bundle | None, before: Before) -> WhatChanged:
    """The whole difference for one loan; `parts` are its own. Where there is none to tell, why not."""
    then = before.lights.filter(pl.col("loan_id") == warning.loan_id)
    why_not = _why_not(warning, then, before)
    if why_not or bundle is None or parts is None or before.facts is None:
        said = why_not or NO_MODEL_USED
        return WhatChanged(since=before.as_of, total=None, zh=said.zh, en=said.en, kinds=[])
    facts_then = before.facts.filter(pl.col("loan_id") == warning.loan_id)
    found = change(bundle, parts, facts_then, log_odds_of(then["previous_probability"]))
    return _told(found, warning, before)


def _why_not(warning: LoanWarning, then: pl.DataFrame, before: Before) -> Words | None:
    if warning.probability is None:
        return NO_MODEL_USED if warning.model_version == NO_MODEL else GONE_BAD
    if before.as_of is None:
        return _FIRST
    if then.is_empty():
        return _NEW
    if then["previous_probability"][0] is None:
        return _NOT_JUDGED
    return _OTHER_FACTS if before.facts is None else None


def _told(found: Difference, warning: LoanWarning, before: Before) -> WhatChanged:
    changes = [change_told(each) for each in all_changes(found, 0).to_dicts()]
    changes += [each for each in warning.changes if each.kind == Mover.POLICY.value]
    total = float(found.total[0])
    return WhatChanged(
        since=before.as_of,
        total=total,
        zh=_SINCE.zh.format(since=before.as_of, total=total),
        en=_SINCE.en.format(since=before.as_of, total=total),
        kinds=[_of_kind(kind, mine) for kind in Mover if (mine := [c for c in changes if c.kind == kind.value])],
    )


def _of_kind(kind: Mover, changes: list[Change]) -> ChangesOfKind:
    return ChangesOfKind(
        kind=kind.value,
        zh=KIND_WORDS[kind].zh,
        en=KIND_WORDS[kind].en,
        contribution=math.fsum(each.contribution for each in changes),
        changes=changes,
    )
