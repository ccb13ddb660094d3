"""One household explained: its loans' warnings, facts by family and repayment history, from a published month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, timedelta

import polars as pl

from features.ledger import Ledger
from features.seen.evening import Evening
from features.seen.known import Known
from features.words import Refused
from serving.answers import ExplainedLoan, HouseholdExplanation, Instalment, LoanWarning
from serving.published import Month
from serving.telling import Row, families, five_classes, likelihood, told


def explanation(month: Month, ledger: Ledger, household: str) -> HouseholdExplanation:
    """Raises Refused where the household has no open loan in the month."""
    warnings = month.household("warnings", household)
    if warnings.is_empty():
        raise unknown_household(household, month.as_of)
    facts = month.household("features", household)
    usual = {row["township_code"]: row for row in month.scan("typical").collect().to_dicts()}
    history, label = _instalments(ledger, household, month.as_of), month.manifest.label
    loans = [
        _explained(warning, row, usual.get(row["township_code"], {}), history, label)
        for warning, row in zip(told(warnings, facts, month.manifest.rules), _in_order(facts, warnings), strict=True)
    ]
    first = loans[0].warning
    return HouseholdExplanation(
        household_id=household,
        as_of=month.as_of,
        model_version=first.model_version,
        policy_version=first.policy_version,
        data_version=first.data_version,
        loans=loans,
    )


def _explained(
    warning: LoanWarning, facts: Row, usual: Row, history: list[Instalment], label: Mapping[str, int] | None
) -> ExplainedLoan:
    said = likelihood(warning.probability, facts["has_gone_bad"], label)
    return ExplainedLoan(
        warning=warning,
        likelihood_zh=said.zh,
        likelihood_en=said.en,
        other_facts=_other_facts(warning),
        classes=five_classes(warning.days_past_due, warning.as_of),
        families=families(facts, usual),
        instalments=[one for one in history if one.loan_id == warning.loan_id],
    )


def unknown_household(household: str, as_of: date) -> Refused:
    return Refused(
        f"{as_of} 的名单中没有农户 {household} 的未结贷款; 请核对编号。",
        f"No open loan of household {household} is in the list of {as_of}; check the identifier.",
    )


def _other_facts(warning: LoanWarning) -> float | None:
    if warning.probability is None or warning.base_value is None:
        return None
    log_odds = math.log(warning.probability / (1 - warning.probability))
    return log_odds - warning.base_value - math.fsum(reason.contribution for reason in warning.reasons)


def _in_order(facts: pl.DataFrame, warnings: pl.DataFrame) -> list[Row]:
    by_loan = {row["loan_id"]: row for row in facts.to_dicts()}
    return [by_loan[loan] for loan in warnings["loan_id"]]


def _instalments(ledger: Ledger, household: str, as_of: date) -> list[Instalment]:
    """The schedules in force of all the household's loans as they stood that evening, oldest first."""
    rows = ledger.rows(ledger.county_of(household), household)
    seen = Evening(Known(rows, as_of), as_of).instalments.sort("loan_id", "day_offset")
    return [
        Instalment(
            loan_id=row["loan_id"],
            due_on=as_of + timedelta(days=row["day_offset"]),
            principal_due=row["principal_due"],
            interest_due=row["interest_due"],
            days_late=row["days_late"],
            covered=row["covered"],
        )
        for row in seen.to_dicts()
    ]
