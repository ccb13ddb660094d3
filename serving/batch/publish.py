"""An edition of a month: made from finished parts in a folder aside, and switched to in one step."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl

from features.messages import Refused
from serving.batch.inputs import Inputs, keep_tables
from serving.batch.parquet import ROWS_IN_GROUP, write_published, write_text
from serving.batch.plan import Job
from serving.batch.tasks import frames_of, published_by
from serving.batch.warnings import ranked
from serving.months.data_folder import Store
from serving.months.repository import EDITION, Manifest, Published

_ROWS_AT_ONCE = 5 * ROWS_IN_GROUP
_WRITERS = 2


@dataclass(frozen=True)
class Files:
    """What is published of a run: by name the checksum; loans and money by light."""

    checksums: Mapping[str, str]
    lights: Mapping[str, Mapping[str, float]]

    @property
    def rows(self) -> int:
        return int(sum(light["loans"] for light in self.lights.values()))


@contextmanager
def exclusively(folder: Path, as_of: date) -> Iterator[None]:
    """Hold a month for writing.

    Raises Refused where another run holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise Refused(
                f"另一个评灯正在发布 {as_of}; 请稍后再试。", f"Another run is publishing {as_of}; try again later."
            ) from busy
        yield


def prepare(making: Path, store: Store, inputs: Inputs) -> None:
    """A folder to make the month in: what a killed run left there is kept where its inputs were the same."""
    begun = making / "inputs.json"
    if not begun.exists() or begun.read_text("utf-8") != inputs.digest:
        shutil.rmtree(making, ignore_errors=True)
    keep_tables(store, inputs.tables)
    write_text(inputs.digest, begun)
    shutil.rmtree(making / "edition", ignore_errors=True)
    for half in (making / "parts").glob(".*"):
        shutil.rmtree(half, ignore_errors=True)


def finished(counties: Sequence[Job], making: Path) -> Files:
    """Write the published files of all counties: every loan ranked among all, a county after another."""
    among = _probabilities([path for county in counties for path in frames_of(county, "warnings", making)])
    with ThreadPoolExecutor(_WRITERS) as pool:
        written = list(pool.map(partial(_county_files, making=making, among=among), counties))
    lights: dict[str, dict[str, float]] = {}
    for county in written:
        for light, counted in county.lights.items():
            so_far = lights.get(light, {"loans": 0, "outstanding_principal": 0.0})
            lights[light] = {name: round(so_far[name] + value, 2) for name, value in counted.items()}
    checksums = {name: known for county in written for name, known in county.checksums.items()}
    return Files(dict(sorted(checksums.items())), dict(sorted(lights.items())))


def _probabilities(warnings: Sequence[Path]) -> pl.Series:
    """Of all loans that have one, ascending."""
    if not warnings:
        return pl.Series("probability", [], pl.Float64)
    scan = pl.scan_parquet(list(warnings), glob=False).select(pl.col("probability").drop_nulls().sort())
    return scan.collect().to_series()


def _county_files(county: Job, making: Path, among: pl.Series) -> Files:
    if not (warnings := frames_of(county, "warnings", making)):
        return Files({}, {})
    edition, name, counts = making / "edition", f"{county.county}.parquet", _Counts()
    pieces = (counts.of(ranked(piece, among)) for piece in _in_order_of_loans(warnings))
    checksums = {f"warnings/{name}": write_published(pieces, edition / "warnings" / name)}
    for kind in ("features", "typical"):
        checksums[f"{kind}/{name}"] = _as_left(county, kind, making, edition / kind / name)
    return Files(checksums, counts.lights)


def _as_left(county: Job, kind: str, making: Path, path: Path) -> str:
    """What a county's jobs have left of a kind, under the name it is published by; its checksum."""
    if left := published_by(county, kind, making):
        whole, known = left
        path.parent.mkdir(parents=True, exist_ok=True)
        path.hardlink_to(whole)
        return known
    paths = frames_of(county, kind, making)
    return write_published(_in_order_of_loans(paths) if kind == "features" else map(pl.read_parquet, paths), path)


def _in_order_of_loans(paths: Sequence[Path]) -> Iterator[pl.DataFrame]:
    """The rows of all blocks of a county, so many at a time, by loan_id; the last piece may be smaller."""
    if not paths:
        return
    scan = pl.scan_parquet(list(paths), glob=False)
    loans = scan.select("loan_id").collect().to_series().sort()
    for begin in range(0, len(loans), _ROWS_AT_ONCE):
        last = loans[min(begin + _ROWS_AT_ONCE, len(loans)) - 1]
        yield scan.filter(pl.col("loan_id").is_between(pl.lit(loans[begin]), pl.lit(last))).collect().sort("loan_id")


class _Counts:
    """Loans and money by light, counted while rows go by; money in fen, so that no order moves it."""

    def __init__(self) -> None:
        self._counted: list[pl.DataFrame] = []

    def of(self, warnings: pl.DataFrame) -> pl.DataFrame:
        fen = (pl.col("outstanding_principal") * 100).round().cast(pl.Int64).sum().alias("fen")
        self._counted.append(warnings.group_by("light").agg(pl.len().alias("loans"), fen))
        return warnings

    @property
    def lights(self) -> dict[str, dict[str, float]]:
        if not self._counted:
            return {}
        summed = pl.concat(self._counted).group_by("light").sum().sort("light")
        return {
            row["light"]: {"loans": row["loans"], "outstanding_principal": row["fen"] / 100}
            for row in summed.to_dicts()
        }


def published(store: Store, as_of: date, making: Path, files: Files, told: Mapping[str, Any]) -> Manifest:
    """Switch the month to what has been made; the same content as the edition that stands changes nothing.

    Readers see the old edition or the new, never a mixture.
    """
    standing = Published(store).standing(as_of)
    if standing and standing.manifest.checksums == files.checksums and standing.is_whole:
        return standing.manifest
    manifest = Manifest(
        as_of=as_of.isoformat(),
        edition=_next_edition(making.parent),
        rows=files.rows,
        lights=files.lights,
        checksums=files.checksums,
        **told,
    )
    edition = making / "edition"
    shutil.copytree(making / "tables", edition / "tables")
    write_text(json.dumps(asdict(manifest), indent=1, ensure_ascii=False), edition / "manifest.json")
    final = edition.rename(making.with_name(f"{EDITION}{manifest.edition}"))
    for folder in (final, *(path for path in final.iterdir() if path.is_dir()), final.parent):
        _sync(folder)
    _switch(store.warnings / f"as_of={as_of}", final / "warnings")
    return manifest


def _next_edition(folder: Path) -> int:
    """One more than there is: a run killed before its switch leaves an edition that was never shown."""
    numbers = (int(path.name.removeprefix(EDITION)) for path in folder.glob(f"{EDITION}*"))
    return max(numbers, default=0) + 1


def _switch(link: Path, target: Path) -> None:
    """Point the month at the new edition by one rename."""
    link.parent.mkdir(parents=True, exist_ok=True)
    making = link.with_name(f".{link.name}")
    making.unlink(missing_ok=True)
    making.symlink_to(os.path.relpath(target, link.parent))
    making.replace(link)
    _sync(link.parent)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
