"""What the study of visits says, in plain sentences in Chinese and English."""

from __future__ import annotations

from features.messages import Bilingual
from models.visit_effect.estimates import Verdict, VisitEstimate

MARGIN_WORDS = Bilingual("黄灯门槛上下的贷款", "loans just above and just below the yellow threshold")
TRIAL_WORDS = Bilingual("抽签走访", "visits that were drawn")
NO_TRIAL = Bilingual(
    "没有抽签走访（政策表 visit_study.drawn_share 为 0）。",
    "No visits were drawn (visit_study.drawn_share of the policy is 0).",
)
NO_MATURED_MONTH = Bilingual(
    "尚无标签成熟、且在预测期内发布的月份，还不能说明走访是否有用。",
    "No month that was published within its horizon has mature labels yet: whether visits help cannot be told yet.",
)
_BASIS = Bilingual(
    "依据：{loans:,} 笔·月，{households:,} 户，其中变坏 {bad:,}。",
    "It rests on {loans:,} loan-months of {households:,} households, of which {bad:,} went bad.",
)
_VERDICTS = {
    Verdict.FEW: Bilingual(
        "{group}：还不能说明走访是否有用，变坏的贷款太少（至少需要 {least}）。",
        "By {group}: whether visits help cannot be told yet; too few loans went bad (at least {least} are needed).",
    ),
    Verdict.OPEN: Bilingual(
        "{group}：还不能说明走访是否有用，区间太宽{interval}。",
        "By {group}: whether visits help cannot be told yet; the interval is too wide{interval}.",
    ),
    Verdict.FEWER_BAD: Bilingual(
        "{group}：走访有用。每百次走访少变坏 {fewer:.1f} 笔{interval}{averted}。",
        "By {group}: visits help. A hundred visits avert {fewer:.1f} bad loans{interval}{averted}.",
    ),
    Verdict.MORE_BAD: Bilingual(
        "{group}：走访后变坏的反而更多，每百次多 {more:.1f} 笔{interval}；请核查走访和记录。",
        "By {group}: more loans go bad after visits, {more:.1f} more in a hundred{interval}; look into the visits and "
        "how they are recorded.",
    ),
}


def effect_sentence(group: Bilingual, estimate: VisitEstimate, least_bad: int) -> Bilingual:
    """What an estimate says, and on how many loans it rests.

    group: what is compared (MARGIN_WORDS, TRIAL_WORDS). least_bad: bad loans from which an effect is told.
    """
    per_visit, averted = estimate.per_visit, estimate.averted
    zh, en = "", ""
    if per_visit.low is not None and per_visit.high is not None:
        ends = (-100 * per_visit.high, -100 * per_visit.low)
        zh = f"（每百次走访少变坏的 95% 区间：{ends[0]:.1f} 至 {ends[1]:.1f} 笔）"
        en = f" (95% interval of bad loans averted by a hundred visits: {ends[0]:.1f} to {ends[1]:.1f})"
    share_zh = share_en = ""
    if averted.value is not None and averted.low is not None and averted.high is not None:
        share_zh = f"，即本会变坏的贷款中避免了 {averted.value:.0%}（{averted.low:.0%} 至 {averted.high:.0%}）"
        share_en = (
            f", which is {averted.value:.0%} of those that would have gone bad ({averted.low:.0%} to "
            f"{averted.high:.0%})"
        )
    fewer = -100 * (per_visit.value or 0.0)
    numbers = {"least": least_bad, "fewer": fewer, "more": -fewer}
    verdict, counts = (
        _VERDICTS[estimate.verdict],
        {name: getattr(estimate, name) for name in ("loans", "households", "bad")},
    )
    return Bilingual(
        verdict.zh.format(group=group.zh, interval=zh, averted=share_zh, **numbers) + _BASIS.zh.format(**counts),
        verdict.en.format(group=group.en, interval=en, averted=share_en, **numbers) + " " + _BASIS.en.format(**counts),
    )
