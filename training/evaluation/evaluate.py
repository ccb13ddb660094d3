"""Evaluation of a model: from its scored loans to the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from training.evaluation.at_capacity import population_at_capacity
from training.evaluation.conclusions import conclusions
from training.evaluation.curves import gains_curves
from training.evaluation.evaluated_loans import EvaluatedLoans
from training.evaluation.fairness import group_fairness
from training.evaluation.light_quadrants import light_quadrants
from training.evaluation.measures import Bools, auc, ks, pr_auc, recall_at
from training.evaluation.report import EvaluationReport, EvaluationSettings, MonthMetrics, RankingMetrics
from training.evaluation.segments import segment_metrics
from training.evaluation.true_probability import calibration_metrics

_DEFAULT_SETTINGS = EvaluationSettings()


def evaluate_loans(loans: EvaluatedLoans, settings: EvaluationSettings = _DEFAULT_SETTINGS) -> EvaluationReport:
    """The report on a model and its opponents, reproducible for equal loans and settings.

    Args:
        loans: the judgement fold with every compared model's score (`score_loans`).
        settings: seed and draws of the bootstrap, bins, least sizes of segments and groups.

    Returns:
        The report without drift, leak checks and refits, which need the fit fold (`runs.full_report`), and without
        the distance to the true hazards (`gate_input.report_for_gate`).

    Example:
        >>> from features.ledger.ledger import Ledger
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.registry import ModelStore
        >>> from models.county_policy.policy_table import policy_table_of
        >>> from models.traffic_light.rule_table import rule_table_of
        >>> from training.cohort import samples
        >>> from training.evaluation.evaluated_loans import score_loans
        >>> from training.folds import Fold
        >>> from training.plan import Plan
        >>> champion = ModelStore(data / "models").champion
        >>> plan = Plan.model_validate(champion.card["plan"])
        >>> tables = rule_table_of(data), policy_table_of(data)
        >>> folds = samples(Ledger(data / "ledger"), plan, *tables, lambda *_: None, [Fold.JUDGEMENT])
        >>> loans = score_loans(champion, folds[Fold.JUDGEMENT], policy_table_of(data))
        >>> report = evaluate_loans(loans, EvaluationSettings(draws=20))
        >>> sorted(report.ranking)
        ['days_past_due', 'model', 'one_line_rule', 'rating_1531', 'rating_631', 'rules']
        >>> report.months[-1].month, report.months[-1].loans == len(loans.bad)
        ('all', True)
    """
    everyone = population_at_capacity(loans, settings)
    at_budget = population_at_capacity(loans, settings, loans.most_lit) if loans.most_lit < 1 else everyone
    report = EvaluationReport(
        settings=settings,
        months=monthly_metrics(loans),
        everyone=everyone,
        not_in_arrears=population_at_capacity(loans.not_in_arrears, settings),
        corners=light_quadrants(loans),
        ranking={
            name: RankingMetrics(auc(loans.bad, score), pr_auc(loans.bad, score), ks(loans.bad, score))
            for name, score in loans.scores.items()
        },
        calibration=calibration_metrics(loans, settings),
        segments=segment_metrics(loans, settings),
        fairness=group_fairness(loans, settings),
        conclusions=(),
        at_budget=at_budget if at_budget.visits < everyone.visits else None,
        gains=gains_curves(loans),
    )
    return replace(report, conclusions=conclusions(report))


def evaluate_scenarios(
    scenarios: Mapping[str, EvaluatedLoans], settings: EvaluationSettings = _DEFAULT_SETTINGS
) -> dict[str, EvaluationReport]:
    """A report for each scenario's loans, by the scenario's name."""
    return {name: evaluate_loans(loans, settings) for name, loans in scenarios.items()}


def monthly_metrics(loans: EvaluatedLoans) -> tuple[MonthMetrics, ...]:
    """One line for each month end, and one over all of them, in which visits are still made month by month."""
    months = [
        _month_metrics(loans, str(as_of), loans.month_index == number) for number, as_of in enumerate(loans.month_ends)
    ]
    overall = MonthMetrics(
        "all",
        len(loans.bad),
        int(np.sum(loans.bad)),
        sum(month.visits for month in months),
        {name: auc(loans.bad, score) for name, score in loans.scores.items()},
        {name: _overall_recall([(month.recall[name], month.bad) for month in months]) for name in loans.scores},
    )
    return (*months, overall)


def _month_metrics(loans: EvaluatedLoans, month: str, rows: Bools) -> MonthMetrics:
    visits, bad = int(loans.flagged_by_rules[rows].sum()), loans.bad[rows]
    return MonthMetrics(
        month,
        int(rows.sum()),
        int(bad.sum()),
        visits,
        {name: auc(bad, score[rows]) for name, score in loans.scores.items()},
        {name: recall_at(score[rows], bad, visits) for name, score in loans.scores.items()},
    )


def _overall_recall(months: list[tuple[float | None, int]]) -> float | None:
    """Recall over all months from (recall, bad loans) of each; a month without recall counts as none caught.

    None where no month has a recall.
    """
    total = sum(bad for _, bad in months)
    if not total or all(recall is None for recall, _ in months):
        return None
    return sum((recall or 0) * bad for recall, bad in months) / total
