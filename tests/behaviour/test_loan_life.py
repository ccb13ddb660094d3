"""The life of a loan as the county sees it: late, bad, paid up, on probation, performing; and what cannot be judged."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest

from features.compute import features_at
from features.delivered_tables import DeliveredTables
from features.loan_checks import loan_findings
from models.county_policy.policy_table import shipped_policy_table
from models.explain import township_medians
from models.traffic_light.rules import RULES
from serving.batch.warnings import ScoringPolicy, build_warnings
from serving.explain.status_sentences import status_sentence
from serving.months.previous_month import previous_month_of
from tests.features.one_loan import instalment, loan, one_loan

QUARTERS = [date(2024, month, 21) for month in (3, 6, 9, 12)]
"""Due days of the interest; the principal is due with the last one."""


def life(paid_on: list[date], **changed: Any) -> DeliveredTables:
    """A loan of 10,000 yuan paid out on 2023-12-21, with 100 yuan of interest a quarter paid on these days.

    Another household's loan at the same bank is paid late in each month, so that the bank is known to deliver.
    """
    dues = [instalment("L1", due_on=day, principal_due=0.0, interest_due=100.0) for day in QUARTERS[:3]]
    dues.append(instalment("L1", due_on=date(2025, 12, 21), principal_due=10_000.0, interest_due=100.0))
    payments = [payment(f"P{at}", "L1", day, 0.0, 100.0) for at, day in enumerate(paid_on)]
    others = [payment(f"O{month}", "L2", date(2024, month, 28), 0.0, 1.0) for month in range(1, 13)]
    loans = [
        loan("L1", originated_on=date(2023, 12, 21), matures_on=date(2025, 12, 21), known_on=date(2023, 12, 22)),
        loan("L2", household_id="H2", originated_on=date(2023, 12, 21), matures_on=date(2026, 12, 21)),
    ]
    given = {
        "households": [{"household_id": home, "village_code": "640323100001"} for home in ("H1", "H2")],
        "loans": loans,
        "instalments": [*dues, instalment("L2", due_on=date(2026, 12, 21))],
        "payments": [*payments, *others],
    }
    return one_loan(**{**given, **changed})


def payment(name: str, of_loan: str, day: date, principal: float, interest: float) -> dict[str, Any]:
    amounts = {"principal_paid": principal, "interest_paid": interest, "payer": "borrower"}
    return {"payment_id": name, "loan_id": of_loan, "paid_on": day, **amounts, "known_on": day}


def warning_of(rows: DeliveredTables, as_of: date, loan_id: str = "L1") -> dict[str, Any]:
    """The loan's warning by the shipped rules and policy, without a model."""
    features = features_at(as_of, rows)
    policy = shipped_policy_table().in_force(as_of)
    scoring = ScoringPolicy(RULES, policy, None, "test")
    previous = previous_month_of(None, features["loan_id"])
    findings = loan_findings(as_of, rows)
    warnings, _ = build_warnings(features, township_medians(features), previous, scoring, as_of, findings)
    return warnings.filter(loan_id=loan_id).row(0, named=True)


def rules_of(warning: dict[str, Any]) -> set[str]:
    return {rule["id"] for rule in warning["rules"]}


NEW_YEARS_EVE, AUGUST = date(2024, 12, 31), date(2025, 8, 31)
LATE_ONCE = [date(2024, 3, 21), date(2024, 8, 2), date(2024, 9, 21)]
"""The interest of June is paid on the second of August, twelve days after the loan is bad."""


@pytest.mark.parametrize(
    ("as_of", "status", "light"),
    [
        (date(2024, 5, 31), "performing", "green"),
        (date(2024, 6, 30), "performing", "yellow"),
        (date(2024, 7, 31), "bad", "red"),
        (date(2024, 8, 31), "probation", "yellow"),
        (date(2024, 12, 31), "probation", "yellow"),
    ],
)
def test_a_loan_that_paid_up_is_on_probation_and_yellow(as_of: date, status: str, light: str) -> None:
    warning = warning_of(life(LATE_ONCE), as_of)
    assert (warning["status"], warning["light"]) == (status, light)
    assert (warning["bad_since"] is None) == (status == "performing")


def test_probation_ends_after_two_dues_on_time_and_six_months() -> None:
    dues = [instalment("L1", due_on=day, principal_due=0.0, interest_due=100.0) for day in QUARTERS]
    dues.append(instalment("L1", due_on=date(2025, 12, 21), principal_due=10_000.0, interest_due=100.0))
    rows = life([*LATE_ONCE, date(2024, 12, 21)], instalments=[*dues, instalment("L2", due_on=date(2026, 12, 21))])
    on_probation, performing = (warning_of(rows, day) for day in (date(2025, 1, 31), date(2025, 2, 28)))
    assert (on_probation["status"], on_probation["probation_until"]) == ("probation", date(2025, 2, 2))
    assert on_probation["probation_dues_left"] == 0
    assert (performing["status"], performing["light"], performing["probation_until"]) == ("performing", "green", None)
    assert (performing["bad_since"], performing["arrears_ended_on"]) == (date(2024, 7, 21), date(2024, 8, 2))


def test_a_late_due_on_probation_starts_both_counts_anew() -> None:
    days = [*QUARTERS, date(2025, 1, 21)]
    dues = [instalment("L1", due_on=day, principal_due=0.0, interest_due=100.0) for day in days]
    dues.append(instalment("L1", due_on=date(2025, 12, 21), principal_due=10_000.0, interest_due=100.0))
    paid_late = [*LATE_ONCE, date(2024, 12, 21), date(2025, 1, 25)]
    rows = life(paid_late, instalments=[*dues, instalment("L2", due_on=date(2026, 12, 21))])
    before, after, half_a_year_on = (warning_of(rows, day) for day in (NEW_YEARS_EVE, date(2025, 1, 31), AUGUST))
    assert (before["status"], before["probation_dues_left"]) == ("probation", 0)
    assert (after["status"], after["probation_until"], after["probation_dues_left"]) == (
        "probation",
        date(2025, 7, 25),
        2,
    )
    assert after["arrears_ended_on"] == date(2024, 8, 2)
    assert half_a_year_on["status"] == "probation"


def test_the_sentence_says_since_when_why_and_what_ends_it() -> None:
    bad, on_probation = (warning_of(life(LATE_ONCE), day) for day in (date(2024, 7, 31), date(2024, 8, 31)))
    cause = "2024-06-21 应还利息至 2024-07-21 逾期满 30 天"
    said = status_sentence(bad)
    assert said
    assert said.zh == f"{cause}；至今未补还，属不良，不作预测。"
    said = status_sentence(on_probation)
    assert said
    assert said.zh == f"{cause}；2024-08-02 已补还，观察中：再按期还 2 期，最早 2025-02-02 转为正常，此前至少黄灯。"
    assert "interest due on 2024-06-21 was 30 days past due on 2024-07-21; paid up on 2024-08-02" in said.en
    assert status_sentence(warning_of(life(LATE_ONCE), date(2024, 5, 31))) is None


def test_principal_that_is_late_is_named_as_principal() -> None:
    warning = warning_of(life(LATE_ONCE, instalments=[instalment("L1", due_on=date(2024, 3, 1))]), date(2024, 6, 30))
    assert (warning["status"], warning["bad_by"], warning["bad_due_on"]) == ("bad", "principal", date(2024, 3, 1))


def test_a_reversed_payment_counts_from_its_own_day() -> None:
    paid = [payment("P1", "L1", date(2024, 3, 21), 0.0, 100.0), payment("P2", "L1", date(2024, 6, 21), 10_000.0, 100.0)]
    taken_back = payment("P3", "L1", date(2024, 6, 22), -10_000.0, -100.0)
    others = [payment("O1", "L2", date(2024, 7, 28), 0.0, 1.0)]
    rows = life([], payments=[*paid, taken_back, *others])
    features = features_at(date(2024, 7, 31), rows).filter(loan_id="L1").row(0, named=True)
    assert (features["outstanding_principal"], features["days_past_due"]) == (10_000.0, 40)
    assert warning_of(rows, date(2024, 7, 31))["status"] == "bad"


@pytest.mark.parametrize(
    ("instalments", "as_of", "fires", "lacks"),
    [
        ([], date(2024, 7, 31), True, ["schedule"]),
        ([], date(2025, 12, 31), False, []),
        ([instalment("L1", due_on=date(2024, 6, 21), principal_due=0.0)], date(2024, 7, 31), False, []),
    ],
)
def test_a_loan_without_a_schedule_is_not_green_before_its_maturity(
    instalments: list[dict[str, Any]], as_of: date, fires: bool, lacks: list[str]
) -> None:
    paid = [payment("P1", "L1", date(2024, 6, 21), 0.0, 345.0), payment("O1", "L2", date(2025, 12, 30), 0.0, 1.0)]
    known = [row for row in paid if row["known_on"] <= as_of] or paid[:1]
    rows = life([], instalments=instalments, payments=[*known, payment("O2", "L2", date(2024, 7, 28), 0.0, 1.0)])
    warning = warning_of(rows, as_of)
    assert ("R303" in rules_of(warning), [code for code in warning["incomplete"] if code == "schedule"]) == (
        fires,
        lacks,
    )
    if fires:
        assert warning["light"] == "yellow"
        assert "R101" in warning["not_assessable"]
    if as_of > date(2025, 12, 21):
        assert (warning["light"], "R101" in rules_of(warning)) == ("red", True)


@pytest.mark.parametrize(("newest", "fires"), [(date(2024, 6, 20), True), (date(2024, 6, 21), False)])
def test_a_loan_whose_bank_is_silent_since_the_due_day_is_not_green(newest: date, fires: bool) -> None:
    paid = [payment("P1", "L1", date(2024, 3, 21), 0.0, 100.0), payment("O1", "L2", newest, 0.0, 1.0)]
    warning = warning_of(life([], payments=paid), date(2024, 6, 28))
    assert ("R303" in rules_of(warning), "payments" in warning["incomplete"]) == (fires, fires)
    assert (warning["light"] == "green") == (not fires)


def test_payments_on_a_closed_loan_show_that_the_bank_delivers() -> None:
    repaid = [payment("P1", "L1", date(2024, 3, 21), 0.0, 100.0), payment("P2", "L2", date(2024, 6, 25), 10_000.0, 0.0)]
    both_at_home = [
        loan(name, originated_on=date(2023, 12, 21), matures_on=date(2026, 12, 21)) for name in ("L1", "L2")
    ]
    warning = warning_of(life([], loans=both_at_home, payments=repaid), date(2024, 6, 28))
    assert "R303" not in rules_of(warning)


DEATH = {"event_id": "E1", "household_id": "H1", "occurred_on": date(2024, 6, 1), "cause": "death"}
FATHER = {"member_id": "M1", "household_id": "H1", "relation": "head", "status": "present"}
MOTHER = {"member_id": "M2", "household_id": "H1", "relation": "parent", "status": "present"}
LATER = {"known_on": date(2024, 6, 10)}


@pytest.mark.parametrize(
    ("hardship", "members", "is_lost"),
    [
        ({}, [FATHER, MOTHER], 1),
        ({"member_id": "M1"}, [FATHER, MOTHER], 1),
        ({"member_id": "M2"}, [FATHER, MOTHER], 0),
        ({"member_id": "M2", "cause": "custody"}, [FATHER, MOTHER], 0),
        ({}, [FATHER, {**MOTHER, "status": "deceased", **LATER}], 0),
        ({"cause": "missing"}, [FATHER, {**MOTHER, "status": "deceased", **LATER}], 1),
        ({}, [FATHER, {**MOTHER, "status": "deceased", "known_on": date(2020, 1, 1)}], 1),
        ({}, [{**FATHER, **LATER}, MOTHER], 0),
        ({"resolved_on": date(2024, 9, 1)}, [FATHER], 0),
        ({"cause": "illness"}, [{**FATHER, "status": "deceased", **LATER}], 1),
        ({}, [], 1),
    ],
)
def test_only_the_borrowers_own_loss_is_red(
    hardship: dict[str, Any], members: list[dict[str, Any]], is_lost: int
) -> None:
    rows = one_loan(hardships=[{**DEATH, **LATER, **hardship}], **({"members": members} if members else {}))
    features = features_at(date(2024, 9, 30), rows).row(0, named=True)
    assert features["borrower_lost"] == is_lost
    fired = rules_of(warning_of(rows, date(2024, 9, 30)))
    assert ("R103" in fired) == (is_lost == 1)
    assert ("R205" in fired) == ("resolved_on" not in hardship)


def test_a_loan_is_its_new_borrowers_once_the_bank_names_one() -> None:
    dead = {**FATHER, "status": "deceased", **LATER}
    heir = {**MOTHER, "member_id": "M3", "relation": "child"}
    inherited = [
        loan("L1", borrower_member_id="M1"),
        loan("L1", borrower_member_id="M3", known_on=date(2024, 8, 1)),
    ]
    rows = one_loan(hardships=[{**DEATH, **LATER, "member_id": "M1"}], members=[dead, heir], loans=inherited)
    lost = [features_at(day, rows)["borrower_lost"].item() for day in (date(2024, 7, 31), date(2024, 9, 30))]
    assert lost == [1, 0]


def test_figures_of_a_township_need_six_households() -> None:
    def medians(households: int) -> list[float | None]:
        """The median of savings in a township of so many households, beside a larger one of the county."""
        small = [("640323100", f"H{at}", 1.0) for at in range(households)]
        large = [("640323200", f"G{at}", 5.0) for at in range(6)]
        rows = pl.DataFrame([*small, *large], schema=["township_code", "household_id", "savings"], orient="row")
        village, bank = pl.col("township_code") + "001", pl.lit("Rural Bank")
        return township_medians(rows.with_columns(village.alias("village_code"), bank.alias("bank")))[
            "savings"
        ].to_list()

    assert medians(6) == [1.0, 5.0]
    assert medians(5) == [5.0, 5.0]
    assert medians(0) == [5.0]


def test_a_bank_cannot_compute_the_value_of_another_banks_borrower() -> None:
    """The median of all and its own values would tell a bank what the one household of another bank has."""

    def median(others: int) -> float | None:
        rows = pl.DataFrame({"household_id": [f"H{at}" for at in range(20)], "savings": 3.0}).with_columns(
            pl.when(pl.int_range(20) < others).then(pl.lit("Other Bank")).otherwise(pl.lit("Rural Bank")).alias("bank"),
            pl.lit("640323100").alias("township_code"),
            pl.lit("640323100001").alias("village_code"),
        )
        told: float | None = township_medians(rows)["savings"].item()
        return told

    assert [median(others) for others in (0, 1, 4, 5, 15, 16, 19, 20)] == [3.0, None, None, 3.0, 3.0, None, None, 3.0]
