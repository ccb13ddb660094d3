"""Kinds of events, what each must say, and the outcomes there are: declared, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from features.messages import Words


class Kind(StrEnum):
    """What can happen in a case."""

    VISIT = "visit"
    PROMISE = "promise"
    OUTCOME = "outcome"
    SNOOZE = "snooze"
    OBJECTION = "objection"
    ANSWER = "answer"
    NOTE = "note"


class Outcome(StrEnum):
    """How a case can end."""

    REPAID = "repaid"
    RENEWED = "renewed"
    EXTENDED = "extended"
    INSTALMENTS = "instalments"
    CLAIM = "claim"
    COMPENSATED = "compensated"
    LEGAL = "legal"
    NO_RISK = "no_risk"
    UNREACHABLE = "unreachable"
    OTHER = "other"


@dataclass(frozen=True)
class Declared:
    """A kind's words, the fields it must have, and those it may have."""

    words: Words
    must: frozenset[str]
    may: frozenset[str] = frozenset()


KINDS: Mapping[Kind, Declared] = {
    Kind.VISIT: Declared(Words("走访", "visit"), frozenset({"on_date"}), frozenset({"judgement", "text"})),
    Kind.PROMISE: Declared(Words("承诺还款", "promise to pay"), frozenset({"on_date", "amount"}), frozenset({"text"})),
    Kind.OUTCOME: Declared(Words("办结", "outcome"), frozenset({"outcome"}), frozenset({"judgement", "text"})),
    Kind.SNOOZE: Declared(Words("暂缓", "put off"), frozenset({"on_date", "text"})),
    Kind.OBJECTION: Declared(Words("农户异议", "objection by the household"), frozenset({"text"})),
    Kind.ANSWER: Declared(Words("异议答复", "answer to the objection"), frozenset({"answers", "text"})),
    Kind.NOTE: Declared(Words("备注", "note"), frozenset({"text"})),
}
OUTCOME_WORDS: Mapping[Outcome, Words] = {
    Outcome.REPAID: Words("已还清", "repaid"),
    Outcome.RENEWED: Words("续贷", "renewed"),
    Outcome.EXTENDED: Words("展期", "extended"),
    Outcome.INSTALMENTS: Words("分期还款", "instalments agreed"),
    Outcome.CLAIM: Words("保险理赔", "insurance claim"),
    Outcome.COMPENSATED: Words("基金代偿", "compensated by the fund"),
    Outcome.LEGAL: Words("依法追偿", "legal action"),
    Outcome.NO_RISK: Words("核实无风险", "no risk found"),
    Outcome.UNREACHABLE: Words("无法联系", "cannot be reached"),
    Outcome.OTHER: Words("其他", "other"),
}
FIELD_WORDS: Mapping[str, Words] = {
    "on_date": Words("日期", "date"),
    "amount": Words("金额", "amount"),
    "outcome": Words("结果", "outcome"),
    "judgement": Words("信贷员判断", "officer's judgement"),
    "text": Words("说明", "text"),
    "answers": Words("所答异议", "objection answered"),
}
MOST_TEXT = 500
