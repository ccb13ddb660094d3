"""One household explained: its loans' warnings, facts, history, ratings and routes of help, from a published month."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

import polars as pl

from features.messages import Refused
from features.snapshot.latest_versions import Known
from features.snapshot.protection import claims_filed, hardships_suffered, policies_held
from models.county_policy.policy_table import FILE as POLICIES
from models.county_policy.sections import CountyPolicy
from models.expected_loss import covered
from models.help_routes.route import Protection, Rows
from models.traffic_light.rule_table import FILE as RULES
from serving.concurrency.single_flight import remembered
from serving.explain.attribution import Why, why
from serving.explain.counterfactuals import turn_green
from serving.explain.entitlements import help_routes, losses, notes, ratings
from serving.explain.household_cache import home_of
from serving.explain.sentences import Row, families, five_classes, likelihood, told
from serving.explain.what_if.apply import Evenings
from serving.months.data_folder import Store
from serving.months.repository import Month
from serving.schemas.household_sheet import ExpectedLoss, ExplainedLoan, HouseholdExplanation, Instalment
from serving.schemas.loan_warning import LoanWarning

_KEPT = 8192
"""Explanations in memory, of some 20 kB each as they are kept; everybody with the same scope shares them."""
_QUICKLY = 1
_UNPACKED = 256
"""Of them those looked at last, as they are sent: some 65 kB each."""


def explanation_json(month: Month, store: Store, household: str) -> bytes:
    """The explanation as the interface answers it; of an edition it never changes, so it is worked out once.

    Raises Refused as `explanation` does.
    """
    return _unpacked(_worked_out(month, store, household, _judges_stand(month, store)))


def explanation_at_hand(month: Month, store: Store, household: str) -> bytes | None:
    """The same, where it has been worked out already."""
    found = _worked_out.known(month, store, household, _judges_stand(month, store))
    return None if found is None else _unpacked(found)


def explanation_kept(month: Month, store: Store, household: str) -> HouseholdExplanation:
    """The same, for a page."""
    return HouseholdExplanation.model_validate_json(explanation_json(month, store, household))


@remembered(_KEPT)
def _worked_out(month: Month, store: Store, household: str, _: tuple[int | None, ...]) -> bytes:
    return zlib.compress(explanation(month, store, household).model_dump_json().encode(), _QUICKLY)


_unpacked = lru_cache(_UNPACKED)(zlib.decompress)


def _judges_stand(month: Month, store: Store) -> tuple[int | None, ...]:
    """When what judged the month was last touched: rules, policies and model can be put away, and put back."""
    number = month.manifest.model_version.partition("-")[0]
    paths = (store.folder / RULES, store.folder / POLICIES, store.models.folder / number)
    return tuple(map(_touched, paths))


def _touched(path: Path) -> int | None:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def explanation(month: Month, store: Store, household: str) -> HouseholdExplanation:
    """Raises Refused where the household has no open loan in the month."""
    home = home_of(month, store, household)
    warnings, facts, policy = home.warnings, home.features, month.policy
    if warnings.is_empty():
        raise unknown_household(household, month.as_of)
    of_household = _Household(home.evening)
    usual = {row["township_code"]: row for row in month.scan("typical").collect().to_dicts()}
    lost, account = losses(facts, warnings, policy), why(home)
    dated = facts.with_columns(covered(policy)).join(of_household.days, on="loan_id", how="left")
    loans = [
        _explained(
            warning, row, usual.get(row["township_code"], {}), of_household, month.manifest.label, policy, lost, account
        )
        for warning, row in zip(told(warnings, facts, month), _in_order(dated, warnings), strict=True)
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
    account: Why,
) -> ExplainedLoan:
    said = likelihood(warning.probability, facts["has_gone_bad"], label)
    loan = warning.loan_id
    return ExplainedLoan(
        warning=warning,
        likelihood_zh=said.zh,
        likelihood_en=said.en,
        other_facts=_other_facts(warning),
        classes=five_classes(warning.days_past_due, warning.as_of, policy.classes),
        threshold=account.threshold(warning),
        changed=account.changed(warning),
        turn_green=turn_green(warning, facts, account.month, account.store),
        families=families(facts, usual, account.contributions(loan)),
        instalments=[one for one in household.instalments if one.loan_id == loan],
        notes=notes(facts, policy),
        routes=help_routes(facts, household.protection, warning.as_of, policy),
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
    """What the county knew of the household that evening, by what had been delivered when the month was published."""

    evening: Evenings

    @property
    def as_of(self) -> date:
        return self.evening.as_of

    @property
    def known(self) -> Known:
        return self.evening.evening.known

    @cached_property
    def days(self) -> pl.DataFrame:
        """When each loan was paid out, and the maturity first agreed."""
        return self.known.loans.select("loan_id", "originated_on", "matures_on").collect()

    @cached_property
    def instalments(self) -> list[Instalment]:
        """The schedules in force of all the household's loans as they stood that evening, oldest first."""
        evening = self.evening.evening
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

    @cached_property
    def protection(self) -> Protection:
        return Protection(
            policies=self._seen("policies", policies_held),
            hardships=self._seen("hardships", hardships_suffered),
            claims=self._seen("claims", claims_filed),
        )

    def _seen(self, table: str, seen: Callable[[Known, date, str], pl.LazyFrame]) -> Rows:
        """None where the county had not been delivered any such table by then."""
        if self.evening.county not in self.known.rows.counties_with(table, self.as_of):
            return None
        return seen(self.known, self.as_of, self.evening.household).collect().to_dicts()
