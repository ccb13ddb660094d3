"""Published months as their links say: kept while nothing changes, and read anew at once where something did."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

import pytest

from serving.months.published_editions import month_end_in, month_folder_name, published_editions

_JUNE, _JULY = date(2025, 6, 30), date(2025, 7, 31)


def publish(folder: Path, day: date, edition: int) -> Path:
    """As `lights score` does: a new link takes the place of the old one in one step."""
    target = folder / "editions" / month_folder_name(day) / f"edition-{edition}"
    (target / "warnings").mkdir(parents=True)
    link = folder / "warnings" / month_folder_name(day)
    link.parent.mkdir(exist_ok=True)
    making = folder / "making"
    making.symlink_to(target / "warnings")
    making.replace(link)
    return target


@pytest.mark.parametrize(
    ("name", "day"), [("month=2024-02", date(2024, 2, 29)), ("as_of=2024-02-29", date(2024, 2, 29))]
)
def test_a_folder_names_the_end_of_its_month(name: str, day: date) -> None:
    assert month_end_in(name) == day
    assert month_folder_name(day) == "month=2024-02"


@pytest.mark.parametrize(
    "name", ["month=copy", "month=2024-13", "month=2024", "month=2024-02-29", "as_of=", "2024-02-x"]
)
def test_any_other_name_names_no_month(name: str) -> None:
    with pytest.raises(ValueError, match=r"isoformat|month must be"):
        month_end_in(name)


def test_a_folder_that_is_not_there_lists_nothing(tmp_path: Path) -> None:
    assert published_editions(tmp_path / "warnings") == {}


def test_a_month_and_an_edition_are_listed_as_soon_as_they_are_published(tmp_path: Path) -> None:
    for edition in range(1, 60):
        june = publish(tmp_path, _JUNE, edition)
        assert published_editions(tmp_path / "warnings") == {_JUNE: june}
    july = publish(tmp_path, _JULY, 1)
    assert list(published_editions(tmp_path / "warnings").items()) == [(_JULY, july), (_JUNE, june)]


def test_a_folder_changed_a_moment_ago_is_not_kept_since_it_may_change_again_unseen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tick = "serving.months.published_editions._CLOCK_TICK_NS"
    monkeypatch.setattr(tick, 10**12)  # a quarter of an hour: no pause of this machine is as long
    june, folder = publish(tmp_path, _JUNE, 1), tmp_path / "warnings"
    assert published_editions(folder) == published_editions(folder) == {_JUNE: june}
    assert published_editions(folder) is not published_editions(folder)


def test_what_is_kept_gives_way_to_a_new_edition_and_to_one_taken_out(tmp_path: Path) -> None:
    first, folder = publish(tmp_path, _JUNE, 1), tmp_path / "warnings"
    time.sleep(1.1)
    assert published_editions(folder) is published_editions(folder) == {_JUNE: first}
    second = publish(tmp_path, _JUNE, 2)
    assert published_editions(folder) == {_JUNE: second}
    (folder / month_folder_name(_JUNE)).unlink()
    assert published_editions(folder) == {}
