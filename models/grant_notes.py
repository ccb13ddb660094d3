"""Notes on how a loan compares with the lending notices: a breach is noted, and rejects nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from features.messages import Bilingual
from features.months import same_day_after
from features.units import MONTHS, RATE, YEARS, YUAN
from models.county_policy.sections import Grants, Lending, Rates

_A_YEAR = 12
"""Longest term, in months, that the ceiling for one year holds for."""


@dataclass(frozen=True)
class LendingNote:
    """A note: its permanent code, whether it is a breach of a notice, and the sentence."""

    code: str
    breach: bool
    words: Bilingual


_LISTING_UNKNOWN = LendingNote(
    "listing_unknown", False, Bilingual("征信情况不详，请查询", "credit standing is not known; ask")
)
_NOT_LISTED = LendingNote("not_listed", False, Bilingual("无未结的他行违约或被执行", "no open default elsewhere"))
_LISTED = LendingNote(
    "listed",
    False,
    Bilingual(
        "他行违约或被执行未结：非恶意的仍可授信，是否恶意由人核实认定",
        "open default or enforcement elsewhere: included unless malicious, which a person has to establish",
    ),
)


def grant_notes(facts: Mapping[str, Any], lending: Lending, grants: Grants, rates: Rates) -> tuple[LendingNote, ...]:
    """The notes on one loan: the borrower's age, listings elsewhere, amount, term, rate, renewals.

    facts: the loan's features, `originated_on`, the first agreed day as `matures_on`, and `household_covered` and
    `covered_principal` (`ContractTerms.covered_principal`). lending: in force when the loan was granted. grants: of the
    month's end. rates: the ceilings known at the month's end.
    """
    listed = facts["default_elsewhere"]
    listing = _LISTING_UNKNOWN if listed is None else _LISTED if listed else _NOT_LISTED
    return (_on_age(facts["borrower_age"], grants), listing, *_on_terms(facts, lending, grants, rates))


def _on_age(age: float | None, grants: Grants) -> LendingNote:
    """The note on the borrower's age in completed years."""
    if age is None:
        return LendingNote(
            "age_unknown", False, Bilingual("借款人年龄不详，请核实", "the borrower's age is not known; ask")
        )
    years = YEARS.text(age)
    bounds = {"youngest": grants.youngest, "granted_to": grants.granted_to, "oldest": grants.oldest}
    if grants.youngest <= age <= grants.granted_to:
        code, breach = "age_granted", False
        sentence = Bilingual("{youngest}-{granted_to} 岁：应授尽授", "granted to all of {youngest}-{granted_to}")
    elif grants.granted_to < age <= grants.oldest:
        code, breach = "age_included", False
        sentence = Bilingual(
            "{granted_to}-{oldest} 岁：本县纳入授信", "{granted_to}-{oldest} are included by the county"
        )
    else:
        code, breach = "age_outside", True
        sentence = Bilingual("超出 {youngest}-{oldest} 岁的规定", "outside the notice's {youngest}-{oldest}")
    zh, en = sentence.format(**bounds).zh, sentence.format(**bounds).en
    return LendingNote(code, breach, Bilingual(f"借款人 {years.zh}，{zh}", f"borrower aged {years.en}: {en}"))


def _on_terms(facts: Mapping[str, Any], lending: Lending, grants: Grants, rates: Rates) -> Iterator[LendingNote]:
    """Notes on amount, term, rate and renewals; none where they keep to the notices."""
    if facts["household_covered"] > lending.limit:
        limit = YUAN.text(lending.limit)
        yield LendingNote(
            "above_limit",
            True,
            Bilingual(
                f"该户余额超过放款时规定的 {limit.zh}，超出部分不贴息、不代偿",
                f"the household owes more than the {limit.en} of the notice it was granted under; no subsidy or "
                "compensation for the part above",
            ),
        )
    if facts["matures_on"] > same_day_after(facts["originated_on"], lending.longest_months):
        longest = MONTHS.text(lending.longest_months)
        too_long = Bilingual(
            f"期限超过放款时规定的 {longest.zh}",
            f"term longer than the {longest.en} of the notice it was granted under",
        )
        yield LendingNote("long_term", True, too_long)
    dated = rates.on(facts["originated_on"])
    if dated and facts["annual_rate"] is not None and facts["covered_principal"] > 0:
        since, ceiling = dated
        is_short = facts["matures_on"] <= same_day_after(facts["originated_on"], _A_YEAR)
        highest = ceiling.one_year if is_short else ceiling.longer
        if round(facts["annual_rate"] - highest, 6) > 0:
            rate, bound = RATE.text(facts["annual_rate"]), RATE.text(highest)
            too_high = Bilingual(
                f"年利率 {rate.zh}，超过放款时的上限 {bound.zh}（{since} 起），超出部分不贴息",
                f"yearly rate of {rate.en}, above the ceiling of {bound.en} in force from {since} when it was granted; "
                "no subsidy for the part above",
            )
            yield LendingNote("rate_above_ceiling", True, too_high)
    if (facts["times_renewed"] or 0) > grants.renewals:
        often = Bilingual(
            f"续贷、展期超过 {grants.renewals} 次", f"renewed or extended more than {grants.renewals} times"
        )
        yield LendingNote("renewed_often", True, often)
