"""Commands beside each other, in a folder that takes no writing, and with a clock that was set back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import polars as pl
import pytest

from features.checksums import checksum
from features.ledger.ledger import ledger_in
from features.months import month_end_after
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from tests.conftest import County
from tests.features.inboxes import DRAWN, Intake, table, with_cell
from tests.running_service import CHINESE, LIGHTS, Ran, done, environment, lights, refused, started

WITHOUT_RIGHTS = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner")
"""The superuser as whoever owns the files and may not pass over their permissions."""
PRICES = "product,month,price,known_on\nsheep,2025-11-01,901.5,2025-12-01\n"


def as_owner(data: Path, *words: object) -> Ran:
    """A command that is refused what the files' permissions refuse, whoever runs the tests."""
    prefix = WITHOUT_RIGHTS if os.geteuid() == 0 else ()
    asked = [*prefix, *LIGHTS, *map(str, words)]
    return subprocess.run(asked, env=environment(data), capture_output=True, text=True, timeout=300, check=False)


def at_time(moment: str, data: Path, *words: object) -> Ran:
    """A command on a machine whose clock shows a moment."""
    asked = ["faketime", moment, *LIGHTS, *map(str, words)]
    return subprocess.run(asked, env=environment(data), capture_output=True, text=True, timeout=300, check=False)


def assert_faultless(data: Path) -> None:
    assert "0 faults" in done(lights(data, "verify"))


def test_of_loads_at_once_none_is_lost_and_whoever_has_to_wait_is_told(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    intake.deliver(**DRAWN)
    inboxes = [
        intake.inbox(members=with_cell(table(DRAWN["members"])[:1], member_id=f"M{number}", relation="child"))
        for number in range(10, 14)
    ]
    asked = [started(intake.data, "load", inbox) for inbox in inboxes]
    outputs = [process.communicate(timeout=300)[0] for process in asked]
    waiting = [at for at, process in enumerate(asked) if process.returncode]
    assert len(waiting) < len(asked)
    for at in waiting:
        assert "Another load is running; try again later." in outputs[at]
        done(lights(intake.data, "load", inboxes[at]))
    members = set(ledger_in(intake.data / "ledger").scan("members").collect()["member_id"])
    assert members >= {f"M{number}" for number in range(10, 14)}
    assert_faultless(intake.data)


def test_a_load_during_a_score_is_in_the_month_or_in_the_next(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "prices.csv").write_text(PRICES, "utf-8")
    before = ledger_in(own.data / "ledger").data_version
    month_end = month_end_after(own.newest, -1)
    scoring = started(own.data, "score", "--as-of", month_end)
    done(lights(own.data, "load", tmp_path / "inbox"))
    told = scoring.communicate(timeout=300)[0]
    assert scoring.returncode == 0, told
    after = ledger_in(own.data / "ledger").data_version
    month = MonthRepository(DataFolder(own.data)).month(month_end)
    assert before != after
    assert month.manifest.data_version in (before, after)
    assert set(month.scan("warnings").collect()["data_version"]) == {month.manifest.data_version}
    assert_faultless(own.data)


def test_a_promotion_during_a_score_leaves_one_model_in_the_month(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var", mlflow=True)
    done(lights(own.data, "thresholds", "--as-of", own.newest, "--visits", "30", "--reason", "fewer visits"))
    other = max(int(path.name) for path in (own.data / "models").glob("[0-9]*"))
    names = {DataFolder(own.data).models.bundle(number).version for number in (1, other)}
    assert len(names) == 2
    month_end = month_end_after(own.newest, -2)
    scoring = started(own.data, "score", "--as-of", month_end)
    done(lights(own.data, "promote", str(other), "--force", "--reason", "while a month is scored"))
    told = scoring.communicate(timeout=300)[0]
    assert scoring.returncode == 0, told
    month = MonthRepository(DataFolder(own.data)).month(month_end)
    lit = month.scan("warnings").filter(pl.col("probability").is_not_null()).collect()
    assert set(lit["model_version"]) == {month.manifest.model_version}
    assert month.manifest.model_version in names
    assert_faultless(own.data)


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Take the permission to write from a folder and all below it, and give it back."""
    paths = [folder, *folder.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths if not path.is_symlink()}
    for path, mode in modes.items():
        path.chmod(mode & ~0o222)
    try:
        yield
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


def contents(folder: Path) -> dict[Path, str]:
    return {path: checksum(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(
    "words",
    [
        ("load", "{inbox}"),
        ("score", "--as-of", "{newest}"),
        ("report", "--as-of", "{newest}", "--out", "{out}"),
        ("explain", "{household}"),
        ("user", "add", "someone", "--role", "clerk"),
        ("audit", "verify"),
        ("backup", "{out}"),
        ("serve",),
    ],
    ids=lambda words: words[0],
)
def test_in_a_read_only_folder_a_command_says_so_and_changes_nothing(
    by_rules: County, tmp_path: Path, words: tuple[str, ...]
) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    shutil.rmtree(own.data / "opened", ignore_errors=True)  # of a test that looked at a household of this store
    household = own.warnings["household_id"][0]
    named = {"inbox": own.inbox, "newest": own.newest, "out": tmp_path / "out", "household": household}
    with read_only(own.data):
        before = contents(own.data)
        ran = as_owner(own.data, *(word.format_map(named) for word in words))
        assert contents(own.data) == before
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    *_, zh, en = ran.stderr.strip().splitlines()
    assert CHINESE.search(zh)
    assert any(said in en for said in ("Permission denied", "permissions and the disk", "check permissions"))


def test_a_database_that_opens_and_takes_no_entry_is_told_in_a_sentence(by_rules: County, tmp_path: Path) -> None:
    """With the files of an open write-ahead log beside it SQLite opens a database that it cannot write to."""
    own = by_rules.copied_to(tmp_path / "var")
    with closing(sqlite3.connect(own.data / "lights.db")) as other:
        other.execute("CREATE TABLE another (text TEXT)")
        other.commit()
        with read_only(own.data):
            ran = as_owner(own.data, "user", "add", "someone", "--role", "clerk")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "The database cannot be read or written (attempt to write a readonly database)" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_database_in_a_read_only_folder_is_not_said_to_be_damaged(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    with read_only(own.data):
        ran = as_owner(own.data, "verify")
    assert "is damaged" not in ran.stdout
    assert "check LIGHTS_DATABASE, its server, permissions and the disk" in ran.stdout


def test_with_a_clock_set_back_the_audit_holds_and_a_month_is_what_it_was(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    done(at_time("2031-06-01 10:00:00", own.data, "user", "add", "later", "--role", "clerk"))
    done(at_time("2031-05-01 10:00:00", own.data, "user", "add", "earlier", "--role", "clerk"))
    editions = contents(own.data / "editions")
    done(at_time("2031-05-01 10:00:00", own.data, "score", "--as-of", own.newest))
    assert contents(own.data / "editions").items() >= editions.items()
    assert "The chain holds" in done(lights(own.data, "audit", "verify"))
    assert_faultless(own.data)


def test_a_delivery_on_a_day_before_the_newest_wants_its_day_named(tmp_path: Path) -> None:
    """Its rows would otherwise be known before what was loaded earlier, and past months would change."""
    intake = Intake(tmp_path)
    done(at_time("2031-06-01 10:00:00", intake.data, "load", intake.inbox(**DRAWN)))
    later = intake.inbox(members=with_cell(table(DRAWN["members"])[:1], member_id="M9", relation="child"))
    ran = at_time("2031-05-01 10:00:00", intake.data, "load", later)
    assert "The system's date 2031-05-01 is before the newest delivery of 2031-06-01; check the clock" in refused(ran)
    done(at_time("2031-05-01 10:00:00", intake.data, "load", later, "--delivered-on", "2031-05-01"))
    done(at_time("2031-06-01 10:00:00", intake.data, "load", later))
