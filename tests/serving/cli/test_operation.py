"""The desk from the machine: people, backup, workers, hosts, and a trail of what the machine's user does."""

from __future__ import annotations

import hashlib
import json
import socket
import tarfile
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from features.ledger.number_files import NUMBERED_FOLDER
from features.messages import UserError
from serving.app import application
from serving.cli.backup import backup, restore
from serving.months.data_folder import DataFolder
from serving.months.edition import ROW_STORES_FOLDER
from serving.settings import Settings, settings_of
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, entered, key_for, lights, refused, serving, unsigned


def contents(folder: Path) -> dict[str, str]:
    """Of every file but the database's own, whose pages may lie otherwise, and of links; not of what is rebuilt."""
    return {
        str(path.relative_to(folder)): str(path.readlink())
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if (path.is_symlink() or path.is_file())
        and ".db" not in path.name
        and path.name not in ("lock", "settings.json")
        and path.relative_to(folder).parts[0] != ROW_STORES_FOLDER
        and path.relative_to(folder).parts[:2] != ("ledger", NUMBERED_FOLDER)
    }


def test_a_backup_restored_elsewhere_is_the_same_county_with_the_same_people(county: County, tmp_path: Path) -> None:
    key = key_for(county.data, "county_official")
    files = backup(settings_of(county.data), tmp_path / "b.tar.gz")
    assert restore(tmp_path / "b.tar.gz", tmp_path / "new") == files
    assert contents(tmp_path / "new") == contents(county.data)
    again = County(tmp_path / "new", county.inbox, county.newest, {})
    client = TestClient(application(again.store, settings_of(again.data)), headers={"authorization": f"Bearer {key}"})
    assert client.get("/api/v1/warnings").json()["total"] == county.warnings.height


def test_a_damaged_backup_is_refused_and_leaves_nothing(by_rules: County, tmp_path: Path) -> None:
    backup(settings_of(by_rules.data), tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        tar.extractall(tmp_path / "open", filter="data")
    (tmp_path / "open" / "data" / "pseudonym.key").write_bytes(b"another")
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "open", ".")
    with pytest.raises(UserError, match=r"damaged: pseudonym\.key"):
        restore(tmp_path / "c.tar.gz", tmp_path / "new")
    (tmp_path / "cut.tar.gz").write_bytes((tmp_path / "b.tar.gz").read_bytes()[:5000])
    with pytest.raises(UserError, match="no whole backup"):
        restore(tmp_path / "cut.tar.gz", tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_nothing_is_restored_over_what_is_there(by_rules: County, tmp_path: Path) -> None:
    backup(settings_of(by_rules.data), tmp_path / "b.tar.gz")
    with pytest.raises(UserError, match="not empty"):
        restore(tmp_path / "b.tar.gz", by_rules.data)
    with pytest.raises(UserError, match="exists already"):
        backup(settings_of(by_rules.data), tmp_path / "b.tar.gz")


def test_people_are_added_listed_and_let_in_from_the_machine(tmp_path: Path) -> None:
    link = json.loads(done(lights(tmp_path, "user", "add", "ma", "--role", "administrator", "--json")))
    client = TestClient(application(DataFolder(tmp_path), settings_of(tmp_path)))
    assert entered(client, link["path"].partition("token=")[2]).url.path == "/people"
    assert "ma  administrator  -  -  True" in done(lights(tmp_path, "user", "list"))
    assert refused(lights(tmp_path, "user", "disable", "ma")).startswith("ma is the last administrator")
    assert refused(lights(tmp_path, "user", "add", "li", "--role", "officer")) == "An officer needs a bank (--bank)."
    anybody = lights(tmp_path, "user", "add", "li", "--role", "officer", "--bank", "a bank before the first load")
    assert "/sign-in?token=" in done(anybody)
    assert "The chain holds: " in done(lights(tmp_path, "audit", "verify"))


def test_an_officer_of_a_bank_without_loans_is_refused_with_the_bank_that_is_meant(by_rules: County) -> None:
    bank = str(by_rules.warnings["bank"][0])
    wrong = lights(by_rules.data, "user", "add", "officer.2", "--role", "officer", "--bank", f"{bank}x")
    assert wrong.returncode == 1
    assert f"There is no loan of a bank '{bank}x'. Did you mean '{bank}'?" in wrong.stderr
    done(lights(by_rules.data, "user", "add", "officer.2", "--role", "officer", "--bank", bank))


def test_heads_that_were_copied_elsewhere_show_a_cut_end(tmp_path: Path) -> None:
    done(lights(tmp_path / "var", "user", "add", "ma", "--role", "administrator"))
    [copied] = [path.rename(tmp_path / path.name) for path in (tmp_path / "var" / "audit_heads").iterdir()]
    assert "no saved head" in refused(lights(tmp_path / "var", "audit", "verify"))
    assert "1 saved heads compared" in done(lights(tmp_path / "var", "audit", "verify", "--heads", tmp_path))
    copied.write_text(json.dumps({**json.loads(copied.read_text()), "number": 9}))
    assert "The chain breaks at entry 2" in refused(lights(tmp_path / "var", "audit", "verify", "--heads", tmp_path))


def test_what_the_machines_user_looks_at_is_audited(county: County, tmp_path: Path) -> None:
    household = county.warnings["household_id"][0]
    done(lights(county.data, "explain", household))
    done(lights(county.data, "report", "--as-of", county.newest, "--out", tmp_path / "issued", "--lang", "zh"))
    done(lights(county.data, "audit", "export", "--out", tmp_path / "audit.jsonl"))
    entries = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text("utf-8").splitlines()]
    looks = [entry for entry in entries if entry["subject"] == "lights explain"]
    assert looks[-1]["person"].startswith("machine:")
    assert looks[-1]["detail"]["household_id"] == household
    issued = [entry for entry in entries if entry["subject"] == "lights report"]
    assert (issued[-1]["action"], issued[-1]["detail"]["as_of"]) == ("export", str(county.newest))


@pytest.mark.parametrize(
    ("host", "set_to", "is_open"),
    [
        ("127.0.0.1", {}, True),
        ("0.0.0.0", {}, False),  # noqa: S104 - it is refused
        ("0.0.0.0", {"secure_cookies": True}, False),  # noqa: S104
        ("0.0.0.0", {"secure_cookies": True, "public_url": "http://lights.county"}, False),  # noqa: S104
        ("0.0.0.0", {"secure_cookies": True, "public_url": "https://lights.county"}, True),  # noqa: S104
    ],
)
def test_others_are_listened_to_over_https_alone(host: str, set_to: dict[str, object], is_open: bool) -> None:
    settings = Settings().model_copy(update=set_to)
    if is_open:
        settings.check_may_listen(host)
        return
    with pytest.raises(UserError, match="HTTPS is needed"):
        settings.check_may_listen(host)


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIGHTS_AUDIT_YEARS", "2")
    with pytest.raises(UserError, match="LIGHTS_AUDIT_YEARS"):
        settings_of()


def test_two_workers_answer_as_one(by_rules: County) -> None:
    with serving(by_rules.data, "--workers", 2) as address:
        totals = {http_requests.get(f"{address}/api/v1/warnings", timeout=30).json()["total"] for _ in range(6)}
        figures = {http_requests.get(f"{unsigned(address)}/metrics", timeout=30).text for _ in range(6)}
    assert totals == {by_rules.warnings.height}
    counted = 'lights_requests_total{method="GET",route="/api/v1/warnings",status="200"} 6.0'
    red = f'lights_loans{{light="red"}} {by_rules.month.manifest.lights["red"]["loans"]}.0'
    assert [text for text in figures if counted not in text or red not in text] == []


def test_two_workers_count_the_requests_of_a_caller_together(by_rules: County) -> None:
    with serving(by_rules.data, "--workers", 2, LIGHTS_REQUESTS_PER_MINUTE="6") as address:
        statuses = [http_requests.get(f"{address}/api/v1/model", timeout=30).status_code for _ in range(20)]
    assert 6 <= statuses.count(200) <= 8  # one more for each ten seconds that the requests take
    assert statuses.count(429) == 20 - statuses.count(200)


def test_more_connections_than_a_process_can_hold_are_refused_and_it_goes_on(by_rules: County) -> None:
    with serving(by_rules.data) as address, ExitStack() as held:
        port = int(address.rpartition(":")[2])
        for _ in range(500):
            held.enter_context(socket.create_connection(("127.0.0.1", port)))
        assert http_requests.get(f"{unsigned(address)}/health/live").status_code == 503
        held.close()
        answers = (http_requests.get(f"{unsigned(address)}/health/live").status_code for _ in range(100))
        assert 200 in answers


def names_in(file: Path) -> list[str]:
    with tarfile.open(file) as tar:
        return tar.getnames()


def test_a_restored_store_whose_settings_changed_is_backed_up_and_restored_again(
    by_rules: County, tmp_path: Path
) -> None:
    backup(settings_of(by_rules.data), tmp_path / "a.tar.gz")
    restore(tmp_path / "a.tar.gz", tmp_path / "first")
    (tmp_path / "first" / "settings.json").write_text('{"LIGHTS_HOST": "its own"}', "utf-8")
    changed = settings_of(tmp_path / "first").model_copy(update={"upload_mb": 7})
    files = backup(changed, tmp_path / "b.tar.gz")
    names = names_in(tmp_path / "b.tar.gz")
    assert len(names) == len(set(names))
    assert {name.partition("/")[0] for name in names} == {"data", "backup"}
    assert restore(tmp_path / "b.tar.gz", tmp_path / "second") == files
    assert (tmp_path / "second" / "settings.json").read_text("utf-8") == '{"LIGHTS_HOST": "its own"}'
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        settings = tar.extractfile("backup/settings.json")
        assert settings is not None
        assert json.loads(settings.read())["LIGHTS_UPLOAD_MB"] == 7


def test_what_is_unfinished_is_in_no_backup(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    half = own.data / "editions" / ".month=2099-01.making" / "edition" / "warnings"
    half.mkdir(parents=True)
    (half / "640323.parquet").write_bytes(b"half")
    backup(settings_of(own.data), tmp_path / "b.tar.gz")
    assert [name for name in names_in(tmp_path / "b.tar.gz") if "/." in name] == []


def test_files_that_go_while_the_backup_is_written_are_passed_over(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    folder, is_over = own.data / "mlflow" / "scratch", threading.Event()
    folder.mkdir(parents=True)

    def come_and_go() -> None:
        while not is_over.is_set():
            for number in range(50):
                (folder / f"{number}.txt").write_text("here for a moment", "utf-8")
            for number in range(50):
                (folder / f"{number}.txt").unlink()

    other = threading.Thread(target=come_and_go)
    other.start()
    try:
        for number in range(4):
            files = backup(settings_of(own.data), tmp_path / f"{number}.tar.gz")
            assert restore(tmp_path / f"{number}.tar.gz", tmp_path / f"new-{number}") == files
    finally:
        is_over.set()
        other.join()


def test_no_load_begins_while_the_ledger_is_read(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    with own.store.ledger.write_lock(), pytest.raises(UserError, match="Another load is running"):
        backup(settings_of(own.data), tmp_path / "b.tar.gz")
    assert list(tmp_path.glob("*.tar.gz")) == []


def test_a_backup_that_cannot_be_read_back_is_none(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    (own.data / "warnings" / "month=2099-01").symlink_to("../editions/month=2099-01/edition-1/warnings")
    with pytest.raises(UserError, match=r"cannot be read back \(data/warnings/month=2099-01\)"):
        backup(settings_of(own.data), tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_backup_of_the_release_before_is_restored(by_rules: County, tmp_path: Path) -> None:
    backup(settings_of(by_rules.data), tmp_path / "b.tar.gz")
    with tarfile.open(tmp_path / "b.tar.gz") as tar:
        tar.extractall(tmp_path / "open", filter="data")
    (tmp_path / "open" / "backup" / "checksums.json").rename(tmp_path / "open" / "data" / "checksums.json")
    with tarfile.open(tmp_path / "old.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "open" / "data", ".")
    restore(tmp_path / "old.tar.gz", tmp_path / "new")
    assert contents(tmp_path / "new") == contents(by_rules.data)
