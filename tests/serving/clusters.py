"""A Dask scheduler and its workers, each a process of its own, as on machines beside each other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.running_service import free_port, started
from tests.serving.provinces import AS_OF, Province, records

_HIDING = 'mount -t tmpfs hidden "$1" && shift && exec "$@"'
CAN_HIDE = subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode == 0
"""Whether a process may be started for which a folder is another, empty one."""


@dataclass(frozen=True)
class Worker:
    """A process, and the folder that it keeps its own files in."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def has_begun_a_part(self) -> bool:
        """Whether it has written any of one, in a folder of its own."""
        return any(self.folder.glob("**/making/parts/*"))


@contextmanager
def process(*words: object, hidden: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`dask ...` as on another machine, for which a folder may be hidden; ended as a power cut does."""
    asked = [sys.executable, "-m", "distributed.cli." + str(words[0]), *map(str, words[1:])]
    hiding = ["unshare", "-rm", "sh", "-c", _HIDING, "sh", str(hidden)] if hidden else []
    where = {**os.environ, "POLARS_MAX_THREADS": "1", "PYTHONPATH": str(Path.cwd())}
    running = subprocess.Popen([*hiding, *asked], env=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.kill()
        running.wait()


@contextmanager
def cluster(workers: int, folder: Path, hidden: Path | None = None) -> Iterator[tuple[str, list[Worker]]]:
    """A scheduler's address, and its workers, whose own folders lie below one; hidden: a folder they do not see."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        stack.enter_context(process("dask_scheduler", "--host", "127.0.0.1", "--port", port, "--no-dashboard"))
        theirs = []
        for number in range(workers):
            own = folder / f"worker-{number}"
            asked = ("dask_worker", address, "--nthreads", 1, "--no-nanny", "--no-dashboard", "--local-directory", own)
            theirs.append(Worker(stack.enter_context(process(*asked, hidden=hidden)), own))
        yield address, theirs


def scored_by_one_left(
    own: Province, address: str, lost: Worker, has_begun: Callable[[], bool], *words: object
) -> None:
    """Score by a cluster whose worker `lost` is killed once a part has begun, and before all are done."""
    run = started(own.data, "score", "--as-of", AS_OF, "--cluster", address, *words)
    while run.poll() is None and not has_begun():
        pass
    done = len(records(own))
    lost.process.send_signal(signal.SIGKILL)
    printed, _ = run.communicate(timeout=300)
    assert run.returncode == 0, printed
    assert done < 3
    assert own.month.manifest.workers == address
