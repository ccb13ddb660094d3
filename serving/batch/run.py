"""The monthly run: all open loans of all counties, in parts, published in one step."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from features.messages import Refused
from models.bundle import Bundle
from serving.batch.inputs import HOUSEHOLDS_IN_PART, Inputs, Opened, inputs_now, opened
from serving.batch.plan import Job, rounds_of
from serving.batch.publish import exclusively, finished, prepare, published
from serving.batch.tasks import Record, as_told, do, kept
from serving.months.data_folder import Store
from serving.months.repository import Manifest, Published

_AT_ONCE = 4
"""Jobs of one process on two cores: each has stretches for a single core; more would only hold more in memory."""
Advance = Callable[[int, str], object]
"""Is told of so many loans done, and says a line where there is one to say."""


class Workers(Protocol):
    """Who does the jobs of a round, in any order."""

    @property
    def told(self) -> int | str:
        """How many, or where: for the manifest."""

    def each(self, jobs: Sequence[Job], inputs: Inputs, making: Path) -> Iterator[tuple[Job, Record]]:
        """Do them all; raises what one of them raises."""


class Alone:
    """This process, some jobs at once: while one has work for a single core, the others take the rest."""

    told = 1

    def each(self, jobs: Sequence[Job], inputs: Inputs, making: Path) -> Iterator[tuple[Job, Record]]:
        pool = ThreadPoolExecutor(_AT_ONCE)
        try:
            yield from zip(jobs, pool.map(lambda job: do(job, inputs, making), jobs), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def score(
    store: Store,
    as_of: date,
    by: str,
    at: datetime,
    advance: Advance,
    workers: Workers | None = None,
    households_in_part: int = HOUSEHOLDS_IN_PART,
) -> Manifest:
    """Score and publish a month end.

    by, at: who began the run, and when. The same inputs as the edition that stands change nothing.
    Raises Refused for a day that is no month end or has no rules, with no open loan known by then, where a part cannot
    be computed or the disk takes no more: what was published before still stands.
    """
    folder = store.editions / f"as_of={as_of}"
    making = folder / ".making"
    inputs, why_no_model = inputs_now(store, as_of, making / "tables", households_in_part)
    with _disk_of(making, as_of), exclusively(folder, as_of):
        standing = Published(store).standing(as_of)
        if standing and standing.manifest.inputs == inputs.digest and standing.is_whole:
            shutil.rmtree(making, ignore_errors=True)
            return standing.manifest
        prepare(making, store, inputs)
        began = time.monotonic()
        rounds = rounds_of(opened(inputs).ledger, households_in_part)
        records = computed(rounds, inputs, making, workers or Alone(), advance)
        computing = time.monotonic() - began
        files = finished(counties_of(rounds), making)
        if not files.rows:
            shutil.rmtree(making, ignore_errors=True)
            raise Refused(f"截至 {as_of} 没有已知的未结贷款。", f"No open loan is known by {as_of}.")
        seconds = {"parts": round(computing, 3), "files": round(time.monotonic() - began - computing, 3)}
        run = {"scored_at": at.isoformat(timespec="seconds"), "scored_by": by, "model_refused": why_no_model}
        told = {**run, **_made_of(inputs, records), "seconds": seconds, "workers": (workers or Alone()).told}
        manifest = published(store, as_of, making, files, told)
        shutil.rmtree(making, ignore_errors=True)
        return manifest


def computed(
    rounds: Sequence[Sequence[Job]], inputs: Inputs, making: Path, workers: Workers, advance: Advance
) -> list[Record]:
    """Do all jobs that a run before has not left done from the same inputs; their records by name."""
    records = []
    for jobs in rounds:
        left = []
        for job in jobs:
            if record := kept(job, inputs, making):
                records.append(record)
                advance(job.loans, f"{job.name} {inputs.as_of} 已完成 already done")
            else:
                left.append(job)
        for job, record in workers.each(left, inputs, making):
            records.append(record)
            advance(job.loans, f"{job.name} {inputs.as_of}: {record.rows} 笔 loans, {record.seconds:.1f} s")
    return sorted(records, key=lambda record: record.name)


def counties_of(rounds: Sequence[Sequence[Job]]) -> list[Job]:
    """One job of each county."""
    return list({job.county: job for jobs in rounds for job in jobs}.values())


@contextmanager
def _disk_of(making: Path, as_of: date) -> Iterator[None]:
    """A disk that takes no more is given back what the run has taken, and it is told."""
    try:
        yield
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        what = os.strerror(error.errno) if error.errno else str(error)
        raise Refused(
            f"{as_of} 未发布 ({what}); 上一版仍在使用。请检查磁盘空间后重新运行。",
            f"{as_of} was not published ({what}); what was published before still stands. "
            "Check the disk and run again.",
        ) from error


def _made_of(inputs: Inputs, records: Sequence[Record]) -> dict[str, Any]:
    """For the manifest: from what the month was computed, by what it was judged, and what each part came to."""
    return {
        **_judged_by(opened(inputs)),
        "inputs": inputs.digest,
        "before": inputs.before,
        "explained_again": sum(record.explained_again for record in records),
        "parts": [as_told(record) for record in records],
    }


def _judged_by(inputs: Opened) -> dict[str, Any]:
    judges = inputs.judges
    return {
        "model_version": judges.model_version,
        "policy_version": judges.policy_version,
        "data_version": judges.data_version,
        "label": _label(judges.bundle) if judges.bundle else None,
        "rules": {rule.id: rule.said for rule in judges.rules},
        "county_policy": judges.county.model_dump(mode="json"),
    }


def _label(bundle: Bundle) -> dict[str, int]:
    """What a probability is of."""
    return {"horizon_months": int(bundle.card["horizon_months"]), "bad_after_days": bundle.bad_after_days}
