"""The monthly run in parts: a county, or blocks of a large one, each computed alone and kept until the month is whole.

A part is written under its name with a record beside it; a run that begins again takes up the parts whose record
names the same inputs and whose files are as it says.
"""

from __future__ import annotations

import errno
import json
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from features.compute import community_at, features_at
from features.delivered_tables import Rows
from features.messages import Refused
from features.snapshot.peer_groups import GROUPS, Community
from models.explain import typical_by_township
from serving.batch.inputs import Inputs, Opened, county_before, opened
from serving.batch.parquet import in_order_of_loans, write_part, write_published
from serving.batch.plan import Job, Step
from serving.batch.warnings import warnings_of
from serving.months.previous_month import before_of
from serving.months.repository import checksum

_COLUMNS_AT_ONCE = 12
"""Features whose township medians are taken together, where a county lies in blocks."""
_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EACCES)
Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Record:
    """What a job has left: the inputs it was computed from, its rows, what it took, and the checksums of its files."""

    name: str
    inputs: str
    rows: int
    seconds: float
    explained_again: int
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class Left:
    """What a job has made: frames by the name of their file, and how many rows were explained again.

    published: those that stay as they are until they are published, and are written as that.
    """

    frames: Frames
    explained_again: int = 0
    published: frozenset[str] = frozenset()

    def written(self, folder: Path) -> dict[str, str]:
        """Checksums by file."""
        return {f"{name}.parquet": self._write(name, folder / f"{name}.parquet") for name in self.frames}

    def _write(self, name: str, path: Path) -> str:
        in_order = in_order_of_loans(self.frames[name])
        return write_published([in_order], path) if name in self.published else write_part(in_order, path)


def folder_of(job: Job, making: Path) -> Path:
    return making / "parts" / job.name


def kept(job: Job, inputs: Inputs, making: Path) -> Record | None:
    """The record of a job that has been done from the same inputs, its files as they were."""
    folder = folder_of(job, making)
    try:
        record = Record(**json.loads((folder / "record.json").read_text("utf-8")))
        whole = all(checksum(folder / name) == known for name, known in record.checksums.items())
    except (OSError, ValueError, TypeError):
        return None
    return record if whole and record.inputs == inputs.digest else None


def do(job: Job, inputs: Inputs, making: Path) -> Record:
    """Do a job and keep what it leaves; two that do the same job leave the same.

    Raises Refused where the part cannot be computed, OSError where the disk takes no more.
    """
    began = time.monotonic()
    try:
        left = _STEPS[job.step](_Work(job, opened(inputs), inputs, making))
        return _keep(job, inputs, making, left, began)
    except Refused:
        raise
    except Exception as error:  # one part is one job: what is wrong with it is told, and what stands is kept
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            raise
        raise Refused(
            f"{job.part} 无法计算 ({type(error).__name__}); 上一版仍在使用, 已完成的部分保留。"
            "请检查该县的台账文件后重新运行。",
            f"{job.part} cannot be computed ({type(error).__name__}); what was published before still stands and "
            "finished parts are kept. Check the ledger's files of that county and run again.",
        ) from error


def _keep(job: Job, inputs: Inputs, making: Path, left: Left, began: float) -> Record:
    with laid(job, making) as half:
        checksums = left.written(half)
        rows = left.frames["warnings"].height if "warnings" in left.frames else 0
        record = Record(
            job.name, inputs.digest, rows, round(time.monotonic() - began, 3), left.explained_again, checksums
        )
        note(record, half)
    return record


@contextmanager
def laid(job: Job, making: Path) -> Iterator[Path]:
    """A folder for what a job leaves; it comes under the job's name only when whole."""
    folder = folder_of(job, making)
    folder.parent.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(prefix=f".{job.name}.", dir=folder.parent))
    try:
        yield half
        if folder.exists():  # of other inputs, broken, or just left by another who does the same
            folder.replace(half / "before")
        with suppress(FileExistsError):
            half.rename(folder)
        shutil.rmtree(folder / "before", ignore_errors=True)
    finally:
        shutil.rmtree(half, ignore_errors=True)


def note(record: Record, folder: Path) -> None:
    """Lay a record beside the files it is of."""
    (folder / "record.json").write_text(json.dumps(asdict(record)), "utf-8")


@dataclass(frozen=True)
class _Work:
    """A job with what it is done with."""

    job: Job
    opened: Opened
    inputs: Inputs
    making: Path

    @cached_property
    def rows(self) -> Rows:
        return self.opened.ledger.rows(self.job.county)

    @cached_property
    def block(self) -> Rows:
        return self.rows.blocks(self.inputs.households_in_part)[self.job.block]

    def left_by(self, step: Step, block: int = 0) -> Path:
        return folder_of(self.job.at(step, block), self.making)

    def features(self, rows: Rows, around: Community | None) -> pl.DataFrame:
        return features_at(self.inputs.as_of, rows, bad_after_days=self.opened.bad_after_days, around=around)

    def warned(self, features: pl.DataFrame, typical: pl.DataFrame) -> Left:
        """The warnings."""
        county = county_before(self.opened.before, self.job.county, self.opened.ledger)
        before = before_of(self.opened.before, features["loan_id"], county)
        found = warnings_of(features, typical, before, self.opened.judges, self.inputs.as_of)
        return Left({"warnings": found.warnings}, found.explained_again)


def _whole(work: _Work) -> Left:
    features = work.features(work.rows, None)
    if features.is_empty():
        return Left({})
    typical = typical_by_township(features)
    warned, beside = work.warned(features, typical), {"features": features, "typical": typical}
    return replace(warned, frames={**beside, **warned.frames}, published=frozenset(beside))


def _community(work: _Work) -> Left:
    return Left(community_at(work.inputs.as_of, work.rows, work.opened.bad_after_days).totals)


def _facts(work: _Work) -> Left:
    folder = work.left_by(Step.COMMUNITY)
    around = Community({group: pl.read_parquet(folder / f"{group}.parquet") for group in GROUPS})
    return Left({"features": work.features(work.block, around)})


def _usual(work: _Work) -> Left:
    blocks = [work.left_by(Step.FACTS, block) / "features.parquet" for block in range(work.job.blocks)]
    return Left({"typical": pl.concat(_typical_in_columns(pl.scan_parquet(blocks, glob=False)), how="horizontal")})


def _typical_in_columns(features: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """A few columns at a time, so that a county in blocks never lies in memory whole."""
    names = [name for name in features.collect_schema().names() if name not in ("loan_id", "household_id")]
    for begin in range(0, len(names), _COLUMNS_AT_ONCE):
        some = [name for name in names[begin : begin + _COLUMNS_AT_ONCE] if name != "township_code"]
        usual = typical_by_township(features.select("township_code", *some).collect())
        yield usual if begin == 0 else usual.drop("township_code")


def _lights(work: _Work) -> Left:
    features = pl.read_parquet(work.left_by(Step.FACTS, work.job.block) / "features.parquet")
    if features.is_empty():
        return Left({})
    typical = pl.read_parquet(work.left_by(Step.USUAL) / "typical.parquet")
    return work.warned(features, typical)


_STEPS = {
    Step.WHOLE: _whole,
    Step.COMMUNITY: _community,
    Step.FACTS: _facts,
    Step.USUAL: _usual,
    Step.LIGHTS: _lights,
}


def published_by(job: Job, kind: str, making: Path) -> tuple[Path, str] | None:
    """The file, and its checksum, that a county's only job has written as it is published; None of one in blocks."""
    if job.blocks > 1:
        return None
    [path] = frames_of(job, kind, making)
    record = Record(**json.loads((path.parent / "record.json").read_text("utf-8")))
    return path, record.checksums[path.name]


def frames_of(job: Job, kind: str, making: Path) -> list[Path]:
    """The files in which a county's last jobs have left a kind; `job` is any job of the county."""
    steps: Mapping[str, tuple[Step, range]] = {
        "warnings": (Step.LIGHTS, range(job.blocks)),
        "features": (Step.FACTS, range(job.blocks)),
        "typical": (Step.USUAL, range(1)),
    }
    step, blocks = (Step.WHOLE, range(1)) if job.blocks == 1 else steps[kind]
    paths = [folder_of(job.at(step, block), making) / f"{kind}.parquet" for block in blocks]
    return [path for path in paths if path.exists()]


def as_told(record: Record) -> dict[str, Any]:
    """For the manifest."""
    return {"part": record.name, "rows": record.rows, "seconds": record.seconds}
