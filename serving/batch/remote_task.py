"""A job done by a worker that does not see the data folder: what it reads is brought, what it leaves is put back."""

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

from features.messages import Refused
from serving.batch.inputs import Inputs
from serving.batch.plan import Job
from serving.batch.storage import Copy, Storage
from serving.batch.tasks import Record, do, folder_of

_RUNS_KEPT = 2
"""Of which a worker keeps what it has brought."""


@dataclass(frozen=True)
class Task:
    """A job, and the copies it needs. run: the folder of the storage for what it leaves.

    packs: copies of many files in one, that every job of the run needs. copies: of the files it needs besides.
    """

    storage: Storage
    run: str
    job: Job
    inputs: Inputs
    packs: tuple[Copy, ...]
    copies: tuple[Copy, ...]


class Here:
    """A folder of this process with what it has brought for a run; it goes with the process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="lights-", dir=_scratch()))
        self._lock, self._unpacked = Lock(), set[Copy]()
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)

    def bring(self, storage: Storage, packs: Sequence[Copy], copies: Sequence[Copy]) -> None:
        """Bring what is not here yet; of two threads one waits for the other."""
        with self._lock:
            for pack in packs:
                if pack not in self._unpacked:
                    self._unpack(storage, pack)
            storage.bring(copies, self.folder)

    def _unpack(self, storage: Storage, pack: Copy) -> None:
        storage.bring([pack], self.folder)
        with tarfile.open(self.folder / pack.at) as packed:
            packed.extractall(self.folder, filter="data")
        (self.folder / pack.at).unlink()
        self._unpacked.add(pack)


def do_apart(task: Task) -> Record:
    """Do a job in a folder of this process's own; what it leaves is in the storage when it returns.

    Raises Refused where the job cannot be done, the storage does not answer, or this machine's disk takes no more.
    """
    here = here_for(task.inputs, task.packs[0])
    try:
        (here.folder / "tables").mkdir(exist_ok=True)
        here.bring(task.storage, task.packs, task.copies)
        making = here.folder / "making"
        record = do(task.job, replace(task.inputs, data=here.folder, tables=here.folder / "tables"), making)
    except OSError as error:
        raise Refused(
            f"一台计算机的本地磁盘无法写入 ({error.strerror}); 已完成的部分保留。请腾出空间后重新运行。",
            f"The disk of a worker takes no more ({error.strerror}); finished parts are kept. "
            "Make room there and run again.",
        ) from error
    left = folder_of(task.job, making)
    copies = {Copy(name, task.run, known): left / name for name, known in record.checksums.items()}
    task.storage.put(copies, aside=task.run)
    return record


@lru_cache(_RUNS_KEPT)
def here_for(_inputs: Inputs, _common: Copy) -> Here:
    """One for each run, told by its inputs and the pack that every job of it needs."""
    return Here()


def _scratch() -> str | None:
    """The worker's own folder, which Dask clears even after one that was killed."""
    from distributed import get_worker

    try:
        return str(get_worker().local_directory)
    except ValueError:  # not called by a worker
        return None
