"""The process of one job: it holds the lock of jobs, runs the command and writes how it ended.

`python -m serving.jobs.run_job DATA NUMBER`; a line on standard output says that the lock is held.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from features.atomic_files import exclusive_lock, write_text
from features.console import PRINTED_IN, RUN_BY
from features.messages import UserError
from serving.jobs.job_folder import ENDED_FILE, JOB_FILE, LOCK, PRINTED_FILE, JobFolder

_FAILED = 1
_ATTEMPTS, _PAUSE = 20, 0.05


def run_job(data: Path, number: int) -> int:
    """Run a job to its end.

    data: the data folder. number: of the job, whose `job.json` is there. Returns the command's exit code.

    Raises UserError where another job is under way.
    """
    folder = JobFolder(data).folder / str(number)
    with _lock(folder.parent / LOCK):
        print("started", flush=True)
        job = json.loads((folder / JOB_FILE).read_text("utf-8"))
        began = time.monotonic()
        with (folder / PRINTED_FILE).open("wb") as printed:
            command = [sys.executable, "-m", "lights", *job["command"], "--data", str(data)]
            environment = {**os.environ, RUN_BY: job["by"], PRINTED_IN: "both"}  # readers of either language look at it
            code = subprocess.run(  # noqa: S603 - the command line's own words
                command,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=subprocess.STDOUT,
                env=environment,
                check=False,
            ).returncode
        ended = {"code": code, "seconds": round(time.monotonic() - began, 1)}
        write_text(json.dumps(ended), folder / ENDED_FILE)
    return code


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold the lock of jobs. A page that looks whether it is held has it for a moment, so it is tried again."""
    busy = UserError("另一任务正在进行。", "Another job is under way.")
    with ExitStack() as stack:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                stack.enter_context(exclusive_lock(path, busy))
                break
            except UserError:
                if attempt == _ATTEMPTS:
                    raise
                time.sleep(_PAUSE)
        yield


if __name__ == "__main__":
    try:
        sys.exit(run_job(Path(sys.argv[1]), int(sys.argv[2])))
    except UserError:
        sys.exit(_FAILED)
