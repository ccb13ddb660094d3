"""Lists of news since the newest month, and a household's lights as of the newest day beside those of the month."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import polars as pl

from features.ledger.new_facts import new_facts
from features.messages import Bilingual, UserError
from models.traffic_light.evaluate import as_levels
from serving.batch.news_cause import IS_ABOUT_PAYMENTS
from serving.batch.news_rows import FACT_COLUMNS, newest_facts_first
from serving.concurrency.single_flight import single_flight
from serving.explain.loaded_models import ledger_at
from serving.explain.news_sentences import render_fact, render_news
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.loan_index import loan_rows
from serving.months.news_days import NewsRepository
from serving.months.published_frames import NEWS_SCHEMA
from serving.months.repository import MonthRepository
from serving.schemas.news import HouseholdToday, LoanNews, LoanToday, NewFact, NewsPage

_MONTHS_IN_MEMORY = 8
"""Months with all news since, by scope and newest day."""
MOST_ROWS = 500


class NewsKind(StrEnum):
    """Which way a light moved. payments: only since a bank's payments are not there, or are there again."""

    WORSE = "worse"
    BETTER = "better"
    NEW = "new"
    CLOSED = "closed"
    PAYMENTS = "payments"


KIND_WORDS: dict[NewsKind, Bilingual] = {
    NewsKind.WORSE: Bilingual("变差", "worse"),
    NewsKind.BETTER: Bilingual("好转", "better"),
    NewsKind.NEW: Bilingual("新贷款", "new loans"),
    NewsKind.CLOSED: Bilingual("结清", "closed"),
    NewsKind.PAYMENTS: Bilingual("待银行还款数据", "waiting for a bank's payments"),
}
_LEVELS = as_levels(pl.col("light")), as_levels(pl.col("before"))
_KIND = (
    pl.when(IS_ABOUT_PAYMENTS)
    .then(pl.lit(NewsKind.PAYMENTS.value))
    .when(pl.col("light").is_null())
    .then(pl.lit(NewsKind.CLOSED.value))
    .when(pl.col("before").is_null())
    .then(pl.lit(NewsKind.NEW.value))
    .when(_LEVELS[0] > _LEVELS[1])
    .then(pl.lit(NewsKind.WORSE.value))
    .otherwise(pl.lit(NewsKind.BETTER.value))
    .alias("kind")
)


@dataclass(frozen=True)
class NewsQuery:
    """Filters and page of a list of news.

    since: days from that one on; None for all since the month. kind: which way lights moved. light: the light now.
    bank, area: of the loans; area is the first digits of a village code. after: the id of the last piece of news that
    is known already, as `NewsPage.next_cursor` says it.
    """

    since: date | None = None
    kind: NewsKind | None = None
    light: str | None = None
    bank: str | None = None
    area: str | None = None
    limit: int = 100
    after: str | None = None


@dataclass(frozen=True)
class LightNow:
    """The light that a loan had on a day of news; None where it was no longer open.

    awaits_payments: whether its bank had brought no payments since its last due day.
    """

    as_of: date
    light: str | None
    awaits_payments: bool


@dataclass(frozen=True)
class NewsSinceMonth:
    """All news that a reader sees since a month.

    days: those whose files are whole, the oldest first. rows: NEWS_SCHEMA and `kind`, the newest day first. damaged:
    the days whose files are not, which are left out.
    """

    month: PublishedMonth
    days: tuple[PublishedMonth, ...]
    rows: pl.DataFrame
    damaged: tuple[date, ...] = ()

    def matching(self, query: NewsQuery) -> pl.DataFrame:
        """The rows (NEWS_SCHEMA and `kind`) that a query's filters leave, the newest day first, of all its pages."""
        return self.rows.filter(_conditions(query))

    def counts(self, query: NewsQuery) -> dict[NewsKind, int]:
        """How many there are of each kind, of those that the other filters leave."""
        rows = self.rows.filter(_conditions(query, kind=False))
        return {NewsKind(kind): count for kind, count in rows["kind"].value_counts().rows()}

    def lights_of(self, loans: Sequence[str]) -> dict[str, LightNow]:
        """The light of the newest news about each of some loans; loans without news are absent."""
        rows = self.rows.filter(pl.col("loan_id").is_in(loans)).unique("loan_id", keep="first", maintain_order=True)
        columns = rows.select("loan_id", "as_of", "light", "awaits_payments")
        return {loan: LightNow(*told) for loan, *told in columns.rows()}


def news_since_month(store: DataFolder, month: PublishedMonth) -> NewsSinceMonth:
    """The news that follow a published month, in the reader's scope.

    Args:
        store: the data folder, with the reader's scope.
        month: the newest published month, of the same scope.

    Returns:
        The month, the days, the oldest first, and the rows of all days, the newest first.
    """
    days, damaged = NewsRepository(store).whole_days_since(month)
    return _news_of(month, tuple(days), damaged)


@single_flight(_MONTHS_IN_MEMORY)
def _news_of(month: PublishedMonth, days: tuple[PublishedMonth, ...], damaged: tuple[date, ...]) -> NewsSinceMonth:
    frames = [day.scan("news").select(list(NEWS_SCHEMA.columns)).collect() for day in reversed(days)]
    rows = pl.concat(frames) if frames else NEWS_SCHEMA.empty()
    return NewsSinceMonth(month, days, rows.with_columns(_KIND), damaged)


def month_or_judged_day(store: DataFolder, as_of: date | None) -> PublishedMonth:
    """The published month of a month end, the newest where None, or all open loans as of the newest day of news.

    Raises UserError where the day is neither.
    """
    repository = MonthRepository(store)
    if as_of is not None and as_of not in repository.months():
        days, _ = NewsRepository(store).whole_days_since(repository.month())
        judged = NewsRepository(store).judged_day(days[-1]) if days and days[-1].as_of == as_of else None
        if judged is not None:
            return judged
    return repository.month(as_of)


@dataclass(frozen=True)
class NewsRows:
    """The rows (NEWS_SCHEMA and `kind`) of a page of news. total: of all pages; next_cursor: None on the last page."""

    rows: pl.DataFrame
    total: int
    next_cursor: str | None


def rows_of_page(news: NewsSinceMonth, query: NewsQuery) -> NewsRows:
    """The rows of a page of the news since a month, the newest day first.

    Raises UserError where the cursor is none of a page before.
    """
    rows = news.matching(query).with_row_index()
    total = rows.height
    if query.after is not None:
        day, _, loan = query.after.partition(".")
        last = rows.filter((pl.col("as_of").cast(pl.String) == day) & (pl.col("loan_id") == loan))
        if last.is_empty():
            raise UserError(
                "该页的起点不在预警动态中（预警动态可能已更新）；请从第一页开始。",
                "The page's beginning is not among the news, which may have been renewed; begin at the first page.",
            )
        rows = rows.filter(pl.col("index") > last["index"][0])
    page = rows.head(query.limit).drop("index")
    has_more = rows.height > page.height
    return NewsRows(page, total, f"{page['as_of'][-1]}.{page['loan_id'][-1]}" if has_more else None)


def news_page(news: NewsSinceMonth, query: NewsQuery) -> NewsPage:
    """A page of the news since a month, the newest day first, with their sentences.

    Raises UserError where the cursor is none of a page before.
    """
    page = rows_of_page(news, query)
    newest = news.days[-1] if news.days else None
    scope = news.month.scope
    shows_all = scope is None or scope.has_all_loans
    return NewsPage(
        **{**(newest or news.month).versions, "damaged": news.month.damaged},
        month=news.month.as_of,
        days=[day.as_of for day in reversed(news.days)],
        damaged_days=list(news.damaged),
        total=page.total,
        items=render_rows(news.days, page.rows),
        awaiting=dict((newest.manifest.news or {})["awaiting"]) if newest and shows_all else {},
        next_cursor=page.next_cursor,
    )


def render_rows(days: Iterable[PublishedMonth], rows: pl.DataFrame) -> list[LoanNews]:
    """News of several days with their sentences, in the order of the rows."""
    by_day = {day.as_of: day for day in days}
    rendered: dict[tuple[date, str], LoanNews] = {}
    for (day,), of_day in rows.group_by("as_of"):
        edition = by_day[date.fromisoformat(str(day))]
        features = edition.scan("news_features").collect()
        for each in render_news(of_day.select(list(NEWS_SCHEMA.columns)), features, edition):
            rendered[each.as_of, each.loan_id] = each
    return [rendered[day, loan] for day, loan in rows.select("as_of", "loan_id").rows()]


def _conditions(query: NewsQuery, *, kind: bool = True) -> pl.Expr:
    conditions = [pl.lit(True)]
    if query.since is not None:
        conditions.append(pl.col("as_of") >= query.since)
    if query.kind is not None and kind:
        conditions.append(pl.col("kind") == query.kind.value)
    if query.light is not None:
        conditions.append(pl.col("light") == query.light)
    if query.bank is not None:
        conditions.append(pl.col("bank") == query.bank)
    if query.area is not None:
        conditions.append(pl.col("village_code").str.starts_with(query.area))
    return pl.all_horizontal(conditions)


def household_today(store: DataFolder, month: PublishedMonth, household: str) -> HouseholdToday | None:
    """A household's loans as of the newest day of news, beside the month.

    Args:
        store: the data folder, with the reader's scope.
        month: the newest published month, of the same scope.
        household: its id as the reader sees it.

    Returns:
        The loans that are open in the month or today; None where the household has none of both.
    """
    news = news_since_month(store, month)
    of_household = pl.col("household_id") == household
    published = loan_rows(month, "warnings", of_household).select("loan_id", "bank", "light").rows_by_key("loan_id")
    since = render_rows(news.days, news.rows.filter(of_household))
    loans = list(dict.fromkeys((*published, *(each.loan_id for each in since))))
    if not loans:
        return None
    lights = []
    for loan in loans:
        of_loan = [each for each in since if each.loan_id == loan]
        bank, light = published[loan][0] if loan in published else (of_loan[0].bank, None)
        today = of_loan[0].light if of_loan else light
        awaits = bool(of_loan) and of_loan[0].awaits_payments
        lights.append(
            LoanToday(loan_id=loan, bank=bank, month_light=light, light=today, awaits_payments=awaits, news=of_loan)
        )
    newest, facts = news.days[-1] if news.days else month, list[NewFact]()
    if news.days:
        ledger, since_version = ledger_at(store.folder / "ledger", newest.manifest.data_version), month.manifest
        found = new_facts(ledger, since_version.data_version, month.as_of, newest.as_of, household)
        own = found.filter(pl.col("loan_id").is_null() | pl.col("loan_id").is_in(loans))
        distinct = newest_facts_first(own.select(FACT_COLUMNS).unique())
        facts = [render_fact(row) for row in distinct.to_dicts()]
    basis = {**newest.versions, "damaged": month.damaged}
    return HouseholdToday(**basis, household_id=household, month=month.as_of, loans=lights, facts=facts)
