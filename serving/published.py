"""Published months: written whole as an edition, switched in one step, read without a lock."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from features.words import Refused
from models.county_policy.sections import CountyPolicy
from models.traffic_light.declare import SaidRule
from serving.store import Store

_KINDS = ("warnings", "features", "typical")


@dataclass(frozen=True)
class Manifest:
    """What a published month is: who made it when, from what, how many, and the checksums of its files.

    rules: the sentences of the rules in force, county_policy: what was in force of the policy table, so that the
    month says later what it said then.
    label: what the probabilities are of, `horizon_months` and `bad_after_days`; None where no model judged.
    """

    as_of: str
    edition: int
    scored_at: str
    scored_by: str
    model_version: str
    policy_version: str
    data_version: str
    model_refused: str | None
    label: Mapping[str, int] | None
    rules: Mapping[str, SaidRule]
    county_policy: Mapping[str, Any]
    rows: int
    lights: Mapping[str, Mapping[str, float]]
    checksums: Mapping[str, str]


@dataclass(frozen=True)
class Month:
    """One edition of one month: an open one stays as it is while a newer edition is published."""

    as_of: date
    folder: Path

    @property
    def manifest(self) -> Manifest:
        return Manifest(**json.loads((self.folder / "manifest.json").read_text("utf-8")))

    @property
    def policy(self) -> CountyPolicy:
        """The county's policy as it was in force."""
        return CountyPolicy.model_validate_json(json.dumps(self.manifest.county_policy))

    @property
    def versions(self) -> dict[str, Any]:
        """What every answer about a person names."""
        kept = asdict(self.manifest)
        names = ("model_version", "policy_version", "data_version")
        return {"as_of": self.as_of, **{name: kept[name] for name in names}}

    def scan(self, kind: str) -> pl.LazyFrame:
        """`warnings`, `features` or `typical` of all counties."""
        frame = pl.scan_parquet(sorted((self.folder / kind).glob("*.parquet")))
        return frame.with_columns(pl.lit(self.as_of).alias("as_of")) if kind == "warnings" else frame

    def household(self, kind: str, household: str) -> pl.DataFrame:
        return self.scan(kind).filter(pl.col("household_id") == household).collect()


class Published:
    """The published months of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def months(self) -> list[date]:
        """Newest first."""
        names = (path.name.removeprefix("as_of=") for path in self._store.warnings.glob("as_of=*"))
        return sorted((date.fromisoformat(name) for name in names), reverse=True)

    def month(self, as_of: date | None = None) -> Month:
        """A published month; the newest where none is named.

        Raises Refused where it is not published.
        """
        months = self.months()
        if not months:
            raise Refused("尚未发布任何月份; 请先运行 lights score。", "No month is published; run lights score first.")
        if as_of is not None and as_of not in months:
            raise Refused(
                f"{as_of} 尚未发布; 已发布: {', '.join(str(day) for day in months[:6])}",
                f"{as_of} is not published; published: {', '.join(str(day) for day in months[:6])}",
            )
        day = as_of or months[0]
        return self._store.seen(Month(day, (self._store.warnings / f"as_of={day}").resolve().parent))

    def month_before(self, as_of: date) -> Month | None:
        """The newest published month before as_of."""
        earlier = [day for day in self.months() if day < as_of]
        return self.month(earlier[0]) if earlier else None


def publish(store: Store, as_of: date, frames: Mapping[str, pl.DataFrame], told: Mapping[str, Any]) -> Manifest:
    """Write an edition and switch the month to it; readers see the old edition or the new, never a mixture.

    frames: `warnings`, `features`, `typical`, each with `county_code` or not. told: the rest of the manifest.
    The same content as the edition that stands changes nothing.

    Raises Refused where the disk takes no more, or another run is publishing the month.
    """
    folder = store.editions / f"as_of={as_of}"
    try:
        with _exclusively(folder, as_of), _making(folder) as making:
            return _published(store, as_of, frames, told, making)
    except OSError as error:
        what = os.strerror(error.errno) if error.errno else str(error)
        raise Refused(
            f"{as_of} 未发布 ({what}); 上一版仍在使用。请检查磁盘空间后重新运行。",
            f"{as_of} was not published ({what}); what was published before still stands. "
            "Check the disk and run again.",
        ) from error


def _published(
    store: Store, as_of: date, frames: Mapping[str, pl.DataFrame], told: Mapping[str, Any], making: Path
) -> Manifest:
    standing = _standing(store, as_of)
    checksums = {name: _written(frame, making / name) for name, frame in _files(frames)}
    if standing and standing.checksums == checksums:
        return standing
    manifest = Manifest(
        as_of=as_of.isoformat(),
        edition=_next_edition(making.parent),
        rows=frames["warnings"].height,
        lights=_lights(frames["warnings"]),
        checksums=checksums,
        **told,
    )
    _write_durably(json.dumps(asdict(manifest), indent=1, ensure_ascii=False), making / "manifest.json")
    final = making.rename(making.with_name(f"edition-{manifest.edition}"))
    _switch(store.warnings / f"as_of={as_of}", final / "warnings")
    return manifest


@contextmanager
def _exclusively(folder: Path, as_of: date) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise Refused(
                f"另一个评灯正在发布 {as_of}; 请稍后再试。", f"Another run is publishing {as_of}; try again later."
            ) from busy
        yield


@contextmanager
def _making(folder: Path) -> Iterator[Path]:
    """A folder to write in that is gone afterwards; one that a killed run left is gone before."""
    making = folder / ".making"
    shutil.rmtree(making, ignore_errors=True)
    try:
        yield making
    finally:
        shutil.rmtree(making, ignore_errors=True)


def _next_edition(folder: Path) -> int:
    """One more than there is: a run killed before its switch leaves an edition that was never shown."""
    numbers = (int(path.name.removeprefix("edition-")) for path in folder.glob("edition-*"))
    return max(numbers, default=0) + 1


def _standing(store: Store, as_of: date) -> Manifest | None:
    link = store.warnings / f"as_of={as_of}"
    return Month(as_of, link.resolve().parent).manifest if link.exists() else None


def _files(frames: Mapping[str, pl.DataFrame]) -> list[tuple[str, pl.DataFrame]]:
    """One file a county, so that a county can be read alone."""
    files = []
    for kind in _KINDS:
        for (county,), part in sorted(frames[kind].group_by("county_code"), key=lambda group: str(group[0][0])):
            files.append((f"{kind}/{county or 'unknown'}.parquet", part))
    return files


def _written(frame: pl.DataFrame, path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    key = [name for name in ("loan_id", "township_code") if name in frame.columns][:1]
    pq.write_table(_readable_everywhere(frame.sort(key)), path, row_group_size=20_000, compression="zstd")
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _readable_everywhere(frame: pl.DataFrame) -> pa.Table:
    """As Arrow, with as_of spelled as pandas spells a partition: any other type, and it cannot read the folder."""
    table = frame.to_arrow()
    if "as_of" not in frame.columns:
        return table
    days = pa.array(frame["as_of"].cast(pl.String).to_list(), pa.string()).dictionary_encode()
    return table.set_column(frame.get_column_index("as_of"), "as_of", days)


def _write_durably(text: str, path: Path) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _switch(link: Path, target: Path) -> None:
    """Point the month at the new edition by one rename."""
    link.parent.mkdir(parents=True, exist_ok=True)
    making = link.with_name(f".{link.name}")
    making.unlink(missing_ok=True)
    making.symlink_to(os.path.relpath(target, link.parent))
    making.replace(link)


def _lights(warnings: pl.DataFrame) -> dict[str, dict[str, float]]:
    counted = warnings.group_by("light").agg(pl.len().alias("loans"), pl.col("outstanding_principal").sum().round(2))
    return {
        row["light"]: {"loans": row["loans"], "outstanding_principal": row["outstanding_principal"]}
        for row in counted.sort("light").to_dicts()
    }
