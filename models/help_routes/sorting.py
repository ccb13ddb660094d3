"""All routes of one loan, in the order in which the county sorts households whose principal falls due."""

from __future__ import annotations

from datetime import date, timedelta

from features.messages import Bilingual
from features.units import DAYS, YUAN
from models.county_policy.sections import CountyPolicy
from models.help_routes.claims import insurance_routes
from models.help_routes.route import Protection, Route, Row, Rows

_NOT_COVERED = Bilingual("该产品不属于补偿基金范围", "the fund does not cover this product")
_DIVERTED = Bilingual("挪用未纠正，不适用", "not while diverted use is not put right")
_UNKNOWN_TIMES = Bilingual("续贷、展期记录未报送", "renewals and extensions are not delivered")
_TIMES = Bilingual("已续贷或展期 {taken:g} 次，规定最多 {allowed} 次", "given more time {taken:g} of {allowed} times")
_PAST = Bilingual("已过到期日，不能续贷或展期", "past maturity; too late to renew or extend")
_MORE_TIME = Bilingual("可申请续贷或展期，最迟 {until}（到期日）", "ask for renewal or extension by {until} (maturity)")
_RECOVERY = Bilingual(
    "贷款挪用未纠正：由人核实是否恶意，再定是否依法清收",
    "use diverted and not put right: a person establishes whether it is malicious before legal action",
)


def help_routes(facts: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> tuple[Route, ...]:
    """The routes of one loan: insurance, more time, instalments, compensation, recovery.

    facts: the loan's features, `originated_on`, and `covered_principal` (`ContractTerms.covered_principal`).
    protection: of its household.
    """
    is_diverted, months = facts["use_diverted"] == 1, policy.plans.instalments
    if is_diverted:
        instalments = Route("instalments", "closed", _DIVERTED)
    else:
        monthly = round(facts["outstanding_principal"] / months, 2)
        each = YUAN.text(monthly)
        sentence = Bilingual(
            f"可协商分 {months} 期偿还本金，每期约 {each.zh}", f"principal in {months} monthly parts of about {each.en}"
        )
        instalments = Route("instalments", "open", sentence, yuan=monthly)
    recovery = (Route("recovery", "open", _RECOVERY),) if is_diverted else ()
    return (
        *insurance_routes(protection, as_of, policy),
        _more_time(facts, as_of, policy.grants.renewals),
        instalments,
        _compensation(facts, protection.hardships, as_of, policy),
        *recovery,
    )


def _more_time(facts: Row, as_of: date, allowed: int) -> Route:
    """Renewal or extension, as often as the notice allows, before the principal falls due."""
    times_used, days_left = facts["times_renewed"], facts["days_to_maturity"]
    if times_used is None:
        return Route("more_time", "unknown", _UNKNOWN_TIMES)
    if times_used >= allowed:
        return Route("more_time", "closed", _TIMES.format(taken=times_used, allowed=allowed))
    if days_left < 0:
        return Route("more_time", "closed", _PAST)
    until = as_of + timedelta(days=days_left)
    return Route("more_time", "open", _MORE_TIME.format(until=until), until, facts["outstanding_principal"])


def _compensation(facts: Row, hardships: Rows, as_of: date, policy: CountyPolicy) -> Route:
    """Compensation by the fund: after force majeure since the loan was paid out, from so many days past due."""
    refusal = _not_compensated(facts, hardships, policy)
    if refusal:
        return refusal
    past_due, least = facts["days_past_due"], policy.fund.from_days_overdue
    amount = round(facts["covered_principal"] * policy.fund.share, 2)
    brings, wait = YUAN.text(amount), DAYS.text(least)
    if past_due >= least:
        sentence = Bilingual(f"可申请基金代偿，约 {brings.zh}", f"ask for compensation by the fund, about {brings.en}")
        return Route("compensation", "open", sentence, yuan=amount)
    if past_due > 0:
        begins = as_of + timedelta(days=least - past_due)
        sentence = Bilingual(
            f"如仍未还，{begins} 起可申请基金代偿，约 {brings.zh}",
            f"if still unpaid, compensation by the fund can be asked for from {begins} on, about {brings.en}",
        )
        return Route("compensation", "later", sentence, begins, amount)
    sentence = Bilingual(f"未逾期；逾期满 {wait.zh}方可申请代偿", f"not overdue; compensation from {wait.en} past due")
    return Route("compensation", "closed", sentence)


def _not_compensated(facts: Row, hardships: Rows, policy: CountyPolicy) -> Route | None:
    """The route where the fund does not compensate this loan, or that is unknown; None where it does."""
    if facts["product"] not in policy.fund.products:
        return Route("compensation", "closed", _NOT_COVERED)
    if facts["use_diverted"] == 1:
        return Route("compensation", "closed", _DIVERTED)
    if facts["use_diverted"] is None or hardships is None:
        sentence = Bilingual(
            "用途检查或困难记录未报送，无法判断", "use checks or hardships are not delivered; it cannot be said"
        )
        return Route("compensation", "unknown", sentence)
    since, causes = facts["originated_on"], policy.fund.causes
    if any(each["cause"] in causes and each["occurred_on"] >= since for each in hardships):
        return None
    sentence = Bilingual("放款以来没有不可抗力的记录", "no force majeure on record since it was paid out")
    return Route("compensation", "closed", sentence)
