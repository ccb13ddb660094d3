"""The folder of jobs (`jobs/` below the data folder): what was started by whom, what it prints, how it ended."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from features.atomic_files import is_locked, write_text
from features.messages import UserError
from features.stored_files import read_stored_json

JOBS_FOLDER = "jobs"
LOCK = "lock"
"""Held by the job that is under way; the system gives it back however the process ends."""
JOB_FILE, PRINTED_FILE, ENDED_FILE = "job.json", "printed.txt", "ended.json"
_LINES_SHOWN = 200
_JOBS_SHOWN = 20


@dataclass(frozen=True)
class Job:
    """One job. Its fields are the keys of `job.json`.

    number: from 1 on. command: the words after `lights`, without `--data`. by: account that started it. at: ISO 8601
    with the zone.
    """

    number: int
    command: tuple[str, ...]
    by: str
    at: str


@dataclass(frozen=True)
class JobState:
    """A job as it stands.

    is_running: whether its process is under way. code: its exit code; None while it runs, and where it was killed.
    printed: the last lines that it printed. seconds: since it began, or that it took; None where that is not known.
    """

    job: Job
    is_running: bool
    code: int | None
    printed: tuple[str, ...]
    seconds: float | None


class JobFolder:
    """The jobs of a data folder; one at a time.

    Args:
        data: the data folder.

    Example:
        >>> from serving.jobs.job_folder import JobFolder
        >>> jobs = JobFolder(tmp)
        >>> jobs.running, jobs.newest()
        (None, [])
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.folder = data / JOBS_FOLDER

    @property
    def running(self) -> int | None:
        """The number of the job that is under way; None where there is none."""
        numbers = self._numbers()
        return numbers[-1] if numbers and is_locked(self.folder / LOCK) else None

    def start(self, command: tuple[str, ...], by: str, at: datetime) -> Job:
        """Start a command as a process of its own.

        Args:
            command: the words after `lights`; `--data` is added.
            by: the account that starts it.
            at: when, with a time zone.

        Returns:
            The job.

        Raises:
            UserError: a job is under way already.
        """
        job = Job((self._numbers() or [0])[-1] + 1, command, by, at.isoformat(timespec="seconds"))
        folder = self.folder / str(job.number)
        if self.running is not None:
            raise _busy(self.running)
        try:
            folder.mkdir(parents=True)
        except FileExistsError as error:  # two started at one moment
            raise _busy(job.number) from error
        write_text(json.dumps(asdict(job), ensure_ascii=False), folder / JOB_FILE)
        # Its own session: it goes on when the service is stopped.
        runner = subprocess.Popen(  # noqa: S603 - our own module, by words that were checked
            [sys.executable, "-m", "serving.jobs.run_job", str(self.data), str(job.number)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PYTHONUTF8": "1"},
        )
        assert runner.stdout is not None  # noqa: S101 - piped
        with runner.stdout:
            is_started = runner.stdout.readline()
        threading.Thread(target=runner.wait, daemon=True).start()  # takes its exit code, so that no zombie is left
        if not is_started:  # another job has taken the lock at the same moment
            shutil.rmtree(folder, ignore_errors=True)
            raise _busy(self.running or job.number)
        return job

    def state(self, number: int, now: datetime) -> JobState:
        """A job as it stands. Raises UserError where there is none of this number, or its files are damaged."""
        folder = self.folder / str(number)
        if not (folder / JOB_FILE).exists():
            raise UserError(f"没有任务 {number}。", f"There is no job {number}.")
        job = read_stored_json(folder / JOB_FILE, lambda stored: Job(**{**stored, "command": tuple(stored["command"])}))
        ended = folder / ENDED_FILE
        printed = _last_lines(folder / PRINTED_FILE)
        if ended.exists():
            code, seconds = read_stored_json(ended, lambda stored: (int(stored["code"]), float(stored["seconds"])))
            return JobState(job, False, code, printed, seconds)
        if self.running == number:
            return JobState(job, True, None, printed, (now - datetime.fromisoformat(job.at)).total_seconds())
        return JobState(job, False, None, printed, None)

    def newest(self) -> list[int]:
        """The numbers of the newest jobs, the newest first."""
        return self._numbers()[::-1][:_JOBS_SHOWN]

    def _numbers(self) -> list[int]:
        if not self.folder.exists():
            return []
        return sorted(int(path.name) for path in self.folder.iterdir() if path.name.isdecimal())


def _busy(number: int) -> UserError:
    return UserError(
        f"任务 {number} 正在进行；同时只能有一个，请等它结束。",
        f"Job {number} is under way; one at a time, wait for its end.",
    )


def _last_lines(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text("utf-8", errors="replace").splitlines()[-_LINES_SHOWN:])
    except FileNotFoundError:
        return ()
