"""What a run offers workers that do not see the data folder: copies of what its jobs read, under a URL."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from features.contract.tables import TABLES
from features.ledger.part_files import EVERYWHERE
from features.messages import Refused
from serving.batch.inputs import Inputs, county_before, opened
from serving.batch.plan import Job, read_by
from serving.batch.remote_task import Task, do_apart
from serving.batch.storage import Copy, Storage
from serving.batch.tasks import Record, folder_of, laid, note
from serving.months.repository import Month, checksum

_OFFERED = "offered"
"""Below the URL: what never changes, kept for runs to come."""
_COMMON = "common"
_NOWHERE = Path()
"""In the place of the data folder, of which workers need not know."""


class Shared:
    """How workers that share nothing but a storage are given jobs, and what they leave is fetched."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._offer: Offer | None = None

    def handed(self, job: Job, inputs: Inputs, making: Path) -> tuple[Any, ...]:
        """What a worker calls, and with what; all that it needs is in the storage by then."""
        self._offer = self._offer or Offer(self._storage, inputs, making)
        return do_apart, self._offer.task(job)

    def taken(self, job: Job, record: Record) -> None:
        """Fetch what a job has left.

        Raises Refused where it is not whole.
        """
        if self._offer:
            self._offer.fetch(job, record)

    def over(self) -> None:
        """The month stands: the run's parts go. Where they cannot be removed, they are in nobody's way."""
        if self._offer:
            with suppress(Refused):
                self._storage.remove(self._offer.run)


class Offer:
    """The inputs of one run, copied under the URL where they are not there yet."""

    def __init__(self, storage: Storage, inputs: Inputs, making: Path) -> None:
        self.run = f"runs/as_of={inputs.as_of}"
        self._storage, self._inputs, self._making = storage, inputs, making
        self._opened = opened(inputs)
        self._there: dict[str, dict[str, int]] = {}
        self._checksums: dict[Path, str] = {}
        self._listed(self.run)

    def task(self, job: Job) -> Task:
        """A job with the copies it needs, all offered."""
        inputs = replace(self._inputs, data=_NOWHERE, tables=_NOWHERE)
        files, packs = self._of_parts(job), [self._common]
        if job.step.reads_rows:
            files |= self._of_ledger(job.county)
        if job.step.compares and (before := self._opened.before):
            county = county_before(before, job.county, self._opened.ledger)
            if county is None:
                packs.append(self._before)
            else:
                files |= {path: (self._at(path), f"{_OFFERED}/{county}") for path in _read_of(before, county)}
        return Task(self._storage, self.run, job, inputs, tuple(packs), self._offered(files))

    def fetch(self, job: Job, record: Record) -> None:
        """Bring what a job has left, and keep it as if it had been done here."""
        left = [Copy(name, self.run, known) for name, known in record.checksums.items()]
        with laid(job, self._making) as half:
            self._storage.bring(left, half)
            note(record, half)
            self._there[self.run] |= {copy.checksum: (half / copy.at).stat().st_size for copy in left}

    def _of_ledger(self, county: str) -> dict[Path, tuple[str, str]]:
        ledger = self._opened.ledger
        counties = (*ledger.read_for(county), EVERYWHERE)
        found = ((one, path) for one in counties for table in TABLES for path in ledger.paths(table, one))
        return {path: (self._at(path), f"{_OFFERED}/{one}") for one, path in found}

    def _of_parts(self, job: Job) -> dict[Path, tuple[str, str]]:
        """What earlier rounds have left for this job; in the storage already, unless a run before left it."""
        paths = (path for earlier in read_by(job) for path in folder_of(earlier, self._making).glob("*.parquet"))
        return {path: (f"making/{path.relative_to(self._making)}", self.run) for path in paths}

    def _offered(self, files: Mapping[Path, tuple[str, str]]) -> tuple[Copy, ...]:
        self._checksums |= {path: checksum(path) for path in files if path not in self._checksums}
        copies = {Copy(at, folder, self._checksums[path]): path for path, (at, folder) in files.items()}
        by_name = {copy.name: copy for copy in copies}  # the same bytes in two places are put once
        absent = {copy: copies[copy] for copy in by_name.values() if not self._is_there(copy, copies[copy])}
        self._storage.put(absent, aside=self.run)
        for copy, path in absent.items():
            self._there[copy.folder][copy.checksum] = path.stat().st_size
        return tuple(copies)

    def _is_there(self, copy: Copy, path: Path) -> bool:
        return self._listed(copy.folder).get(copy.checksum) == path.stat().st_size

    def _listed(self, folder: str) -> dict[str, int]:
        """What lies in a folder of the storage; it is asked once."""
        if folder not in self._there:
            self._there[folder] = self._storage.sizes(folder)
        return self._there[folder]

    @cached_property
    def _common(self) -> Copy:
        """What every job reads: the commits, the model, the tables, the manifest of the month before."""
        data, before = self._inputs.data, self._opened.before
        commits = (f"ledger/commits/{commit.sequence:08d}.json" for commit in self._opened.ledger.commits)
        files = {at: data / at for at in commits}
        if self._inputs.model is not None:
            files |= {self._at(path): path for path in (data / "models" / str(self._inputs.model)).glob("*.*")}
        if before:
            files[self._at(before.folder / "manifest.json")] = before.folder / "manifest.json"
        files |= {f"tables/{path.name}": path for path in self._inputs.tables.iterdir()}
        return self._packed("common", files)

    @cached_property
    def _before(self) -> Copy:
        """All of the month before, where a loan may have lain in another county then."""
        before = self._opened.before
        return self._packed("before", {self._at(path): path for path in _read_of(before)} if before else {})

    def _packed(self, name: str, files: Mapping[str, Path]) -> Copy:
        """Many files as one, the same bytes whoever packs them."""
        pack = self._making / f"{name}.tar"
        with tarfile.open(pack, "w", format=tarfile.PAX_FORMAT) as packing:
            for at, path in sorted(files.items()):
                entry = tarfile.TarInfo(at)
                entry.size = path.stat().st_size
                with path.open("rb") as file:
                    packing.addfile(entry, file)
        [copy] = self._offered({pack: (pack.name, f"{_OFFERED}/{_COMMON}")})
        return copy

    def _at(self, path: Path) -> str:
        return path.relative_to(self._inputs.data).as_posix()


def _read_of(before: Month, county: str = "*") -> list[Path]:
    """The files of the month before that are compared with: of a county, or all."""
    return [path for kind in ("warnings", "features") for path in before.folder.glob(f"{kind}/{county}.parquet")]
