"""What no clerk's file is, and folders with unusual names: refused at once in a sentence, or simply works."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from tests.features.inboxes import Intake
from tests.running_service import done, lights, refused

ONE_HOUSEHOLD = {
    "households": "household_id,village_code,known_on\nH1,990101100201,2025-01-01\n",
    "loans": "loan_id,household_id,bank,principal,annual_rate,originated_on,matures_on,repayment_method,known_on\n"
    "L1,H1,甲银行,1000,0.0345,2025-01-10,2026-01-10,bullet_all,2025-01-10\n",
    "instalments": "loan_id,due_on,principal_due,interest_due,known_on\nL1,2026-01-10,1000,34.5,2025-01-10\n",
    "payments": "payment_id,loan_id,paid_on,principal_paid,interest_paid,known_on\nP1,L1,2025-12-01,100,0,2025-12-01\n",
}
FOLDERS = ["a%20b? c=d", "month=copy/county=990101"]


def inbox_of_one(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for table, cells in ONE_HOUSEHOLD.items():
        (folder / f"{table}.csv").write_text(cells, "utf-8")
    return folder


def test_a_csv_of_too_many_columns_is_refused_by_their_number(intake: Intake) -> None:
    headings = ",".join(["household_id", "village_code", *(f"c{at}" for at in range(4_998))])
    row = ",".join(["H1", "990101100201", *["1"] * 4_998])
    [file] = intake.deliver(**{"households.csv": f"{headings}\n{row}\n"}).files
    assert file.refused is not None
    assert "households.csv has 5,000 columns, at most 1,000 are read" in file.refused.en
    assert "households.csv：有 5,000 列，最多 1,000 列" in file.refused.zh
    assert intake.ledger.data_version == "0-empty"


def test_a_million_columns_are_not_gone_through(intake: Intake) -> None:
    headings = ",".join(["household_id", "village_code", *(f"c{at}" for at in range(1_000_000))])
    [file] = intake.deliver(**{"households.csv": f"{headings}\nH1,990101100201\n"}).files
    assert file.refused is not None
    assert "households.csv has 1,000,002 columns" in file.refused.en


def test_a_workbook_that_unpacks_to_far_more_than_its_size_is_refused(intake: Intake) -> None:
    folder = intake.inbox(**{"members.csv": "member_id,household_id,relation,sex\n"})
    with zipfile.ZipFile(folder / "households.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (60 << 20))
    packed = (folder / "households.xlsx").stat().st_size
    assert packed < 100_000
    refusals = {file.file: file.refused for file in intake.load(folder).files}
    said = refusals["households.xlsx"]
    assert said is not None
    assert f"households.xlsx unpacks from {packed:,} to 62,914,571 bytes" in said.en
    assert "请另存为新文件后重新送达" in said.zh


@pytest.fixture(scope="module")
def digests_in_a_plain_folder(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The contents of the files of a data folder with a plain name."""
    return digests_of_month(tmp_path_factory.mktemp("plain"), "var")


def digests_of_month(parent: Path, folder: str) -> dict[str, str]:
    """Load, score and compute features in a data folder of a name; the digest of each file of facts that came of it."""
    data = parent / folder
    inbox = inbox_of_one(parent / folder / "inbox")
    done(lights(data, "load", inbox, "--delivered-on", "2025-12-31"))
    done(lights(data, "features", "--as-of", "2025-12-31", "--out", data / "frame.parquet"))
    done(lights(data, "score", "--as-of", "2025-12-31"))
    [told] = json.loads(done(lights(data, "explain", "H1", "--json")))["loans"]
    assert told["warning"]["outstanding_principal"] == 900
    kept = [path for path in data.rglob("*.parquet") if {"warnings", "features"} & set(path.relative_to(data).parts)]
    kept.append(data / "frame.parquet")
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_data_folder_of_any_name_works_as_one_of_a_plain_name(
    tmp_path: Path, folder: str, digests_in_a_plain_folder: dict[str, str]
) -> None:
    assert digests_of_month(tmp_path, folder) == digests_in_a_plain_folder


def test_an_inbox_of_any_name_is_read(tmp_path: Path) -> None:
    inbox = inbox_of_one(tmp_path / "month=copy" / "12%20月?[a]")
    (inbox / "payments.csv").rename(inbox / "payments 2025=12 [1]?.csv")
    assert "payments 2025=12 [1]?.csv" in done(lights(tmp_path / "var", "load", inbox, "--delivered-on", "2025-12-31"))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "a%20b?"
    assert str(missing) in refused(lights(tmp_path / "var", "load", missing))
