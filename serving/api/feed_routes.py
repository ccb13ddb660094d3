"""The feed of the news between month ends, as Atom (RFC 4287) and as JSON Feed 1.1, for banks' own systems."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import JSONResponse

from features.messages import Bilingual
from serving.api.atom import ATOM, AtomEntry, AtomFeed, atom_document
from serving.api.warning_routes import PROBLEM_RESPONSES, Area, Bank, Cursor, Limit, published_month
from serving.http.context import context_of
from serving.http.dependencies import AuthenticatedRoute, CurrentData, audit_row_count, own_headers
from serving.portfolio.feed_pages import FeedDigest, FeedPage, feed_page, feed_tag
from serving.portfolio.news_list import NewsKind, NewsQuery, news_since_month
from serving.schemas.news_feed import JsonFeed, JsonFeedItem
from serving.text.page_words import TAGS, Language
from serving.text.written_day import Day

JSON_FEED = "application/feed+json"
_PATH, _PAGE = "/api/v1/news/feed", "/news"
_TITLE = Bilingual("预警动态", "News between month ends")
_AUTHOR = "County lights"
_ID = "urn:x-county-lights:news"
_UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "nothing is new since the answer whose ETag If-None-Match names"}
}
_AS_ATOM: dict[int | str, dict[str, Any]] = {
    200: {"content": {ATOM: {"schema": {"type": "string"}}}, "description": "the feed as Atom"}
}


class JsonFeedResponse(JSONResponse):
    """A JSON Feed, of bytes that are JSON already."""

    media_type = JSON_FEED

    def render(self, content: bytes) -> bytes:
        """The bytes, unchanged."""
        return content


class AtomResponse(Response):
    """An Atom feed."""

    media_type = ATOM


feed_router = APIRouter(
    route_class=AuthenticatedRoute, prefix="/api/v1", responses={**PROBLEM_RESPONSES, **_UNCHANGED}, tags=["news"]
)


@dataclass(frozen=True)
class FeedParameters:
    """The query parameters of the feed, and the ETag that the reader has."""

    digest: Annotated[FeedDigest, Query(description="an entry for each loan, or for each day")] = FeedDigest.LOAN
    since: Annotated[Day | None, Query(description="from that day on; all since the newest month by default")] = None
    kind: NewsKind | None = None
    bank: Bank = None
    area: Area = None
    limit: Limit = 50
    cursor: Cursor = None
    lang: Annotated[Language, Query(description="language of titles and texts")] = "zh"
    if_none_match: Annotated[str | None, Header(description="the ETag of an earlier answer")] = None

    @property
    def query(self) -> NewsQuery:
        """The filters and the page."""
        return NewsQuery(self.since, self.kind, None, self.bank, self.area, self.limit, self.cursor)

    def link(self, suffix: str, cursor: str | None) -> str:
        """The path of a page of this feed."""
        values = {name: getattr(self, name) for name in ("digest", "since", "kind", "bank", "area", "limit", "lang")}
        words = {name: str(value) for name, value in {**values, "cursor": cursor}.items() if value is not None}
        return f"{_PATH}{suffix}?{urlencode(words)}"


Parameters = Annotated[FeedParameters, Depends()]


@feed_router.get("/news/feed", responses=_AS_ATOM, response_model=JsonFeed, response_class=JsonFeedResponse)
def get_feed(
    request: Request,
    store: CurrentData,
    parameters: Parameters,
    accept: Annotated[str, Header(description="application/atom+xml for Atom, else JSON Feed")] = "",
) -> Response:
    """The lights that moved since the newest month, as Atom where `Accept` names it, else as JSON Feed."""
    answer = _atom_answer if ATOM in accept.lower() else _json_answer
    return _feed(request, store, parameters, "", answer)


@feed_router.get("/news/feed.atom", responses=_AS_ATOM, response_class=AtomResponse)
def get_atom_feed(request: Request, store: CurrentData, parameters: Parameters) -> Response:
    """The lights that moved since the newest month as Atom, the newest day first; `rel=next` leads to the next page."""
    return _feed(request, store, parameters, ".atom", _atom_answer)


@feed_router.get("/news/feed.json", response_model=JsonFeed, response_class=JsonFeedResponse)
def get_json_feed(request: Request, store: CurrentData, parameters: Parameters) -> Response:
    """The lights that moved since the newest month as JSON Feed 1.1, the newest day first, with the news as data."""
    return _feed(request, store, parameters, ".json", _json_answer)


@dataclass(frozen=True)
class _Links:
    """The addresses that a page of the feed names."""

    base: str
    own: str
    next: str | None


def _feed(
    request: Request,
    store: CurrentData,
    parameters: FeedParameters,
    suffix: str,
    answer: Callable[[FeedPage, _Links, Language], Response],
) -> Response:
    """The answer; 304 without a body where the reader has it already."""
    news = news_since_month(store, published_month(store, None))
    base = context_of(request).base_url(request)
    tag = f'"{feed_tag(news, base, parameters.link(suffix, parameters.cursor), answer.__name__, request.app.version)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie, Accept"}
    own_headers(request, headers)
    reader_tags = {each.strip().removeprefix("W/") for each in (parameters.if_none_match or "").split(",")}
    if tag in reader_tags or "*" in reader_tags:
        audit_row_count(request, 0)
        return Response(status_code=304)
    page = feed_page(news, parameters.query, parameters.digest)
    audit_row_count(request, page.loans)
    following = f"{base}{parameters.link(suffix, page.next_cursor)}" if page.next_cursor else None
    return answer(page, _Links(base, f"{base}{parameters.link(suffix, parameters.cursor)}", following), parameters.lang)


def _atom_answer(page: FeedPage, links: _Links, lang: Language) -> Response:
    entries = [
        AtomEntry(
            id=f"{_ID}:{quote(entry.id)}",
            title=getattr(entry.title, lang),
            updated=entry.updated,
            content=getattr(entry.content, lang),
            link=f"{links.base}{_PAGE}?{urlencode({'since': entry.news.as_of, 'lang': lang})}",
            categories=tuple(entry.news.counts),
        )
        for entry in page.entries
    ]
    title, subtitle = getattr(_TITLE, lang), getattr(page.note, lang) if page.note else None
    feed = AtomFeed(_ID, title, subtitle, page.updated, _AUTHOR, links.own, links.next, TAGS[lang], entries)
    return AtomResponse(atom_document(feed))


def _json_answer(page: FeedPage, links: _Links, lang: Language) -> Response:
    items = [
        JsonFeedItem(
            id=entry.id,
            url=f"{links.base}{_PAGE}?{urlencode({'since': entry.news.as_of, 'lang': lang})}",
            title=getattr(entry.title, lang),
            content_text=getattr(entry.content, lang),
            date_modified=entry.updated,
            tags=list(entry.news.counts),
            language=TAGS[lang],
            county_lights=entry.news,
        )
        for entry in page.entries
    ]
    feed = JsonFeed(
        title=getattr(_TITLE, lang),
        description=getattr(page.note, lang) if page.note else None,
        home_page_url=f"{links.base}{_PAGE}",
        feed_url=links.own,
        next_url=links.next,
        language=TAGS[lang],
        items=items,
    )
    return JsonFeedResponse(feed.model_dump_json(by_alias=True).encode())
