"""Why a household's loans have their light: parts of the score, the threshold question, and what changed."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from features.messages import Refused
from models.bundle import Bundle, Parts
from serving.explain.change_reasons import what_changed
from serving.explain.household_cache import Home
from serving.explain.loaded_models import bundle_of
from serving.explain.threshold_reasons import threshold_reasons
from serving.months.data_folder import Store
from serving.months.previous_month import Before
from serving.months.repository import Month
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.reasons import ThresholdReasons, WhatChanged


@dataclass(frozen=True)
class Why:
    """The model's own account of a household's loans: those in the month that it judged.

    bundle: None where no model judged, or the one that did is no longer there. facts: of the loans judged, in the order
    of parts.
    """

    month: Month
    store: Store
    bundle: Bundle | None
    facts: pl.DataFrame
    parts: Parts | None
    before: Before

    def contributions(self, loan: str) -> dict[str, float]:
        """By column, in log-odds; empty for a loan that no model judged."""
        row = self._row(loan)
        if self.parts is None or row is None:
            return {}
        return {c.name: float(part) for c, part in zip(self.parts.columns, self.parts.of_columns[row], strict=True)}

    def threshold(self, warning: LoanWarning) -> ThresholdReasons | None:
        """Why the model's light and not the next."""
        row = self._row(warning.loan_id)
        if self.bundle is None or self.parts is None or row is None:
            return None
        mine = self.parts.of_rows([row])
        return threshold_reasons(warning, mine, self.bundle, self.month, self.store.models)

    def changed(self, warning: LoanWarning) -> WhatChanged:
        """The whole difference from the month before, or why there is none to tell."""
        row = self._row(warning.loan_id)
        mine = None if self.parts is None or row is None else self.parts.of_rows([row])
        return what_changed(warning, mine, self.bundle, self.before)

    def _row(self, loan: str) -> int | None:
        found = self.facts["loan_id"].index_of(loan)
        return None if found is None else int(found)


def why(home: Home) -> Why:
    """The account of a household's loans, by their published facts."""
    month, store, judged = home.month, home.store, home.features.filter(~pl.col("has_gone_bad"))
    try:
        bundle = bundle_of(month, store.models)
    except Refused:
        return Why(month, store, None, judged, None, home.before)
    return Why(month, store, bundle, judged, bundle.parts(judged), home.before)
