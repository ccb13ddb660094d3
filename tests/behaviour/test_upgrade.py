"""A data folder that release 0.2.0 wrote, brought to this release's form; and one of a newer release."""

from __future__ import annotations

import json
import tarfile
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from features.checksums import checksum_path
from features.ledger.ledger import LEDGER_FORMAT
from features.stored_format import FORMAT_FILE, write_format
from models.bundle import BUNDLE_FORMAT, write_checksums
from serving.database.engine import REVISIONS, database_revision
from serving.months.data_folder import DataFolder
from serving.months.manifest import EDITION_FORMAT, MANIFEST
from serving.months.published_editions import OLD_PREFIX, month_folder_name
from serving.months.repository import MonthRepository
from tests.conftest import County
from tests.running_service import CHINESE, done, lights

KEPT = Path(__file__).with_name("kept_stores") / "0.2.0.tar.gz"
MONTH = date(2025, 12, 31)


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    """The data folder as release 0.2.0 left it: 60 simulated households, a model, two published months."""
    with tarfile.open(KEPT) as stored:
        stored.extractall(tmp_path / "var", filter="data")
    return tmp_path / "var"


def test_a_store_of_the_release_before_is_brought_to_this_ones_form(earlier: Path) -> None:
    old = earlier / "warnings" / f"{OLD_PREFIX}{MONTH}"
    as_published = pl.read_parquet(old / "*.parquet", hive_partitioning=False).sort("loan_id").drop("as_of")
    address = f"sqlite:///{earlier / 'lights.db'}"
    assert database_revision(address) == "0002"
    said = done(lights(earlier, "upgrade"))
    assert "Ledger: 15 files without a checksum were read whole and have one now; format 2" in said
    assert f"Database: from revision 0002 to {REVISIONS[-1]}" in said
    assert "Model 1 was trained on other columns" in said
    assert "2025-11-30, 2025-12-31" in said
    parts = sorted((earlier / "ledger").rglob("*.parquet"))
    assert parts
    assert all(checksum_path(path).exists() for path in parts)
    new = earlier / "warnings" / month_folder_name(MONTH)
    published = pl.read_parquet(new / "*.parquet", hive_partitioning=False).sort("loan_id").drop("as_of")
    assert published.equals(as_published)
    assert MonthRepository(DataFolder(earlier)).month(MONTH).manifest.rows == published.height
    assert done(lights(earlier, "upgrade")).count("Model 1 was trained on other columns") == 1
    assert database_revision(address) == REVISIONS[-1]
    scored = done(lights(earlier, "score", "--as-of", MONTH, "--rules-only", "--incomplete", "a kept store"))
    assert f"{published.height} loans" in scored
    assert MonthRepository(DataFolder(earlier)).month(MONTH).manifest.format == EDITION_FORMAT


def test_a_damaged_file_is_told_and_the_ledger_stays_unmarked(earlier: Path) -> None:
    [part] = sorted((earlier / "ledger" / "payments").rglob("*.parquet"))
    content = part.read_bytes()
    part.write_bytes(content[: len(content) // 2])
    ran = lights(earlier, "upgrade")
    assert ran.returncode != 0
    assert str(part) in ran.stderr
    assert "Traceback" not in ran.stderr
    assert not (earlier / "ledger" / FORMAT_FILE).exists()


def test_a_store_of_this_release_has_nothing_to_upgrade(by_rules: County, tmp_path: Path) -> None:
    own = by_rules.copied_to(tmp_path / "var")
    assert json.loads((own.data / "ledger" / FORMAT_FILE).read_text("utf-8")) == {"format": LEDGER_FORMAT}
    assert "The data have this release's form already." in done(lights(own.data, "upgrade"))


@pytest.mark.parametrize("kept", ["ledger", "edition", "model"])
def test_what_a_newer_release_wrote_is_refused_and_not_called_damaged(
    county: County, tmp_path: Path, kept: str
) -> None:
    own = county.copied_to(tmp_path / "var")
    if kept == "ledger":
        write_format(own.data / "ledger", LEDGER_FORMAT + 1)
        folder = own.data / "ledger"
    elif kept == "model":
        folder = own.data / "models" / "1"
        write_checksums(folder)
        write_format(folder, BUNDLE_FORMAT + 1)
    else:
        folder = own.month.folder
        stored = json.loads((folder / MANIFEST).read_text("utf-8"))
        (folder / MANIFEST).write_text(
            json.dumps(stored | {"format": EDITION_FORMAT + 1, "a_key_of_later": 1}), encoding="utf-8"
        )
    ran = lights(own.data, "verify")
    assert ran.returncode != 0
    said = ran.stdout + ran.stderr
    assert f"{folder} was written by a newer release (format 3; this one reads up to 2)" in said
    assert CHINESE.search(said)
