"""Months that version 0.1 published: their folders renamed from `as_of=YYYY-MM-DD` to `month=YYYY-MM`.

Version 0.1 named a month's folder by a column of the files and wrote that column as text, so that neither program nor
file suited every reader. The published edition is written once more, with `as_of` as a date, under the next number;
the editions that were there stay as they are. Readers see a month under one of its names at any moment, and a run that
is killed goes on where it stopped.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path

import polars as pl

from features.atomic_files import atomic_folder, exclusive_lock, replace_link, sync
from serving.batch.parquet import write_edition_file, write_text_to_disk
from serving.batch.publish import lock_month
from serving.months.data_folder import DataFolder
from serving.months.edition import EDITION_PREFIX, ROW_STORES_FOLDER, SAME_INPUTS, edition_numbers
from serving.months.published_editions import OLD_PREFIX, month_end_in, month_folder_name


def rename_old_months(data_folder: DataFolder, report_progress: Callable[[int, str], object]) -> None:
    """Rename the folders of all months that version 0.1 published; without one nothing happens.

    A month that lies under both names stays as it is.

    report_progress: called with 0 and a line that names the months, where there are any.

    Raises UserError where a run of version 0.1 is publishing one of the months.
    """
    if not any(data_folder.editions.glob(f"{OLD_PREFIX}*")):
        return
    renamed = []
    with exclusive_lock(data_folder.editions / "lock"):
        for folder in sorted(data_folder.editions.glob(f"{OLD_PREFIX}*")):
            with suppress(ValueError):  # a folder without a day in its name is no month
                as_of = month_end_in(folder.name)
                with lock_month(folder, as_of):
                    renamed += [str(as_of)] if _rename_month(data_folder, folder, as_of) else []
    if renamed:
        months = ", ".join(renamed)
        line = f"已发布月份的文件夹改名为 month=YYYY-MM: {months} / folders of published months are now month=YYYY-MM"
        report_progress(0, line)


def _rename_month(data_folder: DataFolder, old: Path, as_of: date) -> bool:
    """Rename the folders of one month; returns whether it was renamed, False where both names are in use.

    The link comes last but one: a killed run has left the old link at the old folder, the old link at the new folder,
    or the new link and what remains of the old folder.
    """
    new = data_folder.editions / month_folder_name(as_of)
    old_link, link = data_folder.warnings / old.name, data_folder.warnings / new.name
    is_published = old_link.is_symlink()
    if is_published and link.is_symlink():
        return False
    if (is_published and old_link.resolve().parents[1] == old.resolve()) or not new.exists():
        with atomic_folder(new) as staging:
            _link_files(old, staging, "lock", ".*")
            published = _write_with_dates(staging / old_link.resolve().parent.name, as_of) if is_published else ""
        if is_published:
            replace_link(old_link, new / published / "warnings")
    if is_published:
        old_link.rename(link)
        sync(link.parent)
    manifests = {path: new / path.parent.name / path.name for path in old.glob(f"{EDITION_PREFIX}*/manifest.json")}
    if not all(copy.exists() and copy.read_bytes() == path.read_bytes() for path, copy in manifests.items()):
        return False
    shutil.rmtree(old)
    shutil.rmtree(data_folder.folder / ROW_STORES_FOLDER / old.name, ignore_errors=True)
    return True


def _write_with_dates(edition: Path, as_of: date) -> str:
    """Write an edition once more, with `as_of` as a date and the next number; returns the name of its folder."""
    number = edition_numbers(edition.parent)[-1] + 1
    folder = edition.with_name(f"{EDITION_PREFIX}{number}")
    _link_files(edition, folder, "warnings", "manifest.json", SAME_INPUTS)
    manifest = json.loads((edition / "manifest.json").read_text("utf-8"))
    for path in sorted((edition / "warnings").glob("*.parquet")):
        rows = pl.read_parquet(path, glob=False).with_columns(pl.lit(as_of).alias("as_of"))
        name = f"warnings/{path.name}"
        manifest["checksums"][name] = write_edition_file([rows], folder / name)
    manifest["edition"] = number
    write_text_to_disk(json.dumps(manifest, indent=1, ensure_ascii=False), folder / "manifest.json")
    return folder.name


def _link_files(source: Path, target: Path, *ignored: str) -> None:
    """Fill a folder with hard links to the files of another, except those whose names match `ignored`."""
    ignore = shutil.ignore_patterns(*ignored)
    shutil.copytree(source, target, copy_function=os.link, ignore=ignore, dirs_exist_ok=True)
