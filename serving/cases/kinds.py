"""Kinds of case events, the fields of each, and the outcomes of a case, with their words in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from features.messages import Bilingual


class CaseEventKind(StrEnum):
    """The kind of an event in a case."""

    VISIT = "visit"
    CALL = "call"
    PROMISE = "promise"
    OUTCOME = "outcome"
    SNOOZE = "snooze"
    OBJECTION = "objection"
    ANSWER = "answer"
    ASSIGNMENT = "assignment"
    NEXT_STEP = "next_step"
    ESCALATION = "escalation"
    WITHDRAWAL = "withdrawal"
    NOTE = "note"


class CaseOutcome(StrEnum):
    """How a case ended."""

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


class EscalationLevel(StrEnum):
    """To whom a case is handed up."""

    TOWNSHIP = "township"
    COUNTY = "county"


@dataclass(frozen=True)
class EventRule:
    """The words of a kind of event, the fields that it must have, and those that it may have."""

    label: Bilingual
    required: frozenset[str]
    optional: frozenset[str] = frozenset()


EVENT_RULES: Mapping[CaseEventKind, EventRule] = {
    CaseEventKind.VISIT: EventRule(
        Bilingual("走访", "visit"), frozenset({"on_date"}), frozenset({"judgement", "joint", "text"})
    ),
    CaseEventKind.CALL: EventRule(
        Bilingual("电话联系", "call"), frozenset({"on_date"}), frozenset({"judgement", "text"})
    ),
    CaseEventKind.PROMISE: EventRule(
        Bilingual("承诺还款", "promise to pay"), frozenset({"on_date", "amount"}), frozenset({"text"})
    ),
    CaseEventKind.OUTCOME: EventRule(
        Bilingual("办结", "outcome"), frozenset({"outcome"}), frozenset({"judgement", "text"})
    ),
    CaseEventKind.SNOOZE: EventRule(Bilingual("暂缓", "put off"), frozenset({"on_date", "text"})),
    CaseEventKind.OBJECTION: EventRule(Bilingual("农户异议", "objection by the household"), frozenset({"text"})),
    CaseEventKind.ANSWER: EventRule(Bilingual("异议答复", "answer to the objection"), frozenset({"answers", "text"})),
    CaseEventKind.ASSIGNMENT: EventRule(
        Bilingual("指派", "assignment"), frozenset({"responsible"}), frozenset({"text"})
    ),
    CaseEventKind.NEXT_STEP: EventRule(Bilingual("下一步", "next step"), frozenset({"on_date", "text"})),
    CaseEventKind.ESCALATION: EventRule(
        Bilingual("上报", "handed up"), frozenset({"escalated_to"}), frozenset({"text"})
    ),
    CaseEventKind.WITHDRAWAL: EventRule(Bilingual("撤回上报", "escalation taken back"), frozenset({"text"})),
    CaseEventKind.NOTE: EventRule(Bilingual("备注", "note"), frozenset({"text"})),
}
OUTCOME_WORDS: Mapping[CaseOutcome, Bilingual] = {
    CaseOutcome.REPAID: Bilingual("已还清", "repaid"),
    CaseOutcome.RENEWED: Bilingual("续贷", "renewed"),
    CaseOutcome.EXTENDED: Bilingual("展期", "extended"),
    CaseOutcome.INSTALMENTS: Bilingual("分期还款", "instalments agreed"),
    CaseOutcome.CLAIM: Bilingual("保险理赔", "insurance claim"),
    CaseOutcome.COMPENSATED: Bilingual("基金代偿", "compensated by the fund"),
    CaseOutcome.LEGAL: Bilingual("依法追偿", "legal action"),
    CaseOutcome.NO_RISK: Bilingual("核实无风险", "no risk found"),
    CaseOutcome.UNREACHABLE: Bilingual("无法联系", "cannot be reached"),
    CaseOutcome.OTHER: Bilingual("其他", "other"),
}
ESCALATION_WORDS: Mapping[EscalationLevel, Bilingual] = {
    EscalationLevel.TOWNSHIP: Bilingual("乡镇", "township"),
    EscalationLevel.COUNTY: Bilingual("县级部门", "county"),
}
FIELD_WORDS: Mapping[str, Bilingual] = {
    "on_date": Bilingual("日期", "date"),
    "amount": Bilingual("金额", "amount"),
    "outcome": Bilingual("结果", "outcome"),
    "judgement": Bilingual("信贷员判断", "officer's judgement"),
    "responsible": Bilingual("责任人", "person responsible"),
    "joint": Bilingual("银行与乡镇联合走访", "bank and township together"),
    "escalated_to": Bilingual("上报至", "handed up to"),
    "text": Bilingual("说明", "text"),
    "answers": Bilingual("所答异议", "objection answered"),
}
MAX_TEXT_LENGTH = 500
