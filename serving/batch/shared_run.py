"""A run whose workers do not see the data folder: copies of the inputs are uploaded to a storage that they reach."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from features.checksums import checksum
from features.contract.tables import TABLES
from features.ledger.part_files import ALL_COUNTIES
from features.messages import UserError
from serving.batch.inputs import RunSpec, open_context, previous_county_file
from serving.batch.plan import Task, prerequisites
from serving.batch.remote_task import RemoteTask, run_remote_task
from serving.batch.storage import Storage, StoredFile
from serving.batch.tasks import TaskRecord, staging_folder, task_folder, write_record
from serving.months.edition import PublishedMonth
from serving.months.published_editions import month_folder_name

_INPUTS_FOLDER = "offered"
"""Folder of the storage for input files, which never change; they stay for later runs."""
_COMMON = "common"
_NO_FOLDER = Path()
"""Stands for the data folder in the spec that workers receive, which have none."""


class SharedStorageTransport:
    """Sends tasks to workers that share nothing but a storage, and downloads their output."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._run: SharedRun | None = None

    def remote_call(self, task: Task, spec: RunSpec, staging: Path) -> tuple[Any, ...]:
        """The function that a worker calls for a task, and its arguments; the files it needs are uploaded first."""
        self._run = self._run or SharedRun(self._storage, spec, staging)
        return run_remote_task, self._run.remote_task(task)

    def collect(self, task: Task, record: TaskRecord) -> None:
        """Download the output of a finished task to the staging folder.

        Raises UserError where a file is missing or damaged.
        """
        if self._run:
            self._run.fetch_output(task, record)

    def finish(self) -> None:
        """Remove the tasks' output from the storage; where that fails, the files do no harm."""
        if self._run:
            with suppress(UserError):
                self._storage.remove(self._run.folder)


class SharedRun:
    """The input files of a run, each uploaded when a task first needs it and the storage does not have it yet.

    folder: the folder of the storage for the output of the run's tasks.
    """

    def __init__(self, storage: Storage, spec: RunSpec, staging: Path) -> None:
        self.folder = f"runs/{month_folder_name(spec.as_of)}"
        self._storage, self._spec, self._staging = storage, spec, staging
        self._context = open_context(spec)
        self._sizes: dict[str, dict[str, int]] = {}
        self._checksums: dict[Path, str] = {}
        self._stored_sizes(self.folder)

    def remote_task(self, task: Task) -> RemoteTask:
        """The task with the stored files that it reads, all of them uploaded."""
        spec = replace(self._spec, data=_NO_FOLDER, tables=_NO_FOLDER)
        # The output of earlier stages; it is in the storage already, unless an earlier run wrote it.
        outputs = (task_folder(earlier, self._staging) for earlier in prerequisites(task))
        paths = (path for folder in outputs for path in folder.glob("*.parquet"))
        files = {path: (f"making/{path.relative_to(self._staging)}", self.folder) for path in paths}
        archives, ledger = [self._common_archive], self._context.ledger
        if task.stage.reads_delivered_tables:
            for county in (*ledger.counties_to_read(task.county), ALL_COUNTIES):
                ledger_files = [path for table in TABLES for path in ledger.file_paths(table, county)]
                files |= {path: (self._local_path(path), f"{_INPUTS_FOLDER}/{county}") for path in ledger_files}
        if task.stage.compares_with_previous_month and (month := self._context.previous_month):
            if own_county := previous_county_file(month, task.county, ledger):
                month_files = _compared_files(month, own_county)
                files |= {path: (self._local_path(path), f"{_INPUTS_FOLDER}/{own_county}") for path in month_files}
            else:
                archives.append(self._previous_month_archive)
        return RemoteTask(self._storage, self.folder, task, spec, tuple(archives), self._upload(files))

    def fetch_output(self, task: Task, record: TaskRecord) -> None:
        """Download the output of a task to the staging folder, as if it had been computed here."""
        files = [StoredFile(name, self.folder, digest) for name, digest in record.checksums.items()]
        with staging_folder(task, self._staging) as folder:
            self._storage.fetch(files, folder)
            write_record(record, folder)
            self._sizes[self.folder] |= {file.checksum: (folder / file.local_path).stat().st_size for file in files}

    def _upload(self, files: Mapping[Path, tuple[str, str]]) -> tuple[StoredFile, ...]:
        """Upload files that are not in the storage yet; files: by path, the path at the worker and the folder."""
        self._checksums |= {path: checksum(path) for path in files if path not in self._checksums}
        sources = {StoredFile(local, folder, self._checksums[path]): path for path, (local, folder) in files.items()}
        by_name = {file.name: file for file in sources}  # equal bytes of two files are uploaded once
        sizes = {file: sources[file].stat().st_size for file in by_name.values()}
        absent = {
            file: size for file, size in sizes.items() if self._stored_sizes(file.folder).get(file.checksum) != size
        }
        self._storage.upload({file: sources[file] for file in absent}, staging=self.folder)
        for file, size in absent.items():
            self._sizes[file.folder][file.checksum] = size
        return tuple(sources)

    def _stored_sizes(self, folder: str) -> dict[str, int]:
        """The sizes of the files in a folder of the storage by name; the storage is asked once."""
        if folder not in self._sizes:
            self._sizes[folder] = self._storage.sizes(folder)
        return self._sizes[folder]

    @cached_property
    def _common_archive(self) -> StoredFile:
        """The files that every task reads: commits, model, tables, and the manifest of the previous month."""
        data, month = self._spec.data, self._context.previous_month
        commits = (f"ledger/commits/{commit.sequence:08d}.json" for commit in self._context.ledger.commits)
        files = {commit: data / commit for commit in commits}
        if self._spec.model is not None:
            model_files = (data / "models" / str(self._spec.model)).glob("*.*")
            files |= {self._local_path(path): path for path in model_files}
        if month:
            files[self._local_path(month.folder / "manifest.json")] = month.folder / "manifest.json"
        files |= {f"tables/{path.name}": path for path in self._spec.tables.iterdir()}
        return self._upload_archive("common", files)

    @cached_property
    def _previous_month_archive(self) -> StoredFile:
        """All files of the previous month, for where a loan may have been in another county then."""
        month = self._context.previous_month
        files = _compared_files(month) if month else []
        return self._upload_archive("before", {self._local_path(path): path for path in files})

    def _upload_archive(self, name: str, files: Mapping[str, Path]) -> StoredFile:
        """Upload many files as one tar file, of equal bytes whoever packs it; files: by path at the worker."""
        archive = self._staging / f"{name}.tar"
        with tarfile.open(archive, "w", format=tarfile.PAX_FORMAT) as tar:
            for local_path, path in sorted(files.items()):
                entry = tarfile.TarInfo(local_path)
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    tar.addfile(entry, file)
        [stored_file] = self._upload({archive: (archive.name, f"{_INPUTS_FOLDER}/{_COMMON}")})
        return stored_file

    def _local_path(self, path: Path) -> str:
        """Where a file of the data folder belongs in a worker's scratch folder."""
        return path.relative_to(self._spec.data).as_posix()


def _compared_files(month: PublishedMonth, county: str = "*") -> list[Path]:
    """The files of the previous month that this one is compared with: of a county, or of all."""
    return [path for kind in ("warnings", "features") for path in month.folder.glob(f"{kind}/{county}.parquet")]
