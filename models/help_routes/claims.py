"""What insurance can still do: contracts in force, hardships nobody has claimed for, claims not settled."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from features.messages import Words
from models.code_labels import CAUSE_WORDS, INSURED_WORDS
from models.county_policy.sections import CountyPolicy
from models.help_routes.route import Protection, Route, Row, State

_SAME_EVENT = timedelta(days=30)
"""A claim so near a hardship is put down to it: offices rarely write the same day."""
_UNFILED = Words("(理赔数据未报送, 先核实是否已报)", " (claims are not delivered: ask whether it was filed)")


def insurance_routes(protection: Protection, as_of: date, policy: CountyPolicy) -> Iterator[Route]:
    """Contract by contract, then claims that are pending."""
    if protection.policies is None:
        yield Route("insurance", "unknown", Words("没有保险数据, 请查询", "no insurance data; ask the insurer"))
    for held in protection.policies or ():
        yield from _in_force(held, as_of)
        yield from _claimable(held, protection, as_of, policy)
    for claim in protection.claims or ():
        if not claim["settled"]:
            said = Words("{occurred_on} 的理赔未结, 请催办", "the claim of {occurred_on} is not settled; press for it")
            words = said.filled(occurred_on=claim["occurred_on"])
            yield Route("claim_pending", "pending", words, yuan=claim["claimed_amount"])


def _in_force(held: Row, as_of: date) -> Iterator[Route]:
    if held["insured_to"] < as_of:
        return
    kind, until = INSURED_WORDS[held["kind"]], held["insured_to"]
    words = Words(f"{kind.zh}有效, 至 {until}", f"{kind.en} insurance is in force until {until}")
    yield Route("insurance_in_force", "open", words, until, held["sum_insured"])


def _claimable(held: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> Iterator[Route]:
    """Each hardship the contract answers for and nobody has claimed for, with the latest filing day."""
    answered = policy.insurance.covers.get(held["kind"], ())
    insured = [
        hardship
        for hardship in protection.hardships or ()
        if hardship["cause"] in answered and held["insured_from"] <= hardship["occurred_on"] <= held["insured_to"]
    ]
    for hardship in _unclaimed(insured, held, protection):
        latest = hardship["occurred_on"] + timedelta(days=policy.insurance.claim_within_days[held["kind"]])
        yield _claim(hardship, held, latest, as_of, protection.claims is not None)


def _unclaimed(insured: list[Row], held: Row, protection: Protection) -> list[Row]:
    """Each claim on the contract takes the nearest of the hardships within 30 days of it."""
    left = list(insured)
    for claim in protection.claims or ():
        near = [one for one in left if abs(one["occurred_on"] - claim["occurred_on"]) <= _SAME_EVENT]
        if claim["policy_id"] == held["policy_id"] and near:
            left.remove(min(near, key=lambda one: abs(one["occurred_on"] - claim["occurred_on"])))
    return left


def _claim(hardship: Row, held: Row, latest: date, as_of: date, claims_known: bool) -> Route:
    cause, kind = CAUSE_WORDS[hardship["cause"]], INSURED_WORDS[held["kind"]]
    if latest < as_of:
        said = Words(
            "{day} {cause}: {kind}报案期已于 {latest} 届满", "{cause} of {day}: {kind} claims closed on {latest}"
        )
    else:
        more = Words("", "") if claims_known else _UNFILED
        said = Words(
            "{day} {cause}: 可报{kind}理赔, 最迟 {latest}" + more.zh,
            "{cause} of {day}: claim on the {kind} insurance by {latest}" + more.en,
        )
    day = hardship["occurred_on"]
    zh = said.zh.format(day=day, latest=latest, cause=cause.zh, kind=kind.zh)
    en = said.en.format(day=day, latest=latest, cause=cause.en, kind=kind.en)
    state: State = "closed" if latest < as_of else "open"
    return Route("insurance_claim", state, Words(zh, en), latest, held["sum_insured"])
