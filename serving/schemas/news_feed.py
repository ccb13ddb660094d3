"""The news as a JSON Feed, and as the messages that webhooks get."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from serving.schemas.basis import Answer, LightCode, Versions
from serving.schemas.news import LoanNews


class FeedNews(Answer):
    """What an entry of the feed is about: the news of a day or of one loan.

    counts: loans by which way their light moved. not_listed: how many of them `loans` leaves out.
    """

    as_of: date
    month: date
    counts: dict[str, int]
    loans: list[LoanNews]
    not_listed: int


class JsonFeedItem(Answer):
    """An entry of a JSON Feed; `_county_lights` has the news as data."""

    id: str
    url: str
    title: str
    content_text: str
    date_modified: datetime
    tags: list[str]
    language: str
    county_lights: FeedNews = Field(serialization_alias="_county_lights")


class JsonFeed(Answer):
    """A page of the news as JSON Feed 1.1, the newest day first. next_url: of the next page; null on the last.

    description: which days are left out, since their files are damaged; null where none is.
    """

    version: Literal["https://jsonfeed.org/version/1.1"] = "https://jsonfeed.org/version/1.1"
    title: str
    description: str | None
    home_page_url: str
    feed_url: str
    next_url: str | None
    language: str
    items: list[JsonFeedItem]


class WithdrawnNews(Answer):
    """News of an earlier edition of the day that no longer hold: the light is what it was before.

    id: of the news that are withdrawn. light: null where the loan was not there before.
    """

    id: str
    loan_id: str
    light: LightCode | None


class NewsMessage(Versions):
    """The body of a message to a webhook: news of an edition of a day, and news that it withdraws.

    message_id: stays the same over all tries. message, messages: its number among those of this edition with
    digest `day`. counts: loans of this message by which way their light moved.
    """

    message_id: str
    event: Literal["news"] = "news"
    month: date
    edition: int
    message: int
    messages: int
    counts: dict[str, int]
    loans: list[LoanNews]
    withdrawn: list[WithdrawnNews]
