"""The page of news, a sheet with today's light beside the month's, and the clerk's button that makes news."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime

import pytest
from starlette.testclient import TestClient

from features.delivery.file_tables import table_names
from serving.app import application
from serving.jobs.job_folder import JobFolder
from serving.months.news_days import NewsRepository
from serving.settings import settings_of
from tests.running_service import key_for
from tests.serving.batch.watched import Village, table, village_in

NOW = datetime(2024, 4, 9, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def village(tmp_path_factory: pytest.TempPathFactory) -> Village:
    """L2's use is diverted as known on the eighth; the news of that day are made."""
    made = village_in(tmp_path_factory.mktemp("village"))
    diverted = table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-01 | diverted | 2024-04-08"])
    made.deliver("2024-04-08", use_checks=diverted)
    made.watch("2024-04-08")
    return made


def asking(village: Village, role: str, **place: str) -> TestClient:
    data = village.store.folder
    headers = {"authorization": f"Bearer {key_for(data, role, **place)}"}
    return TestClient(application(village.store, settings_of(data), lambda: NOW), headers=headers)


def test_the_page_of_news_names_the_move_its_cause_and_the_fact(village: Village) -> None:
    page = asking(village, "officer", bank="农商行").get("/news?lang=zh")
    assert page.status_code == 200
    assert "R104 用途检查：挪作禁止用途，尚未纠正" in page.text
    assert f"{table_names()['use_checks'].zh} 2024-04-01（2024-04-08 获知）" in page.text
    assert "/households/H2?lang=zh" in page.text
    assert "L2" not in asking(village, "cadre", area="990102").get("/news?lang=zh").text


def test_the_list_says_how_many_have_become_worse_and_shows_the_light_now(village: Village) -> None:
    page = asking(village, "county_official").get("/?lang=en").text
    assert "1 loans have become worse since this list was published (as of 2024-04-08)" in page
    assert "2024-04-08 " in page


def test_a_sheet_shows_both_lights_and_leads_to_the_sheet_of_the_day(village: Village) -> None:
    client = asking(village, "officer", bank="农商行")
    sheet = client.get("/households/H2?lang=en").text
    assert "Light as of 2024-04-08" in sheet
    assert "green → red: R104" in sheet
    assert "/households/H2?as_of=2024-04-08&amp;lang=en" in sheet
    of_day = client.get("/households/H2?as_of=2024-04-08&lang=en")
    assert of_day.status_code == 200
    assert "This sheet is by the facts of 2024-04-08; the published lights are those of 2024-03-31." in of_day.text
    assert "diverted to a forbidden use" in of_day.text
    assert client.get("/households/H2?as_of=2024-04-07&lang=en").status_code == 404


def test_the_interface_answers_the_same(village: Village) -> None:
    client = asking(village, "officer", bank="农商行")
    listed = client.get("/api/v1/news", params={"kind": "worse"}).json()
    assert [(each["loan_id"], each["cause"]) for each in listed["items"]] == [("L2", "rule:R104")]
    today = client.get("/api/v1/households/H2/today").json()
    assert (today["month"], today["as_of"]) == ("2024-03-31", "2024-04-08")
    assert [(each["month_light"], each["light"]) for each in today["loans"]] == [("green", "red")]
    assert client.get("/api/v1/households/H77/today").status_code == 404
    assert asking(village, "clerk").get("/api/v1/news").status_code == 403


def test_a_clerk_makes_the_news_of_today_with_a_button(village: Village) -> None:
    client = asking(village, "clerk")
    assert "/jobs/watch" in client.get("/deliveries?lang=zh").text
    started = client.post("/jobs/watch?lang=zh", data={"as_of": "2024-04-09"}, follow_redirects=False)
    assert started.status_code == 303
    jobs = JobFolder(village.store.folder)
    while (state := jobs.state(1, datetime.now(UTC))).is_running or state.code is None:
        time.sleep(0.05)
    assert state.code == 0, state.printed
    assert state.job.command == ("watch", "--as-of=2024-04-09")
    assert NewsRepository(village.store).days()[0] == date(2024, 4, 9)
