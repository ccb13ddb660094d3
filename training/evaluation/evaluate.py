"""The judgement of a model, whole: from judged loans to the report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from training.evaluation.at_capacity import at_visits
from training.evaluation.conclusions import conclusions
from training.evaluation.evaluated_loans import Judged
from training.evaluation.fairness import fairness
from training.evaluation.light_quadrants import corners
from training.evaluation.measures import Bools, auc, ks, pr_auc, recall_at
from training.evaluation.report import MonthLine, Ranking, Report, Settings
from training.evaluation.segments import segments
from training.evaluation.true_probability import calibrated

_STANDARD = Settings()


def judgement(judged: Judged, settings: Settings = _STANDARD) -> Report:
    """The report; the same loans and settings give the same one."""
    report = Report(
        settings=settings,
        months=month_lines(judged),
        everyone=at_visits(judged, settings),
        not_in_arrears=at_visits(judged.not_in_arrears, settings),
        corners=corners(judged),
        ranking={name: _ranking(judged, name) for name in judged.scores},
        calibration=calibrated(judged, settings),
        segments=segments(judged, settings),
        fairness=fairness(judged, settings),
        conclusions=(),
    )
    return replace(report, conclusions=conclusions(report))


def under_stress(scenarios: Mapping[str, Judged], settings: Settings = _STANDARD) -> dict[str, Report]:
    """The same judgement on other ledgers, by the name of what happened there."""
    return {name: judgement(judged, settings) for name, judged in scenarios.items()}


def month_lines(judged: Judged) -> tuple[MonthLine, ...]:
    """A line a month end, and one over all of them with the visits made month by month."""
    lines = [_line(judged, str(day), judged.months == number) for number, day in enumerate(judged.days)]
    return (*lines, _overall(lines, judged))


def _line(judged: Judged, month: str, of: Bools) -> MonthLine:
    visits, bad = int(judged.lit[of].sum()), judged.bad[of]
    return MonthLine(
        month,
        int(of.sum()),
        int(bad.sum()),
        visits,
        {name: auc(bad, score[of]) for name, score in judged.scores.items()},
        {name: recall_at(score[of], bad, visits) for name, score in judged.scores.items()},
    )


def _overall(lines: list[MonthLine], judged: Judged) -> MonthLine:
    recall = {name: _together([(line.recall[name], line.bad) for line in lines]) for name in judged.scores}
    areas = {name: auc(judged.bad, score) for name, score in judged.scores.items()}
    visits = sum(line.visits for line in lines)
    return MonthLine("all", len(judged.bad), int(np.sum(judged.bad)), visits, areas, recall)


def _together(months: list[tuple[float | None, int]]) -> float | None:
    """Recall over all months; one in which nothing was known found nothing, unless there is no other."""
    total = sum(bad for _, bad in months)
    if not total or all(recall is None for recall, _ in months):
        return None
    return sum((recall or 0) * bad for recall, bad in months) / total


def _ranking(judged: Judged, name: str) -> Ranking:
    bad, score = judged.bad, judged.scores[name]
    return Ranking(auc(bad, score), pr_auc(bad, score), ks(bad, score))
