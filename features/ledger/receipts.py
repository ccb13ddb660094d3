"""Receipts of delivered files (`receipts.jsonl`): what came on which day, also where it brought nothing new.

They are no part of the data version: no feature reads them. Lines are only added.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from features.atomic_files import append_line
from features.messages import UserError

RECEIPTS_FILE = "receipts.jsonl"


@dataclass(frozen=True)
class Receipt:
    """One table of a delivered file; the fields are the keys of its line.

    delivered_on: the day of delivery (ISO). file: its name. table: the contract's name. banks: the banks whose loans
    its rows belong to, sorted; empty for tables that belong to no bank. rows: the number of its good rows.
    """

    delivered_on: str
    file: str
    table: str
    banks: tuple[str, ...]
    rows: int


def append_receipt(ledger: Path, receipt: Receipt) -> None:
    """Add a receipt to those of a ledger's folder.

    Raises UserError where the disk cannot be written.
    """
    try:
        append_line(ledger / RECEIPTS_FILE, json.dumps(asdict(receipt), ensure_ascii=False))
    except OSError as error:
        what = os.strerror(error.errno) if error.errno else str(error)
        raise UserError(
            f"{receipt.file} 的送达记录无法写入（{what}）；请检查磁盘后重新装入，已装入的行不会重复。",
            f"The receipt of {receipt.file} cannot be written ({what}); check the disk and load again, rows already "
            "stored are not stored twice.",
        ) from error


def read_receipts(ledger: Path) -> tuple[Receipt, ...]:
    """The receipts in a ledger's folder, oldest first; a line cut off by a power cut is no receipt."""
    path = ledger / RECEIPTS_FILE
    lines = path.read_bytes().splitlines() if path.exists() else []
    return tuple(receipt for line in lines if (receipt := _parse_receipt(line)))


def _parse_receipt(line: bytes) -> Receipt | None:
    try:
        stored = json.loads(line)
        return Receipt(**{**stored, "banks": tuple(stored["banks"])})
    except (ValueError, TypeError, KeyError):
        return None
