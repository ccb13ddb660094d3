"""The monthly run on several processes or machines: the same jobs, handed out by Dask, done again where one is lost."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from features.messages import Refused
from models.boosting import get_ready
from serving.batch.inputs import Inputs
from serving.batch.plan import Job
from serving.batch.shared_run import Shared
from serving.batch.storage import storage_at
from serving.batch.tasks import Record, do

if TYPE_CHECKING:
    from distributed import Client, Future

_ONE_THREAD = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Of each worker process: two that use all cores stand in each other's way."""
_TIMES_A_WORKER_MAY_DIE = 5
_WAIT_FOR_SCHEDULER = 15  # seconds


class Reach(Protocol):
    """How jobs reach the workers, and what they leave comes back."""

    def handed(self, job: Job, inputs: Inputs, making: Path) -> tuple[Any, ...]:
        """What a worker calls, and with what."""

    def taken(self, job: Job, record: Record) -> None:
        """See to it that what a job has left lies where this process makes the month."""


class Mounted:
    """All see the data folder under the same path: a job is named, and what it leaves is there."""

    def handed(self, job: Job, inputs: Inputs, making: Path) -> tuple[Any, ...]:
        return _do, job, inputs, making.resolve()

    def taken(self, job: Job, record: Record) -> None:
        """Nothing is to be done."""


@dataclass(frozen=True)
class OfDask:
    """The workers of a Dask scheduler; `told` says how many or where."""

    client: Client
    told: int | str
    reach: Reach = field(default_factory=Mounted)

    def each(self, jobs: Sequence[Job], inputs: Inputs, making: Path) -> Iterator[tuple[Job, Record]]:
        """Hand out all jobs; one whose worker is lost is done again by another.

        Raises Refused where a job is, where workers do not reach what it needs, or where a job ends them all.
        """
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        asked: dict[Future, Job] = {}
        try:
            for job in jobs:
                called = self.reach.handed(job, inputs, making)
                asked[self.client.submit(*called, pure=False, key=f"{job.name}-{inputs.digest}")] = job
            for done in as_completed(list(asked), loop=self.client.loop):
                job, record = asked[done], done.result()
                self.reach.taken(job, record)
                yield job, record
        except KilledWorker as lost:
            raise Refused(
                "计算进程反复中断 (内存不足?); 已完成的部分保留。请减少 --workers 或增加内存后重新运行。",
                "Workers died again and again (out of memory?); finished parts are kept. "
                "Run again with fewer --workers or more memory.",
            ) from lost
        finally:
            self.client.cancel(list(asked))


def _do(job: Job, inputs: Inputs, making: Path) -> Record:
    if not making.is_dir():
        raise Refused(
            f"计算机看不到数据目录 {making}; 请在每台机器上以同一路径挂载共享目录, 或以 --storage 指明共享存储。",
            f"A worker does not see {making}; mount the shared data folder under the same path on every machine, "
            "or name shared storage by --storage.",
        )
    return do(job, inputs, making)


@contextmanager
def local_cluster(workers: int) -> Iterator[OfDask]:
    """Processes of this machine, one thread each; they end with the run."""
    _require_dask()
    import dask.config
    from distributed import Client, LocalCluster

    quiet = {
        "distributed.nanny.pre-spawn-environ": _ONE_THREAD,
        "distributed.scheduler.allowed-failures": _TIMES_A_WORKER_MAY_DIE,
        "distributed.worker.memory.terminate": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.target": False,
        "distributed.admin.system-monitor.gil.enabled": False,
        "distributed.worker.profile.enabled": False,
    }
    with (
        tempfile.TemporaryDirectory(prefix="lights-") as scratch,
        dask.config.set(quiet),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=0,
            local_directory=scratch,
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster) as client,
    ):
        ready = [client.submit(get_ready, pure=False, workers=[one]) for one in client.nthreads()]
        yield OfDask(client, workers)
        client.cancel(ready)


@contextmanager
def cluster_at(address: str, storage: str | None = None) -> Iterator[OfDask]:
    """The workers of a scheduler that runs already, all of which share the data folder, or a storage by its URL.

    Raises Refused where nothing answers there, or nothing installed reads such a URL.
    """
    _require_dask()
    from distributed import Client

    shared = Shared(storage_at(storage)) if storage else None
    try:
        client = Client(address, timeout=_WAIT_FOR_SCHEDULER, set_as_default=False)
    except (OSError, ValueError) as error:
        raise Refused(
            f"{address} 没有 Dask 调度器应答; 请核对地址, 例如 tcp://10.0.0.1:8786。",
            f"No Dask scheduler answers at {address}; check the address, for example tcp://10.0.0.1:8786.",
        ) from error
    with client:
        yield OfDask(client, address, shared or Mounted())
    if shared:
        shared.over()


def _require_dask() -> None:
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise Refused(
            "未安装多进程部件; 请运行 pip install 'county-lights[cluster]', 或不带 --workers 运行。",
            "The parts for several workers are not installed; run pip install 'county-lights[cluster]', "
            "or run without --workers.",
        )
