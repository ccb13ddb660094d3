"""News between month ends: each light on the evening its fact was known, summed up to the month's own run."""

from __future__ import annotations

import shutil
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from features.checksums import checksum
from features.messages import UserError
from serving.batch.news_run import NEWS_FILE, replay_day, watch
from serving.batch.run import score
from serving.months.data_folder import DataFolder
from serving.months.manifest import write_manifest
from serving.months.news_days import LIGHTS_BEFORE_SCHEMA, NewsRepository, lights_before
from serving.months.repository import MonthRepository
from tests.conftest import County
from tests.running_service import done, kill, lights, started
from tests.serving.batch.watched import MONTH, Village, payment, table, village_in

AT = datetime(2026, 1, 10, 8, tzinfo=UTC)
_GREEN = dict.fromkeys(("L1", "L2", "L3", "L4", "L5"), "green")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Village:
    return village_in(tmp_path_factory.mktemp("village"))


@pytest.fixture
def village(published: Village, tmp_path: Path) -> Village:
    shutil.copytree(published.intake.data, tmp_path / "var", symlinks=True)
    return Village(type(published.intake)(tmp_path))


def published_lights(village: Village) -> dict[str, str]:
    return dict(village.month.scan("warnings").select("loan_id", "light").sort("loan_id").collect().rows())


def test_the_month_is_green_before_anything_happens(published: Village) -> None:
    assert published_lights(published) == _GREEN


def test_a_hard_rule_has_its_light_on_the_evening_its_fact_was_known(village: Village) -> None:
    death = table(
        "event_id | household_id | member_id | occurred_on | cause | known_on",
        ["E1 | H1 | M1 | 2024-04-02 | death | 2024-04-05"],
    )
    diverted = table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-01 | diverted | 2024-04-08"])
    village.deliver("2024-04-08", hardships=death, use_checks=diverted)
    village.watch("2024-04-04")
    assert village.news("2024-04-04") == {}
    village.watch("2024-04-05")
    assert village.news("2024-04-05") == {"L1": ("green", "red", "rule:R103")}
    village.watch("2024-04-07")
    assert village.news("2024-04-07") == {}
    village.watch("2024-04-08")
    assert village.news("2024-04-08") == {"L2": ("green", "red", "rule:R104")}
    assert published_lights(village) == _GREEN


def test_principal_and_interest_are_overdue_on_the_day_the_bank_s_payments_say_so(village: Village) -> None:
    paid = [payment(f"Q{loan}", loan, "2024-04-10", "2024-04-10") for loan in ("L1", "L2", "L5")]
    for each in paid:
        village.deliver("2024-04-10", payments=each)
    village.deliver("2024-04-15", payments=payment("QL9", "L1", "2024-04-15", "2024-04-15", interest=0, principal=1))
    for day in range(9, 20):
        village.watch(f"2024-04-{day:02d}")
    moved = {day: village.news(f"2024-04-{day:02d}") for day in range(9, 20)}
    assert moved[16] == {"L4": ("green", "red", "rule:R101")}
    assert moved[18] == {"L3": ("green", "yellow", "rule:R201")}
    assert [day for day, news in moved.items() if news] == [16, 18]


def test_a_due_day_that_passed_without_the_bank_s_payments_is_told_apart(village: Village) -> None:
    manifest = village.watch("2024-04-12")
    news = NewsRepository(village.store).day(date(2024, 4, 12)).scan("news").collect()
    assert set(news["cause"]) == {"payments_awaited"}
    assert news["awaits_payments"].all()
    told = manifest.news or {}
    assert told["awaiting"] == {"农商行": news.height}
    assert (told["moves"], told["payments"]) == ({}, news.height)
    for loan in ("L1", "L2", "L3", "L5"):
        village.deliver("2024-04-13", payments=payment(f"R{loan}", loan, "2024-04-10", "2024-04-13"))
    village.watch("2024-04-13")
    back = {loan: news for loan, news in village.news("2024-04-13").items() if loan != "L4"}
    assert set(back.values()) == {("yellow", "green", "payments_came")}


def test_new_loans_and_closed_ones_are_news(village: Village) -> None:
    loan = table(
        "loan_id | household_id | bank | product | principal | annual_rate | originated_on | matures_on |"
        " repayment_method | known_on",
        ["L6 | H5 | 农商行 | microloan | 9000 | 0.02 | 2024-04-02 | 2026-04-02 | bullet_all | 2024-04-03"],
    )
    schedule = table(
        "loan_id | schedule_no | due_on | principal_due | interest_due | known_on",
        ["L6 | 1 | 2026-04-02 | 9000 | 300 | 2024-04-03"],
    )
    settled = table("loan_id | occurred_on | kind | known_on", ["L2 | 2024-04-02 | settled | 2024-04-03"])
    village.deliver("2024-04-03", loans=loan, instalments=schedule, loan_events=settled)
    village.deliver("2024-04-03", payments=payment("S1", "L1", "2024-04-02", "2024-04-03", principal=20000, interest=0))
    village.watch("2024-04-03")
    news = village.news("2024-04-03")
    assert news["L2"] == ("green", None, "closed:settled")
    assert news["L1"] == ("green", None, "closed:repaid")
    assert news["L6"][0] is None
    assert news["L6"][2] == "new_loan"
    rows = NewsRepository(village.store).day(date(2024, 4, 3)).scan("news").collect()
    assert rows.filter(loan_id="L2").select("bank", "household_id").row(0) == ("农商行", "H2")


def test_news_name_the_facts_between_but_no_other_loan_s(village: Village) -> None:
    check = table(
        "loan_id | checked_on | finding | known_on",
        ["L2 | 2024-04-01 | diverted | 2024-04-02"],
    )
    known_later = "H2 | 2024-04-03 | 7 | 2024-04-06"
    surveys = ["H2 | 2024-04-01 | 5 | 2024-04-02", known_later]
    survey = table("household_id | observed_on | savings | known_on", surveys)
    other = table(
        "loan_id | household_id | bank | product | principal | annual_rate | originated_on | matures_on |"
        " repayment_method | known_on",
        ["L7 | H2 | 他行 | microloan | 9000 | 0.02 | 2024-04-01 | 2026-04-01 | bullet_all | 2024-04-02"],
    )
    village.deliver("2024-04-06", use_checks=check, assets=survey, loans=other)
    village.watch("2024-04-02")
    rows = NewsRepository(village.store).day(date(2024, 4, 2)).scan("news").collect()
    [facts] = rows.filter(loan_id="L2")["facts"].to_list()
    told = {(fact["table"], fact["happened_on"], fact["known_on"]) for fact in facts}
    known = date(2024, 4, 2)
    assert told == {("use_checks", date(2024, 4, 1), known), ("assets", date(2024, 4, 1), known)}


def test_a_fact_that_was_loaded_late_is_told_with_the_day_it_was_known(village: Village) -> None:
    diverted = table("loan_id | checked_on | finding | known_on", ["L2 | 2024-03-01 | diverted | 2024-03-20"])
    village.deliver("2024-04-02", use_checks=diverted)
    village.watch("2024-04-02")
    assert village.news("2024-04-02") == {"L2": ("green", "red", "rule:R104")}
    [facts] = NewsRepository(village.store).day(date(2024, 4, 2)).scan("news").collect()["facts"].to_list()
    assert [(fact["table"], fact["known_on"]) for fact in facts] == [("use_checks", date(2024, 3, 20))]


def test_the_same_inputs_again_compute_nothing_and_new_facts_of_the_day_give_another_edition(village: Village) -> None:
    first = village.watch("2024-04-02")
    folder = NewsRepository(village.store).day(date(2024, 4, 2)).folder
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = village.watch("2024-04-02")
    assert (again.edition, again.inputs, again.checksums) == (1, first.inputs, first.checksums)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    village.deliver(
        "2024-04-02",
        use_checks=table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-01 | diverted | 2024-04-02"]),
    )
    assert village.watch("2024-04-02").edition == 2
    assert set(village.news("2024-04-02")) == {"L2"}


def test_a_day_that_later_news_follow_is_refused_and_so_is_a_published_one(village: Village) -> None:
    village.watch("2024-04-05")
    with pytest.raises(UserError, match="2024-04-05"):
        village.watch("2024-04-04")
    with pytest.raises(UserError, match="2024-03-31"):
        village.watch("2024-03-31")
    with pytest.raises(UserError, match="has not come"):
        village.watch("2024-05-02")
    assert village.watch("2024-04-05").edition == 1


def test_without_a_published_month_there_are_no_news(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="lights score"):
        watch(DataFolder(tmp_path), date(2024, 4, 1), "clerk", AT, lambda *_: None)


def test_a_replay_after_later_deliveries_gives_the_news_of_then(village: Village) -> None:
    diverted = table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-01 | diverted | 2024-04-02"])
    village.deliver("2024-04-02", use_checks=diverted)
    village.watch("2024-04-02")
    put_right = table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-02 | put_right | 2024-04-02"])
    village.deliver("2024-04-09", use_checks=put_right)
    village.watch("2024-04-09")
    for day in ("2024-04-02", "2024-04-09"):
        assert replay_day(village.store, date.fromisoformat(day), lambda *_: None).is_equal
    path = NewsRepository(village.store).day(date(2024, 4, 2)).folder / "news" / "news.parquet"
    pl.read_parquet(path).with_columns(light=pl.lit("yellow")).write_parquet(path)
    changed = replay_day(village.store, date(2024, 4, 2), lambda *_: None)
    assert changed.differences["news"].columns == {"light": 1}


def test_other_programs_read_the_news_as_they_are(village: Village) -> None:
    village.deliver(
        "2024-04-02",
        use_checks=table("loan_id | checked_on | finding | known_on", ["L2 | 2024-04-01 | diverted | 2024-04-02"]),
    )
    for day in ("2024-04-01", "2024-04-02"):
        village.watch(day)
    rows = pl.read_parquet(village.store.folder / "news" / "*" / "*.parquet", hive_partitioning=True)
    assert rows.select("loan_id", "as_of", "before", "light", "cause", "day").rows() == [
        ("L2", date(2024, 4, 2), "green", "red", "rule:R104", date(2024, 4, 2))
    ]


@pytest.fixture
def unscored(county: County, tmp_path: Path) -> tuple[DataFolder, date, date]:
    """The county before its newest month: everything is delivered, the month before is the newest one published."""
    own = county.copied_to(tmp_path / "var")
    for folder in (own.store.warnings, own.store.editions):
        newest = folder / f"month={county.newest:%Y-%m}"
        newest.unlink() if newest.is_symlink() else shutil.rmtree(newest)
    return own.store, county.before, county.newest


def test_the_news_of_a_month_summed_are_the_changes_of_its_own_run(unscored: tuple[DataFolder, date, date]) -> None:
    store, before, newest = unscored
    month = MonthRepository(store).month()
    assert (month.as_of, month.manifest.shadow) == (before, False)
    for days in (3, 10, 20, 21):
        watch(store, before + timedelta(days=days), "clerk", AT, lambda *_: None)
    watch(store, newest, "clerk", AT, lambda *_: None)
    told = lights_before(month, NewsRepository(store).days_since(month)).select("loan_id", "light")
    score(store, newest, "clerk", AT, lambda *_: None)
    published = MonthRepository(store).month(newest).scan("warnings").select("loan_id", pl.col("light").cast(pl.String))
    assert told.equals(published.sort("loan_id").collect())
    moved = month.scan("warnings").select("loan_id", pl.col("light").cast(pl.String)).sort("loan_id").collect()
    assert not told.equals(moved)
    assert NewsRepository(store).days_since(MonthRepository(store).month()) == []


def test_a_light_that_news_have_lit_stays_until_the_score_falls_clearly_below_its_threshold(
    unscored: tuple[DataFolder, date, date],
) -> None:
    """The news of one day are rewritten: all green loans are lit by probability. The next day decides which stay."""
    store, before, _ = unscored
    first, second = before + timedelta(days=3), before + timedelta(days=4)
    watch(store, first, "clerk", AT, lambda *_: None)
    repository = NewsRepository(store)
    news = repository.day(first)
    judged = repository.judged_day(news)
    assert judged is not None
    green = judged.scan("warnings").filter(model_light="green").select(list(LIGHTS_BEFORE_SCHEMA.columns)).collect()
    rows = news.scan("news").collect()
    lit = pl.concat([rows, green.with_columns(light=pl.lit("yellow"), model_light=pl.lit("yellow"))], how="diagonal")
    lit.select(rows.columns).unique("loan_id", keep="last").write_parquet(news.folder / NEWS_FILE)
    checksums = {**news.manifest.checksums, NEWS_FILE: checksum(news.folder / NEWS_FILE)}
    write_manifest(replace(news.manifest, checksums=checksums), news.folder)
    watch(store, second, "clerk", AT, lambda *_: None)
    after, bundle = repository.judged_day(repository.day(second)), store.models.champion
    assert after is not None
    assert bundle is not None
    lights = after.scan("warnings").join(green.lazy().select("loan_id"), on="loan_id", how="semi").collect()
    level = bundle.policy.level
    fresh, held = (lights.select(level(pl.col("probability"), pl.lit(was))).to_series().fill_null(0) for was in (0, 1))
    assert (held > fresh).any()
    assert lights.filter(pl.col("model_light") != "green").height == (held >= 1).sum()


def test_a_killed_run_leaves_the_earlier_news_and_the_next_one_finishes(
    unscored: tuple[DataFolder, date, date],
) -> None:
    store, before, _ = unscored
    first, second = before + timedelta(days=5), before + timedelta(days=12)
    watch(store, first, "clerk", AT, lambda *_: None)
    staging = store.news_days / f"day={second}" / ".making"
    for sign in (staging, staging / "edition", store.judged_days / f"day={second}"):
        running = started(store.folder, "watch", "--as-of", second)
        while not sign.exists() and running.poll() is None:
            time.sleep(0.001)
        kill(running)
        assert set(NewsRepository(store).days()) <= {first, second}
    done(lights(store.folder, "watch", "--as-of", second))
    assert NewsRepository(store).days() == [second, first]
    assert NewsRepository(store).day(second).is_whole
    assert replay_day(store, second, lambda *_: None).is_equal


def test_the_days_before_the_newest_two_keep_their_news_alone(village: Village) -> None:
    for day in ("2024-04-01", "2024-04-02", "2024-04-03"):
        village.watch(day)
    assert [path.name for path in sorted(village.store.judged_days.iterdir())] == ["day=2024-04-02", "day=2024-04-03"]
    assert [str(day) for day in NewsRepository(village.store).days()] == ["2024-04-03", "2024-04-02", "2024-04-01"]
    repository = NewsRepository(village.store)
    judged = repository.judged_day(repository.day(date(2024, 4, 3)))
    assert judged is not None
    assert judged.as_of == date(2024, 4, 3)
    assert repository.judged_day(repository.day(date(2024, 4, 1))) is None


def test_the_month_that_news_follow_is_told(village: Village) -> None:
    village.watch("2024-04-02")
    before = NewsRepository(village.store).day(date(2024, 4, 2)).manifest.before
    assert tuple(before or ()) == (str(MONTH), 1)
