"""Stored text that is cut or damaged is refused with its path; what is no month is passed over."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from features.messages import UserError
from features.stored_files import read_stored_json
from models.registry import ModelStore
from serving.months.published_editions import month_folder_name
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, lights, serving


@pytest.fixture
def own(county: County, tmp_path: Path) -> County:
    return county.copied_to(tmp_path / "var")


@pytest.mark.parametrize("content", [b"", b'{"a": 1', b"[1]", b"\xff\xfe", b'{"b": 1}', b"null"])
def test_a_damaged_file_is_refused_with_its_path(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stored.json"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"stored\.json is missing or damaged .*restore it from a backup"):
        read_stored_json(path, lambda stored: stored["a"] + 0)


def cut(path: Path) -> str:
    """Cut a file to half; its name."""
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path.name


def test_a_manifest_that_is_cut_is_named_by_commands_and_pages(own: County) -> None:
    [manifest] = (own.data / "editions" / month_folder_name(own.newest)).glob("edition-*/manifest.json")
    name = cut(manifest)
    for words in (("report", "--as-of", own.newest, "--out", own.data / "out"), ("replay", "--as-of", own.newest)):
        ran = lights(own.data, *words)
        assert (ran.returncode, "Traceback" in ran.stderr) == (1, False), ran.stderr
        assert name in ran.stderr


def test_a_damaged_history_of_champions_is_named_and_a_torn_last_line_is_not(own: County) -> None:
    history = own.data / "models" / "history.jsonl"
    whole = history.read_bytes()
    history.write_bytes(whole + b'{"alias": "cham')
    assert len(ModelStore(own.data / "models").history) == len(whole.splitlines())
    history.write_bytes(b'{"alias": "cham\n' + whole)
    ran = lights(own.data, "score", "--as-of", own.newest)
    assert "Traceback" not in ran.stderr
    assert "history.jsonl" in ran.stderr + ran.stdout


def test_a_damaged_audit_head_is_named(own: County) -> None:
    (own.data / "audit_heads").mkdir(exist_ok=True)
    (own.data / "audit_heads" / "x.json").write_text('{"number": 1')
    ran = lights(own.data, "audit", "verify")
    assert (ran.returncode, "Traceback" in ran.stderr, "x.json" in ran.stderr) == (1, False, True), ran.stderr


def test_what_is_no_month_is_passed_over(own: County) -> None:
    months = own.data / "warnings"
    shutil.copytree(months / month_folder_name(own.newest), months / "month=copy")
    shutil.copytree(months / month_folder_name(own.newest), months / "month=2030-01")
    (own.data / "editions" / month_folder_name(own.newest) / "edition-old").mkdir()
    done(lights(own.data, "score", "--as-of", own.newest))
    with serving(own.data) as address:
        assert http_requests.get(f"{address}/health/ready").status_code == 200
        assert http_requests.get(f"{address}/api/v1/warnings").json()["as_of"] == str(own.newest)
