"""Sign-in by the county's own directory: a real provider beside us, honest and lying."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from features.console import utc_now
from features.messages import UserError
from serving.access import accounts as people
from serving.app import application
from serving.audit.command_line import database_of
from serving.database.tables import Person
from serving.http.dependencies import SESSION_COOKIE
from serving.months.data_folder import DataFolder
from serving.settings import Settings, settings_of
from tests import http_requests
from tests.running_service import free_port, key_for, wait_for
from tests.serving.access.provider import CLIENT, SECRET


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    port = free_port()
    with tempfile.TemporaryFile("w+") as printed:
        asked = [sys.executable, "-m", "tests.serving.access.provider", str(port)]
        provider = subprocess.Popen(asked, stdout=printed, stderr=subprocess.STDOUT)
        try:
            wait_for(f"http://127.0.0.1:{port}/keys", lambda: provider.poll() is None, printed)
            yield f"http://127.0.0.1:{port}"
        finally:
            provider.kill()
            provider.wait(timeout=30)


@pytest.fixture(scope="module")
def settings(issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    known = settings_of(tmp_path_factory.mktemp("directory"))
    secret = SecretStr(SECRET)
    return known.model_copy(
        update={"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_client_secret": secret},
    )


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    """With one administrator, whom the directory knows by the same name."""
    key_for(settings.data, "administrator")
    return application(DataFolder(settings.data), settings)


@pytest.fixture
def browser(app: FastAPI) -> TestClient:
    return TestClient(app, follow_redirects=False)


def answer_address(browser: TestClient, lie: str = "", who: str = "administrator", wanted: str = "/") -> str:
    """Where the provider sends the browser back to, after somebody signed in there."""
    there = browser.get("/sign-in/oidc", params={"next": wanted, "lang": "en"}).headers["location"]
    return http_requests.get(f"{there}&as={who}&lie={lie}").headers["location"]


def last_entry(app: FastAPI) -> dict[str, object]:
    auditor = TestClient(
        app, headers={"authorization": f"Bearer {key_for(app.state.context.settings.data, 'auditor')}"}
    )
    [entry] = auditor.get("/api/v1/audit", params={"limit": 1}).json()["items"]
    return dict(entry)


def test_the_form_shows_the_way_to_the_directory_where_there_is_one(browser: TestClient, tmp_path: Path) -> None:
    page = browser.get("/sign-in", params={"lang": "en", "next": "/cases"}).text
    assert '<a href="/sign-in/oidc?lang=en&amp;next=%2Fcases">Sign in with the county' in page
    without = TestClient(application(DataFolder(tmp_path), settings_of(tmp_path)))
    assert "oidc" not in without.get("/sign-in").text
    assert without.get("/sign-in/oidc").status_code == without.get("/sign-in/oidc/answer").status_code == 404


def test_the_browser_goes_with_a_challenge_and_keeps_the_secrets_to_itself(browser: TestClient, issuer: str) -> None:
    answer = browser.get("/sign-in/oidc")
    asked = dict(httpx2.URL(answer.headers["location"]).params)
    assert answer.headers["location"].startswith(f"{issuer}/authorize?")
    assert (asked["code_challenge_method"], asked["response_type"], asked["client_id"]) == ("S256", "code", CLIENT)
    assert min(len(asked["state"]), len(asked["nonce"]), len(asked["code_challenge"])) >= 43
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


@pytest.mark.parametrize("signed_by", ["", "curved"])
def test_whom_an_administrator_has_added_is_let_in_with_our_role(
    app: FastAPI, browser: TestClient, signed_by: str
) -> None:
    answer = browser.get(answer_address(browser, signed_by, wanted="/people"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/people?lang=en")
    entry = last_entry(app)
    assert (entry["action"], entry["person"], entry["subject"]) == ("sign_in", "administrator", "directory")
    assert (browser.get("/people").status_code, browser.get("/cases").status_code) == (200, 403)


def test_somebody_whom_nobody_added_stays_outside_and_gets_no_account(app: FastAPI, browser: TestClient) -> None:
    answer = browser.get(answer_address(browser, who="stranger"))
    assert (answer.status_code, SESSION_COOKIE in browser.cookies) == (401, False)
    assert "the administrator has to add it first" in answer.text
    entry = last_entry(app)
    assert (entry["action"], entry["subject"], "stranger" in str(entry)) == ("refusal", "directory", False)
    with app.state.context.database.read_session() as session:
        assert session.query(Person).filter_by(name="stranger").count() == 0


def test_the_subject_names_the_account_where_it_is_asked_to(settings: Settings) -> None:
    by_subject = settings.model_copy(update={"oidc_claim": "sub"})
    with database_of(settings.data).write_session() as session:
        people.create_account(session, people.account_details("subject-1", "analyst"), utc_now())
    browser = TestClient(application(DataFolder(settings.data), by_subject), follow_redirects=False)
    assert browser.get(answer_address(browser, who="stranger")).status_code == 303
    assert "subject-1" in browser.get("/account").text


def test_a_disabled_person_stays_outside(app: FastAPI, browser: TestClient) -> None:
    with database_of(app.state.context.settings.data).write_session() as session:
        gone = people.create_account(session, people.account_details("gone", "analyst"), utc_now())
        people.disable_account(session, gone, utc_now())
    assert browser.get(answer_address(browser, who="gone")).status_code == 401


@pytest.mark.parametrize(
    "lie",
    [
        *("wrong_audience", "two_audiences", "wrong_issuer", "expired", "wrong_nonce"),
        *("forged", "unsigned", "by_our_secret"),
    ],
)
def test_an_answer_that_lies_lets_nobody_in(app: FastAPI, browser: TestClient, lie: str) -> None:
    answer = browser.get(answer_address(browser, lie))
    assert (answer.status_code, SESSION_COOKIE in browser.cookies) == (401, False)
    assert "The directory&#39;s answer cannot be trusted" in answer.text
    assert last_entry(app)["action"] == "refusal"


def test_a_state_is_good_once_and_in_its_own_browser(app: FastAPI, browser: TestClient) -> None:
    back = answer_address(browser)
    other = TestClient(app, follow_redirects=False)
    other.get("/sign-in/oidc")
    assert other.get(back).status_code == 401
    assert browser.get(back).status_code == 303
    browser.cookies.delete(SESSION_COOKIE)
    replayed = browser.get(back)
    assert (replayed.status_code, SESSION_COOKIE in browser.cookies) == (401, False)
    assert "used already" in TestClient(app).get(back, headers={"accept-language": "en"}).text


def test_a_state_is_good_once_whatever_the_browser_kept(app: FastAPI, browser: TestClient) -> None:
    """The provider would take its code again."""
    back = httpx2.URL(answer_address(browser))
    kept = dict(browser.cookies)
    assert browser.get(str(back.copy_remove_param("code"))).status_code == 401
    copy = TestClient(app, follow_redirects=False, cookies=kept)
    again = copy.get(str(back))
    assert (again.status_code, SESSION_COOKIE in copy.cookies) == (401, False)


def test_a_state_is_good_for_ten_minutes(settings: Settings) -> None:
    clock = [utc_now()]
    browser = TestClient(application(DataFolder(settings.data), settings, lambda: clock[0]), follow_redirects=False)
    back = answer_address(browser)
    clock[0] += timedelta(seconds=601)
    answer = browser.get(back)
    assert (answer.status_code, "is too old" in answer.text) == (401, True)


def test_a_code_that_was_used_with_a_copied_cookie_lets_nobody_in(app: FastAPI, browser: TestClient) -> None:
    back = answer_address(browser)
    copy = TestClient(app, follow_redirects=False, cookies=dict(browser.cookies))
    assert browser.get(back).status_code == 303
    assert copy.get(back).status_code == 401


def test_a_directory_that_declines_or_calls_itself_otherwise_lets_nobody_in(browser: TestClient) -> None:
    back = httpx2.URL(answer_address(browser))
    declined = browser.get(str(back.copy_remove_param("code").copy_add_param("error", "access_denied")))
    assert "The directory declined the sign-in." in declined.text
    mixed = httpx2.URL(answer_address(browser)).copy_add_param("iss", "https://elsewhere.example")
    assert browser.get(str(mixed)).status_code == 401


def test_a_directory_that_is_silent_is_said_to_be_and_passwords_stay(settings: Settings) -> None:
    gone = settings.model_copy(update={"oidc_issuer": f"http://127.0.0.1:{free_port()}"})
    answer = TestClient(application(DataFolder(gone.data), gone)).get("/sign-in/oidc", params={"lang": "zh"})
    assert (answer.status_code, "统一身份目录没有正常应答" in answer.text) == (401, True)
    assert 'name="password"' in answer.text


@pytest.mark.parametrize(
    ("issuer", "client", "wrong"),
    [
        ("http://directory.example", "c", "LIGHTS_OIDC_ISSUER"),
        ("https://directory.example", "", "LIGHTS_OIDC_CLIENT_ID"),
        ("https://directory.example", "c", None),
        ("http://127.0.0.1:9", "c", None),
    ],
)
def test_an_issuer_is_reached_by_tls_and_knows_us_by_a_name(
    monkeypatch: pytest.MonkeyPatch, issuer: str, client: str, wrong: str | None
) -> None:
    monkeypatch.setenv("LIGHTS_OIDC_ISSUER", issuer)
    monkeypatch.setenv("LIGHTS_OIDC_CLIENT_ID", client)
    if wrong is None:
        assert settings_of().oidc_issuer == issuer
        return
    with pytest.raises(UserError, match=wrong):
        settings_of()


def test_without_the_extra_the_service_says_which_it_needs() -> None:
    asked = (
        "import sys; sys.modules['joserfc'] = None\n"
        "from serving.settings import Settings\nfrom serving.access.oidc import oidc_provider\n"
        "oidc_provider(Settings(oidc_issuer='https://d.example', oidc_client_id='c'))"
    )
    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=False)
    assert "the extra [oidc] is not installed" in ran.stderr
