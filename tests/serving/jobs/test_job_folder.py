"""Jobs: real processes, one at a time, that go on by themselves and say how they ended, also when they are killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from features.atomic_files import exclusive_lock
from features.messages import UserError
from features.runs import read_runs
from serving.jobs.job_folder import LOCK, JobFolder, JobState
from tests.conftest import County
from tests.serving.moments import NOW


def until(jobs: JobFolder, number: int, is_so: Callable[[JobState], bool]) -> JobState:
    for _ in range(1200):
        state = jobs.state(number, NOW)
        if is_so(state):
            return state
        time.sleep(0.05)
    raise AssertionError(state)


@pytest.fixture
def jobs(by_rules: County, tmp_path: Path) -> JobFolder:
    return JobFolder(by_rules.copied_to(tmp_path / "var").data)


def test_a_job_is_the_command_with_what_it_prints_and_its_exit_code(jobs: JobFolder) -> None:
    job = jobs.start(("explain", "nobody"), "the.clerk", NOW)
    ended = until(jobs, job.number, lambda state: state.code is not None)
    assert (ended.code, ended.is_running, ended.job) == (1, False, job)
    assert "No open loan of household nobody" in ended.printed[-1]
    assert jobs.start(("policy",), "the.clerk", NOW).number == job.number + 1
    assert until(jobs, 2, lambda state: state.code is not None).code == 0
    assert jobs.newest() == [2, 1]


def test_the_run_log_names_the_account(jobs: JobFolder, by_rules: County) -> None:
    job = jobs.start(("score", "--as-of", str(by_rules.newest)), "the.clerk", NOW)
    assert until(jobs, job.number, lambda state: state.code is not None).code == 0
    assert read_runs(jobs.data).runs[-1].by.endswith(" for the.clerk")


def test_while_one_is_under_way_another_is_refused(jobs: JobFolder, by_rules: County) -> None:
    job = jobs.start(("score", "--as-of", str(by_rules.newest)), "the.clerk", NOW)
    with pytest.raises(UserError, match=f"Job {job.number} is under way"):
        jobs.start(("policy",), "the.clerk", NOW)
    assert until(jobs, job.number, lambda state: state.code is not None).code == 0
    with exclusive_lock(jobs.folder / LOCK), pytest.raises(UserError, match="under way"):
        jobs.start(("policy",), "the.clerk", NOW)


def test_a_job_that_was_killed_is_not_running_and_the_next_one_begins(jobs: JobFolder, by_rules: County) -> None:
    job = jobs.start(("score", "--as-of", str(by_rules.newest)), "the.clerk", NOW)
    assert jobs.state(job.number, NOW).is_running
    search = ["pgrep", "-f", f"run_job {jobs.data} {job.number}$"]
    found = subprocess.run(search, capture_output=True, text=True, check=True).stdout.split()
    os.killpg(int(found[0]), signal.SIGKILL)
    killed = until(jobs, job.number, lambda state: not state.is_running)
    assert (killed.code, killed.seconds) == (None, None)
    again = jobs.start(("score", "--as-of", str(by_rules.newest)), "the.clerk", NOW)
    assert until(jobs, again.number, lambda state: state.code is not None).code == 0


def test_there_is_no_other_job(jobs: JobFolder) -> None:
    with pytest.raises(UserError, match="There is no job 7"):
        jobs.state(7, NOW)


def test_a_job_that_could_not_begin_leaves_nothing(jobs: JobFolder) -> None:
    jobs.folder.mkdir()
    with exclusive_lock(jobs.folder / LOCK), pytest.raises(UserError, match="under way"):
        jobs.start(("policy",), "the.clerk", NOW)
    assert jobs.newest() == []
