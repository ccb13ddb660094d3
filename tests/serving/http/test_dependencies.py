"""The door: nothing without a sign-in, nothing beyond the scope, nothing from another site's form."""

from __future__ import annotations

import re

import polars as pl
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import SecretStr
from starlette.testclient import TestClient

from features.console import utc_now
from serving.access import accounts as people
from serving.access.rate_limit import TooManyRequestsError
from serving.access.roles import OPEN_ROUTES, REQUIRED_RIGHTS, Right, required_right
from serving.access.tokens import csrf_token_of
from serving.app import application
from serving.audit.command_line import database_of
from serving.http.dependencies import SESSION_COOKIE, AuthenticatedRoute
from serving.months.data_folder import DataFolder
from serving.settings import settings_of
from tests.conftest import County
from tests.running_service import entered, key_for
from tests.serving.access.seen import seen_by


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> FastAPI:
    folder = tmp_path_factory.mktemp("door")
    return application(DataFolder(folder), settings_of(folder))


def routes(app: FastAPI) -> list[tuple[str, str]]:
    """Every method and template that the application answers."""
    routers = [each.original_router for each in app.routes if hasattr(each, "original_router")]
    mine = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    direct = [route for route in app.routes if isinstance(route, APIRoute)]
    return [(method, route.path_format) for route in (*mine, *direct) for method in sorted(route.methods or ())]


def test_every_address_but_those_that_are_declared_open_wants_a_sign_in(app: FastAPI) -> None:
    found = routes(app)
    assert len(found) > 25
    client = TestClient(app, follow_redirects=False)
    for method, template in found:
        if template in OPEN_ROUTES:
            continue
        answer = client.request(method, re.sub("{[^}]+}", "1", template))
        if template.startswith("/api"):
            assert (answer.status_code, answer.json()["status"]) == (401, 401), template
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
        else:
            assert answer.status_code == 303, template
            assert answer.headers["location"].startswith("/sign-in?")


def test_what_is_open_or_needs_something_is_an_address_that_there_is(app: FastAPI) -> None:
    templates = {template for _, template in routes(app)}
    assert OPEN_ROUTES | set(REQUIRED_RIGHTS) <= templates


@pytest.mark.parametrize(
    ("role", "sees"),
    [
        ("county_official", {Right.GROUPS, Right.LISTS, Right.PERSONS, Right.CASES}),
        ("clerk", {Right.GROUPS, Right.DELIVERIES}),
        ("analyst", {Right.GROUPS, Right.LISTS}),
        ("auditor", {Right.AUDIT}),
        ("administrator", {Right.PEOPLE}),
    ],
)
def test_a_role_reaches_what_it_may_and_nothing_else(app: FastAPI, role: str, sees: set[Right]) -> None:
    key = key_for(app.state.context.store.folder, role)
    client = TestClient(app, follow_redirects=False, headers={"authorization": f"Bearer {key}"})
    for method, template in routes(app):
        right = required_right(template)
        if template in OPEN_ROUTES or right is Right.OWN or method != "GET":
            continue
        status = client.get(re.sub("{[^}]+}", "1", template)).status_code
        assert (status != 403) == (right in sees), template


def loans(client: TestClient, **asked: str) -> set[str]:
    items = client.get("/api/v1/warnings", params={"limit": 500, **asked}).json()["items"]
    return {item["loan_id"] for item in items}


def test_an_officer_sees_the_banks_loans_and_a_cadre_the_townships(county: County, desk: FastAPI) -> None:
    rows = county.warnings
    bank, township = rows["bank"][0], rows["township_code"][0]
    of_bank = set(rows.filter(pl.col("bank") == bank)["loan_id"])
    of_township = set(rows.filter(pl.col("township_code") == township)["loan_id"])
    assert loans(seen_by(desk, "officer", bank)) == of_bank
    assert loans(seen_by(desk, "cadre", area=township)) == of_township
    assert loans(seen_by(desk, "officer", bank, township)) == of_bank & of_township


def test_a_household_out_of_scope_does_not_exist_and_its_words_are_those_of_one_that_is_not(
    county: County, desk: FastAPI
) -> None:
    bank = county.warnings["bank"][0]
    mine = set(county.warnings.filter(pl.col("bank") == bank)["household_id"])
    other = county.warnings.filter(~pl.col("household_id").is_in(mine)).row(0, named=True)
    officer = seen_by(desk, "officer", bank)
    for path, number, nobody in (
        ("/api/v1/households/{}/explanation", other["household_id"], "H999"),
        ("/api/v1/loans/{}/warning", other["loan_id"], "L999"),
        ("/households/{}", other["household_id"], "H999"),
    ):
        hidden, absent = officer.get(path.format(number)), officer.get(path.format(nobody))
        assert (hidden.status_code, absent.status_code) == (404, 404)
        assert hidden.text.replace(number, nobody) == absent.text
    assert loans(officer, q=other["loan_id"]) == set()
    assert loans(officer, bank=other["bank"]) == set()


def test_sums_are_of_what_exists_for_whoever_asks(county: County, desk: FastAPI) -> None:
    bank = county.warnings["bank"][0]
    groups = seen_by(desk, "officer", bank).get("/api/v1/summary", params={"level": "county"}).json()["groups"]
    assert sum(group["loans"] for group in groups) == county.warnings.filter(pl.col("bank") == bank).height


def test_an_analyst_sees_amounts_under_pseudonyms_that_stay_and_finds_nobody_by_number(
    county: County, desk: FastAPI
) -> None:
    analyst, rows = seen_by(desk, "analyst"), county.warnings
    items = analyst.get("/api/v1/warnings", params={"limit": 500}).json()["items"]
    assert sum(item["outstanding_principal"] for item in items) == pytest.approx(rows["outstanding_principal"].sum())
    assert {item["loan_id"] for item in items} & set(rows["loan_id"]) == set()
    assert {item["household_id"] for item in items} & set(rows["household_id"]) == set()
    assert len({item["loan_id"] for item in items}) == rows.height
    assert loans(analyst) == {item["loan_id"] for item in items}
    assert loans(analyst, q=rows["loan_id"][0]) == set()
    assert rows["household_id"][0] not in analyst.get("/").text


def test_a_form_of_another_site_changes_nothing(county: County, desk: FastAPI) -> None:
    client = TestClient(desk, follow_redirects=False)
    assert entered(client, one_time(county, "county_official")).status_code == 303
    assert client.post("/sign-out").status_code == 403
    assert client.post("/sign-out", data={"csrf": "0" * 64}).status_code == 403
    assert client.post("/api/v1/cases", json={"loan_id": "L1"}).status_code == 403
    assert client.get("/").status_code == 200
    assert client.post("/sign-out", data={"csrf": csrf_token_of(client.cookies[SESSION_COOKIE])}).status_code == 303
    assert client.get("/").status_code == 303


def one_time(county: County, role: str) -> str:
    key_for(county.data, role)
    with database_of(county.data).write_session() as session:
        return people.create_link(session, people.person_named(session, role), utc_now(), 1)


def test_a_link_lets_in_once(county: County, desk: FastAPI) -> None:
    token = one_time(county, "county_official")
    first, second = (entered(TestClient(desk, follow_redirects=False), token) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 401)
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


def test_a_preview_of_a_link_does_not_use_it_up(county: County, desk: FastAPI) -> None:
    token = one_time(county, "county_official")
    for _ in range(2):
        preview = TestClient(desk).get("/sign-in", params={"token": token})
        assert (preview.status_code, SESSION_COOKIE in preview.cookies) == (200, False)
    assert TestClient(desk).post("/sign-in/link", data={"token": token}).status_code == 403
    assert entered(TestClient(desk, follow_redirects=False), token).status_code == 303


def test_too_many_sign_ins_are_told_when_to_come_back(county: County) -> None:
    app = application(county.store, settings_of(county.data))
    client = TestClient(app)
    assert entered(client, "none").status_code == 401
    with pytest.raises(TooManyRequestsError):
        [app.state.context.sign_in_rate_limit.take("testclient") for _ in range(1_000)]
    answer = entered(client, "none")
    assert (answer.status_code, "请求过于频繁" in answer.text) == (429, True)
    assert int(answer.headers["retry-after"]) >= 1


def test_another_role_holds_from_the_next_request_on(county: County, desk: FastAPI) -> None:
    client, household = TestClient(desk, follow_redirects=False), county.warnings["household_id"][0]
    with database_of(county.data).write_session() as session:
        person = people.create_account(session, people.account_details("moved", "county_official"), utc_now())
        token = people.create_link(session, person, utc_now(), 1)
    assert entered(client, token).status_code == 303
    assert client.get(f"/households/{household}").status_code == 200
    with database_of(county.data).write_session() as session:
        people.change_account(
            session, people.person_named(session, "moved"), people.account_details("moved", "analyst")
        )
    assert client.get(f"/households/{household}").status_code == 403
    with database_of(county.data).write_session() as session:
        people.disable_account(session, people.person_named(session, "moved"), utc_now())
    assert client.get("/board").status_code == 303


def test_a_key_makes_no_other_key_and_sets_no_password(desk: FastAPI) -> None:
    thief = seen_by(desk, "analyst")
    stolen = {"password": "sheep graze on hills", "again": "sheep graze on hills", "label": "mine"}
    for path in ("/account/password", "/account/keys", "/account/keys/abcd/revoke"):
        assert thief.post(path, data=stolen).status_code == 403
    assert thief.get("/account").status_code == 200


def test_each_answer_says_what_a_browser_may_do_with_it(desk: FastAPI) -> None:
    official = seen_by(desk, "county_official")
    for path in ("/", "/docs", "/api/v1/model", "/nothing", "/static/lights.css"):
        headers = official.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
        assert headers["cache-control"] == "no-store"
    assert "unsafe-inline" not in official.get("/").headers["content-security-policy"]


def test_a_failure_is_counted(county: County) -> None:
    app = application(county.store, settings_of(county.data))
    app.state.context.database.engine.dispose()
    app.state.context.audit_writer.submit = lambda _: 1 / 0
    client = TestClient(
        app, raise_server_exceptions=False, headers={"authorization": f"Bearer {key_for(county.data, 'analyst')}"}
    )
    assert client.get("/api/v1/warnings").json()["zh"].startswith("服务内部出错")
    counted = TestClient(app).get("/metrics").text
    assert 'lights_requests_total{method="GET",route="/api/v1/warnings",status="500"} 1.0' in counted


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:1"])
def test_after_signing_in_nobody_is_sent_elsewhere(desk: FastAPI, wanted: str) -> None:
    page = TestClient(desk).get("/sign-in", params={"next": wanted}).text
    assert 'name="next" value="/"' in page


def test_whoever_asks_too_often_waits_and_others_do_not(county: County) -> None:
    limited = application(county.store, settings_of(county.data).model_copy(update={"requests_per_minute": 2}))
    one, other = (seen_by(limited, role) for role in ("county_official", "analyst"))
    answers = [one.get("/api/v1/model") for _ in range(3)]
    assert [each.status_code for each in answers] == [200, 200, 429]
    assert int(answers[2].headers["retry-after"]) >= 1
    assert answers[2].json()["zh"].startswith("请求过于频繁")
    assert other.get("/api/v1/model").status_code == 200


def test_figures_are_for_this_machine_or_a_token(county: County, desk: FastAPI) -> None:
    client = TestClient(desk)
    text = client.get("/metrics").text
    assert f'lights_loans{{light="red"}} {county.month.manifest.lights["red"]["loans"]}.0' in text
    assert client.get("/metrics", headers={"x-forwarded-for": "10.0.0.9"}).status_code == 403
    assert TestClient(desk, client=("10.0.0.9", 1)).get("/metrics").status_code == 403
    guarded = settings_of(county.data).model_copy(update={"metrics_token": SecretStr("t")})
    behind = TestClient(application(county.store, guarded))
    assert behind.get("/metrics").status_code == 403
    assert behind.get("/metrics", headers={"authorization": "Bearer t"}).status_code == 200


def test_a_form_for_a_household_out_of_scope_is_as_if_there_were_none(county: County, desk: FastAPI) -> None:
    bank = county.warnings["bank"][0]
    mine = set(county.warnings.filter(pl.col("bank") == bank)["household_id"])
    other = county.warnings.filter(~pl.col("household_id").is_in(mine)).row(0, named=True)
    officer = seen_by(desk, "officer", bank)
    for household in (other["household_id"], "H999"):
        filled = {"as_of": str(county.newest), "loan": other["loan_id"], "resolved": "yes"}
        assert officer.post(f"/households/{household}/what-if", data=filled).status_code == 404
        assert officer.post(f"/households/{household}/cases", data={"loan_id": other["loan_id"]}).status_code == 404
        asked = {"facts": [{"kind": "hardship_resolved"}]}
        assert officer.post(f"/api/v1/households/{household}/what-if", json=asked).status_code == 404
    assert officer.post("/api/v1/cases", json={"loan_id": other["loan_id"]}).status_code == 404
    assert officer.get("/api/v1/maturities", params={"within_days": 3660, "q": other["loan_id"]}).json()["total"] == 0


@pytest.mark.parametrize("path", ["/api/v1/cases", "/api/v1/score", "/api/v1/households/H1/what-if", "/uploads"])
def test_a_body_is_not_looked_at_before_it_is_known_who_sends_it(app: FastAPI, path: str) -> None:
    unsigned = TestClient(app, follow_redirects=False)
    for body in (b"{broken", b"x" * 3_000_000):
        answer = unsigned.post(path, content=body, headers={"content-type": "application/json"})
        assert answer.status_code == (303 if path == "/uploads" else 401), answer.text
    answer = unsigned.post(path, content=b"{broken", headers={"authorization": "Bearer 00000000." + "x" * 43})
    assert answer.status_code in (303, 401)


def test_every_route_asks_who_sends_a_request(app: FastAPI) -> None:
    routers = [each.original_router for each in app.routes if hasattr(each, "original_router")]
    direct = [route for route in app.routes if isinstance(route, APIRoute)]
    routes = [*direct, *(route for router in routers for route in router.routes if isinstance(route, APIRoute))]
    assert len(routes) > 60
    assert [route.path for route in routes if not isinstance(route, AuthenticatedRoute)] == []


def test_a_form_of_an_open_route_needs_its_token_whatever_authorization_is_sent(app: FastAPI) -> None:
    unsigned = TestClient(app, follow_redirects=False)
    headers = {"authorization": "Bearer 00000000." + "x" * 43}
    assert unsigned.post("/sign-in", data={"name": "ma", "password": "x"}, headers=headers).status_code == 403


def test_head_is_answered_like_get_without_a_body(app: FastAPI) -> None:
    client = TestClient(app, follow_redirects=False)
    for path in ("/sign-in", "/health/live", "/board", "/nothing"):
        got, head = client.get(path), client.head(path)
        assert (head.status_code, head.content) == (got.status_code, b""), path
        assert head.headers.get("content-type") == got.headers.get("content-type")


def test_no_address_redirects_to_the_host_that_a_request_names(app: FastAPI) -> None:
    answer = TestClient(app, follow_redirects=False).get("/sign-in/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 404


def test_made_up_methods_share_one_series(app: FastAPI) -> None:
    client = TestClient(app)
    for method in ("BREW", "WHEN", "FETCH"):
        client.request(method, "/health/live")
    text = app.state.metrics.text(app.state.context).decode()
    assert 'method="other"' in text
    assert "BREW" not in text
