"""What moved a light, told from the loan's warning and what was told of it before."""

from __future__ import annotations

from typing import Any

import pytest

from serving.batch.news_cause import light_cause

R101 = {"id": "R101", "light": "red", "hard": True}
R105 = {"id": "R105", "light": "red", "hard": False}
R201 = {"id": "R201", "light": "yellow", "hard": True}
R303 = {"id": "R303", "light": "yellow", "hard": True}
COVER_FELL = {"feature": "repayment_cover", "contribution": 0.4}
DAYS_PASSED = {"feature": "days_to_maturity", "contribution": -0.2}


def row(before: str | None, light: str | None, **told: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "rules": [],
        "fired_before": [],
        "changes": [],
        "facts": [],
        "incomplete": [],
        "incomplete_before": [],
        "status": "performing",
        "status_before": "performing",
        "rules_decide": False,
        "ended_by": "repaid",
    }
    return usual | {"before": before, "light": light} | told


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (row("green", None, ended_by="renewed"), "closed:renewed"),
        (row(None, "yellow", rules=[R201]), "new_loan"),
        (row("green", "red", rules=[R101]), "rule:R101"),
        (row("green", "red", rules=[R105, R101]), "rule:R101"),
        (row("green", "red", rules=[R105], changes=[COVER_FELL]), "feature:repayment_cover"),
        (row("green", "red", rules=[R105], rules_decide=True), "rule:R105"),
        (row("yellow", "red", rules=[R201], fired_before=[R201], changes=[COVER_FELL]), "feature:repayment_cover"),
        (row("yellow", "red", changes=[DAYS_PASSED, COVER_FELL]), "feature:repayment_cover"),
        (row("yellow", "green", changes=[COVER_FELL, DAYS_PASSED]), "feature:days_to_maturity"),
        (row("red", "green", fired_before=[R101]), "rule_over:R101"),
        (row("red", "yellow", fired_before=[R101, R201], rules=[R201]), "rule_over:R101"),
        (row("green", "red", status="bad", rules=[R101]), "status:bad"),
        (row("red", "yellow", status="probation", status_before="bad", fired_before=[R101]), "status:probation"),
        (row("green", "yellow", rules=[R303], incomplete=["payments"]), "payments_awaited"),
        (row("green", "red", rules=[R101, R303], incomplete=["payments"]), "payments_awaited"),
        (row("yellow", "green", fired_before=[R303], incomplete_before=["payments"]), "payments_came"),
        (row("yellow", "red", rules=[R101], fired_before=[R303], incomplete_before=["payments"]), "rule:R101"),
        (row("green", "yellow"), "days"),
        (row("green", "yellow", facts=[{"table": "assets"}]), "thresholds"),
    ],
)
def test_a_light_is_moved_by(told: dict[str, Any], cause: str) -> None:
    assert light_cause(told) == cause
