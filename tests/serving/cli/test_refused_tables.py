"""A file that a load refuses is on record with its table, so that the clerk's matrix can show it."""

from __future__ import annotations

from pathlib import Path

from features.runs import RefusedFile, read_runs, refused_files
from tests.features.inboxes import Intake, drawn
from tests.running_service import lights

PAYMENTS = "payment_id,loan_id,paid_on,principal_paid,interest_paid,payer,known_on"


def test_a_refused_file_is_on_record_with_its_table_until_it_is_loaded(tmp_path: Path) -> None:
    intake = Intake(tmp_path)
    inbox = intake.inbox(**drawn("households", "loans", "instalments"))
    (inbox / "payments.csv").write_text(f"{PAYMENTS}\nP1,L1,long ago,1,1,borrower,2024-01-02\n", "utf-8")
    (inbox / "贷款.xls").write_bytes(b"no workbook")
    data = tmp_path / "var"
    assert lights(data, "load", inbox, "--delivered-on", "2024-06-30").returncode == 1
    refused = refused_files(read_runs(data).runs)
    assert {(file.name, file.table) for file in refused} >= {("payments.csv", "payments")}
    assert all(isinstance(file, RefusedFile) and len(file.on) == 10 for file in refused)
    (inbox / "payments.csv").write_text(f"{PAYMENTS}\nP1,L1,2024-01-01,1,1,borrower,2024-01-02\n", "utf-8")
    lights(data, "load", inbox, "--delivered-on", "2024-06-30")
    assert "payments.csv" not in {file.name for file in refused_files(read_runs(data).runs)}
