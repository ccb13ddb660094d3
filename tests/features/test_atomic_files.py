"""Files, folders and locks: whole or not at all, whatever happens in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from features.atomic_files import (
    append_line,
    atomic_file,
    atomic_folder,
    exclusive_lock,
    replace_link,
    scratch_folder,
    write_bytes,
)
from features.messages import UserError


class StoppedError(Exception):
    """What goes wrong while something is written."""


def stop_after(path: Path) -> None:
    """Write half of something, then fail."""
    path.write_text("half")
    raise StoppedError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("unique", [False, True])
def test_a_file_that_is_not_finished_leaves_the_old_one(tmp_path: Path, unique: bool) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(StoppedError), atomic_file(path, unique=unique) as staging:
        stop_after(staging)
    assert (path.read_text(), names(tmp_path)) == ("old", ["a.json"])
    with atomic_file(path, unique=unique) as staging:
        staging.write_text("new")
        assert path.read_text() == "old"
    assert (path.read_text(), names(tmp_path)) == ("new", ["a.json"])


def test_a_file_that_is_written_once_is_not_replaced(tmp_path: Path) -> None:
    for content in ("first", "second"):
        with atomic_file(tmp_path / "key", unique=True, replace=False, mode=0o600) as staging:
            staging.write_text(content)
    assert ((tmp_path / "key").read_text(), names(tmp_path)) == ("first", ["key"])
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("unique", [False, True])
def test_a_folder_takes_the_place_of_the_old_one_whole(tmp_path: Path, unique: bool) -> None:
    folder = tmp_path / "report"
    for content in ("old", "new"):
        with atomic_folder(folder, unique=unique) as staging:
            (staging / content).write_text(content)
    with pytest.raises(StoppedError), atomic_folder(folder, unique=unique) as staging:
        stop_after(staging / "half")
    assert (names(folder), names(tmp_path)) == (["new"], ["report"])


def test_a_folder_that_a_killed_process_moved_aside_comes_back(tmp_path: Path) -> None:
    (tmp_path / ".report.replaced").mkdir()
    (tmp_path / ".report.replaced" / "old").write_text("old")
    (tmp_path / ".report.making").mkdir()
    with pytest.raises(StoppedError), atomic_folder(tmp_path / "report"):
        raise StoppedError
    assert (names(tmp_path / "report"), names(tmp_path)) == (["old"], ["report"])


def test_a_lock_is_refused_while_another_process_holds_it_and_free_once_that_is_killed(tmp_path: Path) -> None:
    held = (
        "import sys, time, pathlib; from features.atomic_files import exclusive_lock\n"
        "with exclusive_lock(pathlib.Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)"
    )
    busy = UserError("忙", "busy")
    with subprocess.Popen([sys.executable, "-c", held, str(tmp_path / "lock")], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(UserError, match="busy"), exclusive_lock(tmp_path / "lock", busy):
            pass
        os.kill(other.pid, signal.SIGKILL)
    with exclusive_lock(tmp_path / "lock", busy):
        pass


def test_a_line_after_a_torn_one_is_a_line_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "runs.jsonl"
    append_line(path, "one")
    path.write_bytes(path.read_bytes() + b'{"torn')
    append_line(path, "two")
    assert path.read_text().splitlines() == ["one", '{"torn', "two"]


def test_a_link_points_to_the_old_or_the_new(tmp_path: Path) -> None:
    for name in ("old", "new"):
        (tmp_path / name).mkdir()
        replace_link(tmp_path / "months" / "link", tmp_path / name)
    assert (tmp_path / "months" / "link").resolve() == tmp_path / "new"
    assert names(tmp_path / "months") == ["link"]


def test_a_scratch_folder_is_empty_and_goes(tmp_path: Path) -> None:
    (tmp_path / "scratch" / "left").mkdir(parents=True)
    with scratch_folder(tmp_path / "scratch") as folder:
        assert names(folder) == []
    assert names(tmp_path) == []


def test_a_disk_that_refuses_is_one_sentence_and_the_old_file_stays(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("a file where a folder should be")
    with pytest.raises(UserError, match=r"The disk does not take .*: make room and try again"):
        write_bytes(b"new", tmp_path / "folder" / "a.json")
    assert names(tmp_path) == ["folder"]


def test_a_killed_writer_leaves_nothing_under_the_name(tmp_path: Path) -> None:
    written = (
        "import sys, time, pathlib; from features.atomic_files import atomic_file\n"
        "with atomic_file(pathlib.Path(sys.argv[1])) as staging:\n"
        "    staging.write_text('half'); print('half', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", written, str(tmp_path / "a")], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"half\n"
        os.kill(writer.pid, signal.SIGKILL)
    time.sleep(0)
    assert not (tmp_path / "a").exists()
    with atomic_file(tmp_path / "a") as staging:
        staging.write_text("whole")
    assert ((tmp_path / "a").read_text(), names(tmp_path)) == ("whole", ["a"])
