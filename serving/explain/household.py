"""One household explained: warnings, facts, instalments, ratings and routes of help, from a published month."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache

import polars as pl

from features.snapshot.latest_versions import LatestVersions
from features.snapshot.protection import household_claims, household_hardships, household_policies
from models.county_policy.policy_table import FILE as POLICY_FILE
from models.help_routes.route import Protection, Rows
from models.traffic_light.rule_table import FILE as RULE_FILE
from serving.concurrency.single_flight import single_flight
from serving.explain.attribution import LightAttribution, light_attribution
from serving.explain.class_facts import HouseholdClasses
from serving.explain.counterfactuals import counterfactuals
from serving.explain.entitlements import (
    expected_losses,
    household_ratings_by_table,
    loan_grant_notes,
    loan_help_routes,
)
from serving.explain.household_cache import household_month, unknown_household
from serving.explain.ledger_records import check_for_open_loan
from serving.explain.months_ahead_words import due_sentence, months_ahead_sentence
from serving.explain.plain_reasons import loan_summary, main_reasons
from serving.explain.sentences import Row, fact_families, five_classes, render_warnings, warning_likelihood
from serving.explain.what_if.apply import HouseholdSnapshot
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.schemas.household_sheet import ExpectedLoss, ExplainedLoan, HouseholdExplanation, Instalment
from serving.schemas.loan_warning import LoanWarning

_EXPLANATIONS_IN_MEMORY = 256
"""Compressed, some 20 kB each; all readers with the same scope share them."""
_DECOMPRESSED_IN_MEMORY = 64
"""Those read last, as they are sent: some 65 kB each."""
_FASTEST = 1
"""Level of compression."""
_decompress = lru_cache(_DECOMPRESSED_IN_MEMORY)(zlib.decompress)


def explanation_json(month: PublishedMonth, store: DataFolder, household: str) -> bytes:
    """The explanation as the interface sends it, from the cache; of an edition it never changes.

    Raises UserError as `household_explanation` does.
    """
    return _decompress(_compressed_json(month, store, household, _modification_times(month, store)))


def cached_explanation_json(month: PublishedMonth, store: DataFolder, household: str) -> bytes | None:
    """The same bytes as `explanation_json` where they are in the cache; None where they have yet to be computed."""
    compressed = _compressed_json.peek(month, store, household, _modification_times(month, store))
    return None if compressed is None else _decompress(compressed)


@single_flight(_EXPLANATIONS_IN_MEMORY)
def _compressed_json(month: PublishedMonth, store: DataFolder, household: str, _: tuple[int | None, ...]) -> bytes:
    return zlib.compress(household_explanation(month, store, household).model_dump_json().encode(), _FASTEST)


def _modification_times(month: PublishedMonth, store: DataFolder) -> tuple[int | None, ...]:
    """Modification times of rules, policy and model, part of the cache key: they can be removed and put back."""
    number = month.manifest.model_version.partition("-")[0]
    times: list[int | None] = []
    for path in (store.folder / RULE_FILE, store.folder / POLICY_FILE, store.models.folder / number):
        try:
            times.append(path.stat().st_mtime_ns)
        except FileNotFoundError:
            times.append(None)
    return tuple(times)


def household_explanation(month: PublishedMonth, store: DataFolder, household: str) -> HouseholdExplanation:
    """Everything an officer asks about one household, computed anew.

    Args:
        month: the published month.
        store: the data folder that the month lies in; ledger and model are read from it.
        household: the household's id as stored.

    Returns:
        The household's open loans, each with warning, likelihood, threshold question, changes since the previous
        month, counterfactuals, facts by family, instalments, notes and routes of help; and its ratings.

    Raises:
        NoOpenLoanError: where the household has no open loan in the month, but has records in the ledger.
        UserError: where it does not exist for the reader, or the ledger never was at the month's data version.

    Example:
        >>> from serving.explain.household import household_explanation
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> household = month.rows("warnings", [0])["household_id"][0]
        >>> explanation = household_explanation(month, store, household)
        >>> {loan.warning.household_id for loan in explanation.loans} == {household}
        True
        >>> explanation.as_of == month.as_of
        True
    """
    household_in_month = household_month(month, store, household)
    warnings, features, policy = household_in_month.warnings, household_in_month.features, month.policy
    if warnings.is_empty():
        check_for_open_loan(month, store, household)
        raise unknown_household(household, month.as_of)
    records = _LedgerRecords(household_in_month.ledger_snapshot, month)
    township_medians = {row["township_code"]: row for row in month.scan("typical").collect().to_dicts()}
    dated = features.drop("originated_on").join(records.loan_dates, on="loan_id", how="left")
    losses, attribution = expected_losses(dated, warnings, month), light_attribution(household_in_month)
    covered = month.contract_terms.covered_principal(dated, policy.fund.products)
    facts_by_loan = {row["loan_id"]: row for row in covered.to_dicts()}
    loans = []
    for warning in render_warnings(warnings, features, month):
        facts = facts_by_loan[warning.loan_id]
        medians = township_medians.get(facts["township_code"], {})
        loans.append(_explained_loan(warning, facts, medians, records, losses[warning.loan_id], attribution))
    first = loans[0].warning
    return HouseholdExplanation(
        household_id=household,
        as_of=month.as_of,
        model_version=first.model_version,
        policy_version=first.policy_version,
        data_version=first.data_version,
        incomplete=month.incomplete,
        shadow=first.shadow,
        loans=loans,
        ratings=household_ratings_by_table(features, policy),
    )


def _explained_loan(
    warning: LoanWarning,
    facts: Row,
    township_medians: Row,
    records: _LedgerRecords,
    expected_loss: ExpectedLoss,
    attribution: LightAttribution,
) -> ExplainedLoan:
    month, loan = attribution.month, warning.loan_id
    policy = month.policy
    likelihood = warning_likelihood(warning, facts["has_gone_bad"], month.manifest.label)
    ahead, due, summary = months_ahead_sentence(warning), due_sentence(warning), loan_summary(facts, warning.as_of)
    contributions = attribution.contributions_of(loan)
    return ExplainedLoan(
        warning=warning,
        summary_zh=summary.zh,
        summary_en=summary.en,
        main_reasons=main_reasons(warning, contributions),
        likelihood_zh=likelihood.zh,
        likelihood_en=likelihood.en,
        months_ahead_zh=ahead.zh if ahead else None,
        months_ahead_en=ahead.en if ahead else None,
        due_zh=due.zh if due else None,
        due_en=due.en if due else None,
        other_facts=_other_contributions(warning),
        classes=five_classes(records.classes.facts_of(warning, facts), warning.as_of, policy.classes),
        threshold=attribution.threshold_reasons_of(warning),
        changed=attribution.changes_of(warning),
        turn_green=counterfactuals(warning, facts, month, attribution.store),
        families=fact_families(facts, township_medians, contributions),
        instalments=[instalment for instalment in records.instalments if instalment.loan_id == loan],
        notes=loan_grant_notes(facts, policy, month.contract_terms),
        routes=loan_help_routes(facts, records.protection, warning.as_of, policy),
        expected_loss=expected_loss,
    )


def _other_contributions(warning: LoanWarning) -> float | None:
    """The contribution of all facts that are not among the reasons, in log-odds; None without a probability."""
    if warning.probability is None or warning.base_value is None:
        return None
    log_odds = math.log(warning.probability / (1 - warning.probability))
    return log_odds - warning.base_value - math.fsum(reason.contribution for reason in warning.reasons)


@dataclass(frozen=True)
class _LedgerRecords:
    """A household's records in the ledger at the month's end, as delivered when the month was published."""

    household: HouseholdSnapshot
    month: PublishedMonth

    @cached_property
    def loan_dates(self) -> pl.DataFrame:
        """`loan_id`, `originated_on` and `matures_on`: payout, and the maturity first agreed."""
        loans = self.household.snapshot.versions.loans
        return loans.select("loan_id", "originated_on", "matures_on").collect()

    @cached_property
    def instalments(self) -> list[Instalment]:
        """The schedules in force of all its loans at the month's end, by loan, the oldest instalment first."""
        snapshot = self.household.snapshot
        with_loan_id = snapshot.instalments.join(snapshot.loans.select("loan", "loan_id"), on="loan")
        return [
            Instalment(
                loan_id=row["loan_id"],
                due_on=self.household.as_of + timedelta(days=row["day_offset"]),
                principal_due=row["principal_due"],
                interest_due=row["interest_due"],
                days_late=row["days_late"],
                covered=row["covered"],
            )
            for row in with_loan_id.sort("loan_id", "day_offset").collect().to_dicts()
        ]

    @cached_property
    def classes(self) -> HouseholdClasses:
        """What sets the classes of its loans, by the month's policy."""
        return HouseholdClasses.of_month(self.household, self.month)

    @cached_property
    def protection(self) -> Protection:
        """Its insurance policies, hardships and claims."""
        return Protection(
            policies=self._rows("policies", household_policies),
            hardships=self._rows("hardships", household_hardships),
            claims=self._rows("claims", household_claims),
        )

    def _rows(self, table: str, query: Callable[[LatestVersions, date, str], pl.LazyFrame]) -> Rows:
        """None where the county had not been delivered the table by then."""
        of, versions = self.household, self.household.snapshot.versions
        if of.county not in of.tables.counties_with(table, of.as_of):
            return None
        return query(versions, of.as_of, of.household).collect().to_dicts()
