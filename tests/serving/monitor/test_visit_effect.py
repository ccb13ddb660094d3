"""`lights cases effect`: published lights, visits of cases and labels, in the terminal, on the page and in the API."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from starlette.testclient import TestClient

from features.bad_spells import bad_spells
from features.snapshot.life_rules import LifeRules
from serving.app import application
from serving.audit.command_line import database_of
from serving.batch.run import score
from serving.cases.kinds import CaseEventKind
from serving.cases.outcomes import visit_days
from serving.cases.repository import Authorship, EventFields, add_event, open_case
from serving.months.repository import MonthRepository
from serving.settings import settings_of
from tests.running_service import done, lights
from tests.serving.access.seen import seen_by
from tests.serving.provinces import AS_OF, Province

MATURE, PUBLISHED, VISITED_ON = date(2025, 3, 31), date(2025, 4, 5), date(2025, 4, 20)
ENDS_ON, BAD_AFTER = date(2025, 9, 30), 10


@pytest.fixture(scope="module")
def visited_province(judged_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    """Two months published in their time, and a visit to every third loan of the first: half a month after it."""
    province = judged_province.copied_to(tmp_path_factory.mktemp("visited") / "var")
    for as_of, at in ((MATURE, datetime(2025, 4, 4, 17, tzinfo=UTC)), (AS_OF, datetime(2026, 1, 5, tzinfo=UTC))):
        score(province.store, as_of, "clerk", at, lambda *_: None)
    warnings = MonthRepository(province.store).month(MATURE).scan("warnings").sort("loan_id").collect()
    authorship = Authorship("ma", datetime(2025, 4, 21, tzinfo=UTC), date(2025, 4, 21))
    with database_of(province.data).write_session() as session:
        for warning in warnings.gather_every(3).to_dicts():
            case = open_case(session, warning, MATURE, authorship)
            add_event(session, case, 1, EventFields(CaseEventKind.VISIT, on_date=VISITED_ON), authorship)
            add_event(session, case, 2, EventFields(CaseEventKind.VISIT, on_date=VISITED_ON, text="again"), authorship)
    return province


def counts(province: Province) -> dict[tuple[bool, bool], tuple[int, int]]:
    """Loans and bad loans by light and visit, counted loan by loan from the published month and the spells."""
    warnings = MonthRepository(province.store).month(MATURE).scan("warnings").sort("loan_id").collect()
    visited = set(warnings.gather_every(3)["loan_id"])
    spells = bad_spells(province.store.ledger.tables(), LifeRules(BAD_AFTER)).to_dicts()
    tallies = {(lit, went): [0, 0] for lit in (True, False) for went in (True, False)}
    for row in warnings.drop_nulls("probability").to_dicts():
        own = [spell for spell in spells if spell["loan_id"] == row["loan_id"]]
        ended_later = [s for s in own if s["arrears_ended_on"] is None or s["arrears_ended_on"] > MATURE]
        if any(spell["bad_on"] <= MATURE for spell in ended_later):
            continue
        bad_on = min((spell["bad_on"] for spell in own if spell["bad_on"] > MATURE), default=date.max)
        tally = tallies[row["light"] != "green", row["loan_id"] in visited and bad_on > VISITED_ON]
        tally[0] += 1
        tally[1] += bad_on <= ENDS_ON
    return {group: (loans, bad) for group, (loans, bad) in tallies.items()}


def test_loans_and_bad_loans_by_light_and_visit(visited_province: Province) -> None:
    report = json.loads(done(lights(visited_province.data, "cases", "effect", "--json")))
    assert (report["months"], report["left_out"]) == ([str(MATURE)], {str(AS_OF): "not_mature"})
    told = {(row["lit"], row["visited"]): (row["loans"], row["bad"]) for row in report["rates"]}
    assert told == counts(visited_province)
    assert sum(bad for _, bad in told.values()) > 5
    assert min(loans for loans, _ in told.values()) > 0


def test_where_too_few_are_bad_it_says_so_in_both_languages(visited_province: Province) -> None:
    printed = done(lights(visited_province.data, "cases", "effect"))
    for text in ("lit, visited |", "cannot be told yet", "还不能说明", "visit_study.drawn_share"):
        assert text in printed


def analyst_of(province: Province) -> TestClient:
    """An analyst at the pages of a province, whose small model has no plan for its page and is put away."""
    shutil.rmtree(province.data / "models")
    return seen_by(application(province.store, settings_of(province.data)), "analyst")


def test_what_was_measured_stands_on_the_model_page_and_in_the_api(visited_province: Province, tmp_path: Path) -> None:
    province = visited_province.copied_to(tmp_path / "var")
    report = json.loads(done(lights(province.data, "cases", "effect", "--json")))
    analyst = analyst_of(province)
    assert analyst.get("/api/v1/model").json()["visit_effect"] == report
    page = analyst.get("/model", params={"lang": "en"}).text
    assert "Did visits help?" in page
    assert report["sentences"][0]["en"] in page


def test_without_a_measurement_page_and_api_say_nothing(judged_province: Province, tmp_path: Path) -> None:
    analyst = analyst_of(judged_province.copied_to(tmp_path / "var"))
    assert analyst.get("/api/v1/model").json()["visit_effect"] is None
    assert "Did visits help?" not in analyst.get("/model", params={"lang": "en"}).text


def test_a_later_edition_leaves_lights_and_day_of_the_first(visited_province: Province, tmp_path: Path) -> None:
    province = visited_province.copied_to(tmp_path / "var")
    at = datetime(2025, 12, 1, tzinfo=UTC)
    before = json.loads(done(lights(province.data, "cases", "effect", "--json")))["rates"]
    policy = province.data / "policy.toml"
    policy.write_text('[[policy]]\nsince = 2025-01-01\nsource = "a test"\n[policy.arrears]\nleast = 2.0\n', "utf-8")
    manifest = score(province.store, MATURE, "clerk", at, lambda *_: None)
    assert manifest.edition == 2
    assert json.loads(done(lights(province.data, "cases", "effect", "--json")))["rates"] == before


def test_visits_are_days_and_loans_alone(visited_province: Province) -> None:
    with database_of(visited_province.data).read_session() as session:
        visits = visit_days(session)
    warnings = MonthRepository(visited_province.store).month(MATURE).scan("warnings").sort("loan_id").collect()
    expected = warnings.gather_every(3).select("loan_id").with_columns(pl.lit(VISITED_ON).alias("visited_on"))
    assert visits.equals(expected)
