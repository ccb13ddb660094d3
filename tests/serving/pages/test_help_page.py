"""The manuals in the service: each role's page first, files of the site alone, their own content security policy."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from serving.access.roles import Role
from serving.app import application
from serving.months.data_folder import DataFolder
from serving.pages.help_page import ROLE_PAGES
from serving.settings import Settings
from tests.running_service import key_for

SCRIPT = "document.title = 'a'"
BUNDLE = "assets/javascripts/bundle.a5f9d56c.min.js"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built site with two pages in both languages, and a file beside it that is none of its own."""
    folder = tmp_path_factory.mktemp("help")
    (folder / "secret.html").write_text("secret")
    for name in ("index.html", "clerk.html", "en/index.html", "en/clerk.html", BUNDLE):
        path = folder / "site" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"<title>{name}</title><script>{SCRIPT}</script>")
    (folder / "site" / "linked.html").symlink_to(folder / "secret.html")
    return folder / "site"


def client_of(data: Path, site: Path, role: Role) -> TestClient:
    app = application(DataFolder(data), Settings(data=data, manuals=site))
    headers = {"authorization": f"Bearer {key_for(data, role)}"}
    return TestClient(app, headers=headers, follow_redirects=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readers") / "var"


@pytest.fixture(scope="module")
def clerk(data: Path, site: Path) -> TestClient:
    return client_of(data, site, Role.CLERK)


@pytest.mark.parametrize(
    ("lang", "preferred", "page"),
    [
        ("zh", "en", "clerk.html"),
        ("en", "zh", "en/clerk.html"),
        ("", "en-GB", "en/clerk.html"),
        ("", "fr", "clerk.html"),
    ],
)
def test_help_leads_to_the_page_of_the_role_in_the_language(
    clerk: TestClient, lang: str, preferred: str, page: str
) -> None:
    answer = clerk.get("/help", params={"lang": lang} if lang else {}, headers={"accept-language": preferred})
    assert (answer.status_code, answer.headers["location"]) == (307, f"/help/{page}")
    assert f"<title>{page}</title>" in clerk.get(answer.headers["location"]).text


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.ANALYST])
def test_a_role_whose_page_is_not_there_reads_the_index(data: Path, site: Path, role: Role) -> None:
    assert client_of(data, site, role).get("/help?lang=en").headers["location"] == "/help/en/index.html"


def test_every_role_but_the_auditor_has_a_page() -> None:
    assert set(Role) - set(ROLE_PAGES) == {Role.AUDITOR}


def test_scripts_of_a_page_are_allowed_by_their_hashes_alone(clerk: TestClient) -> None:
    policy = clerk.get("/help/index.html").headers["content-security-policy"]
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}';" in policy
    assert "unsafe" not in policy
    assert "sha256" not in clerk.get(f"/help/{BUNDLE}").headers["content-security-policy"]
    assert clerk.get("/help/").headers["content-security-policy"] == policy
    assert "sha256" not in clerk.get("/account").headers["content-security-policy"]


def test_a_file_is_asked_for_again_and_not_sent_again(clerk: TestClient) -> None:
    page = clerk.get("/help/index.html")
    assert page.headers["cache-control"] == "private, no-cache"
    again = clerk.get("/help/index.html", headers={"if-none-match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert clerk.get(f"/help/{BUNDLE}").headers["cache-control"] == "private, max-age=86400"
    assert clerk.get("/account").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/help", "/help/index.html", "/help/none.html"])
def test_head_answers_as_get_does_without_a_body(clerk: TestClient, path: str) -> None:
    get, head = clerk.get(path), clerk.head(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"] if path != "/help" else True


@pytest.mark.parametrize(
    "path",
    [
        *("none.html", "en", "en/", "../secret.html", "%2e%2e/secret.html", "..%2fsecret.html", "en/../../secret.html"),
        *("/etc/hostname", "%2fetc%2fhostname", "linked.html", "index.html%00", "%5c..%5csecret.html"),
        *("a" * 300, "index.html%00/../../secret.html"),
    ],
)
def test_nothing_but_the_files_of_the_site_is_sent(clerk: TestClient, path: str) -> None:
    answer = clerk.get(f"/help/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text.replace("secret.html", "")


def test_a_reader_without_a_session_gets_no_file(data: Path, site: Path) -> None:
    client = client_of(data, site, Role.CLERK)
    for path in ("/help", "/help/index.html", f"/help/{BUNDLE}"):
        answer = client.get(path, headers={"authorization": ""})
        assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in")


@pytest.mark.parametrize(("lang", "words"), [("zh", "手册尚未生成"), ("en", "The manuals are not built")])
def test_where_the_manuals_are_not_built_the_page_says_what_builds_them(
    data: Path, tmp_path: Path, lang: str, words: str
) -> None:
    client = client_of(data, tmp_path / "nowhere", Role.CLERK)
    answer = client.get("/help", params={"lang": lang})
    assert answer.status_code == 503
    assert words in answer.text
    assert "./run docs" in answer.text
    assert client.get("/help/index.html").status_code == 404


@pytest.mark.parametrize(("lang", "word"), [("zh", "帮助"), ("en", "Help")])
def test_every_page_after_sign_in_leads_to_help(clerk: TestClient, lang: str, word: str) -> None:
    link = f'<a href="/help?lang={lang}">{word}</a>'
    assert link in clerk.get(f"/account?lang={lang}").text
    assert link not in clerk.get(f"/sign-in?lang={lang}", headers={"authorization": ""}).text
