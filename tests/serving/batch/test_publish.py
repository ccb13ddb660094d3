"""Publication: whole or not at all, edition by edition, whatever happens to the run."""

from __future__ import annotations

import fcntl
import hashlib
import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.dataset as ds
import pytest

from serving.explain.household import household_explanation
from serving.months.edition import PublishedMonth
from serving.months.published_editions import month_folder_name
from tests import http_requests
from tests.conftest import County
from tests.running_service import LIGHTS, done, environment, kill, lights, serving, started

Contents = dict[str, tuple[bytes, int]]


def contents(folder: Path) -> Contents:
    """Every file below: its bytes, and when they were written."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def is_whole(month: PublishedMonth) -> bool:
    """Whether every file is the one its manifest names."""
    found = {
        str(path.relative_to(month.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in month.folder.rglob("*.parquet")
    }
    return found == month.manifest.checksums


def paid_more(county: County, folder: Path) -> str:
    """Load one more payment, known on the last day; the loan it is for."""
    loan = county.warnings.filter(pl.col("light") == "green")["loan_id"][0]
    folder.mkdir()
    day = county.newest
    cells = f"payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on\nMORE,{loan},{day},1.00,0,,{day}\n"
    (folder / "payments.csv").write_text(cells)
    done(lights(county.data, "load", folder, "--delivered-on", day))
    return str(loan)


@pytest.fixture
def own(by_rules: County, tmp_path: Path) -> County:
    return by_rules.copied_to(tmp_path / "var")


@pytest.fixture(scope="module")
def paid(by_rules: County, tmp_path_factory: pytest.TempPathFactory) -> County:
    folder = tmp_path_factory.mktemp("paid")
    copy = by_rules.copied_to(folder / "var")
    paid_more(copy, folder / "more")
    return copy


@pytest.fixture
def delivered(paid: County, tmp_path: Path) -> County:
    """A store of its own with a published month whose next run has other inputs."""
    return paid.copied_to(tmp_path / "var")


def test_the_same_inputs_again_change_nothing(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    before = contents(own.data / "editions")
    done(lights(own.data, "score", "--as-of", own.newest))
    assert contents(own.data / "editions") == before
    assert own.month.manifest.edition == 1


def test_other_inputs_make_edition_2_and_keep_edition_1(own: County, tmp_path: Path) -> None:
    first = contents(own.month.folder)
    before = own.warnings
    loan = paid_more(own, tmp_path / "more")
    done(lights(own.data, "score", "--as-of", own.newest))
    assert own.month.manifest.edition == 2
    assert contents(own.data / "editions" / month_folder_name(own.newest) / "edition-1") == first
    paid = before.select("loan_id", was="outstanding_principal").join(own.warnings, on="loan_id")
    paid = paid.filter((pl.col("was") - pl.col("outstanding_principal")).abs() > 0.005)
    assert paid["loan_id"].to_list() == [loan]


def test_a_reader_of_the_old_edition_keeps_reading_it(delivered: County) -> None:
    held, scan = delivered.month, delivered.month.scan("warnings")
    rows, version = scan.collect(), held.manifest.data_version
    dataset = ds.dataset((delivered.data / "warnings" / month_folder_name(delivered.newest)).resolve())
    done(lights(delivered.data, "score", "--as-of", delivered.newest))
    assert scan.collect().equals(rows)
    assert set(dataset.to_table()["data_version"].to_pylist()) == {version}
    assert delivered.month.manifest.data_version != version


def test_a_running_server_shows_the_new_edition_at_once(delivered: County) -> None:
    with serving(delivered.data) as address:
        before = http_requests.get(f"{address}/api/v1/warnings").json()
        done(lights(delivered.data, "score", "--as-of", delivered.newest))
        after = http_requests.get(f"{address}/api/v1/warnings").json()
        turned = http_requests.get(f"{address}/api/v1/warnings", params={"cursor": before["next_cursor"]})
    assert after["data_version"] == delivered.month.manifest.data_version != before["data_version"]
    assert (turned.status_code, turned.json()["zh"]) == (409, "预警台账已更新，或条件已改变；请从第一页重新开始。")


def is_started(folder: Path) -> bool:
    return (folder / "lock").exists()


def has_a_part(folder: Path) -> bool:
    return any((folder / ".making" / "parts").glob("*"))


def has_warnings(folder: Path) -> bool:
    return any((folder / ".making" / "edition" / "warnings").glob("*"))


def has_features(folder: Path) -> bool:
    return any((folder / ".making" / "edition" / "features").glob("*"))


def has_an_edition(folder: Path) -> bool:
    return (folder / ".making" / "edition" / "manifest.json").exists() or (folder / "edition-2").exists()


@pytest.mark.parametrize("moment", [is_started, has_a_part, has_warnings, has_features, has_an_edition])
def test_a_run_killed_while_it_publishes_leaves_a_whole_month_and_the_next_completes(
    delivered: County, moment: Callable[[Path], bool]
) -> None:
    folder = delivered.data / "editions" / month_folder_name(delivered.newest)
    (folder / "lock").unlink()
    run = started(delivered.data, "score", "--as-of", delivered.newest)
    while run.poll() is None and not moment(folder):
        pass
    kill(run)
    assert is_whole(delivered.month)
    done(lights(delivered.data, "score", "--as-of", delivered.newest))
    assert is_whole(delivered.month)
    assert delivered.month.manifest.data_version == delivered.store.ledger.data_version
    assert not list(folder.glob(".making*"))


@pytest.mark.parametrize("seconds", [0.3, 0.8, 1.3])
def test_a_run_killed_at_any_time_leaves_the_standing_edition_as_it_was(delivered: County, seconds: float) -> None:
    standing = delivered.data / "editions" / month_folder_name(delivered.newest) / "edition-1"
    before = contents(standing)
    run = started(delivered.data, "score", "--as-of", delivered.newest)
    time.sleep(seconds)
    kill(run)
    assert contents(standing) == before
    assert is_whole(delivered.month)


def test_an_edition_whose_run_was_killed_before_its_switch_hinders_no_later_one(delivered: County) -> None:
    folder = delivered.month.folder
    shutil.copytree(folder, folder.with_name("edition-2"))
    (delivered.data / "warnings" / f".{month_folder_name(delivered.newest)}").symlink_to("nowhere")
    done(lights(delivered.data, "score", "--as-of", delivered.newest))
    assert delivered.month.manifest.edition == 3
    assert is_whole(delivered.month)
    assert pl.read_parquet(delivered.data / "warnings").height == delivered.month.manifest.rows


def test_two_runs_do_not_publish_a_month_at_once(delivered: County) -> None:
    with (delivered.data / "editions" / month_folder_name(delivered.newest) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ran = lights(delivered.data, "score", "--as-of", delivered.newest)
    assert ran.returncode == 1
    assert "另一个评灯正在发布" in ran.stderr
    assert delivered.month.manifest.edition == 1


def a_full_disk() -> None:
    """No file may grow beyond 4 kB."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))


def test_a_full_disk_leaves_the_month_as_it_was_and_says_so_in_both_languages(delivered: County) -> None:
    before = contents(delivered.data / "editions")
    ran = subprocess.run(
        [*LIGHTS, "score", "--as-of", str(delivered.newest)],
        env=environment(delivered.data),
        capture_output=True,
        text=True,
        preexec_fn=a_full_disk,
        check=False,
    )
    zh, en = ran.stderr.splitlines()[-2:]
    assert ran.returncode == 1
    assert zh == f"{delivered.newest} 未发布（File too large）；上一版仍在使用。请检查磁盘空间后重新运行。"
    assert en.startswith(f"{delivered.newest} was not published (File too large); what was published before still")
    assert "Traceback" not in ran.stderr
    assert contents(delivered.data / "editions") == before


def test_an_explanation_of_a_published_month_rests_on_what_had_been_delivered_then(own: County, tmp_path: Path) -> None:
    loan, household, other = (
        own.warnings.filter(pl.col("household_id").is_first_distinct())
        .select("loan_id", "household_id", pl.col("household_id").shift(-1).alias("other"))
        .row(0)
    )
    before = household_explanation(own.month, own.store, household)
    day = own.before
    (tmp_path / "more").mkdir()
    hardship = f"event_id,household_id,occurred_on,cause,known_on\nMORE,{household},{day},illness,{day}\n"
    (tmp_path / "more" / "hardships.csv").write_text(hardship)
    loans = pl.read_parquet(own.inbox / "loans" / "*.parquet").filter(pl.col("loan_id") == loan).head(1)
    moved = loans.with_columns(pl.lit(other).alias("household_id"), pl.lit(own.newest).alias("known_on"))
    moved.write_csv(tmp_path / "more" / "loans.csv")
    done(lights(own.data, "load", tmp_path / "more", "--delivered-on", own.newest, "--corrections"))
    assert own.store.ledger.data_version != own.month.manifest.data_version
    assert household_explanation(own.month, own.store, household) == before
