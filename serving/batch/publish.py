"""Publication: an edition is written from the tasks' output in a staging folder, and switched to in one step."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from features.atomic_files import exclusive_lock, replace_link, sync
from features.frame_schema import returns
from features.messages import UserError
from serving.batch.inputs import RunSpec, copy_county_tables
from serving.batch.parquet import ROWS_IN_GROUP, write_edition_file, write_text_to_disk
from serving.batch.plan import Task
from serving.batch.tasks import final_file, output_files
from serving.months.data_folder import DataFolder
from serving.months.edition import EDITION_PREFIX, edition_numbers
from serving.months.manifest import EDITION_FORMAT, Manifest, write_manifest
from serving.months.published_editions import month_folder_name
from serving.months.published_frames import WARNINGS_SCHEMA
from serving.months.repository import MonthRepository

_ROWS_IN_PIECE = 5 * ROWS_IN_GROUP
"""Rows in memory at once while a county in blocks is written; a whole number of row groups."""
_WRITERS = 2
"""Counties written at once."""


@dataclass(frozen=True)
class EditionFiles:
    """The files of an edition.

    checksums: by file name. lights: by light the `loans` and `outstanding_principal` (yuan). loan_checks: how many
    loans fail each check on the whole loan.
    """

    checksums: Mapping[str, str]
    lights: Mapping[str, Mapping[str, float]]
    loan_checks: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The number of loans."""
        return int(sum(light["loans"] for light in self.lights.values()))


@contextmanager
def lock_month(folder: Path, as_of: date) -> Iterator[None]:
    """Hold the lock of a month, so that one run at a time writes below its folder.

    Raises UserError where another run holds it.
    """
    busy = UserError(
        f"另一个评灯正在发布 {as_of}；请稍后再试。", f"Another run is publishing {as_of}; try again later."
    )
    with exclusive_lock(folder / "lock", busy):
        yield


def prepare_staging(staging: Path, data_folder: DataFolder, spec: RunSpec) -> None:
    """Prepare the folder in which a month is made; the finished tasks of a killed run of equal inputs stay."""
    digest_file = staging / "inputs.json"
    if not digest_file.exists() or digest_file.read_text("utf-8") != spec.digest:
        shutil.rmtree(staging, ignore_errors=True)
    copy_county_tables(data_folder, spec.tables)
    write_text_to_disk(spec.digest, digest_file)
    shutil.rmtree(staging / "edition", ignore_errors=True)
    for unfinished in (staging / "parts").glob(".*"):
        shutil.rmtree(unfinished, ignore_errors=True)


def write_edition(tasks: Sequence[Task], staging: Path) -> EditionFiles:
    """Write an edition's files from the tasks' output, a file of each kind for each county.

    tasks: one of each county. Each loan is ranked among the loans of all counties.
    """
    paths = [path for task in tasks for path in output_files(task, "warnings", staging)]
    probabilities = pl.Series("probability", [], pl.Float64)
    if paths:
        scan = pl.scan_parquet(paths, glob=False).select(pl.col("probability").drop_nulls().sort())
        probabilities = scan.collect().to_series()
    with ThreadPoolExecutor(_WRITERS) as pool:
        counties = list(pool.map(partial(_write_county, staging=staging, probabilities=probabilities), tasks))
    lights: dict[str, dict[str, float]] = {}
    for county in counties:
        for light, totals in county.lights.items():
            so_far = lights.get(light, {"loans": 0, "outstanding_principal": 0.0})
            lights[light] = {name: round(so_far[name] + value, 2) for name, value in totals.items()}
    checksums = {name: digest for county in counties for name, digest in county.checksums.items()}
    return EditionFiles(dict(sorted(checksums.items())), dict(sorted(lights.items())), _failed_checks(tasks, staging))


def _failed_checks(tasks: Sequence[Task], staging: Path) -> dict[str, int]:
    """For each check on the whole loan how many loans of all counties fail it, those that have ended among them."""
    paths = [path for task in tasks for path in output_files(task, "loan_checks", staging)]
    if not paths:
        return {}
    counts = pl.scan_parquet(paths, glob=False).group_by("check").len().sort("check").collect()
    return dict(counts.rows())


def _write_county(task: Task, staging: Path, probabilities: pl.Series) -> EditionFiles:
    """Write a county's files; probabilities: of all counties' loans, ascending."""
    if not (warnings := output_files(task, "warnings", staging)):
        return EditionFiles({}, {})
    edition, name, totals = staging / "edition", f"{task.county}.parquet", _LightTotals()
    pieces = (totals.count(with_score_ranks(piece, probabilities)) for piece in _pieces_by_loan(warnings))
    checksums = {f"warnings/{name}": write_edition_file(pieces, edition / "warnings" / name)}
    for kind in ("features", "typical"):
        path = edition / kind / name
        if whole_file := final_file(task, kind, staging):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.hardlink_to(whole_file[0])
            checksums[f"{kind}/{name}"] = whole_file[1]
        else:
            paths = output_files(task, kind, staging)
            frames = (
                _pieces_by_loan(paths) if kind == "features" else (pl.read_parquet(path, glob=False) for path in paths)
            )
            checksums[f"{kind}/{name}"] = write_edition_file(frames, path)
    return EditionFiles(checksums, totals.lights)


@returns(WARNINGS_SCHEMA)
def with_score_ranks(warnings: pl.DataFrame, probabilities: pl.Series) -> pl.DataFrame:
    """Add `score_rank` to warnings and sort them by `loan_id`.

    Args:
        warnings: in the columns of WARNINGS_SCHEMA.
        probabilities: of all loans that are ranked together, ascending.

    Returns:
        The warnings by loan_id. Rank 1 is the riskiest; ties share the better rank; no probability, no rank.
    """
    safer_or_equal = probabilities.search_sorted(warnings["probability"], side="right")
    safer = pl.Series("safer", safer_or_equal).cast(pl.Int64)
    rank = pl.when(pl.col("probability").is_not_null()).then(len(probabilities) + 1 - pl.lit(safer))
    return warnings.with_columns(rank.alias("score_rank")).sort("loan_id")


def _pieces_by_loan(paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
    """The rows of a county's blocks in the order of `loan_id`, in pieces of _ROWS_IN_PIECE; the last may be smaller."""
    if not paths:
        return
    if len(paths) == 1:  # a task has written its rows in that order
        yield from pl.read_parquet(paths[0], glob=False).iter_slices(_ROWS_IN_PIECE)
        return
    scan = pl.scan_parquet(list(paths), glob=False)
    loans = scan.select("loan_id").collect().to_series().sort()
    for begin in range(0, len(loans), _ROWS_IN_PIECE):
        last = loans[min(begin + _ROWS_IN_PIECE, len(loans)) - 1]
        yield scan.filter(pl.col("loan_id").is_between(pl.lit(loans[begin]), pl.lit(last))).collect().sort("loan_id")


class _LightTotals:
    """Loans and money by light, summed piece by piece; in fen, so that their order does not change a sum."""

    def __init__(self) -> None:
        self._pieces: list[pl.DataFrame] = []

    def count(self, warnings: pl.DataFrame) -> pl.DataFrame:
        """Add the rows' `light` and `outstanding_principal` to the totals; returns the rows."""
        fen = (pl.col("outstanding_principal") * 100).round().cast(pl.Int64).sum().alias("fen")
        self._pieces.append(warnings.group_by("light").agg(pl.len().alias("loans"), fen))
        return warnings

    @property
    def lights(self) -> dict[str, dict[str, float]]:
        """`loans` and `outstanding_principal` (yuan) by light."""
        if not self._pieces:
            return {}
        summed = pl.concat(self._pieces).group_by("light").sum().sort("light")
        return {
            row["light"]: {"loans": row["loans"], "outstanding_principal": row["fen"] / 100}
            for row in summed.to_dicts()
        }


def publish(
    data_folder: DataFolder, as_of: date, staging: Path, files: EditionFiles, provenance: Mapping[str, Any]
) -> Manifest:
    """Publish the edition that lies in the staging folder; files equal to the current edition's change nothing.

    provenance: the manifest's other fields. Readers see the old edition or the new, never a mixture.

    Returns the manifest of the edition that is published now.
    """
    current = MonthRepository(data_folder).current_edition(as_of)
    is_same = current and current.manifest.checksums == files.checksums and current.is_whole
    told = ("incomplete", "contract_terms", "visits")
    if current and is_same and all(getattr(current.manifest, name) == provenance[name] for name in told):
        current.note_inputs(provenance["inputs"])
        return current.manifest
    # One more than there is: a run killed before its switch leaves an edition that was never shown.
    numbers = edition_numbers(staging.parent)
    manifest = Manifest(
        as_of=as_of.isoformat(),
        edition=max(numbers, default=0) + 1,
        rows=files.rows,
        lights=files.lights,
        checksums=files.checksums,
        loan_checks=files.loan_checks,
        format=EDITION_FORMAT,
        **provenance,
    )
    edition = staging / "edition"
    shutil.copytree(staging / "tables", edition / "tables")
    write_manifest(manifest, edition)
    final = edition.rename(staging.with_name(f"{EDITION_PREFIX}{manifest.edition}"))
    for folder in (final, *(path for path in final.iterdir() if path.is_dir()), final.parent):
        sync(folder)
    replace_link(data_folder.warnings / month_folder_name(as_of), final / "warnings")
    return manifest
