"""One household explained: its loans' warnings, facts, history, ratings and routes of help, from a published month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from features.ledger import Ledger
from features.seen.evening import Evening
from features.seen.known import Known
from features.words import Refused
from models.county_policy.sections import CountyPolicy
from models.help_routes import Protection
from serving.answers import ExpectedLoss, ExplainedLoan, HouseholdExplanation, Instalment, LoanWarning
from serving.entitlements import help_routes, losses, notes, ratings
from serving.published import Month
from serving.telling import Row, families, five_classes, likelihood, told


def explanation(month: Month, ledger: Ledger, household: str) -> HouseholdExplanation:
    """Raises Refused where the household has no open loan in the month."""
    warnings = month.household("warnings", household)
    if warnings.is_empty():
        raise unknown_household(household, month.as_of)
    facts = month.household("features", household)
    policy = month.policy
    of_household = _Household(ledger, household, month.as_of)
    usual = {row["township_code"]: row for row in month.scan("typical").collect().to_dicts()}
    lost = losses(facts, warnings, policy)
    loans = [
        _explained(warning, row, usual.get(row["township_code"], {}), of_household, month.manifest.label, policy, lost)
        for warning, row in zip(told(warnings, facts, month), _in_order(facts, warnings), strict=True)
    ]
    first = loans[0].warning
    return HouseholdExplanation(
        household_id=household,
        as_of=month.as_of,
        model_version=first.model_version,
        policy_version=first.policy_version,
        data_version=first.data_version,
        loans=loans,
        ratings=ratings(facts, policy),
    )


def _explained(
    warning: LoanWarning,
    facts: Row,
    usual: Row,
    household: _Household,
    label: Mapping[str, int] | None,
    policy: CountyPolicy,
    lost: Mapping[str, ExpectedLoss],
) -> ExplainedLoan:
    said = likelihood(warning.probability, facts["has_gone_bad"], label)
    loan = warning.loan_id
    dated = {**facts, "originated_on": household.originated_on[loan]}
    return ExplainedLoan(
        warning=warning,
        likelihood_zh=said.zh,
        likelihood_en=said.en,
        other_facts=_other_facts(warning),
        classes=five_classes(warning.days_past_due, warning.as_of, policy.classes),
        families=families(facts, usual),
        instalments=[one for one in household.instalments if one.loan_id == loan],
        notes=notes(facts, policy),
        routes=help_routes(dated, household.protection(facts), warning.as_of, policy),
        expected_loss=lost[loan],
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


@dataclass(frozen=True)
class _Household:
    """What the ledger knew of the household that evening."""

    ledger: Ledger
    household: str
    as_of: date

    @cached_property
    def known(self) -> Known:
        return Known(self.ledger.rows(self.ledger.county_of(self.household), self.household), self.as_of)

    @cached_property
    def originated_on(self) -> dict[str, date]:
        return dict(self.known.loans.select("loan_id", "originated_on").collect().rows())

    @cached_property
    def instalments(self) -> list[Instalment]:
        """The schedules in force of all the household's loans as they stood that evening, oldest first."""
        evening = Evening(self.known, self.as_of)
        named = evening.instalments.join(evening.loans.select("loan", "loan_id"), on="loan")
        seen = named.sort("loan_id", "day_offset").collect()
        return [
            Instalment(
                loan_id=row["loan_id"],
                due_on=self.as_of + timedelta(days=row["day_offset"]),
                principal_due=row["principal_due"],
                interest_due=row["interest_due"],
                days_late=row["days_late"],
                covered=row["covered"],
            )
            for row in seen.to_dicts()
        ]

    def protection(self, facts: Row) -> Protection:
        """Whether insurance is known of in the county at all, the features say: they are missing where it is not."""
        delivered = facts["insured_industry"] is not None and facts["hardships_12m"] is not None
        return Protection.of(self.known, self.as_of, self.household, delivered)
