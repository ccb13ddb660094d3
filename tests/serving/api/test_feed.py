"""The feed of the news: Atom and JSON Feed, by role and scope, unchanged where nothing is new, audited by rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest
from sqlalchemy import select
from starlette.testclient import TestClient

from serving.app import application
from serving.audit.command_line import database_of
from serving.batch.news_run import watch
from serving.database.tables import AuditEntry
from serving.settings import settings_of
from tests.running_service import key_for
from tests.serving.provinces import AT, Province

DAY, LATER = date(2026, 1, 25), date(2026, 1, 28)
FEED = "/api/v1/news/feed"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture(scope="module")
def watched(ruled_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """A month and the news of two days; nothing moved on the later one."""
    province = ruled_province.copied_to(tmp_path_factory.mktemp("feed") / "var")
    province.scored()
    for days, day in ((16, DAY), (18, LATER)):
        watch(province.store, day, "clerk", AT + timedelta(days=days), lambda *_: None)
    return province


@pytest.fixture(scope="module")
def client(watched: Province) -> Iterator[TestClient]:
    app = application(watched.store, settings_of(watched.data), lambda: AT + timedelta(days=18))
    with TestClient(app) as client:
        yield client
    app.state.context.database.engine.dispose()


def news_of(watched: Province) -> pl.DataFrame:
    return pl.read_parquet(watched.data / "news" / "day=*" / "*.parquet", hive_partitioning=False)


def read(client: TestClient, watched: Province, path: str, role: str = "county_official", **headers: str) -> Any:
    bank = watched_bank(watched) if role == "officer" else None
    return client.get(path, headers={"authorization": f"Bearer {key_for(watched.data, role, bank)}", **headers})


def watched_bank(watched: Province) -> str:
    return str(news_of(watched)["bank"].cast(pl.String).sort()[0])


def test_every_loan_is_an_entry_of_the_json_feed_page_by_page(client: TestClient, watched: Province) -> None:
    ids: list[str] = []
    url: str | None = f"{FEED}.json?limit=7&lang=en"
    while url:
        answer = read(client, watched, url)
        assert answer.headers["content-type"] == "application/feed+json"
        feed = answer.raise_for_status().json()
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert len(feed["items"]) <= 7
        for item in feed["items"]:
            [loan] = item["_county_lights"]["loans"]
            assert item["id"] == loan["id"]
            assert loan["en"] in item["title"]
            assert item["tags"] == list(item["_county_lights"]["counts"])
            ids.append(loan["loan_id"])
        url = feed["next_url"]
    assert sorted(ids) == news_of(watched)["loan_id"].sort().to_list()


def test_the_atom_feed_has_what_rfc_4287_requires(client: TestClient, watched: Province) -> None:
    answer = read(client, watched, f"{FEED}.atom?limit=7")
    assert answer.headers["content-type"] == "application/atom+xml"
    feed = ElementTree.fromstring(answer.content)  # noqa: S314 - the service's own answer
    assert feed.tag == f"{ATOM}feed"
    assert feed.get("{http://www.w3.org/XML/1998/namespace}lang") == "zh-Hans"
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    links = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert links["self"] == f"http://testserver{FEED}.atom?digest=loan&limit=7&lang=zh"
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 7
    for each in (feed, *entries):
        for name in ("id", "title", "updated"):
            [element] = each.findall(f"{ATOM}{name}")
            assert element.text
        assert datetime.fromisoformat(str(each.findtext(f"{ATOM}updated"))).tzinfo is not None
        assert str(each.findtext(f"{ATOM}id")).startswith("urn:x-county-lights:news")
    for entry in entries:
        assert entry.findtext(f"{ATOM}content")
        assert [link.get("rel") for link in entry.findall(f"{ATOM}link")] == ["alternate"]
    assert len({entry.findtext(f"{ATOM}id") for entry in entries}) == len(entries)
    following = ElementTree.fromstring(read(client, watched, str(links["next"])).content)  # noqa: S314
    first = {entry.findtext(f"{ATOM}id") for entry in entries}
    assert first.isdisjoint(entry.findtext(f"{ATOM}id") for entry in following.findall(f"{ATOM}entry"))


def test_the_address_without_a_suffix_answers_as_the_reader_accepts(client: TestClient, watched: Province) -> None:
    types = {
        accept: read(client, watched, FEED, accept=accept).headers["content-type"]
        for accept in ("application/atom+xml, */*;q=0.1", "application/json", "*/*")
    }
    assert list(types.values()) == ["application/atom+xml", "application/feed+json", "application/feed+json"]


def test_a_day_is_an_entry_with_its_counts_also_where_nothing_moved(client: TestClient, watched: Province) -> None:
    feed = read(client, watched, f"{FEED}.json?digest=day&lang=en").json()
    assert [item["id"] for item in feed["items"]] == [f"{LATER}.1", f"{DAY}.1"]
    moved = news_of(watched)
    for item in feed["items"]:
        news, day = item["_county_lights"], date.fromisoformat(item["_county_lights"]["as_of"])
        of_day = moved.filter(pl.col("as_of") == day)
        assert sum(news["counts"].values()) == of_day.height == len(news["loans"]) + news["not_listed"]
        assert ("no light moved" in item["title"]) == of_day.is_empty()
    paged = read(client, watched, f"{FEED}.json?digest=day&limit=1").json()
    following = read(client, watched, paged["next_url"]).json()
    assert [item["id"] for item in (*paged["items"], *following["items"])] == [f"{LATER}.1", f"{DAY}.1"]
    assert following["next_url"] is None


def test_a_reader_who_has_the_feed_gets_304_without_a_body(client: TestClient, watched: Province) -> None:
    first = read(client, watched, f"{FEED}.json")
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    for sent in (tag, f'"another", W/{tag}', "*"):
        again = read(client, watched, f"{FEED}.json", **{"if-none-match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    others = (
        read(client, watched, f"{FEED}.json", "analyst"),
        read(client, watched, f"{FEED}.json", "officer"),
        read(client, watched, f"{FEED}.json?lang=en"),
        read(client, watched, f"{FEED}.atom"),
    )
    tags = {answer.headers["etag"] for answer in others}
    assert (len(tags), tag in tags) == (len(others), False)


def test_an_officer_reads_the_own_bank_and_an_analyst_no_true_number(client: TestClient, watched: Province) -> None:
    mine = read(client, watched, f"{FEED}.json?limit=500", "officer").json()
    banks = {loan["bank"] for item in mine["items"] for loan in item["_county_lights"]["loans"]}
    assert banks == {watched_bank(watched)}
    for path in (f"{FEED}.json?limit=500", f"{FEED}.atom?limit=500", f"{FEED}.json?digest=day"):
        masked = read(client, watched, path, "analyst").raise_for_status().text
        for column in ("loan_id", "household_id"):
            assert [number for number in news_of(watched)[column] if number in masked] == []


def test_roles_without_lists_are_refused_and_every_answer_is_audited_by_its_rows(
    client: TestClient, watched: Province
) -> None:
    assert read(client, watched, f"{FEED}.json", "clerk").status_code == 403
    assert client.get(f"{FEED}.atom").status_code == 401
    read(client, watched, f"{FEED}.json?limit=3")
    with database_of(watched.data).read_session() as session:
        newest = select(AuditEntry).where(AuditEntry.subject == f"GET {FEED}.json").order_by(AuditEntry.number.desc())
        entry = session.scalars(newest).first()
        assert entry is not None
        assert (entry.action, json.loads(entry.detail)["loans"]) == ("list", 3)


def test_a_cursor_that_is_no_longer_there_is_refused(client: TestClient, watched: Province) -> None:
    answer = read(client, watched, f"{FEED}.json?cursor=2026-01-25.nobody")
    assert (answer.status_code, "begin at the first page" in answer.json()["en"]) == (409, True)


def test_a_day_whose_files_are_damaged_is_named_by_the_feed(watched: Province, tmp_path: Path) -> None:
    own = watched.copied_to(tmp_path / "var")
    [news] = own.data.glob(f"news_days/day={DAY}/edition-1/news/*.parquet")
    news.write_bytes(news.read_bytes()[:-1])
    app = application(own.store, settings_of(own.data), lambda: AT + timedelta(days=18))
    with TestClient(app) as client:
        feed = read(client, own, f"{FEED}.json?digest=day&lang=en").json()
        atom = ElementTree.fromstring(read(client, own, f"{FEED}.atom?lang=en").content)  # noqa: S314
    app.state.context.database.engine.dispose()
    assert [item["id"] for item in feed["items"]] == [f"{LATER}.1"]
    for note in (feed["description"], str(atom.findtext(f"{ATOM}subtitle"))):
        assert f"The news of {DAY} are left out" in note
