"""A ledger between processes: writers that are killed or find the disk full, and readers beside them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from features.ledger.checkpoint import COMMITS_IN_TAIL
from features.ledger.ledger import Ledger, ledger_in
from features.ledger.part_files import ALL_COUNTIES
from features.messages import UserError
from tests.features.inboxes import DRAWN, Intake, drawn, table, with_cell
from tests.features.ledger.prices import append_price, ledger_of, price
from tests.full_disk import files_of_at_most
from tests.running_service import lights

BEFORE, AFTER = COMMITS_IN_TAIL - 12, COMMITS_IN_TAIL + 12
MOMENTS = (1, 2, 3, 4, 5, 6, 7, 9, 12, 16, 24, 40)
"""Kill when the process has left so many files more: part, commit, pointer, merged file, index, checkpoint."""


def appending(folder: Path, commits: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.features.ledger.append_prices", str(folder), str(commits)]
    return subprocess.Popen(command, stderr=subprocess.PIPE)


def files_below(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


def assert_whole(ledger: Ledger) -> None:
    """Every commit is there with its row, whichever files hold it, and none twice."""
    numbers = [float(number) for number in range(len(ledger.commits))]
    assert ledger.scan("prices").sort("price").collect()["price"].to_list() == numbers
    for number in (0, len(ledger.commits) - 1):
        assert ledger.stored_versions("prices", price(number)).height == 1
    assert ledger.stored_versions("prices", price(len(ledger.commits))).is_empty()
    assert [commit.sequence for commit in ledger.commits] == list(range(1, len(ledger.commits) + 1))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return ledger_of(tmp_path_factory.mktemp("undisturbed"), AFTER)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger shortly before its first checkpoint."""
    return ledger_of(tmp_path_factory.mktemp("before") / "ledger", BEFORE).folder


def test_killed_at_any_moment_it_has_all_that_was_committed_and_goes_on(
    before: Path, undisturbed: Ledger, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(before, tmp_path / "ledger"))
    for moment in MOMENTS:
        present, seen = files_below(folder), len(Ledger(folder).commits)
        with appending(folder, AFTER) as process:
            while process.poll() is None and files_below(folder) < present + moment:
                seen = max(seen, sum(1 for path in (folder / "commits").glob("*.json")))
            process.kill()
        ledger = Ledger(folder)
        assert len(ledger.commits) >= seen
        assert_whole(ledger)
    with appending(folder, AFTER + 1) as process:  # one more than any killed process: it writes over what they left
        assert process.wait() == 0
    assert Ledger(folder).at(undisturbed.data_version).data_version == undisturbed.data_version
    assert_whole(Ledger(folder))
    assert list(folder.rglob("*.making")) == []


def test_readers_see_every_commit_at_once_while_another_process_appends_and_merges(
    before: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(before, tmp_path / "ledger"))
    first, lengths = Ledger(folder), []
    begun = first.scan("prices")
    with appending(folder, AFTER) as process:
        while process.poll() is None:
            committed = sum(1 for _ in (folder / "commits").glob("*.json"))
            ledger = ledger_in(folder)
            lengths.append(len(ledger.commits))
            assert lengths[-1] >= committed
            assert_whole(ledger)
    assert process.returncode == 0
    assert (lengths, len(ledger_in(folder).commits)) == (sorted(lengths), AFTER)
    assert begun.collect().height == BEFORE
    assert_whole(first)


def test_a_load_of_another_process_is_seen_at_once(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN)
    seen = ledger_in(intake.data / "ledger")
    inbox = intake.inbox(members=with_cell(table(DRAWN["members"])[:1], member_id="M9", relation="child"))
    assert lights(intake.data, "load", inbox).returncode == 0
    later = ledger_in(intake.data / "ledger")
    assert (len(seen.commits) + 1, later.data_version) == (len(later.commits), Ledger(later.folder).data_version)
    assert later.scan("members").collect().height == seen.scan("members").collect().height + 1


def test_asking_for_an_unchanged_ledger_opens_and_lists_nothing(tmp_path: Path) -> None:
    folder = ledger_of(tmp_path / "ledger", 3).folder
    ledger = ledger_in(folder)
    opened: list[tuple[str, object]] = []
    is_asking = True

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if is_asking and event in ("open", "os.listdir", "os.scandir"):
            opened.append((event, arguments))

    sys.addaudithook(note)  # stays for the life of the process, and does nothing from then on
    answer = ledger_in(folder)
    is_asking = False
    assert answer is ledger
    assert opened == []


def test_a_ledger_that_was_replaced_by_another_is_read_anew(tmp_path: Path) -> None:
    folder = ledger_of(tmp_path / "ledger", 3).folder
    assert len(ledger_in(folder).commits) == 3
    shutil.rmtree(folder)
    assert ledger_in(folder).data_version == "0-empty"
    other = ledger_of(folder, 3, "grain")
    assert ledger_in(folder).data_version == other.data_version
    (folder / "commits" / "00000003.json").unlink()
    assert len(ledger_in(folder).commits) == 2


def test_where_the_disk_takes_no_checkpoint_commits_stand_without_it(before: Path, tmp_path: Path) -> None:
    ledger = Ledger(Path(shutil.copytree(before, tmp_path / "ledger")))
    with files_of_at_most(4000):
        for _ in range(BEFORE, AFTER):
            ledger = append_price(ledger)
    assert not (ledger.folder / "checkpoint.parquet").exists()
    assert list(ledger.folder.rglob("*.making")) == []
    for opened in (ledger, Ledger(ledger.folder)):
        assert_whole(opened)
    append_price(Ledger(ledger.folder))
    assert (ledger.folder / "checkpoint.parquet").exists()
    assert_whole(Ledger(ledger.folder))


def test_where_the_disk_takes_no_merged_file_it_is_told_and_all_rows_are_read(before: Path, tmp_path: Path) -> None:
    ledger = Ledger(Path(shutil.copytree(before, tmp_path / "ledger")))
    with files_of_at_most(600), pytest.raises(UserError, match="The disk does not take"):
        ledger.merge(max_unmerged=0)
    assert list(ledger.folder.rglob("*.making")) == []
    assert_whole(Ledger(ledger.folder))
    ledger.merge(max_unmerged=0)
    assert len(Ledger(ledger.folder).file_paths("prices", ALL_COUNTIES)) < 10
    assert_whole(Ledger(ledger.folder))


def test_a_commit_that_the_disk_does_not_take_leaves_the_ledger_as_it_was(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**drawn("households", "prices"))
    version = intake.ledger.data_version
    with files_of_at_most(100), pytest.raises(UserError, match="The disk does not take"):
        append_price(intake.ledger)
    assert intake.ledger.data_version == version
    assert append_price(intake.ledger).scan("prices").collect().height == 3
