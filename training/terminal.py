"""What the command line prints of a judgement and a gate: plain lines."""

from __future__ import annotations

from collections.abc import Iterator

from training.judgement.report import Report


def summary_lines(report: Report) -> Iterator[str]:
    """The judgement as a table: for each month and contender AUC, and recall at the rules' number of visits."""
    yield f"{'as_of':<11}{'loans':>7}{'bad':>6}{'visits':>8}  {'':<14}{'AUC':>7}{'recall':>9}"
    for month in report.months:
        begins = f"{month.month:<11}{month.loans:>7}{month.bad:>6}{month.visits:>8}"
        for name, auc in month.auc.items():
            yield f"{begins:<32}  {name:<14}{_share(auc):>7}{_share(month.recall[name]):>9}"
            begins = ""


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
