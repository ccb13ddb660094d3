"""Routes by insurance: contracts in force, hardships not yet claimed for, pending claims."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from features.messages import Bilingual
from models.code_labels import CAUSE_WORDS, INSURED_WORDS
from models.county_policy.sections import CountyPolicy
from models.help_routes.route import Protection, Route, Row, State

_SAME_EVENT = timedelta(days=30)
"""Most days between a claim and its hardship: offices rarely write the same day."""
_UNFILED = Bilingual("（理赔数据未报送，先核实是否已报）", " (claims are not delivered: ask whether it was filed)")


def insurance_routes(protection: Protection, as_of: date, policy: CountyPolicy) -> Iterator[Route]:
    """The routes of each contract, then those of pending claims."""
    if protection.policies is None:
        yield Route("insurance", "unknown", Bilingual("没有保险数据，请查询", "no insurance data; ask the insurer"))
    for contract in protection.policies or ():
        kind, until = INSURED_WORDS[contract["kind"]], contract["insured_to"]
        if until >= as_of:
            words = Bilingual(f"{kind.zh}有效，至 {until}", f"{kind.en} insurance is in force until {until}")
            yield Route("insurance_in_force", "open", words, until, contract["sum_insured"])
        yield from _claim_routes(contract, protection, as_of, policy)
    for claim in protection.claims or ():
        if not claim["settled"]:
            sentence = Bilingual(
                "{occurred_on} 的理赔未结，请催办", "the claim of {occurred_on} is not settled; press for it"
            )
            words = sentence.format(occurred_on=claim["occurred_on"])
            yield Route("claim_pending", "pending", words, yuan=claim["claimed_amount"])


def _claim_routes(contract: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> Iterator[Route]:
    """A route for each hardship that the contract covers and no claim is for, with the last filing day."""
    causes = policy.insurance.covers.get(contract["kind"], ())
    unclaimed = [
        hardship
        for hardship in protection.hardships or ()
        if hardship["cause"] in causes and contract["insured_from"] <= hardship["occurred_on"] <= contract["insured_to"]
    ]
    # each claim on the contract is for the nearest hardship within _SAME_EVENT of it
    for claim in protection.claims or ():
        near = [one for one in unclaimed if abs(one["occurred_on"] - claim["occurred_on"]) <= _SAME_EVENT]
        if claim["policy_id"] == contract["policy_id"] and near:
            unclaimed.remove(min(near, key=lambda one: abs(one["occurred_on"] - claim["occurred_on"])))
    for hardship in unclaimed:
        latest = hardship["occurred_on"] + timedelta(days=policy.insurance.claim_within_days[contract["kind"]])
        yield _claim_route(hardship, contract, latest, as_of, protection.claims is not None)


def _claim_route(hardship: Row, contract: Row, latest: date, as_of: date, has_claims: bool) -> Route:
    """The route of one hardship; has_claims: whether the county delivers claims."""
    cause, kind = CAUSE_WORDS[hardship["cause"]], INSURED_WORDS[contract["kind"]]
    if latest < as_of:
        sentence = Bilingual(
            "{day} {cause}：{kind}报案期已于 {latest} 届满", "{cause} of {day}: {kind} claims closed on {latest}"
        )
    else:
        more = Bilingual("", "") if has_claims else _UNFILED
        sentence = Bilingual(
            "{day} {cause}：可报{kind}理赔，最迟 {latest}" + more.zh,
            "{cause} of {day}: claim on the {kind} insurance by {latest}" + more.en,
        )
    day = hardship["occurred_on"]
    zh = sentence.zh.format(day=day, latest=latest, cause=cause.zh, kind=kind.zh)
    en = sentence.en.format(day=day, latest=latest, cause=cause.en, kind=kind.en)
    state: State = "closed" if latest < as_of else "open"
    return Route("insurance_claim", state, Bilingual(zh, en), latest, contract["sum_insured"])
