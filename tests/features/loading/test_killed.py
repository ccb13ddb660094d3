"""A load that is killed, that finds the disk full, or that meets another: all of a file or none of it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.contract.tables import TABLES
from tests.features.inboxes import DRAWN, Intake, drawn, table
from tests.full_disk import files_of_at_most
from tests.running_service import LIGHTS, environment, lights, lights_of_its_own

LOANS = 1500
MOMENTS = (1, 3, 5, 8, 11, 15)
"""Kill when the load has left so many files; undisturbed it leaves 18."""


def many(name: str, of: str, start: int = 0) -> pl.DataFrame:
    """The table's first row, once for each loan from `start`; identifiers `of` that letter are numbered."""
    row = table(DRAWN[name])[:1]
    numbers = pl.select(pl.int_range(start, start + LOANS).cast(pl.String).alias("n"))
    rows = numbers.join(row, how="cross")
    return rows.with_columns(
        pl.when(pl.col(c).str.contains(f"^[{of}]1$")).then(pl.col(c) + "-" + pl.col("n")).otherwise(c).alias(c)
        for c in row.columns
    ).drop("n")


def county_files() -> dict[str, bytes]:
    """Thousands of rows in eight files; payments wait for the loans, which come in a file after them."""
    tables = {
        "households": table(DRAWN["households"]),
        "members": table(DRAWN["members"]),
        "loans/1": many("loans", "L"),
        "loans/2": many("loans", "L", LOANS),
        "instalments": many("instalments", "L"),
        "payments/1": many("payments", "LP"),
        "payments/2": many("payments", "LP", LOANS),
        "prices": table(DRAWN["prices"]),
    }
    return {f"{name}.csv": rows.write_csv().encode() for name, rows in tables.items()}


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Intake(tmp_path_factory.mktemp("big")).inbox(**county_files())


@pytest.fixture(scope="module")
def undisturbed(inbox: Path) -> Intake:
    intake = Intake(inbox.parent)
    intake.deliver(payments=many("payments", "LP"))  # they wait
    assert not intake.load(inbox).has_refused_files
    return intake


@pytest.fixture
def intake(tmp_path: Path) -> Intake:
    """An installation in which payments already wait for their loans."""
    waiting = Intake(tmp_path)
    waiting.deliver(payments=many("payments", "LP"))
    return waiting


def files_below(folder: Path) -> int:
    return sum(1 for path in folder.rglob("*") if path.is_file())


def assert_whole(intake: Intake) -> None:
    """Everything committed can be read, and is as many rows as were committed."""
    for name in TABLES:
        parts = [part for commit in intake.ledger.commits for part in commit.parts if part.table == name]
        assert intake.kept(name).height == sum(part.rows for part in parts)
    assert {intake.kept(name).height % LOANS for name in ("loans", "instalments", "payments")} == {0}


def assert_same(intake: Intake, other: Intake) -> None:
    for name in TABLES:
        assert_frame_equal(intake.kept(name), other.kept(name))
    assert intake.aside() == other.aside() == []


def killed_at(intake: Intake, inbox: Path, files: int) -> int:
    """Load in a process of its own and kill it once `files` more files are there; how it ended (-9: killed)."""
    asked = [*LIGHTS, "load", str(inbox), "--delivered-on", "2024-06-30"]
    before = files_below(intake.data)
    quiet = subprocess.DEVNULL
    with subprocess.Popen(asked, env=environment(intake.data), stdout=quiet, stderr=quiet) as load:
        while load.poll() is None and files_below(intake.data) < before + files:
            pass
        load.kill()
    return load.returncode


@pytest.mark.parametrize("files", MOMENTS)
def test_killed_at_any_moment_it_leaves_whole_files_and_the_next_load_completes(
    intake: Intake, inbox: Path, undisturbed: Intake, files: int
) -> None:
    killed_at(intake, inbox, files)
    assert_whole(intake)
    assert not intake.load(inbox).has_refused_files
    assert_whole(intake)
    assert_same(intake, undisturbed)


def test_killed_again_and_again_it_still_completes(intake: Intake, inbox: Path, undisturbed: Intake) -> None:
    ended = [killed_at(intake, inbox, 9)]
    while ended[-1] != 0:
        assert_whole(intake)
        ended.append(killed_at(intake, inbox, 9))
    assert set(ended) == {-9, 0}
    assert_same(intake, undisturbed)


def test_a_load_while_another_is_running_is_refused_in_a_sentence(intake: Intake, inbox: Path) -> None:
    before = intake.ledger.data_version
    with intake.ledger.write_lock():
        ran = lights(intake.data, "load", inbox)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.splitlines() == ["另一个装载正在进行；请稍后再试。", "Another load is running; try again later."]
    assert intake.ledger.data_version == before


def assert_told(ran: subprocess.CompletedProcess[str], of: str) -> None:
    """One sentence in each language after the lines of progress."""
    told = [line for line in ran.stderr.splitlines() if not line.startswith("…")]
    assert (ran.returncode, len(told)) == (1, 2), ran.stderr
    for line, words in zip(told, ("磁盘无法写入", "The disk does not take"), strict=True):
        assert line.startswith(words)
        assert of in line


@pytest.mark.parametrize(("most", "committed"), [(0, 0), (1200, 0), (6000, 2)])
def test_a_file_the_disk_does_not_take_stops_the_load_and_leaves_nothing_of_it(
    intake: Intake, inbox: Path, undisturbed: Intake, most: int, committed: int
) -> None:
    with files_of_at_most(most):
        ran = lights_of_its_own(intake.data, "load", inbox, "--delivered-on", "2024-06-30")
    assert_told(ran, "File too large")
    assert len(intake.ledger.commits) == 1 + committed
    assert list(intake.data.rglob("*.making")) == []
    assert_whole(intake)
    assert not intake.load(inbox).has_refused_files
    assert_same(intake, undisturbed)


FULL = (
    'mount -t tmpfs -o size=$1 full "$2" && cp -r "$2.before/." "$2" && shift && data=$1 && shift && "$@"; ended=$?; '
)
FULL += 'cp -r "$data" "$data.after"; exit $ended'
"""On a small disk of its own that is gone with the process: what the load left there is copied beside it."""


@pytest.mark.skipif(
    subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="no disk can be mounted here: unshare -rm is not allowed",
)
def test_a_full_disk_is_told_and_leaves_nothing_half_written(intake: Intake, inbox: Path, undisturbed: Intake) -> None:
    disk, before, after = (intake.folder / name for name in ("full", "full.before", "full.after"))
    intake.data.rename(before)
    disk.mkdir()
    asked = ["unshare", "-rm", "sh", "-c", FULL, "sh", "120k", str(disk), *LIGHTS, "load", str(inbox)]
    ran = subprocess.run(asked, env=environment(disk), capture_output=True, text=True, check=False)
    assert_told(ran, "No space left on device")
    after.rename(intake.data)
    assert_whole(intake)
    assert not intake.load(inbox).has_refused_files
    assert_same(intake, undisturbed)


def test_a_disk_without_any_room_is_told_too(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    inbox = intake.inbox(**drawn("prices"))
    with files_of_at_most(0):
        ran = lights_of_its_own(intake.data, "load", inbox)
    assert list(intake.data.iterdir()) == []
    assert (ran.returncode, "Traceback" in ran.stderr) == (1, False)
    assert not intake.deliver(**drawn("prices")).has_refused_files
