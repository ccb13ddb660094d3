"""The tasks of a monthly run: a county, or a block of a large one, computed alone and written to a folder of its own.

The folder has the task's name and a record of its inputs and files. A run that begins again uses the folders whose
record names equal inputs and whose files have the recorded checksums.
"""

from __future__ import annotations

import errno
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import polars as pl

from features.atomic_files import atomic_folder
from features.checksums import checksum
from features.completeness import bank_deliveries
from features.compute import NOT_FEATURES, peer_statistics_at, snapshot_at, snapshot_features
from features.delivered_tables import DeliveredTables
from features.frame_schema import FrameSchema
from features.loan_checks import snapshot_findings
from features.messages import UserError
from features.snapshot.as_of import Snapshot
from features.snapshot.latest_versions import LatestVersions
from features.snapshot.loan_book import LoanBook
from features.snapshot.peer_groups import PEER_GROUPS, PeerStatistics
from features.spell_endings import endings_of
from features.stored_files import read_stored_json
from models.disclosure import DISCLOSURE_COLUMNS
from models.explain import AreaDisclosure, township_medians
from models.traffic_light.county_figures import (
    COUNTY_FIGURES_SCHEMA,
    county_figures,
    figure_columns,
    figures_by_county,
)
from serving.batch.inputs import RunContext, RunSpec, open_context, previous_county_file
from serving.batch.parquet import sorted_by_loan, write_edition_file, write_intermediate
from serving.batch.plan import Stage, Task
from serving.batch.warnings import build_warnings
from serving.months.news_days import later_model_lights
from serving.months.previous_month import previous_month_of

SPELL_ENDINGS = "spell_endings"
"""The frame of how the times that loans were bad ended."""
BANK_DELIVERIES = "bank_deliveries"
"""The frame of what each bank has delivered."""
_COLUMNS_AT_ONCE = 12
"""Features whose township medians are computed together, where a county is computed in blocks."""
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES)
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class TaskRecord:
    """The record of a finished task, as `record.json` in its folder has it.

    name: the task's. inputs: the digest of the run's inputs. rows: warnings. seconds: what the task took.
    explained_again: rows whose reasons LightGBM itself gave. checksums: by file name.
    """

    name: str
    inputs: str
    rows: int
    seconds: float
    explained_again: int
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class TaskOutput:
    """The output of a task.

    frames: by the name of their file. explained_again: rows whose reasons LightGBM itself gave. final_frames: names of
    the frames that are published as they are, and therefore written as published files.
    """

    frames: Frames
    explained_again: int = 0
    final_frames: frozenset[str] = frozenset()

    def write(self, folder: Path) -> dict[str, str]:
        """Write each frame to a file in a folder; returns the checksums by file name."""
        checksums: dict[str, str] = {}
        for name, frame in self.frames.items():
            path, rows = folder / f"{name}.parquet", sorted_by_loan(frame)
            is_final = name in self.final_frames
            checksums[path.name] = write_edition_file([rows], path) if is_final else write_intermediate(rows, path)
        return checksums


def task_folder(task: Task, staging: Path) -> Path:
    """The folder of a task's output."""
    return staging / "parts" / task.name


def cached_result(task: Task, spec: RunSpec, staging: Path) -> TaskRecord | None:
    """The record of a task that was finished from equal inputs and whose files are unchanged; else None."""
    folder = task_folder(task, staging)
    try:
        record = TaskRecord(**json.loads((folder / "record.json").read_text("utf-8")))
        is_whole = all(checksum(folder / name) == digest for name, digest in record.checksums.items())
    except (OSError, ValueError, TypeError):
        return None
    return record if is_whole and record.inputs == spec.digest else None


def run_task(task: Task, spec: RunSpec, staging: Path) -> TaskRecord:
    """Compute a task and write its output to its folder; running a task twice gives equal files.

    Raises UserError where the task cannot be computed, OSError where the disk takes no more.
    """
    began = time.monotonic()
    try:
        output = _STAGES[task.stage](_Computation(task, open_context(spec), spec, staging))
        with staging_folder(task, staging) as folder:
            checksums = output.write(folder)
            rows = output.frames["warnings"].height if "warnings" in output.frames else 0
            seconds = round(time.monotonic() - began, 3)
            record = TaskRecord(task.name, spec.digest, rows, seconds, output.explained_again, checksums)
            write_record(record, folder)
        return record
    except UserError:
        raise
    except Exception as error:  # a task's edge: the run ends with a sentence, finished tasks stay
        if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
            raise
        raise UserError(
            f"{task.block_name} 无法计算（{type(error).__name__}）；上一版仍在使用，已完成的部分保留。"
            "请检查该县的台账文件后重新运行。",
            f"{task.block_name} cannot be computed ({type(error).__name__}); what was published before still stands "
            "and finished parts are kept. Check the ledger's files of that county and run again.",
        ) from error


@contextmanager
def staging_folder(task: Task, staging: Path) -> Iterator[Path]:
    """Yield an empty folder for a task's output; it becomes the task's folder when the block ends.

    A folder of other inputs, a broken one, or one that another worker has just written for the same task gives way.
    """
    with atomic_folder(task_folder(task, staging), unique=True, durable=False) as folder:
        yield folder


def write_record(record: TaskRecord, folder: Path) -> None:
    """Write a task's record beside its files."""
    (folder / "record.json").write_text(json.dumps(asdict(record)), "utf-8")


@dataclass(frozen=True)
class _Computation:
    """A task with its inputs; a method for each stage returns the stage's output."""

    task: Task
    context: RunContext
    spec: RunSpec
    staging: Path

    def whole_county(self) -> TaskOutput:
        """Features, township medians and warnings of a small county."""
        counted, snapshot = self._counts_and_snapshot(self.context.ledger.tables(self.task.county))
        features = snapshot_features(snapshot)
        if features.is_empty():
            return TaskOutput(counted)
        typical, figures = township_medians(features), county_figures(features, self.context.scoring.rules)
        findings = snapshot_findings(snapshot)
        warnings = self._warnings_of(features, typical, findings, figures)
        return TaskOutput(
            {
                "features": features,
                "typical": typical,
                "loan_checks": findings,
                **self._figure_frame(figures),
                **counted,
                **warnings.frames,
            },
            warnings.explained_again,
            final_frames=frozenset({"features", "typical"}),
        )

    def peer_statistics(self) -> TaskOutput:
        """The totals of each peer group of a county in blocks, a frame for each group."""
        tables = self.context.ledger.tables(self.task.county)
        return TaskOutput(peer_statistics_at(self.spec.as_of, tables, self.context.life_rules).totals)

    def block_features(self) -> TaskOutput:
        """The features of a block, and the checks on the whole loan that its loans fail."""
        folder = self._output_folder(Stage.PEER_STATISTICS)
        peers = PeerStatistics(
            {group: pl.read_parquet(folder / f"{group}.parquet", glob=False) for group in PEER_GROUPS}
        )
        tables = self.context.ledger.tables(self.task.county)
        block = tables.household_blocks(self.spec.households_in_part)[self.task.block]
        counted, snapshot = self._counts_and_snapshot(block)
        features, findings = snapshot_features(snapshot, peers), snapshot_findings(snapshot)
        return TaskOutput({"features": features, "loan_checks": findings, **counted})

    def medians(self) -> TaskOutput:
        """The township medians of a county in blocks, a few columns at a time: its features need not fit in memory.

        The county's figures, of all its blocks, where rules compare with them.
        """
        folders = [self._output_folder(Stage.FEATURES, block) for block in range(self.task.blocks)]
        features = pl.scan_parquet([folder / "features.parquet" for folder in folders], glob=False)
        names = [name for name in features.collect_schema().names() if name not in NOT_FEATURES]
        disclosure = AreaDisclosure.of(features.select(DISCLOSURE_COLUMNS).collect())
        frames: list[pl.DataFrame] = []
        for begin in range(0, len(names), _COLUMNS_AT_ONCE):
            columns = features.select("township_code", *names[begin : begin + _COLUMNS_AT_ONCE])
            medians = township_medians(columns.collect(), disclosure)
            frames.append(medians.drop("township_code") if frames else medians)
        rules = self.context.scoring.rules
        figures = county_figures(features.select(figure_columns(rules)).collect(), rules)
        return TaskOutput({"typical": pl.concat(frames, how="horizontal"), **self._figure_frame(figures)})

    def block_lights(self) -> TaskOutput:
        """The warnings of a block."""
        folder = self._output_folder(Stage.FEATURES, self.task.block)
        features = pl.read_parquet(folder / "features.parquet", glob=False)
        if features.is_empty():
            return TaskOutput({})
        medians, findings = (
            self._output_folder(Stage.MEDIANS),
            pl.read_parquet(folder / "loan_checks.parquet", glob=False),
        )
        figures_file, figures = medians / "figures.parquet", COUNTY_FIGURES_SCHEMA.empty()
        if figures_file.exists():
            figures = pl.read_parquet(figures_file, glob=False)
        return self._warnings_of(features, pl.read_parquet(medians / "typical.parquet"), findings, figures)

    def _counts_and_snapshot(self, tables: DeliveredTables) -> tuple[Frames, Snapshot]:
        """What a month's manifest counts of some households, and the snapshot of those that still borrow.

        Counted are all loans, closed ones as well; what is read and walked for them serves the snapshot.
        """
        as_of, rules = self.spec.as_of, self.context.life_rules
        if not self.spec.is_month:
            return {}, snapshot_at(as_of, tables, rules)
        book = LoanBook(LatestVersions(tables, as_of), as_of, rules)
        snapshot = Snapshot.of_borrowing(book)
        return {SPELL_ENDINGS: endings_of(book), BANK_DELIVERIES: bank_deliveries(book, snapshot)}, snapshot

    def _figure_frame(self, figures: pl.DataFrame) -> Frames:
        """The county's figures as a frame of the output; none where no rule compares with them."""
        return {"figures": figures} if figure_columns(self.context.scoring.rules) else {}

    def _output_folder(self, stage: Stage, block: int = 0) -> Path:
        return task_folder(self.task.for_stage(stage, block), self.staging)

    def _warnings_of(
        self, features: pl.DataFrame, typical: pl.DataFrame, findings: pl.DataFrame, figures: pl.DataFrame
    ) -> TaskOutput:
        county = previous_county_file(self.context.previous_month, self.task.county, self.context.ledger)
        previous = previous_month_of(self.context.previous_month, features["loan_id"], county)
        previous = previous.with_later_model_lights(later_model_lights(self.context.news))
        scoring = replace(self.context.scoring, county_figures=figures_by_county(figures))
        scored = build_warnings(features, typical, previous, scoring, self.spec.as_of, findings)
        return TaskOutput({"warnings": scored.warnings}, scored.explained_again)


_STAGES = {
    Stage.WHOLE_COUNTY: _Computation.whole_county,
    Stage.PEER_STATISTICS: _Computation.peer_statistics,
    Stage.FEATURES: _Computation.block_features,
    Stage.MEDIANS: _Computation.medians,
    Stage.LIGHTS: _Computation.block_lights,
}


def final_file(task: Task, kind: str, staging: Path) -> tuple[Path, str] | None:
    """The file of a kind that is published as it is, and its checksum; None for a county in blocks."""
    if task.blocks > 1:
        return None
    [path] = output_files(task, kind, staging)
    record = read_stored_json(path.parent / "record.json", lambda stored: TaskRecord(**stored))
    return path, record.checksums[path.name]


def output_files(task: Task, kind: str, staging: Path) -> list[Path]:
    """The files of a kind that a county's tasks have written; task: any of the county."""
    stages: Mapping[str, tuple[Stage, range]] = {
        "warnings": (Stage.LIGHTS, range(task.blocks)),
        "features": (Stage.FEATURES, range(task.blocks)),
        "typical": (Stage.MEDIANS, range(1)),
        "figures": (Stage.MEDIANS, range(1)),
        "loan_checks": (Stage.FEATURES, range(task.blocks)),
        SPELL_ENDINGS: (Stage.FEATURES, range(task.blocks)),
        BANK_DELIVERIES: (Stage.FEATURES, range(task.blocks)),
    }
    stage, blocks = (Stage.WHOLE_COUNTY, range(1)) if task.blocks == 1 else stages[kind]
    paths = [task_folder(task.for_stage(stage, block), staging) / f"{kind}.parquet" for block in blocks]
    return [path for path in paths if path.exists()]


def output_frames(tasks: Sequence[Task], kind: str, staging: Path, schema: FrameSchema) -> pl.DataFrame:
    """The rows of a kind that the tasks of all counties have written; tasks: one of each county."""
    paths = [path for task in tasks for path in output_files(task, kind, staging)]
    return pl.concat([schema.empty(), *(pl.read_parquet(path, glob=False) for path in paths)])


def manifest_entry(record: TaskRecord) -> dict[str, Any]:
    """The task as the manifest's `parts` name it."""
    return {"part": record.name, "rows": record.rows, "seconds": record.seconds}
