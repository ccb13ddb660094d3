"""Routes of help for one loan: what can still be claimed, renewed, spread, compensated, and until when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from features.seen.known import Known
from features.seen.protection import claims_filed, hardships_suffered, policies_held
from features.units import DAYS, YUAN
from features.words import Words
from models.codes import CAUSE_WORDS, INSURED_WORDS
from models.county_policy.sections import CountyPolicy
from models.grant_notes import times_renewed

State = Literal["open", "pending", "later", "closed", "unknown"]
Row = Mapping[str, Any]
_SAME_EVENT = timedelta(days=30)
"""A claim so soon after a hardship is put down to it: offices rarely write the same day."""


@dataclass(frozen=True)
class Route:
    """One route. code: permanent. until: the last day it can be taken, or the first for a later one. yuan: what it
    brings, where that can be said."""

    code: str
    state: State
    words: Words
    until: date | None = None
    yuan: float | None = None


@dataclass(frozen=True)
class Protection:
    """What a household holds and has filed, as of the day; `delivered`: whether the county knows of insurance at all.

    policies, hardships, claims: rows as `features.seen.protection` gives them.
    """

    policies: Sequence[Row]
    hardships: Sequence[Row]
    claims: Sequence[Row]
    delivered: bool

    @staticmethod
    def of(known: Known, as_of: date, household: str, delivered: bool) -> Protection:
        held, suffered, filed = (
            seen(known, as_of, household).collect().to_dicts()
            for seen in (policies_held, hardships_suffered, claims_filed)
        )
        return Protection(held, suffered, filed, delivered)


def routes(facts: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> tuple[Route, ...]:
    """In the order of the county's sorting: insurance, more time, instalments, compensation, recovery.

    facts: the loan's features, and `originated_on`.
    """
    return (
        *_insurance(protection, as_of, policy),
        _more_time(facts, as_of, policy),
        _instalments(facts, policy),
        _compensation(facts, protection, as_of, policy),
        *_recovery(facts),
    )


def _insurance(protection: Protection, as_of: date, policy: CountyPolicy) -> Iterator[Route]:
    if not protection.delivered:
        yield Route("insurance", "unknown", Words("没有保险数据, 请查询", "no insurance data; ask the insurer"))
        return
    for held in protection.policies:
        yield from _in_force(held, as_of)
        yield from _claimable(held, protection, as_of, policy)
    for claim in protection.claims:
        if not claim["settled"]:
            said = Words("{occurred_on} 的理赔未结, 请催办", "the claim of {occurred_on} is not settled; press for it")
            words = said.filled(occurred_on=claim["occurred_on"])
            yield Route("claim_pending", "pending", words, yuan=claim["claimed_amount"])


def _in_force(held: Row, as_of: date) -> Iterator[Route]:
    if held["insured_to"] < as_of:
        return
    kind = INSURED_WORDS[held["kind"]]
    words = Words(
        f"{kind.zh}有效, 至 {held['insured_to']}", f"{kind.en} insurance is in force until {held['insured_to']}"
    )
    yield Route("insurance_in_force", "open", words, held["insured_to"], held["sum_insured"])


def _claimable(held: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> Iterator[Route]:
    """Each hardship the contract answers for and nobody has claimed for, with the latest filing day."""
    covered, within = policy.insurance.covers, policy.insurance.claim_within_days
    for hardship in protection.hardships:
        day, kind = hardship["occurred_on"], held["kind"]
        if hardship["cause"] not in covered.get(kind, ()) or not held["insured_from"] <= day <= held["insured_to"]:
            continue
        if _claimed(held, day, protection.claims):
            continue
        latest = day + timedelta(days=within[kind])
        yield _claim(CAUSE_WORDS[hardship["cause"]], INSURED_WORDS[kind], day, latest, as_of, held["sum_insured"])


def _claimed(held: Row, day: date, claims: Sequence[Row]) -> bool:
    mine = (claim["occurred_on"] for claim in claims if claim["policy_id"] == held["policy_id"])
    return any(abs(occurred_on - day) <= _SAME_EVENT for occurred_on in mine)


def _claim(cause: Words, kind: Words, day: date, latest: date, as_of: date, yuan: float | None) -> Route:
    if latest < as_of:
        said = Words(
            "{day} {cause}: {kind}报案期已于 {latest} 届满", "{cause} of {day}: {kind} claims closed on {latest}"
        )
    else:
        said = Words(
            "{day} {cause}: 可报{kind}理赔, 最迟 {latest}",
            "{cause} of {day}: claim on the {kind} insurance by {latest}",
        )
    zh = said.zh.format(day=day, latest=latest, cause=cause.zh, kind=kind.zh)
    en = said.en.format(day=day, latest=latest, cause=cause.en, kind=kind.en)
    return Route("insurance_claim", "closed" if latest < as_of else "open", Words(zh, en), latest, yuan)


def _more_time(facts: Row, as_of: date, policy: CountyPolicy) -> Route:
    """Renewal or extension: as often as the notice allows, before the principal falls due."""
    left, allowed = facts["days_to_maturity"], policy.lending.renewals
    if times_renewed(facts) >= allowed:
        said = Words(f"已续贷或展期 {allowed} 次, 不能再延", f"already renewed or extended {allowed} times; no more")
        return Route("more_time", "closed", said)
    if left < 0:
        return Route(
            "more_time", "closed", Words("已过到期日, 不能续贷或展期", "past maturity; too late to renew or extend")
        )
    until = as_of + timedelta(days=left)
    said = Words(
        f"可申请续贷或展期, 最迟 {until} (到期日)", f"renewal or extension can be asked for until {until} (maturity)"
    )
    return Route("more_time", "open", said, until, facts["outstanding_principal"])


def _instalments(facts: Row, policy: CountyPolicy) -> Route:
    """For who is willing but short; not for money that went elsewhere."""
    if facts["use_diverted"] == 1:
        return Route(
            "instalments", "closed", Words("挪用未纠正, 不适用分期", "not while diverted use is not put right")
        )
    months = policy.plans.instalments
    monthly = round(facts["outstanding_principal"] / months, 2)
    each = YUAN.words(monthly)
    said = Words(
        f"可协商分 {months} 期偿还本金, 每期约 {each.zh}",
        f"principal in {months} monthly instalments of about {each.en}",
    )
    return Route("instalments", "open", said, yuan=monthly)


def _compensation(facts: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> Route:
    """By the fund: force majeure since the loan was paid out, and so many days past due."""
    fund, past_due = policy.fund, facts["days_past_due"]
    if facts["product"] not in fund.products:
        return Route(
            "compensation", "closed", Words("该产品不属于补偿基金范围", "the fund does not cover this product")
        )
    if facts["use_diverted"] == 1:
        return Route(
            "compensation", "closed", Words("挪用未纠正, 基金不予代偿", "not while diverted use is not put right")
        )
    if not _struck(facts, protection, policy):
        said = Words("放款以来没有不可抗力的记录", "no force majeure on record since it was paid out")
        return Route("compensation", "closed" if protection.delivered else "unknown", said)
    amount = round(min(facts["outstanding_principal"], policy.lending.limit) * fund.share, 2)
    brings = YUAN.words(amount)
    if past_due >= fund.from_days_overdue:
        said = Words(f"可申请基金代偿, 约 {brings.zh}", f"compensation by the fund can be asked for, about {brings.en}")
        return Route("compensation", "open", said, yuan=amount)
    if past_due > 0:
        begins = as_of + timedelta(days=fund.from_days_overdue - past_due)
        said = Words(
            f"如仍未还, {begins} 起可申请基金代偿, 约 {brings.zh}",
            f"from {begins} on, if still unpaid, about {brings.en}",
        )
        return Route("compensation", "later", said, begins, amount)
    wait = DAYS.words(fund.from_days_overdue)
    said = Words(f"未逾期; 逾期满 {wait.zh}方可申请代偿", f"not overdue; compensation from {wait.en} past due")
    return Route("compensation", "closed", said)


def _struck(facts: Row, protection: Protection, policy: CountyPolicy) -> bool:
    return any(
        hardship["cause"] in policy.fund.causes and hardship["occurred_on"] >= facts["originated_on"]
        for hardship in protection.hardships
    )


def _recovery(facts: Row) -> Iterator[Route]:
    if facts["use_diverted"] == 1:
        words = Words(
            "贷款挪用未纠正: 由人核实是否恶意, 再定是否依法清收",
            "use diverted and not put right: a person establishes whether it is malicious before legal action",
        )
        yield Route("recovery", "open", words)
