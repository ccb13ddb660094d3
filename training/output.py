"""What the command line prints of a judgement, of thresholds and of changed colours: plain lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.light import LIGHT_WORDS
from models.policy import NEVER, Policy
from training.evaluation.report import Report

if TYPE_CHECKING:
    from training.light_changes import Colours


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


def policy_lines(policy: Policy) -> Iterator[str]:
    """The thresholds, and what keeping lights on does."""
    yield f"阈值 thresholds ({policy.chosen_by}): {_both(policy.yellow_from, policy.red_from)}"
    for code, own in policy.groups.items():
        yield f"  {code}: {_both(own.yellow_from, own.red_from)}"
    for name in ("as_kept", "without_keeping"):
        told = policy.terms.get(name, {})
        yield f"  {name}: " + ", ".join(f"{what} {value}" for what, value in told.items())
    for row in policy.terms.get("sweep", ()):
        yield "  " + ", ".join(f"{what} {value}" for what, value in row.items())


def _both(yellow_from: float, red_from: float) -> str:
    return f"黄 yellow {_from(yellow_from)}, 红 red {_from(red_from)}"


def _from(threshold: float) -> str:
    return "–" if threshold >= NEVER else f"≥ {threshold:.4f}"


def colour_lines(colours: Colours) -> Iterator[str]:
    """Who changes colour, from light to light, in loans and money."""
    yield f"{colours.as_of}: {colours.changed} 笔变色 loans change colour"
    for move in colours.moves:
        before, after = (LIGHT_WORDS[str(move[name])] for name in ("before", "after"))
        yield (
            f"  {before.zh} {before.en} → {after.zh} {after.en}: {move['loans']:,} "
            f"({move['outstanding_principal']:,.2f} 元 yuan)"
        )
