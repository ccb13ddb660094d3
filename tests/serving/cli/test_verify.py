"""`lights verify` finds one flipped byte in anything that is kept, names the file, and says what to do."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from features.messages import UserError
from serving.cli.verify import database_fault, verify_data
from serving.settings import settings_of
from tests.conftest import County
from tests.running_service import done, lights
from tests.serving.moments import NOW


def flip(path: Path, after: bytes | None = None) -> None:
    """Change one bit of a file, as a bad disk does: in its middle, or just after some bytes of it."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2 if after is None else content.index(after) + len(after)] ^= 1
    path.write_bytes(content)


AFTER = {"first commit": b'"sha256": "', "last commit": b'"sha256": "', "database": b""}
"""Where a bit is flipped that leaves a commit readable, and that SQLite notices."""


def test_a_whole_store_has_no_fault(county: County) -> None:
    found = json.loads(done(lights(county.data, "verify", "--json")))
    assert found["faults"] == []
    assert set(found["checked"]) == {"commit", "ledger file", "edition", "model", "json", "database", "audit"}
    assert "0 faults" in done(lights(county.data, "verify"))


KEPT: dict[str, Callable[[Path], list[Path]]] = {
    "part of a table": lambda data: [*data.glob("ledger/payments/*/*.parquet")],
    "checksum of a part": lambda data: [*data.glob("ledger/payments/*/*.sha256")],
    "first commit": lambda data: [min(data.glob("ledger/commits/*.json"))],
    "last commit": lambda data: [max(data.glob("ledger/commits/*.json"))],
    "warnings": lambda data: [*data.glob("editions/**/warnings/*.parquet")],
    "features": lambda data: [*data.glob("editions/**/features/*.parquet")],
    "manifest": lambda data: [*data.glob("editions/**/manifest.json")],
    "trees": lambda data: [*data.glob("models/1/model.txt"), *data.glob("models/1/additive.json")],
    "card": lambda data: [data / "models" / "1" / "card.json"],
    "database": lambda data: [data / "lights.db"],
    "head of the audit": lambda data: [*data.glob("audit_heads/*.json")],
}


@pytest.mark.parametrize("kept", KEPT)
def test_a_flipped_byte_is_found_and_the_file_is_named(county: County, tmp_path: Path, kept: str) -> None:
    own = county.copied_to(tmp_path / "var")
    path = KEPT[kept](own.data)[0]
    if kept == "database":  # a page that is in the write-ahead log, too, is read from there
        with closing(sqlite3.connect(path)) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    flip(path, AFTER.get(kept))
    ran = lights(own.data, "verify")
    assert ran.returncode == 3, ran.stdout
    assert path.name.removesuffix(".sha256") in ran.stdout or kept in ("trees", "card", "head of the audit", "manifest")
    assert any(what in ran.stdout for what in ("restore", "train again", "The chain breaks"))


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_database_that_somebody_writes_to_is_not_said_to_be_damaged(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "some.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute("CREATE TABLE rows (id INTEGER PRIMARY KEY, text TEXT)")
        writer.executemany("INSERT INTO rows (text) VALUES (?)", [("x" * 500,)] * 4000)
        writer.commit()
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("UPDATE rows SET id = -id")
        fault = database_fault(path)
        writer.rollback()
    assert fault is None or "could not be checked" in fault.en
    assert database_fault(path) is None


def test_several_faults_are_all_told(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    damaged = [KEPT[kept](own.data)[0] for kept in ("first commit", "part of a table", "warnings")]
    damaged.append(own.data / "ledger" / "newest.json")
    for path in damaged[:-1]:
        flip(path)
    damaged[-1].write_text('{"seq')
    ran = lights(own.data, "verify")
    assert ran.returncode == 3
    assert [path for path in damaged if path.name not in ran.stdout] == []


def test_a_flipped_byte_in_a_part_is_refused_where_it_would_be_read(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    part = next(own.data.glob("ledger/payments/*/*.parquet"))
    flip(part)
    ran = lights(own.data, "features", "--as-of", own.newest, "--out", tmp_path / "features.parquet")
    assert ran.returncode == 3
    assert f"{part} is missing or damaged; restore it from a backup." in ran.stderr
    assert not (tmp_path / "features.parquet").exists()


def test_a_store_of_an_earlier_program_without_checksums_is_read_whole(county: County, tmp_path: Path) -> None:
    own = county.copied_to(tmp_path / "var")
    for path in own.data.glob("ledger/**/*.sha256"):
        path.unlink()
    found = verify_data(settings_of(own.data), NOW)
    assert found.faults == []
    assert found.unchecked == found.checked["ledger file"]


def test_without_a_data_folder_nothing_is_said_to_be_whole(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="There is no data folder"):
        verify_data(settings_of(tmp_path / "nothing"), NOW)
