"""The monthly run: all open loans of all counties, computed task by task and published in one step."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import polars as pl

from features.messages import UserError
from models.county_policy.policy_table import policy_table_of
from models.mlflow_aliases import moved_aliases
from models.traffic_light.county_figures import CountyFigures, figures_by_county
from serving.batch.budget_provenance import visits_provenance
from serving.batch.deliveries import delivery_provenance
from serving.batch.fund_records import fund_provenance
from serving.batch.inputs import HOUSEHOLDS_IN_PART, RunSpec, current_run_spec, open_context
from serving.batch.old_months import rename_old_months
from serving.batch.plan import Task, stages_for
from serving.batch.publish import lock_month, prepare_staging, publish, write_edition
from serving.batch.tasks import TaskRecord, cached_result, manifest_entry, output_files, run_task
from serving.months.data_folder import DataFolder
from serving.months.manifest import Manifest
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository

_CONCURRENT_TASKS = 2
"""Tasks of one process on two cores: each has stretches for a single core; more take longer, and more memory."""
ReportProgress = Callable[[int, str], object]
"""Called with the number of loans that have been computed since the last call, and a line to print."""


class Workers(Protocol):
    """The threads, processes or machines that run tasks."""

    @property
    def label(self) -> int | str:
        """How many workers, or the cluster's address, for the manifest."""

    def compute(self, tasks: Sequence[Task], spec: RunSpec, staging: Path) -> Iterator[tuple[Task, TaskRecord]]:
        """Run tasks of one stage, in any order; raises what one of them raises."""


class ThisProcess:
    """Runs several tasks at once in this process: while one has work for a single core, others use the rest."""

    label = 1

    def compute(self, tasks: Sequence[Task], spec: RunSpec, staging: Path) -> Iterator[tuple[Task, TaskRecord]]:
        """Run tasks of one stage in threads."""
        pool = ThreadPoolExecutor(_CONCURRENT_TASKS)
        try:
            yield from zip(tasks, pool.map(lambda task: run_task(task, spec, staging), tasks), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def score(
    data_folder: DataFolder,
    as_of: date,
    scored_by: str,
    scored_at: datetime,
    report_progress: ReportProgress,
    workers: Workers | None = None,
    households_in_part: int = HOUSEHOLDS_IN_PART,
    incomplete: str | None = None,
    mlflow: str | None = None,
    rules_only: bool = False,
) -> Manifest:
    """Score all open loans of a month end and publish them as an edition.

    Args:
        data_folder: with the ledger, and a champion unless the rules alone are to decide. A challenger of a store
            that never had a champion scores in shadow: it moves no light.
        as_of: a month end.
        scored_by: who began the run, for the manifest.
        scored_at: when the run began, for the manifest.
        report_progress: called after each task with the number of its loans and a line to print.
        workers: run the tasks; None for this process.
        households_in_part: counties with more borrowing households are computed in blocks of as many.
        incomplete: why the month is published even where its deliveries are not complete; None to refuse it then.
        mlflow: address of MLflow's database, whose aliases are compared with the history of models; None for the one
            in the data folder.
        rules_only: whether the rules alone are to decide, whatever models there are.

    Returns:
        The manifest of the published edition. Where the inputs equal those of the current edition, nothing is computed
        and its manifest is returned, with the aliases as they are now. Finished tasks of a killed run with equal inputs
        are not computed again.

    Raises:
        DamagedModelError: the model in use cannot be read.
        UserError: for a day that is no month end or has no rules, where no open loan is known by then, a task cannot
            be computed, its deliveries are not complete and `incomplete` is None, or the disk takes no more. The
            edition that was published stays published.

    Example:
        >>> from datetime import UTC, date, datetime
        >>> from serving.batch.run import score
        >>> from serving.months.data_folder import DataFolder
        >>> manifest = score(DataFolder(data), date(2025, 12, 31), "clerk", datetime.now(UTC), lambda loans, line: None)
        >>> manifest.as_of, manifest.rows == sum(light["loans"] for light in manifest.lights.values())
        ('2025-12-31', True)
    """
    folder = data_folder.editions / month_folder_name(as_of)
    staging = folder / ".making"
    with refuse_full_disk(staging, as_of):
        rename_old_months(data_folder, report_progress)
    moved = moved_aliases(data_folder.folder, mlflow)
    alias_values = None if moved is None else [each.json_values for each in moved]
    spec, why_no_model = current_run_spec(data_folder, as_of, staging / "tables", households_in_part, rules_only)
    with refuse_full_disk(staging, as_of), lock_month(folder, as_of):
        current = MonthRepository(data_folder).current_edition(as_of)
        is_same = current and spec.digest in current.input_digests and current.is_whole
        if current and is_same and not current.manifest.incomplete:
            shutil.rmtree(staging, ignore_errors=True)
            return replace(current.manifest, moved_aliases=alias_values)
        prepare_staging(staging, data_folder, spec)
        began = time.monotonic()
        stages = stages_for(open_context(spec).ledger, households_in_part)
        records = run_tasks(stages, spec, staging, workers or ThisProcess(), report_progress)
        computing = time.monotonic() - began
        files = write_edition(one_task_per_county(stages), staging)
        if not files.rows:
            shutil.rmtree(staging, ignore_errors=True)
            raise UserError(f"截至 {as_of} 没有已知的未结贷款。", f"No open loan is known by {as_of}.")
        deliveries = delivery_provenance(spec, one_task_per_county(stages), staging, incomplete)
        seconds = {"parts": round(computing, 3), "files": round(time.monotonic() - began - computing, 3)}
        provenance = {
            "scored_at": scored_at.isoformat(timespec="seconds"),
            "scored_by": scored_by,
            "model_refused": why_no_model,
            "moved_aliases": alias_values,
            **run_provenance(spec, records),
            **deliveries,
            **fund_provenance(spec, one_task_per_county(stages), staging),
            **visits_provenance(spec, staging),
            "county_figures": published_figures(stages, staging),
            "seconds": seconds,
            "workers": (workers or ThisProcess()).label,
        }
        manifest = publish(data_folder, as_of, staging, files, provenance)
        shutil.rmtree(staging, ignore_errors=True)
        return manifest


def run_tasks(
    stages: Sequence[Sequence[Task]], spec: RunSpec, staging: Path, workers: Workers, report_progress: ReportProgress
) -> list[TaskRecord]:
    """Run the tasks of all stages, except those that an earlier run finished from equal inputs.

    Returns the records of all tasks, by name.
    """
    records = []
    for tasks in stages:
        remaining = []
        for task in tasks:
            if record := cached_result(task, spec, staging):
                records.append(record)
                report_progress(task.loans, f"{task.name} {spec.as_of} 已完成 / {task.name} {spec.as_of} already done")
            else:
                remaining.append(task)
        for task, record in workers.compute(remaining, spec, staging):
            records.append(record)
            part, rows, took = f"{task.name} {spec.as_of}", record.rows, f"{record.seconds:.1f} s"
            report_progress(task.loans, f"{part}：{rows} 笔，{took} / {part}: {rows} loans, {took}")
    return sorted(records, key=lambda record: record.name)


def one_task_per_county(stages: Sequence[Sequence[Task]]) -> list[Task]:
    """A task of each county, the last of them: any task of a county leads to the county's output."""
    return list({task.county: task for tasks in stages for task in tasks}.values())


def published_figures(stages: Sequence[Sequence[Task]], staging: Path) -> CountyFigures:
    """The figures of all counties that rules compare with, from the tasks' output."""
    tasks = one_task_per_county(stages)
    frames = [pl.read_parquet(path, glob=False) for task in tasks for path in output_files(task, "figures", staging)]
    return figures_by_county(pl.concat(frames)) if frames else {}


@contextmanager
def refuse_full_disk(staging: Path, as_of: date) -> Iterator[None]:
    """Remove the staging folder of a run that fails on the disk, and raise the UserError that says so."""
    try:
        yield
    except OSError as error:
        shutil.rmtree(staging, ignore_errors=True)
        what = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(
            f"{as_of} 未发布（{what}）；上一版仍在使用。请检查磁盘空间后重新运行。",
            f"{as_of} was not published ({what}); what was published before still stands. "
            "Check the disk and run again.",
        ) from error


def run_provenance(spec: RunSpec, records: Sequence[TaskRecord]) -> dict[str, Any]:
    """The manifest's fields on inputs, versions and tasks."""
    scoring = open_context(spec).scoring
    terms = policy_table_of(spec.tables).contract_terms(spec.as_of)
    label = None
    if scoring.bundle:
        horizon = int(scoring.bundle.card["horizon_months"])
        label = {"horizon_months": horizon, "bad_after_days": scoring.bundle.bad_after_days}
    return {
        "model_version": scoring.model_version,
        "policy_version": scoring.policy_version,
        "data_version": scoring.data_version,
        "shadow": scoring.shadow,
        "label": label,
        "rules": {rule.id: rule.sentences for rule in scoring.rules},
        "county_policy": scoring.county_policy.model_dump(mode="json"),
        "contract_terms": [each.model_dump(mode="json") for each in terms.dated],
        "inputs": spec.digest,
        "before": spec.previous_month,
        "explained_again": sum(record.explained_again for record in records),
        "parts": [manifest_entry(record) for record in records],
    }
