"""The county's rule table: each row with its permanent id, its bound, its sentence and where it comes from."""

from __future__ import annotations

import hashlib
import json
from datetime import date

from features.loan import days_to_maturity, extensions
from features.repayment import interest_days_past_due, late_instalments_12m, principal_days_past_due
from features.words import Words
from models.traffic_light.declare import Colour, Rule, at_least, at_most, more_than

DEFAULT_TABLE = "default table, assembled from published county notices (domain, section 6)"
_SINCE = date(2016, 1, 1)

RULES: tuple[Rule, ...] = (
    Rule(
        "R101",
        Colour.RED,
        (at_least(principal_days_past_due, 1),),
        Words("本金已逾期 {principal_days_past_due}", "principal overdue for {principal_days_past_due}"),
        DEFAULT_TABLE,
        _SINCE,
        hard=True,
    ),
    Rule(
        "R102",
        Colour.RED,
        (more_than(interest_days_past_due, 30),),
        Words("利息已逾期 {interest_days_past_due}", "interest overdue for {interest_days_past_due}"),
        DEFAULT_TABLE,
        _SINCE,
        hard=True,
    ),
    Rule(
        "R201",
        Colour.YELLOW,
        (at_least(interest_days_past_due, 8), at_most(interest_days_past_due, 30)),
        Words("利息已逾期 {interest_days_past_due}", "interest overdue for {interest_days_past_due}"),
        DEFAULT_TABLE,
        _SINCE,
        hard=True,
    ),
    Rule(
        "R207",
        Colour.YELLOW,
        (at_least(extensions, 1),),
        Words("已展期或续贷 {extensions} 次", "renewed or extended {extensions} time(s)"),
        DEFAULT_TABLE,
        _SINCE,
    ),
    Rule(
        "R209",
        Colour.YELLOW,
        (at_least(late_instalments_12m, 2),),
        Words("近12个月逾期 {late_instalments_12m} 期", "{late_instalments_12m} late instalments in 12 months"),
        DEFAULT_TABLE,
        _SINCE,
    ),
    Rule(
        "R302",
        Colour.NOTE,
        (at_least(days_to_maturity, 0), at_most(days_to_maturity, 90)),
        Words("本金 {days_to_maturity} 后到期", "the principal falls due in {days_to_maturity}"),
        DEFAULT_TABLE,
        _SINCE,
    ),
)


def rules_in_force(day: date) -> tuple[Rule, ...]:
    """The rows of the table that hold on a day."""
    return tuple(rule for rule in RULES if rule.is_in_force(day))


def rules_version(rules: tuple[Rule, ...]) -> str:
    """Names a rule table by everything that decides a light: ids, lights, bounds."""
    rows = [(r.id, r.colour.value, r.hard, [(c.feature.name, c.sign, c.bound) for c in r.conditions]) for r in rules]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()[:8]
