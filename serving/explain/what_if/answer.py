"""What if: a household's warnings with facts supposed, beside those that were published; nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from features.compute import evening_at
from features.messages import Words
from serving.explain.household import unknown_household
from serving.explain.household_cache import home_of
from serving.explain.loaded_models import ledger_at
from serving.explain.sentences import Row, likelihood
from serving.explain.what_if.facts import Supposed
from serving.explain.what_if.household_tables import Tables, rows_given
from serving.explain.what_if.rescore import Again, Bench, bench_of
from serving.months.data_folder import Store
from serving.months.previous_month import before_of_few, compared_with
from serving.months.repository import Month, Published
from serving.schemas.loan_warning import LoanWarning
from serving.schemas.rescored import Scored, WhatIf, WhatIfLoan

CLOSED = Words("这笔贷款就此结清。", "The loan is closed by it.")
Label = Mapping[str, int] | None


def what_if(month: Month, store: Store, household: str, facts: Sequence[Supposed]) -> WhatIf:
    """Each open loan of the household before and with the facts; `after` is null for one they close.

    Raises Refused where it has no open loan in the month, Impossible for a fact that cannot be.
    """
    home, bench = home_of(month, store, household), bench_of(month, store)
    if home.warnings.is_empty():
        raise unknown_household(household, month.as_of)
    again = bench.judged(home.evening.supposing(facts).evening, home.others, home.before)
    return WhatIf(**month.versions, household_id=household, loans=_beside(home.told, home.features, again, bench))


def _beside(before: list[LoanWarning], published: pl.DataFrame, again: Again, bench: Bench) -> list[WhatIfLoan]:
    label = bench.month.manifest.label
    was = {row["loan_id"]: row for row in published.to_dicts()}
    is_now = {row["loan_id"]: row for row in again.facts.to_dicts()}
    after = {warning.loan_id: warning for warning in again.warnings}
    return [_one(each, was[each.loan_id], after.get(each.loan_id), is_now, label) for each in before]


def _one(
    before: LoanWarning, was: Row, after: LoanWarning | None, is_now: Mapping[str, Row], label: Label
) -> WhatIfLoan:
    said = likelihood(before.probability, was["has_gone_bad"], label)
    then = likelihood(after.probability, is_now[after.loan_id]["has_gone_bad"], label) if after else None
    return WhatIfLoan(
        loan_id=before.loan_id,
        before=before,
        after=after,
        before_zh=said.zh,
        before_en=said.en,
        after_zh=then.zh if then else CLOSED.zh,
        after_en=then.en if then else CLOSED.en,
    )


def scored(month: Month, store: Store, tables: Tables) -> Scored:
    """The warnings of one household's rows as of the month's evening, judged as the month was.

    Prices are the ledger's where none are given. Raises Impossible where the rows are not the contract's.
    """
    household, rows = rows_given(tables, store.folder, month.as_of)
    if "prices" not in tables:
        ledger = ledger_at(store.folder / "ledger", month.manifest.data_version)
        rows = rows.with_more({"prices": ledger.rows()["prices"].collect()}, None)
    bench = bench_of(month, store)
    others, loans = bench.others(month.household("features", household)), rows["loans"].select("loan_id").unique()
    before = before_of_few(compared_with(Published(store), month), loans.collect().to_series())
    again = bench.judged(evening_at(month.as_of, rows), others, before)
    return Scored(**month.versions, household_id=household, warnings=again.warnings)
