"""The budget of visits of a published month, for the board, the summary and the monitor."""

from __future__ import annotations

from dataclasses import asdict

from models.budget_use import budget_status, verdict_sentence
from serving.months.edition import PublishedMonth
from serving.schemas.portfolio import VisitBudgetReport


def visit_budget_report(month: PublishedMonth) -> VisitBudgetReport | None:
    """The lit loans of a month beside the budget, as counted when it was published.

    Args:
        month: the published month.

    Returns:
        The counts, the verdict and the offered thresholds. None where the month was published before they were counted,
        and for a reader who sees a part of the loans: the thresholds are those of all.

    Example:
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> from serving.portfolio.visit_budget import visit_budget_report
        >>> month = MonthRepository(DataFolder(data)).month()
        >>> report = visit_budget_report(month)
        >>> report.sound + report.bad == month.manifest.rows, report.lit_share <= report.most_lit
        (True, True)
    """
    use = month.budget_use
    if use is None:
        return None
    status, to_do = budget_status(use, month.as_of), verdict_sentence(use, month.as_of)
    return VisitBudgetReport.model_validate(
        {
            **asdict(use),
            "lit_share": use.share(use.lit),
            "zh": status.zh,
            "en": status.en,
            "to_do_zh": to_do.zh if to_do else None,
            "to_do_en": to_do.en if to_do else None,
        }
    )
