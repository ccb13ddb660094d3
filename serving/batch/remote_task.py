"""A task run by a worker without the data folder: it downloads the inputs from a storage and uploads the output."""

from __future__ import annotations

import shutil
import tarfile
import tempfile
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from threading import Lock

from features.messages import UserError
from serving.batch.inputs import RunSpec
from serving.batch.plan import Task
from serving.batch.storage import Storage, StoredFile
from serving.batch.tasks import TaskRecord, run_task, task_folder
from serving.months.edition import PARTIAL_COPY

_RUNS_IN_SCRATCH = 2
"""Runs of which a worker keeps the downloaded files."""


@dataclass(frozen=True)
class RemoteTask:
    """A task with the stored files that it reads.

    run: the folder of the storage for its output. archives: tar files that many tasks of the run read; the first is
    read by all. files: what the task reads besides.
    """

    storage: Storage
    run: str
    task: Task
    spec: RunSpec
    archives: tuple[StoredFile, ...]
    files: tuple[StoredFile, ...]


class ScratchFolder:
    """A folder of this process with the downloaded files of a run; it is removed when the process ends."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lights-", dir=_worker_directory()))
        self._lock, self._unpacked = Lock(), set[StoredFile]()
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def fetch(self, storage: Storage, archives: Sequence[StoredFile], files: Sequence[StoredFile]) -> None:
        """Download what is not here yet; threads wait for each other."""
        with self._lock:
            for archive in archives:
                if archive not in self._unpacked:
                    storage.fetch([archive], self.folder)
                    with tarfile.open(self.folder / archive.local_path) as tar:
                        tar.extractall(self.folder, filter="data")
                    (self.folder / archive.local_path).unlink()
                    self._unpacked.add(archive)
            storage.fetch(files, self.folder)


def run_remote_task(remote_task: RemoteTask) -> TaskRecord:
    """Run a task in a scratch folder; its output is in the storage when the call returns.

    Raises UserError where the task cannot be computed, the storage does not answer, or this machine's disk is full.
    """
    scratch = scratch_folder_for(remote_task.spec, remote_task.archives[0])
    try:
        (scratch.folder / "tables").mkdir(exist_ok=True)
        (scratch.folder / PARTIAL_COPY).touch()
        scratch.fetch(remote_task.storage, remote_task.archives, remote_task.files)
        staging = scratch.folder / "making"
        spec = replace(remote_task.spec, data=scratch.folder, tables=scratch.folder / "tables")
        record = run_task(remote_task.task, spec, staging)
    except OSError as error:
        raise UserError(
            f"一台计算机的本地磁盘无法写入（{error.strerror}）；已完成的部分保留。请腾出空间后重新运行。",
            f"The disk of a worker takes no more ({error.strerror}); finished parts are kept. "
            "Make room there and run again.",
        ) from error
    output = task_folder(remote_task.task, staging)
    sources = {StoredFile(name, remote_task.run, digest): output / name for name, digest in record.checksums.items()}
    remote_task.storage.upload(sources, staging=remote_task.run)
    return record


@lru_cache(_RUNS_IN_SCRATCH)
def scratch_folder_for(_spec: RunSpec, _common_archive: StoredFile) -> ScratchFolder:
    """The scratch folder of a run; runs differ in their inputs or in the archive that all tasks read."""
    return ScratchFolder()


def _worker_directory() -> str | None:
    """The folder that Dask gives a worker, and clears even after a worker that was killed; None outside a worker."""
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:  # not called by a worker
        return None
