"""The news since the newest month as entries of a feed: one for each loan, or one for each day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import polars as pl

from features.messages import Bilingual
from serving.months.edition import PublishedMonth
from serving.portfolio.news_list import KIND_WORDS, NewsKind, NewsQuery, NewsSinceMonth, render_rows, rows_of_page
from serving.schemas.news import LoanNews
from serving.schemas.news_feed import FeedNews

MOST_LISTED = 100
"""Loans that an entry of a day lists; the feed of single loans has all of them."""
_NOTHING_MOVED = Bilingual("没有灯色变动", "no light moved")


class FeedDigest(StrEnum):
    """What an entry of the feed, or a message to a webhook, is about."""

    LOAN = "loan"
    DAY = "day"


@dataclass(frozen=True)
class FeedEntry:
    """An entry of the feed. id: stays the same while the day's edition does. updated: when the day was judged."""

    id: str
    updated: datetime
    title: Bilingual
    content: Bilingual
    news: FeedNews


@dataclass(frozen=True)
class FeedPage:
    """A page of the feed, the newest day first.

    updated: of the newest day. next_cursor: None on the last page. note: that days are left out; None where none is.
    """

    entries: list[FeedEntry]
    updated: datetime
    next_cursor: str | None
    note: Bilingual | None

    @property
    def loans(self) -> int:
        """How many loans the page lists."""
        return sum(len(entry.news.loans) for entry in self.entries)


def feed_page(news: NewsSinceMonth, query: NewsQuery, digest: FeedDigest) -> FeedPage:
    """A page of the feed of the news since a month.

    Args:
        news: that the reader sees.
        query: its filters; `limit` entries a page, after the entry that `after` names.
        digest: an entry for each loan, or for each day that was watched.

    Returns:
        The entries, the newest day first; days on which no light moved have an entry, too.

    Raises:
        UserError: the cursor is none of a page before.
    """
    updated = {day.as_of: _judged_at(day) for day in news.days}
    newest, note = max(updated.values(), default=_judged_at(news.month)), damaged_words(news.damaged)
    if digest is FeedDigest.DAY:
        days = [day for day in reversed(news.days) if not query.after or day.as_of.isoformat() < query.after]
        days = [day for day in days if query.since is None or day.as_of >= query.since]
        page_days = days[: query.limit]
        entries = [_day_entry(news, day, query) for day in page_days]
        return FeedPage(entries, newest, page_days[-1].as_of.isoformat() if len(days) > len(page_days) else None, note)
    page = rows_of_page(news, query)
    entries = [
        FeedEntry(
            id=each.id,
            updated=updated[each.as_of],
            title=Bilingual(f"{each.loan_id}：{each.zh}", f"{each.loan_id}: {each.en}"),
            content=news_in_words([each]),
            news=FeedNews(as_of=each.as_of, month=each.month, counts={kind: 1}, loans=[each], not_listed=0),
        )
        for each, kind in zip(render_rows(news.days, page.rows), page.rows["kind"], strict=True)
    ]
    return FeedPage(entries, newest, page.next_cursor, note)


def feed_tag(news: NewsSinceMonth, *parts: object) -> str:
    """A short digest of what a page of the feed is made from: the editions that are read, and further `parts`."""
    editions = [(each.as_of, each.edition, each.manifest.digest) for each in (news.month, *news.days)]
    return hashlib.sha256(repr((editions, news.damaged, news.month.scope, parts)).encode()).hexdigest()[:32]


def damaged_words(days: Sequence[date]) -> Bilingual | None:
    """That the news of some days are left out, since their files are damaged; None where there are none."""
    if not days:
        return None
    listed = ", ".join(map(str, days))
    return Bilingual(
        f"{listed} 的预警动态文件缺失或已损坏，此处未列；请从备份恢复，或对该日重新运行 lights watch。",
        f"The news of {listed} are left out: their files are missing or damaged; restore them from a backup, or run "
        "lights watch for the day again.",
    )


def news_in_words(loans: Iterable[LoanNews]) -> Bilingual:
    """News as plain text, a line for each loan."""
    lines = [(f"{each.bank} {each.loan_id}", each) for each in loans]
    return Bilingual(
        "\n".join(f"{name}：{each.zh}" for name, each in lines), "\n".join(f"{name}: {each.en}" for name, each in lines)
    )


def _judged_at(day: PublishedMonth) -> datetime:
    """When the run that published a day, or the month, began."""
    return datetime.fromisoformat(day.manifest.scored_at)


def _day_entry(news: NewsSinceMonth, day: PublishedMonth, query: NewsQuery) -> FeedEntry:
    """The entry of a day: its counts, and the first of its loans."""
    rows = news.matching(query).filter(pl.col("as_of") == day.as_of)
    counts = kind_counts(rows)
    loans = render_rows(news.days, rows.head(MOST_LISTED))
    zh = "，".join(f"{KIND_WORDS[NewsKind(kind)].zh} {count} 笔" for kind, count in counts.items())
    en = ", ".join(f"{KIND_WORDS[NewsKind(kind)].en} {count}" for kind, count in counts.items())
    summary = Bilingual(zh, en) if counts else _NOTHING_MOVED
    content = news_in_words(loans)
    if more := rows.height - len(loans):
        content = Bilingual(f"{content.zh}\n另有 {more} 笔未列出", f"{content.en}\n{more} more are not listed")
    return FeedEntry(
        id=f"{day.as_of}.{day.edition}",
        updated=_judged_at(day),
        title=Bilingual(f"{day.as_of}：{summary.zh}", f"{day.as_of}: {summary.en}"),
        content=content if loans else summary,
        news=FeedNews(as_of=day.as_of, month=news.month.as_of, counts=counts, loans=loans, not_listed=more),
    )


def kind_counts(rows: pl.DataFrame) -> dict[str, int]:
    """How many rows of news there are of each kind, in the order of NewsKind; kinds without any are absent."""
    counts = dict(rows["kind"].value_counts().rows())
    return {kind.value: counts[kind.value] for kind in NewsKind if kind.value in counts}
