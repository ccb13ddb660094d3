"""Published months written by hand: the lights of a few loans, and the day each edition was scored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path

import polars as pl

from features.checksums import checksum
from models.county_policy.policy_table import shipped_policy_table
from serving.months.data_folder import DataFolder
from serving.months.manifest import Manifest
from serving.months.published_editions import month_folder_name
from serving.months.repository import MonthRepository


def write_month(folder: Path, as_of: date, lights: Mapping[str, str], scored_at: str, edition: int = 1) -> None:
    """One edition of a month, published: the lights of its loans by loan_id."""
    month = folder / "warnings" / month_folder_name(as_of)
    edition_folder = folder / "editions" / month.name / f"edition-{edition}"
    (edition_folder / "warnings").mkdir(parents=True)
    rows = {"loan_id": list(lights), "light": list(lights.values())}
    path = edition_folder / "warnings" / "640323.parquet"
    pl.DataFrame(rows, {"loan_id": pl.String, "light": pl.String}).write_parquet(path)
    write_manifest_of(edition_folder, as_of, scored_at, edition, len(lights))
    month.parent.mkdir(exist_ok=True)
    month.unlink(missing_ok=True)
    month.symlink_to(edition_folder / "warnings")


def write_manifest_of(folder: Path, as_of: date, scored_at: str, edition: int = 1, rows: int = 0) -> None:
    """The manifest of an edition whose files are written."""
    manifest = Manifest(
        as_of=str(as_of),
        edition=edition,
        scored_at=scored_at,
        scored_by="clerk",
        model_version="none",
        policy_version="0",
        data_version="0",
        model_refused=None,
        label=None,
        rules={},
        county_policy=shipped_policy_table().in_force(as_of).model_dump(mode="json"),
        rows=rows,
        lights={},
        checksums={f"warnings/{path.name}": checksum(path) for path in (folder / "warnings").iterdir()},
    )
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest)), "utf-8")


def repository_of(folder: Path) -> MonthRepository:
    """The published months of a folder."""
    return MonthRepository(DataFolder(folder))
