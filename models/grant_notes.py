"""Notes on what a household may be granted by the notices in force: a breach is a note, never a rejection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.messages import Words
from features.months import months_later
from features.units import MONTHS, YEARS, YUAN
from models.county_policy.sections import Lending


@dataclass(frozen=True)
class GrantNote:
    """What is noted: a permanent code, whether it is a breach of a notice, and the sentence."""

    code: str
    breach: bool
    words: Words


def grant_notes(facts: Mapping[str, Any], lending: Lending) -> tuple[GrantNote, ...]:
    """The notes on one loan: the borrower's age, listings elsewhere, amount, term, renewals.

    facts: its features, `originated_on`, the first day agreed as `matures_on`, and `household_covered`
    (`models.expected_loss.covered`).
    """
    return (_on_age(facts["borrower_age"], lending), _on_listing(facts), *_on_terms(facts, lending))


def _on_age(age: float | None, lending: Lending) -> GrantNote:
    """Completed years: who has turned 60 and not yet 61 is 60."""
    if age is None:
        return GrantNote("age_unknown", False, Words("借款人年龄不详, 请核实", "the borrower's age is not known; ask"))
    years = YEARS.words(age)
    bounds = {"youngest": lending.youngest, "granted_to": lending.granted_to, "oldest": lending.oldest}
    if lending.youngest <= age <= lending.granted_to:
        code, breach = "age_granted", False
        said = Words("{youngest}-{granted_to} 岁: 应授尽授", "granted to all of {youngest}-{granted_to}")
    elif lending.granted_to < age <= lending.oldest:
        code, breach = "age_included", False
        said = Words("{granted_to}-{oldest} 岁: 本县纳入授信", "{granted_to}-{oldest} are included by the county")
    else:
        code, breach = "age_outside", True
        said = Words("超出 {youngest}-{oldest} 岁的规定", "outside the notice's {youngest}-{oldest}")
    zh, en = said.filled(**bounds).zh, said.filled(**bounds).en
    return GrantNote(code, breach, Words(f"借款人 {years.zh}, {zh}", f"borrower aged {years.en}: {en}"))


def _on_listing(facts: Mapping[str, Any]) -> GrantNote:
    listed = facts["default_elsewhere"]
    if listed is None:
        return GrantNote("listing_unknown", False, Words("征信情况不详, 请查询", "credit standing is not known; ask"))
    if not listed:
        return GrantNote("not_listed", False, Words("无未结的他行违约或被执行", "no open default elsewhere"))
    return GrantNote(
        "listed",
        False,
        Words(
            "他行违约或被执行未结: 非恶意的仍可授信, 是否恶意由人核实认定",
            "open default or enforcement elsewhere: included unless malicious, which a person has to establish",
        ),
    )


def _on_terms(facts: Mapping[str, Any], lending: Lending) -> Iterator[GrantNote]:
    if facts["household_covered"] > lending.limit:
        limit = YUAN.words(lending.limit)
        yield GrantNote(
            "above_limit",
            True,
            Words(
                f"该户余额超过 {limit.zh}, 超出部分不贴息、不代偿",
                f"the household owes more than {limit.en}; no subsidy or compensation for the part above",
            ),
        )
    if facts["matures_on"] > months_later(facts["originated_on"], lending.longest_months):
        longest = MONTHS.words(lending.longest_months)
        yield GrantNote("long_term", True, Words(f"期限超过 {longest.zh}", f"term longer than {longest.en}"))
    if (facts["times_renewed"] or 0) > lending.renewals:
        often = Words(
            f"续贷、展期超过 {lending.renewals} 次", f"renewed or extended more than {lending.renewals} times"
        )
        yield GrantNote("renewed_often", True, often)
