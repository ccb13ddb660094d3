"""The budget of visits: whether a month lights more loans than can be visited, or far from what was chosen."""

from __future__ import annotations

from models.budget_use import verdict_sentence
from serving.monitor.finding import Finding
from serving.months.edition import PublishedMonth


def check_visits(month: PublishedMonth) -> list[Finding]:
    """A finding where the lit loans of a month are above the ceiling, or off the budget; the county's policy says how.

    A month whose lights the rules alone decided has none: it has no thresholds that could be other.
    """
    use = month.budget_use
    message = verdict_sentence(use, month.as_of) if use and use.chosen_by else None
    if use is None or message is None:
        return []
    bound = use.most_lit if use.verdict == "above" else use.share(use.budget_lit)
    return [Finding("visits", message, value=use.share(use.lit), bound=bound)]
