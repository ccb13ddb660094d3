"""Months that version 0.1 published in folders named by their day: read as they are, and renamed by the next run."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from serving.batch.old_months import rename_old_months
from serving.batch.run import score
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.running_service import done, lights
from tests.serving.provinces import AS_OF, AT, Province

BEFORE = date(2025, 11, 30)
MONTHS = (AS_OF, BEFORE)
STEPS = ("link", "symlink", "rename", "replace", "unlink", "rmdir")
"""Functions of the system by which names in the data folder change."""


def write_as_version_0_1(data: Path) -> None:
    """Give each month the folders and files of version 0.1: named by its day, which is text in the files."""
    for day in MONTHS:
        new, old = f"month={day:%Y-%m}", f"as_of={day}"
        edition = data / "editions" / old / "edition-1"
        edition.parent.with_name(new).rename(edition.parent)
        manifest = json.loads((edition / "manifest.json").read_text("utf-8"))
        for path in (edition / "warnings").iterdir():
            table = pq.read_table(path)
            days = pa.array([str(day)] * table.num_rows, pa.string()).dictionary_encode()
            pq.write_table(table.set_column(table.column_names.index("as_of"), "as_of", days), path)
            manifest["checksums"][f"warnings/{path.name}"] = hashlib.sha256(path.read_bytes()).hexdigest()
        (edition / "manifest.json").write_text(json.dumps(manifest), "utf-8")
        (edition / "manifest.sha256").unlink()
        (data / "warnings" / new).unlink()
        (data / "warnings" / old).symlink_to(Path("..", "editions", old, "edition-1", "warnings"))


@pytest.fixture(scope="module")
def province_of_old_months(ruled_province: Province, tmp_path_factory: pytest.TempPathFactory) -> Province:
    province = ruled_province.copied_to(tmp_path_factory.mktemp("old") / "var")
    for day in reversed(MONTHS):
        score(province.store, day, "clerk", AT, lambda *_: None)
    write_as_version_0_1(province.data)
    return province


@pytest.fixture
def own(province_of_old_months: Province, tmp_path: Path) -> Province:
    return province_of_old_months.copied_to(tmp_path / "var")


def rename(data: Path) -> list[str]:
    """Rename the months of a data folder; returns what the command prints."""
    lines: list[str] = []
    rename_old_months(DataFolder(data), lambda _, line: lines.append(line))
    return lines


def published_rows(data: Path) -> pl.DataFrame:
    """The warnings of all months, as the service reads them; each month has to be whole and to have one name."""
    repository = MonthRepository(DataFolder(data))
    assert tuple(repository.months()) == MONTHS
    assert len(list((data / "warnings").glob("[!.]*"))) == len(MONTHS)
    months = [repository.month(day) for day in MONTHS]
    assert all(month.is_whole for month in months)
    return pl.concat(month.scan("warnings").collect() for month in months)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_old_months_are_read_before_they_are_renamed(own: Province) -> None:
    assert published_rows(own.data)["as_of"].unique().sort(descending=True).to_list() == list(MONTHS)
    assert MonthRepository(own.store).edition(BEFORE, 1).manifest.rows > 0
    assert done(lights(own.data, "replay", "--as-of", AS_OF))


def test_the_next_run_renames_all_months_says_so_and_keeps_what_was_published(own: Province) -> None:
    before = published_rows(own.data)
    files = {day: contents(own.data / "editions" / f"as_of={day}" / "edition-1") for day in MONTHS}
    ran = lights(own.data, "score", "--as-of", AS_OF)
    assert f"month=YYYY-MM: {BEFORE}, {AS_OF}" in done(ran) + ran.stderr
    for folder in ("editions", "warnings"):
        assert {path.name for path in (own.data / folder).iterdir()} - {"lock"} == {"month=2025-11", "month=2025-12"}
    for day in MONTHS:
        assert contents(own.data / "editions" / f"month={day:%Y-%m}" / "edition-1") == files[day]
    assert published_rows(own.data).equals(before)
    rows = pl.read_parquet(own.data / "warnings").drop("month")
    assert rows.schema["as_of"] == pl.Date
    assert rows.sort("as_of", "loan_id").equals(before.sort("as_of", "loan_id"))
    assert own.month.manifest.edition == 2
    assert "month=YYYY-MM" not in done(again := lights(own.data, "score", "--as-of", AS_OF)) + again.stderr
    for edition in (1, 2):
        assert done(lights(own.data, "replay", "--as-of", AS_OF, "--edition", edition))


def test_a_run_stopped_at_any_step_leaves_every_month_whole_and_the_next_goes_on(
    own: Province, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = published_rows(own.data)
    files = {day: contents(own.data / "editions" / f"as_of={day}" / "edition-1") for day in MONTHS}
    for step in count():
        data = tmp_path / str(step) / "var"
        for folder in ("editions", "warnings"):
            shutil.copytree(own.data / folder, data / folder, symlinks=True)
        with monkeypatch.context() as patched:
            stopped = stop_system_at(step, patched)
            try:
                rename(data)
            except OSError:
                assert stopped()
            if not stopped():
                break
        assert published_rows(data).equals(before), step
        rename(data)
        assert published_rows(data).equals(before), step
        for day in MONTHS:
            month = data / "editions" / f"month={day:%Y-%m}"
            assert contents(month / "edition-1") == files[day], step
            assert {path.name for path in month.iterdir()} == {"edition-1", "edition-2"}, step
        assert not list((data / "editions").glob("as_of=*")), step
        shutil.rmtree(data)
    assert step > 10


def stop_system_at(step: int, patched: pytest.MonkeyPatch) -> Callable[[], bool]:
    """From the step with this number on, no name changes any more, as after a kill; returns whether it came to that."""
    calls = count()

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **keywords: Any) -> Any:
            if next(calls) >= step:
                raise OSError
            return function(*arguments, **keywords)

        return call

    for name in STEPS:
        patched.setattr(os, name, counted(getattr(os, name)))
    return lambda: next(calls) > step


def test_a_month_under_both_names_stays_as_it_is(own: Province, tmp_path: Path) -> None:
    old = own.copied_to(tmp_path / "old")
    rename(own.data)
    for path in (Path("editions", f"as_of={BEFORE}"), Path("warnings", f"as_of={BEFORE}")):
        (old.data / path).rename(own.data / path)
    before = contents(own.data)
    assert rename(own.data) == []
    assert contents(own.data) == before
    assert MonthRepository(own.store).month(BEFORE).folder.parent.name == "month=2025-11"


def test_a_folder_without_a_day_in_its_name_is_no_month(own: Province) -> None:
    (own.data / "editions" / "as_of=copy").mkdir()
    rename(own.data)
    assert (own.data / "editions" / "as_of=copy").exists()
