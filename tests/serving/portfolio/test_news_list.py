"""News as readers see them: by scope, by kind, page by page, and a household's light today beside the month's."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from features.messages import UserError
from serving.access.scope import Scope
from serving.cli.verify import verify_data
from serving.months.news_days import NewsRepository
from serving.months.repository import MonthRepository
from serving.portfolio.news_list import (
    NewsKind,
    NewsQuery,
    NewsSinceMonth,
    household_today,
    news_page,
    news_since_month,
)
from serving.settings import settings_of
from tests.features.inboxes import Intake
from tests.serving.batch.watched import Village, table, village_in

DAY = date(2024, 4, 8)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """L1 turns red on the fifth and its borrower's death is known, L2 on the eighth; L5 is another bank's new loan."""
    made = village_in(tmp_path_factory.mktemp("village"))
    made.deliver(
        "2024-04-08",
        hardships=table(
            "event_id | household_id | member_id | occurred_on | cause | known_on",
            ["E1 | H1 | M1 | 2024-04-02 | death | 2024-04-05"],
        ),
        use_checks=table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-01 | diverted | 2024-04-08"]),
        loans=table(
            "loan_id | household_id | bank | product | principal | annual_rate | originated_on | matures_on |"
            " repayment_method | known_on",
            ["L9 | H1 | 邮储 | microloan | 9000 | 0.02 | 2024-04-03 | 2026-04-03 | bullet_all | 2024-04-06"],
        ),
        instalments=table(
            "loan_id | schedule_no | due_on | principal_due | interest_due | known_on",
            ["L9 | 1 | 2026-04-03 | 9000 | 300 | 2024-04-06"],
        ),
    )
    for day in ("2024-04-05", "2024-04-08"):
        made.watch(day)
    return made


def seen(village: Village, scope: Scope | None = None) -> NewsSinceMonth:
    store = replace(village.store, scope=scope)
    return news_since_month(store, MonthRepository(store).month())


def test_news_come_the_newest_day_first_with_their_sentences(village: Village) -> None:
    page = news_page(seen(village), NewsQuery())
    assert [(each.as_of.day, each.loan_id) for each in page.items] == [(8, "L2"), (8, "L9"), (5, "L1")]
    [diverted] = [each for each in page.items if each.loan_id == "L2"]
    assert diverted.zh == "绿灯 → 红灯：R104 用途检查：挪作禁止用途，尚未纠正"
    assert diverted.en == "green → red: R104 use check: diverted to a forbidden use, not put right since"
    assert [fact.en for fact in diverted.facts] == ["use_checks 2024-04-01 (known 2024-04-08)"]
    assert (page.as_of, page.month, page.days) == (DAY, date(2024, 3, 31), [DAY, date(2024, 4, 5)])


def test_pages_follow_each_other_and_a_cursor_of_none_is_refused(village: Village) -> None:
    news, told, cursor = seen(village), list[str](), None
    while True:
        page = news_page(news, NewsQuery(limit=1, after=cursor))
        assert page.total == 3
        told += [each.loan_id for each in page.items]
        if (cursor := page.next_cursor) is None:
            break
    assert told == ["L2", "L9", "L1"]
    with pytest.raises(UserError, match="begin at the first page"):
        news_page(news, NewsQuery(after="2024-04-08.L1"))


@pytest.mark.parametrize(
    ("query", "loans"),
    [
        (NewsQuery(kind=NewsKind.WORSE), ["L2", "L1"]),
        (NewsQuery(kind=NewsKind.NEW), ["L9"]),
        (NewsQuery(kind=NewsKind.BETTER), []),
        (NewsQuery(since=DAY), ["L2", "L9"]),
        (NewsQuery(bank="邮储"), ["L9"]),
        (NewsQuery(light="red"), ["L2", "L9", "L1"]),
        (NewsQuery(light="green"), []),
        (NewsQuery(area="990102"), []),
    ],
)
def test_a_filter_leaves(village: Village, query: NewsQuery, loans: list[str]) -> None:
    page = news_page(seen(village), query)
    assert [each.loan_id for each in page.items] == loans
    assert page.total == len(loans)


def test_counts_by_kind_are_those_of_the_other_filters(village: Village) -> None:
    counts = seen(village).counts(NewsQuery(kind=NewsKind.NEW, since=DAY))
    assert counts == {NewsKind.WORSE: 1, NewsKind.NEW: 1}


def test_a_reader_sees_the_news_of_the_own_bank_alone(village: Village) -> None:
    page = news_page(seen(village, Scope(bank="邮储")), NewsQuery())
    assert [each.loan_id for each in page.items] == ["L9"]
    assert page.awaiting == {}
    assert "use_checks" not in {fact.table for each in page.items for fact in each.facts}


def test_ids_are_masked_for_a_reader_who_sees_pseudonyms(village: Village) -> None:
    masked = seen(village, Scope(mask=b"0123456789abcdef0123456789abcdef"))
    page = news_page(masked, NewsQuery())
    assert len(page.items) == 3
    assert {each.loan_id for each in page.items}.isdisjoint({"L1", "L2", "L9"})
    assert not any("L2" in each.id for each in page.items)


def test_a_household_s_light_today_stands_beside_the_month_s_with_the_facts_between(village: Village) -> None:
    store = village.store
    today = household_today(store, MonthRepository(store).month(), "H1")
    assert today is not None
    assert (today.month, today.as_of) == (date(2024, 3, 31), DAY)
    lights = {each.loan_id: (each.month_light, each.light) for each in today.loans}
    assert lights["L1"] == ("green", "red")
    assert lights["L9"][0] is None
    assert {fact.table for fact in today.facts} == {"hardships", "loans", "instalments"}
    unmoved = household_today(store, MonthRepository(store).month(), "H4")
    assert unmoved is not None
    assert [(each.month_light, each.light, each.news) for each in unmoved.loans] == [("green", "green", [])]
    assert household_today(store, MonthRepository(store).month(), "H77") is None


def test_a_reader_s_household_tells_nothing_of_another_bank_s_loan(village: Village) -> None:
    store = replace(village.store, scope=Scope(bank="农商行"))
    today = household_today(store, MonthRepository(store).month(), "H1")
    assert today is not None
    assert [each.loan_id for each in today.loans] == ["L1"]
    assert {fact.table for fact in today.facts} == {"hardships"}


def test_a_damaged_day_is_left_out_and_told(village: Village, tmp_path: Path) -> None:
    shutil.copytree(village.store.folder, tmp_path / "var", symlinks=True)
    copy = Village(Intake(tmp_path))
    path = NewsRepository(copy.store).day(date(2024, 4, 5)).folder / "news" / "news.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    page = news_page(seen(copy), NewsQuery())
    assert [each.loan_id for each in page.items] == ["L2", "L9"]
    assert (page.days, page.damaged_days) == ([DAY], [date(2024, 4, 5)])
    found = verify_data(settings_of(copy.store.folder), datetime(2024, 4, 9, tzinfo=UTC))
    assert found.checked["news"] == 2
    assert any("news/news.parquet" in fault.en for fault in found.faults)
    with pytest.raises(UserError, match="2024-04-05"):
        copy.watch("2024-04-09")


def test_before_anything_was_watched_there_is_nothing_to_tell(tmp_path: Path) -> None:
    village = village_in(tmp_path)
    page = news_page(seen(village), NewsQuery())
    assert (page.days, page.items, page.as_of) == ([], [], page.month)
