"""A published file that is not what was published is never served: the month before is, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.months.data_folder import DataFolder
from serving.months.manifest import DamagedMonthError
from serving.months.repository import MonthRepository
from tests import http_requests
from tests.conftest import County
from tests.running_service import done, lights, refused, serving


def flip_byte(path: Path, at: int | None = None) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if at is None else at] ^= 0x10
    path.write_bytes(content)


def file_of(county: County, kind: str, newest: bool = True) -> Path:
    month = MonthRepository(county.store).month(county.newest if newest else county.before)
    return next((month.folder / kind).glob("*.parquet"))


@pytest.fixture
def own(county: County, tmp_path: Path) -> County:
    return county.copied_to(tmp_path / "var")


@pytest.mark.parametrize("kind", ["warnings", "features", "typical"])
def test_a_flipped_byte_in_any_file_of_the_newest_month_shows_the_one_before(own: County, kind: str) -> None:
    assert own.month.fault is None
    flip_byte(file_of(own, kind))
    month = MonthRepository(own.store).month()
    assert (month.as_of, month.damaged and month.damaged.as_of) == (own.before, own.newest)
    assert kind in month.notes[0].en
    assert f"The month {own.newest} cannot be shown" in month.notes[0].en
    with pytest.raises(DamagedMonthError, match=f"score --as-of {own.newest}"):
        MonthRepository(own.store).month(own.newest).scan(kind)


def test_a_file_that_goes_or_changes_after_it_was_read_is_seen(own: County) -> None:
    month = MonthRepository(own.store).month(own.newest)
    assert month.scan("warnings").collect().height
    path = file_of(own, "warnings")
    content = path.read_bytes()
    flip_byte(path)
    with pytest.raises(DamagedMonthError):
        month.scan("warnings")
    path.write_bytes(content)
    assert month.scan("warnings").collect().height
    path.unlink()
    with pytest.raises(DamagedMonthError, match="missing or damaged"):
        month.scan("warnings")


def test_a_file_that_the_manifest_does_not_list_is_not_read(own: County) -> None:
    rows = own.month.scan("warnings").collect().height
    path = file_of(own, "warnings")
    path.with_name("999999.parquet").write_bytes(path.read_bytes())
    assert own.month.scan("warnings").collect().height == rows


def test_where_every_month_is_damaged_none_is_shown(own: County) -> None:
    for newest in (True, False):
        flip_byte(file_of(own, "features", newest))
    with pytest.raises(DamagedMonthError):
        MonthRepository(own.store).month()


def test_pages_interface_and_readiness_say_so_and_answer(own: County) -> None:
    flip_byte(file_of(own, "warnings"))
    with serving(own.data) as address:
        ready = http_requests.get(f"{address}/health/ready")
        assert (ready.status_code, ready.json()["status"], ready.json()["damaged"]) == (
            200,
            "degraded",
            str(own.newest),
        )
        assert f"{own.newest} 的预警不能显示" in http_requests.get(f"{address}/?lang=zh").text
        listed = http_requests.get(f"{address}/api/v1/warnings").json()
        assert (listed["as_of"], listed["damaged"]["as_of"]) == (str(own.before), str(own.newest))
        assert http_requests.get(f"{address}/api/v1/warnings?as_of={own.newest}").status_code == 409
        board = http_requests.get(f"{address}/board?lang=en")
        assert (board.status_code, f"The month {own.newest} cannot be shown" in board.text) == (200, True)


def test_an_earlier_damaged_month_is_left_out_of_the_board_and_told(own: County) -> None:
    flip_byte(file_of(own, "warnings", newest=False))
    with serving(own.data) as address:
        assert http_requests.get(f"{address}/health/ready").json()["status"] == "ready"
        board = http_requests.get(f"{address}/board?lang=en")
        assert (board.status_code, f"their files are damaged: {own.before}" in board.text) == (200, True)
        household = own.warnings["household_id"][0]
        sheet = http_requests.get(f"{address}/households/{household}?lang=en")
        assert (sheet.status_code, f"their files are damaged: {own.before}" in sheet.text) == (200, True)


def test_commands_refuse_a_damaged_month_and_scoring_makes_it_anew(own: County) -> None:
    flip_byte(file_of(own, "warnings"))
    told = refused(lights(own.data, "report", "--as-of", own.newest, "--out", own.data / "out"))
    assert "missing or damaged" in told
    done(lights(own.data, "score", "--as-of", own.newest))
    month = MonthRepository(DataFolder(own.data)).month()
    assert (month.as_of, month.edition, month.damaged) == (own.newest, 2, None)


def test_a_changed_manifest_is_damaged_too(own: County) -> None:
    path = own.month.folder / "manifest.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"rows": ', '"rows": 1'), "utf-8")
    month = MonthRepository(own.store).month()
    assert (month.as_of, month.damaged and month.damaged.as_of) == (own.before, own.newest)
    path.write_text(text, "utf-8")
    assert MonthRepository(own.store).month().as_of == own.newest
