"""Lines that the command line prints of an evaluation, of thresholds and of changed lights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from features.messages import Bilingual, Line
from models.evaluation_words import FORETOLD_FIGURES
from models.light import LIGHT_WORDS
from models.policy import NEVER, Policy
from training.evaluation.conclusions import budget_conclusion, visited_conclusions
from training.evaluation.report import EvaluationReport, MonthsAheadMetrics

if TYPE_CHECKING:
    from training.light_changes import LightChanges

_DUE_SOON = Bilingual("预测期内到期", "due within the horizon")
_ONCE_DUE = Bilingual("到期时未还清", "still open when due")


def summary_lines(report: EvaluationReport) -> Iterator[Line]:
    """The first conclusion, AUC and recall at the rules' visits by month and compared model, and the months ahead.

    Where a ceiling of lit loans binds, a second sentence says what it leaves out.
    """
    yield from (*report.conclusions[:1], *budget_conclusion(report))
    yield f"{'as_of':<11}{'loans':>7}{'bad':>6}{'visits':>8}  {'':<14}{'AUC':>7}{'recall':>9}"
    for month in report.months:
        month_cells = f"{month.month:<11}{month.loans:>7}{month.bad:>6}{month.visits:>8}"
        for name, auc in month.auc.items():
            yield f"{month_cells:<32}  {name:<14}{_share(auc):>7}{_share(month.recall[name]):>9}"
            month_cells = ""
    yield from light_outcome_lines(report)
    if report.months_ahead is not None:
        yield from months_ahead_lines(report.months_ahead)


def light_outcome_lines(report: EvaluationReport) -> Iterator[Line]:
    """For each light of the judged loans how many went bad and how many were foretold, with the 95% interval."""
    for each in report.calibration.outcomes:
        words, ratio = LIGHT_WORDS[each.light], each.ratio
        interval = "" if ratio.low is None else f" [{ratio.low:.2f}, {ratio.high:.2f}]"
        factor = "-" if ratio.value is None else f"{ratio.value:.2f}{interval}"
        yield Bilingual(
            f"{words.zh}：{each.loans} 笔，变坏 {each.bad}，预测 {each.foretold:.1f}，倍数 {factor}",
            f"{words.en}: {each.loans} loans, {each.bad} bad, {each.foretold:.1f} foretold, ratio {factor}",
        )


def months_ahead_lines(metrics: MonthsAheadMetrics) -> Iterator[Line]:
    """Foretold and observed share of each figure by month ahead, and AUC and recall among the loans due soon."""
    for share in metrics.foretold:
        words, observed = FORETOLD_FIGURES[share.figure], share.observed
        interval = f"{_share(observed.value)} [{_share(observed.low)}, {_share(observed.high)}]"
        foretold = _share(share.predicted)
        yield Bilingual(
            f"{words.zh}：预测 {foretold}，实际 {interval}（{share.loans}）",
            f"{words.en}: foretold {foretold}, observed {interval} ({share.loans})",
        )
    if metrics.without_figures:
        loans = metrics.without_figures
        yield Bilingual(f"没有按月预测：{loans} 笔", f"without figures by month: {loans} loans")
    for title, skill in ((_DUE_SOON, metrics.due_within_horizon), (_ONCE_DUE, metrics.once_due)):
        yield Bilingual(
            f"{title.zh}：{skill.loans} 笔，变坏 {skill.bad}，走访 {skill.visits}",
            f"{title.en}: {skill.loans} loans, {skill.bad} bad, {skill.visits} visits",
        )
        for name, auc in skill.auc.items():
            cells = (
                f"{_share(each.value):>7} [{_share(each.low)}, {_share(each.high)}]"
                for each in (auc, skill.recall[name])
            )
            yield f"  {name:<14} AUC {' recall '.join(cells)}"


def candidate_lines(card: Mapping[str, Any]) -> Iterator[Line]:
    """What a model is made of, and the log loss of each candidate on later months; nothing for older cards."""
    spec = card.get("spec")
    if spec:
        losses = ", ".join(f"{name} {loss:.5f}" for name, loss in spec["losses"].items())
        chosen, rows = spec["candidate"], spec["rows_apart"]
        yield Bilingual(f"候选：{chosen}（对数损失：{losses}）", f"candidate: {chosen} (log loss: {losses})")
        if rows > 1:
            yield Bilingual(f"  曲线用每 {rows} 行中的一行拟合", f"  curves fitted on one row of {rows}")
        if (good := spec.get("good_rows_apart", 1)) > 1:
            yield Bilingual(
                f"  复核（整个拟合样本）：变坏的行全部，其余每 {good} 行取一行、权重 {good}；搜索、候选比较和折外模型"
                "按各自的行数定；模型本身用全部行",
                f"  checks on the whole fit fold: all bad rows and one of {good} others, weight {good}; search, "
                "candidates and out-of-fold models: by the number of their own rows; the model itself: all rows",
            )


def shadow_lines(version: str) -> Iterator[Line]:
    """That a model did not pass the gate and scores in shadow, and what to do."""
    yield Bilingual(
        f"模型 {version} 未通过关口，只作影子运行：灯色仍按规则。数据更多后重新训练，"
        "或写明原因强制上线（会记录在案）：",
        f"Model {version} has not passed the gate and runs in shadow: the lights stay the rules'. Train again on more "
        "data, or promote it all the same (it is recorded, with what failed):",
    )
    yield '  lights promote challenger --force --reason "..."'


def visited_lines(card: Mapping[str, Any]) -> Iterator[Line]:
    """How rows of visited loans were treated, and how many there were; nothing where no visits were known."""
    yield from visited_conclusions(card.get("visited"))


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def policy_lines(policy: Policy) -> Iterator[Line]:
    """The thresholds, and how keeping a light on changes visits and lead time."""
    pair = _threshold_pair(policy.yellow_from, policy.red_from)
    yield Bilingual(f"阈值（{policy.chosen_by}）：{pair.zh}", f"thresholds ({policy.chosen_by}): {pair.en}")
    for code, thresholds in policy.groups.items():
        pair = _threshold_pair(thresholds.yellow_from, thresholds.red_from)
        yield Bilingual(f"  {code}：{pair.zh}", f"  {code}: {pair.en}")
    for name in ("as_kept", "without_keeping"):
        figures = policy.terms.get(name, {})
        if not figures:
            continue
        yield f"  {name}: " + ", ".join(f"{figure} {value}" for figure, value in figures.items())
    for row in policy.terms.get("sweep", ()):
        yield "  " + ", ".join(f"{figure} {value}" for figure, value in row.items())


def _threshold_pair(yellow_from: float, red_from: float) -> Bilingual:
    yellow, red = ("–" if threshold >= NEVER else f"≥ {threshold:.4f}" for threshold in (yellow_from, red_from))
    return Bilingual(f"黄 {yellow}，红 {red}", f"yellow {yellow}, red {red}")


def light_change_lines(changes: LightChanges) -> Iterator[Line]:
    """Loans and money from light to light, below the number of loans whose light changes."""
    day, loans = changes.as_of, changes.changed_loans
    yield Bilingual(f"{day}：{loans} 笔变色", f"{day}: {loans} loans change colour")
    for row in changes.transitions:
        first, second = (LIGHT_WORDS[str(row[name])] for name in ("before", "after"))
        moved, yuan = f"{row['loans']:,}", f"{row['outstanding_principal']:,.2f}"
        yield Bilingual(
            f"  {first.zh} → {second.zh}：{moved} 笔（{yuan} 元）", f"  {first.en} → {second.en}: {moved} ({yuan} yuan)"
        )
