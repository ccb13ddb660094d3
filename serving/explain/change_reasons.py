"""The change of a loan's score since the previous month, in words: each contribution, by the kind of its source."""

from __future__ import annotations

import math

import polars as pl

from features.messages import Bilingual
from models.bundle import Bundle, Contributions
from models.feature_topics import ChangeSource
from models.score_change import all_changes, score_change
from serving.batch.warnings import NO_MODEL, published_log_odds
from serving.explain.sentences import GONE_BAD, NO_MODEL_USED, render_change
from serving.months.previous_month import PreviousMonth
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import ChangesByKind, ScoreChanges

KIND_WORDS = {
    ChangeSource.HOUSEHOLD: Bilingual("农户情况变化", "facts of the household"),
    ChangeSource.TIME: Bilingual("时间推移", "time passing"),
    ChangeSource.SURROUNDINGS: Bilingual("村镇与市场变化", "neighbours and market"),
    ChangeSource.MODEL: Bilingual("模型更换", "another model"),
    ChangeSource.POLICY: Bilingual("界限变化", "thresholds"),
}
_SINCE = Bilingual(
    "自 {since} 以来风险（对数几率）变化 {total:+.2f}", "Since {since} the risk (log-odds) moved by {total:+.2f}"
)
_FIRST_MONTH = Bilingual(
    "这是首个发布的月份，没有上月可比。", "This is the first month published; there is none to compare with."
)
_NEW_LOAN = Bilingual("上月预警台账中没有这笔贷款。", "The loan was not in the list of the month before.")
_NOT_SCORED = Bilingual("上月没有可用模型。", "There was no usable model the month before.")
_OTHER_CATALOGUE = Bilingual(
    "上月按另一特征目录计算，无法逐项比较。",
    "The month before was computed by another catalogue of facts; it cannot be compared fact by fact.",
)


def change_reasons(
    warning: LoanWarning, contributions: Contributions | None, bundle: Bundle | None, previous: PreviousMonth
) -> ScoreChanges:
    """The whole change of a loan's log-odds since the previous month, by kind of its source.

    Args:
        warning: the loan's warning.
        contributions: of this loan alone, one row; None where no model scored it.
        bundle: the model that scored the month; None without one.
        previous: lights and features of the previous month, with this loan's among them.

    Returns:
        `total` in log-odds and its changes, which sum to it; where there is nothing to compare with, `total` is None
        and the sentence says why.

    Example:
        >>> from serving.explain.change_reasons import change_reasons
        >>> from serving.explain.household_cache import household_month
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> household = household_month(month, store, month.rows("warnings", [0])["household_id"][0])
        >>> change = change_reasons(household.rendered_warnings[0], None, None, household.previous_month)
        >>> change.total is None and change.kinds == []
        True
    """
    of_loan = pl.col("loan_id") == warning.loan_id
    published_lights = previous.lights.filter(of_loan)
    obstacle = _obstacle(warning, published_lights, previous)
    if obstacle or bundle is None or contributions is None or previous.features is None:
        sentence = obstacle or NO_MODEL_USED
        return ScoreChanges(since=previous.as_of, total=None, zh=sentence.zh, en=sentence.en, kinds=[])
    log_odds = published_log_odds(published_lights["previous_probability"])
    change = score_change(bundle, contributions, previous.features.filter(of_loan), log_odds)
    changes = [render_change(row) for row in all_changes(change, 0).to_dicts()]
    changes += [each for each in warning.changes if each.kind == ChangeSource.POLICY.value]
    by_kind = {kind: [each for each in changes if each.kind == kind.value] for kind in ChangeSource}
    total = float(change.total[0])
    return ScoreChanges(
        since=previous.as_of,
        total=total,
        zh=_SINCE.zh.format(since=previous.as_of, total=total),
        en=_SINCE.en.format(since=previous.as_of, total=total),
        kinds=[
            ChangesByKind(
                kind=kind.value,
                zh=KIND_WORDS[kind].zh,
                en=KIND_WORDS[kind].en,
                contribution=math.fsum(each.contribution for each in of_kind),
                changes=of_kind,
            )
            for kind, of_kind in by_kind.items()
            if of_kind
        ],
    )


def _obstacle(warning: LoanWarning, published_lights: pl.DataFrame, previous: PreviousMonth) -> Bilingual | None:
    """Why the loan cannot be compared with the previous month; None where it can.

    published: the loan's row among the previous month's lights, if it has one.
    """
    if warning.probability is None:
        return NO_MODEL_USED if warning.model_version == NO_MODEL else GONE_BAD
    if previous.as_of is None:
        return _FIRST_MONTH
    if previous.fault is not None:
        return previous.fault
    if published_lights.is_empty():
        return _NEW_LOAN
    if published_lights["previous_probability"][0] is None:
        return _NOT_SCORED
    return _OTHER_CATALOGUE if previous.features is None else None
