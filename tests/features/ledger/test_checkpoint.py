"""Reading of commits: by a checkpoint, a pointer and a look ahead, and always all that the commit files hold."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from features.ledger.checkpoint import COMMITS_IN_TAIL
from features.ledger.ledger import Ledger
from features.messages import UserError
from tests.features.ledger.prices import append_price, ledger_of

COMMITS = COMMITS_IN_TAIL + 5
CHECKPOINT, POINTER = "checkpoint.parquet", "newest.json"


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger with a checkpoint and five commits after it."""
    return ledger_of(tmp_path_factory.mktemp("stored") / "ledger", COMMITS).folder


@pytest.fixture
def folder(stored: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(stored, tmp_path / "ledger"))


def commit_file(folder: Path, number: int) -> Path:
    return folder / "commits" / f"{number:08d}.json"


def assert_reads_all(folder: Path, stored: Path) -> None:
    """All commits are read, as the files have them, and the rows that they list."""
    ledger, files = Ledger(folder), sorted((stored / "commits").iterdir())
    assert [commit.json_bytes for commit in ledger.commits] == [file.read_bytes() for file in files]
    assert ledger.data_version == f"{len(files)}-{ledger.commits[-1].id}" == Ledger(stored).data_version
    assert ledger.scan("prices").collect()["price"].sort().to_list() == [float(number) for number in range(len(files))]


def test_older_commits_come_from_the_checkpoint_and_are_the_same(folder: Path, stored: Path) -> None:
    history = Ledger(folder).commits
    assert (history.older.rows.height, len(history.newer)) == (COMMITS_IN_TAIL, 5)
    assert_reads_all(folder, stored)


def test_a_ledger_of_commit_files_alone_reads_the_same(folder: Path, stored: Path) -> None:
    """As it was stored before there were checkpoints."""
    (folder / CHECKPOINT).unlink()
    (folder / POINTER).unlink()
    assert_reads_all(folder, stored)


@pytest.mark.parametrize("length", [0, 1, 4, 5000, -5000, -9, -8, -4, -1])
def test_a_cut_checkpoint_is_not_read(folder: Path, stored: Path, length: int) -> None:
    content = (folder / CHECKPOINT).read_bytes()
    (folder / CHECKPOINT).write_bytes(content[:length])
    assert Ledger(folder).commits.older.rows.is_empty()
    assert_reads_all(folder, stored)


def test_the_checkpoint_of_another_history_is_not_read(folder: Path, stored: Path, tmp_path: Path) -> None:
    other = Ledger(tmp_path / "other")
    while len(other.commits) < COMMITS_IN_TAIL:
        other = append_price(other, file="other.csv")
    assert other.commits[-1].id != Ledger(stored).commits[COMMITS_IN_TAIL - 1].id
    shutil.copy(other.folder / CHECKPOINT, folder / CHECKPOINT)
    assert_reads_all(folder, stored)


def test_a_checkpoint_of_commits_that_are_gone_is_not_read(folder: Path) -> None:
    for number in range(200, COMMITS + 1):
        commit_file(folder, number).unlink()
    assert len(Ledger(folder).commits) == 199


@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"cut")])
def test_the_next_commit_writes_the_checkpoint_anew(folder: Path, damage: Callable[[Path], object]) -> None:
    damage(folder / CHECKPOINT)
    before = Ledger(folder)
    assert (before.commits.older.rows.height, len(before.commits.newer)) == (0, COMMITS)
    later = append_price(before)
    for ledger in (later, Ledger(folder)):
        assert (ledger.commits.older.rows.height, len(ledger.commits)) == (COMMITS + 1, COMMITS + 1)
    assert Ledger(folder).data_version == later.data_version


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"sequence": ', '{"sequence": "x"}'])
def test_a_cut_pointer_falls_back_to_the_names(folder: Path, stored: Path, content: str) -> None:
    (folder / POINTER).write_text(content)
    assert_reads_all(folder, stored)


@pytest.mark.parametrize("number", [-1, 0, 1, COMMITS_IN_TAIL, COMMITS - 1, COMMITS, COMMITS + 1, 10**9])
def test_the_pointer_need_not_be_right(folder: Path, stored: Path, number: int) -> None:
    """It lags where a process was killed after the commit, and leads where commits were put back from a backup."""
    (folder / POINTER).write_text(json.dumps({"sequence": number}))
    assert_reads_all(folder, stored)


@pytest.mark.parametrize("has_pointer", [True, False])
@pytest.mark.parametrize("number", [COMMITS_IN_TAIL + 1, COMMITS - 1])
def test_a_missing_commit_before_others_is_told_with_its_path(folder: Path, number: int, has_pointer: bool) -> None:
    commit_file(folder, number).unlink()
    if not has_pointer:
        (folder / POINTER).unlink()
    with pytest.raises(UserError, match=f"账本缺少提交文件.*lacks the commit file.*{number:08d}.json"):
        Ledger(folder)


def test_a_damaged_commit_is_told_with_its_path(folder: Path) -> None:
    commit_file(folder, COMMITS).write_text('{"sequence": 2, "prev')
    with pytest.raises(UserError, match=f"{COMMITS:08d}.json is missing or damaged"):
        Ledger(folder)


@pytest.mark.parametrize("number", [0, 1, 100, COMMITS_IN_TAIL, COMMITS_IN_TAIL + 1, COMMITS])
def test_every_earlier_version_can_be_read(folder: Path, number: int) -> None:
    ledger = Ledger(folder)
    version = f"{number}-{ledger.commits.id_of(number) or 'empty'}"
    assert (ledger.at(version).data_version, len(ledger.at(version).commits)) == (version, number)
    assert ledger.at(version).scan("prices").collect().height == number


def test_appending_reads_no_earlier_commit_again(folder: Path) -> None:
    ledger = Ledger(folder)
    for number in range(1, COMMITS + 1):
        commit_file(folder, number).write_text("{")
    later = append_price(append_price(ledger))
    assert (len(ledger.commits), len(later.commits)) == (COMMITS, COMMITS + 2)
    assert later.scan("prices").collect().height == COMMITS + 2
    assert later.commits[-1].previous == later.commits[-2].id


def test_commits_are_told_by_their_place_as_in_a_list(folder: Path) -> None:
    history = Ledger(folder).commits
    sequences = list(range(1, COMMITS + 1))
    assert [history[place].sequence for place in (0, -1, -6, COMMITS - 6)] == [1, COMMITS, COMMITS - 5, COMMITS - 5]
    for part in (slice(None, 3), slice(-8, None), slice(COMMITS_IN_TAIL - 2, COMMITS_IN_TAIL + 2), slice(5, 5)):
        assert [commit.sequence for commit in history[part]] == sequences[part]
    for place in (COMMITS, -COMMITS - 1):
        with pytest.raises(IndexError):
            history[place]
