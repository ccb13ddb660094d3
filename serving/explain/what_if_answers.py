"""What-if answers: a household's warnings with hypothetical facts, or those of rows that a request brings."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from features.compute import snapshot_at
from serving.explain.household_cache import household_month, unknown_household
from serving.explain.loaded_models import ledger_at
from serving.explain.sentences import LOAN_CLOSED, warning_likelihood
from serving.explain.what_if.facts import HypotheticalFact
from serving.explain.what_if.household_tables import RowsByTable, read_household_tables
from serving.explain.what_if.rescore import month_rescorer
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.months.previous_month import comparison_month, previous_month_of_few
from serving.months.repository import MonthRepository
from serving.schemas.rescored import RescoredWarnings, WhatIfAnswer, WhatIfLoan


def what_if(
    month: PublishedMonth, store: DataFolder, household: str, facts: Sequence[HypotheticalFact]
) -> WhatIfAnswer:
    """The warnings of a household's open loans as published, and with hypothetical facts; nothing is stored.

    Args:
        month: the published month.
        store: the data folder that the month lies in; ledger and model are read from it.
        household: the household's id as stored.
        facts: the facts, applied in order.

    Returns:
        Each open loan `before` and `after` the facts, with its likelihood in words; `after` is None where the facts
        close the loan.

    Raises:
        UserError: where the household has no open loan in the month, or the month cannot be scored again.
        ImpossibleFactsError: for a fact that is impossible.

    Example:
        >>> from serving.explain.what_if.facts import NewHardship
        >>> from serving.explain.what_if_answers import what_if
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> household = month.rows("warnings", [0])["household_id"][0]
        >>> answer = what_if(month, store, household, [NewHardship(kind="hardship", cause="illness", loss_amount=9000)])
        >>> [loan.after.loan_id == loan.before.loan_id for loan in answer.loans][0]
        True
    """
    household_in_month, rescorer = household_month(month, store, household), month_rescorer(month, store)
    if household_in_month.warnings.is_empty():
        raise unknown_household(household, month.as_of)
    changed = household_in_month.ledger_snapshot.apply_facts(facts).snapshot
    rescored = rescorer.rescore(changed, household_in_month.peers, household_in_month.previous_month)
    label = rescorer.month.manifest.label
    has_gone_bad = dict(household_in_month.features.select("loan_id", "has_gone_bad").rows())
    will_have_gone_bad = dict(rescored.facts.select("loan_id", "has_gone_bad").rows())
    warnings_after = {warning.loan_id: warning for warning in rescored.warnings}
    loans = []
    for warning_before in household_in_month.rendered_warnings:
        loan, warning_after = warning_before.loan_id, warnings_after.get(warning_before.loan_id)
        words_before = warning_likelihood(warning_before, has_gone_bad[loan], label)
        words_after = (
            warning_likelihood(warning_after, will_have_gone_bad[loan], label) if warning_after else LOAN_CLOSED
        )
        rescored_loan = WhatIfLoan(
            loan_id=loan,
            before=warning_before,
            after=warning_after,
            before_zh=words_before.zh,
            before_en=words_before.en,
            after_zh=words_after.zh,
            after_en=words_after.en,
        )
        loans.append(rescored_loan)
    return WhatIfAnswer(**month.versions, household_id=household, loans=loans)


def score_household_tables(month: PublishedMonth, store: DataFolder, tables: RowsByTable) -> RescoredWarnings:
    """The warnings of one household's rows as of the month's end, scored as the month was; nothing is stored.

    Args:
        month: the published month; its other loans are the household's peers.
        store: the data folder that the month lies in.
        tables: the household's rows in the contract's tables; without `prices` the ledger's prices are used.

    Returns:
        The warnings of its open loans; their `score_rank` is None.

    Raises:
        ImpossibleFactsError: where the rows are not as the contract has them, or not of one household.
        UserError: where the month cannot be scored again.

    Example:
        >>> from features.contract.tables import TABLES
        >>> from serving.explain.what_if.apply import household_snapshot
        >>> from serving.explain.what_if_answers import score_household_tables
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> month = MonthRepository(store).month()
        >>> warning = month.rows("warnings", [0]).row(0, named=True)
        >>> rows = household_snapshot(month, store, warning["household_id"]).tables
        >>> tables = {
        ...     name: rows[name].select(TABLES[name].column_names).collect().to_dicts()
        ...     for name in TABLES
        ...     if name != "prices"
        ... }
        >>> answer = score_household_tables(month, store, tables)
        >>> (warning["loan_id"], warning["light"]) in [(each.loan_id, each.light) for each in answer.warnings]
        True
    """
    household, rows = read_household_tables(tables, store.folder, month.as_of)
    if "prices" not in tables:
        ledger = ledger_at(store.folder / "ledger", month.manifest.data_version)
        rows = rows.with_added_rows({"prices": ledger.tables()["prices"].collect()}, None)
    rescorer = month_rescorer(month, store)
    peers = rescorer.peers_without(loan_rows(month, "features", pl.col("household_id") == household))
    loan_ids = rows["loans"].select("loan_id").unique().collect().to_series()
    previous_month = previous_month_of_few(comparison_month(MonthRepository(store), month), loan_ids)
    rescored = rescorer.rescore(snapshot_at(month.as_of, rows, month.life_rules), peers, previous_month)
    return RescoredWarnings(**month.versions, household_id=household, warnings=rescored.warnings)
