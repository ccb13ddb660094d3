"""Why a household's loans have their lights: contributions to the score, threshold question, and changes."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.messages import UserError
from models.bundle import Bundle, Contributions
from serving.explain.change_reasons import change_reasons
from serving.explain.household_cache import HouseholdMonth
from serving.explain.loaded_models import loaded_model
from serving.explain.threshold_reasons import threshold_reasons
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.previous_month import PreviousMonth
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import ScoreChanges, ThresholdReasons


@dataclass(frozen=True)
class LightAttribution:
    """Why the loans of a household have their lights: contributions to the score, threshold question, and changes.

    Args:
        month: the published month.
        store: the data folder that the month lies in.
        bundle: the model that scored the month; None where none did, or it is no longer there.
        facts: features of the loans that the model scored, in the order of `contributions`.
        contributions: of each feature to the score of each of these loans, in log-odds; None without `bundle`.
        previous_month: the month that this one is compared with.

    Example:
        >>> import polars as pl
        >>> from serving.explain.attribution import light_attribution
        >>> from serving.explain.household_cache import household_month
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> loan = month.scan("features").filter(~pl.col("has_gone_bad")).head(1).collect().row(0, named=True)
        >>> household = household_month(month, store, loan["household_id"])
        >>> attribution = light_attribution(household)
        >>> sorted(attribution.contributions_of(loan["loan_id"])) == sorted(
        ...     column.name for column in attribution.contributions.columns
        ... )
        True
        >>> attribution.changes_of(household.rendered_warnings[0]).since == attribution.previous_month.as_of
        True
    """

    month: PublishedMonth
    store: DataFolder
    bundle: Bundle | None
    facts: pl.DataFrame
    contributions: Contributions | None
    previous_month: PreviousMonth

    def contributions_of(self, loan: str) -> dict[str, float]:
        """Contributions in log-odds by column of the model; empty for a loan that no model scored."""
        of_loan = self._loan_contributions(loan)
        if of_loan is None:
            return {}
        return {
            column.name: float(contribution)
            for column, contribution in zip(of_loan.columns, of_loan.by_column[0], strict=True)
        }

    def threshold_reasons_of(self, warning: LoanWarning) -> ThresholdReasons | None:
        """Why the model gives this light and not the next; None where no model scored the loan."""
        of_loan = self._loan_contributions(warning.loan_id)
        if self.bundle is None or of_loan is None:
            return None
        return threshold_reasons(warning, of_loan, self.bundle, self.month, self.store.models)

    def changes_of(self, warning: LoanWarning) -> ScoreChanges:
        """The whole difference of the score from the previous month, or why it cannot be computed."""
        return change_reasons(warning, self._loan_contributions(warning.loan_id), self.bundle, self.previous_month)

    def _loan_contributions(self, loan: str) -> Contributions | None:
        row = self.facts["loan_id"].index_of(loan)
        return None if self.contributions is None or row is None else self.contributions.select_rows([int(row)])


def light_attribution(household: HouseholdMonth) -> LightAttribution:
    """The attribution for a household's loans, from their published features."""
    month, store = household.month, household.store
    scored_loans = household.features.filter(~pl.col("has_gone_bad"))
    try:
        bundle = loaded_model(month, store.models)
    except UserError:
        return LightAttribution(month, store, None, scored_loans, None, household.told_previous_month)
    contributions = bundle.explain(scored_loans)
    return LightAttribution(month, store, bundle, scored_loans, contributions, household.told_previous_month)
