"""The county's rule table: each row with its permanent id, its bound, its sentence and where it comes from."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import partial

from features.community import declared_price_change
from features.credit import default_elsewhere, new_debt_to_income_12m
from features.income import income_change, income_per_head, income_unknown, repayment_cover
from features.insurance import borrower_lost, new_hardship_6m
from features.loan import days_to_maturity, renewal_agreed_3m, times_renewed, use_diverted, use_doubtful
from features.messages import Bilingual
from features.repayment import (
    interest_days_past_due,
    late_instalments_12m,
    principal_days_past_due,
    repayment_unjudged,
)
from models.traffic_light.rule import Colour, Condition, Rule, at_least, at_most, less_than, more_than

DEFAULT_TABLE = "default table, assembled from published county notices (domain, section 6)"
ASSUMED = "assumed; the county's own notice replaces it"
_rule = partial(Rule, source=DEFAULT_TABLE, since=date(2016, 1, 1))
_note, _yellow, _red = Colour.NOTE, Colour.YELLOW, Colour.RED

RULES: tuple[Rule, ...] = (
    _rule(
        "R101",
        _red,
        (at_least(principal_days_past_due, 1),),
        Bilingual("本金已逾期 {principal_days_past_due}", "principal overdue for {principal_days_past_due}"),
        hard=True,
    ),
    _rule(
        "R102",
        _red,
        (more_than(interest_days_past_due, 30),),
        Bilingual("利息已逾期 {interest_days_past_due}", "interest overdue for {interest_days_past_due}"),
        hard=True,
    ),
    _rule(
        "R103",
        _red,
        (at_least(borrower_lost, 1),),
        Bilingual("借款人去世、失踪或被羁押，尚未解决", "the borrower has died, is missing or in custody, unresolved"),
        hard=True,
    ),
    _rule(
        "R104",
        _red,
        (at_least(use_diverted, 1),),
        Bilingual("用途检查：挪作禁止用途，尚未纠正", "use check: diverted to a forbidden use, not put right since"),
        hard=True,
    ),
    _rule(
        "R105",
        _red,
        (
            at_least(days_to_maturity, 0),
            at_most(days_to_maturity, 30),
            less_than(repayment_cover, 0.8),
            less_than(renewal_agreed_3m, 1),
        ),
        Bilingual(
            "本金 {days_to_maturity} 后到期，还款保障仅 {repayment_cover}，未商定续贷或展期",
            "principal due in {days_to_maturity} with cover of {repayment_cover}, no renewal or extension agreed",
        ),
    ),
    _rule(
        "R106",
        _red,
        (at_least(default_elsewhere, 1),),
        Bilingual("在其他机构违约或被强制执行，未结", "default or court enforcement with another lender, open"),
    ),
    _rule(
        "R201",
        _yellow,
        (at_least(interest_days_past_due, 8), at_most(interest_days_past_due, 30)),
        Bilingual("利息已逾期 {interest_days_past_due}", "interest overdue for {interest_days_past_due}"),
        hard=True,
    ),
    _rule(
        "R202",
        _yellow,
        (at_least(days_to_maturity, 0), at_most(days_to_maturity, 90), less_than(repayment_cover, 1.2)),
        Bilingual(
            "本金 {days_to_maturity} 后到期，还款保障仅 {repayment_cover}",
            "principal due in {days_to_maturity} with cover of {repayment_cover}",
        ),
    ),
    _rule(
        "R203",
        _yellow,
        (less_than(income_per_head, 7000),),
        Bilingual(
            "人均纯收入 {income_per_head}，低于监测线",
            "net income per head {income_per_head}, below the monitoring line",
        ),
        source=ASSUMED,
    ),
    _rule(
        "R204",
        _yellow,
        (at_most(income_change, -0.3),),
        Bilingual("纯收入较上期变化 {income_change}", "net income changed by {income_change}"),
    ),
    _rule(
        "R205",
        _yellow,
        (at_least(new_hardship_6m, 1),),
        Bilingual(
            "近6个月新发生疾病、灾害、事故、疫病或家人去世、失踪、羁押，尚未化解",
            "illness, disaster, accident, animal epidemic or the loss of a person in 6 months, unresolved",
        ),
    ),
    _rule(
        "R206",
        _yellow,
        (at_most(declared_price_change, -0.2),),
        Bilingual(
            "申报产业价格12个月变化 {declared_price_change}",
            "price of the declared product changed by {declared_price_change} in 12 months",
        ),
    ),
    _rule(
        "R207",
        _yellow,
        (at_least(times_renewed, 1),),
        Bilingual("已展期或续贷 {times_renewed} 次", "renewed or extended {times_renewed} time(s)"),
    ),
    _rule(
        "R208",
        _yellow,
        (at_least(use_doubtful, 1),),
        Bilingual(
            "部分挪用、闲置，或放款6个月后从未检查用途",
            "use partly diverted, idle, or never checked 6 months after drawdown",
        ),
    ),
    _rule(
        "R209",
        _yellow,
        (at_least(late_instalments_12m, 2),),
        Bilingual("近12个月逾期 {late_instalments_12m} 期", "{late_instalments_12m} late instalments in 12 months"),
    ),
    _rule(
        "R210",
        _yellow,
        (at_least(new_debt_to_income_12m, 0.5),),
        Bilingual(
            "近12个月在他行新增借款占年纯收入 {new_debt_to_income_12m}",
            "new debt elsewhere in 12 months is {new_debt_to_income_12m} of yearly net income",
        ),
    ),
    _rule(
        "R301",
        _note,
        (at_least(income_unknown, 1),),
        Bilingual(
            "18个月内无满半年的收入调查，无法评估",
            "no income statement of half a year in 18 months: cannot be assessed",
        ),
    ),
    _rule(
        "R302",
        _note,
        (at_least(days_to_maturity, 0), at_most(days_to_maturity, 90)),
        Bilingual("本金 {days_to_maturity} 后到期", "the principal falls due in {days_to_maturity}"),
    ),
    _rule(
        "R303",
        _yellow,
        (at_least(repayment_unjudged, 1),),
        Bilingual(
            "还款情况无法判断：无还款计划，或银行自最近应还日以来未送还款",
            "repayment cannot be judged: no schedule, or no payments of the bank since the last due day",
        ),
        hard=True,
    ),
)


def rules_version(rules: tuple[Rule, ...]) -> str:
    """Names a rule table by everything that decides a light: ids, lights, bounds, quantiles of the county."""

    def terms(condition: Condition) -> tuple[str | float, ...]:
        """What decides whether a condition holds."""
        quantile = () if condition.county_quantile is None else (condition.county_quantile,)
        return (condition.feature.name, condition.sign, condition.bound, *quantile)

    rows = [(rule.id, rule.colour.value, rule.hard, [*map(terms, rule.conditions)]) for rule in rules]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:8]
