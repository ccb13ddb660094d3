"""The monthly run on several processes or machines: Dask distributes the tasks and repeats those of lost workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from features.messages import UserError
from features.scratch import temporary_folder
from models.boosting import import_explainer
from serving.batch.inputs import RunSpec
from serving.batch.plan import Task
from serving.batch.shared_run import SharedStorageTransport
from serving.batch.storage import open_storage
from serving.batch.tasks import TaskRecord, run_task

if TYPE_CHECKING:
    from distributed import Client, Future

_ONE_THREAD = dict.fromkeys(
    ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1"
)
"""Environment of each worker process: processes that each use all cores slow each other down."""
_ALLOWED_FAILURES = 5
"""Workers that may die of one task before the run ends."""
_SCHEDULER_TIMEOUT_SECONDS = 15


class Transport(Protocol):
    """How tasks reach the workers, and how their output comes back."""

    def remote_call(self, task: Task, spec: RunSpec, staging: Path) -> tuple[Any, ...]:
        """The function that a worker calls for a task, and its arguments."""

    def collect(self, task: Task, record: TaskRecord) -> None:
        """Bring the output of a finished task to this process's staging folder."""


class SharedFolderTransport:
    """For workers that see the data folder under the same path: they read and write it directly."""

    def remote_call(self, task: Task, spec: RunSpec, staging: Path) -> tuple[Any, ...]:
        """The function that a worker calls for a task, and its arguments."""
        return run_mounted_task, task, spec, staging.resolve()

    def collect(self, task: Task, record: TaskRecord) -> None:
        """The output is in the staging folder already."""


@dataclass(frozen=True)
class DaskWorkers:
    """The workers of a Dask scheduler. label: how many, or the scheduler's address."""

    client: Client
    label: int | str
    transport: Transport = field(default_factory=SharedFolderTransport)

    def compute(self, tasks: Sequence[Task], spec: RunSpec, staging: Path) -> Iterator[tuple[Task, TaskRecord]]:
        """Submit tasks to the workers; a task whose worker is lost is run again by another.

        Raises UserError where a task raises it, workers cannot read the inputs, or a task kills all of them.
        """
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        submitted: dict[Future, Task] = {}
        try:
            for task in tasks:
                call = self.transport.remote_call(task, spec, staging)
                submitted[self.client.submit(*call, pure=False, key=f"{task.name}-{spec.digest}")] = task
            for future in as_completed(list(submitted), loop=self.client.loop):
                task, record = submitted[future], future.result()
                self.transport.collect(task, record)
                yield task, record
        except KilledWorker as lost:
            raise UserError(
                "计算进程反复中断（内存不足？）；已完成的部分保留。请减少 --workers 或增加内存后重新运行。",
                "Workers died again and again (out of memory?); finished parts are kept. "
                "Run again with fewer --workers or more memory.",
            ) from lost
        finally:
            self.client.cancel(list(submitted))


def run_mounted_task(task: Task, spec: RunSpec, staging: Path) -> TaskRecord:
    """Run a task in a worker that should see the staging folder."""
    if not staging.is_dir():
        raise UserError(
            f"计算机看不到数据目录 {staging}；请在每台机器上以同一路径挂载共享目录，或以 --storage 指明共享存储。",
            f"A worker does not see {staging}; mount the shared data folder under the same path on every machine, "
            "or name shared storage by --storage.",
        )
    return run_task(task, spec, staging)


@contextmanager
def local_cluster(data: Path, workers: int) -> Iterator[DaskWorkers]:
    """Yield worker processes of this machine, one thread each; they end with the block.

    data: the data folder, below which they keep their files.

    Raises UserError where Dask is not installed.
    """
    _require_dask()
    import dask.config
    from distributed import Client, LocalCluster

    configuration = {
        "distributed.nanny.pre-spawn-environ": _ONE_THREAD,
        "distributed.scheduler.allowed-failures": _ALLOWED_FAILURES,
        "distributed.worker.memory.terminate": False,
        "distributed.worker.memory.pause": False,
        "distributed.worker.memory.spill": False,
        "distributed.worker.memory.target": False,
        "distributed.admin.system-monitor.gil.enabled": False,
        "distributed.worker.profile.enabled": False,
    }
    with (
        temporary_folder(data, "workers") as scratch,
        dask.config.set(configuration),
        LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
            memory_limit=0,
            local_directory=str(scratch),
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster) as client,
    ):
        warm_ups = [client.submit(import_explainer, pure=False, workers=[one]) for one in client.nthreads()]
        yield DaskWorkers(client, workers)
        client.cancel(warm_ups)


@contextmanager
def connect_cluster(address: str, storage: str | None = None) -> Iterator[DaskWorkers]:
    """Yield the workers of a Dask scheduler that runs already.

    storage: the URL of a storage that all workers reach; None where all see the data folder under the same path.

    Raises UserError where no scheduler answers, or no installed package reads such a URL.
    """
    _require_dask()
    from distributed import Client

    transport = SharedStorageTransport(open_storage(storage)) if storage else None
    try:
        client = Client(address, timeout=_SCHEDULER_TIMEOUT_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"{address} 没有 Dask 调度器应答；请核对地址，例如 tcp://10.0.0.1:8786。",
            f"No Dask scheduler answers at {address}; check the address, for example tcp://10.0.0.1:8786.",
        ) from error
    with client:
        yield DaskWorkers(client, address, transport or SharedFolderTransport())
    if transport:
        transport.finish()


def _require_dask() -> None:
    from importlib.util import find_spec

    if find_spec("distributed") is None:
        raise UserError(
            "未安装多进程部件；请运行 pip install 'county-lights[cluster]'，或不带 --workers 运行。",
            "The parts for several workers are not installed; run pip install 'county-lights[cluster]', "
            "or run without --workers.",
        )
