"""A tiny county drawn as text, the inboxes it delivers, and an installation that takes them in."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
from openpyxl import Workbook

from features.contract.pseudonym import load_pseudonyms
from features.contract.tables import TABLES
from features.delivery.column_map import read_column_map
from features.ledger.ledger import Ledger
from features.loading.load import MAX_WRONG_SHARE, LoadOptions, load
from features.loading.load_report import LoadReport

DELIVERED_ON = "2024-06-30"

DRAWN = {
    "households": """
        household_id | village_code | county_name | township_name | village_name | household_type | registered_on
        H1           | 990101100201 | 样县        | 河畔镇        | 羊路村       | lifted_out     | 2019-05-01
        H2           | 990102100301 | 邻县        |               | 东沟, "下"社 | ordinary       |

        known_on
        2023-01-05
        2023-01-05
        """,
    "members": """
        member_id | household_id | relation | sex | birth_date | education | health  | labour | status  | known_on
        M1        | H1           | head     | F   | 1980-03-07 | junior    | healthy | full   | present | 2023-01-05
        M2        | H2           | child    | M   |            | none      | chronic | none   | left    | 2023-01-06
        """,
    "income_statements": """
        household_id | period_start | period_end | wage_income | business_income | property_income | transfer_income
        H1           | 2023-01-01   | 2023-12-31 | 31000.5     | 18000           | 0               | 2400.25
        H2           | 2023-01-01   | 2023-12-31 | 27000       |                 |                 | 1200

        production_cost | living_cost | medical_cost | education_cost | known_on
        7000            | 16000       | 820.1        | 3000           | 2024-01-20
        500             | 11000       |              | 0.01           | 2024-01-21
        """,
    "assets": """
        household_id | observed_on | sheep_count | cattle_count | farmland_mu | savings | outside_debt | known_on
        H1           | 2024-03-01  | 40          | 2            | 12.5        | 3000    | 0            | 2024-03-02
        H2           | 2024-03-01  | 0           |              | 7           | 150.75  | 20000        | 2024-03-01
        """,
    "loans": """
        loan_id | household_id | borrower_member_id | bank   | product   | principal | annual_rate | originated_on
        L1      | H1           | M1                 | 农商行 | microloan | 50000     | 0.0345      | 2023-02-01
        L2      | H2           |                    | 邮储   |           | 30000.5   | 0.0435      | 2023-03-01

        matures_on | repayment_method          | declared_use | subsidy_share | subsidy_manner | renews_loan_id
        2025-02-01 | bullet_quarterly_interest | sheep        | 0.5           | direct         |
        2024-03-01 | equal_principal           | daylily      | 1             |                | L0

        known_on
        2023-02-03
        2023-03-01
        """,
    "instalments": """
        loan_id | schedule_no | due_on     | principal_due | interest_due | known_on
        L1      | 1           | 2023-05-01 | 0             | 431.25       | 2023-02-03
        L2      | 2           | 2024-03-01 | 30000.5       | 0.5          | 2023-03-01
        """,
    "payments": """
        payment_id | loan_id | paid_on    | principal_paid | interest_paid | payer     | known_on
        P1         | L1      | 2023-05-02 | 0              | 431.25        | borrower  | 2023-05-03
        P2         | L2      | 2024-02-28 | 30000.5        | 0.5           | insurance | 2024-03-01
        """,
    "loan_events": """
        loan_id | occurred_on | kind     | amount | new_matures_on | withdrawn | known_on
        L1      | 2024-05-06  | extended | 50000  | 2025-08-01     | false     | 2024-05-07
        L2      | 2024-02-28  | settled  |        |                |           | 2024-02-28
        """,
    "use_checks": """
        loan_id | checked_on | finding         | known_on
        L1      | 2023-06-01 | partly_diverted | 2023-06-02
        L2      | 2023-06-01 | idle            | 2023-06-01
        """,
    "credit_events": """
        event_id | household_id | occurred_on | kind              | amount  | closed_on  | known_on
        C1       | H1           | 2024-01-10  | overdue_elsewhere | 1200.25 | 2024-03-01 | 2024-02-01
        C2       | H2           | 2024-01-11  | inquiry           |         |            | 2024-01-11
        """,
    "policies": """
        policy_id | household_id | kind         | insured_from | insured_to | sum_insured | known_on
        I1        | H1           | sheep_income | 2024-01-01   | 2024-12-31 | 20000       | 2023-12-20
        I2        | H2           | accident     | 2024-01-01   | 2024-01-01 |             | 2024-02-01
        """,
    "claims": """
        claim_id | policy_id | occurred_on | claimed_amount | paid_amount | settled_on | known_on
        K1       | I1        | 2024-04-01  | 3000           | 2500.5      | 2024-05-01 | 2024-04-03
        K2       | I2        | 2024-01-01  |                |             |            | 2024-01-01
        """,
    "hardships": """
        event_id | household_id | member_id | occurred_on | cause    | loss_amount | resolved_on | known_on
        E1       | H1           |           | 2024-02-01  | disaster | 8000        |             | 2024-02-05
        E2       | H2           | M2        | 2024-02-02  | illness  |             | 2024-04-01  | 2024-02-02
        """,
    "village_reviews": """
        household_id | reviewed_on | integrity_points | civility_points | known_on
        H1           | 2024-03-31  | 92.5             | 100             | 2024-04-02
        H2           | 2024-03-31  | 0                |                 | 2024-03-31
        """,
    "prices": """
        product | month      | price | known_on
        sheep   | 2024-05-01 | 1150  | 2024-06-03
        daylily | 2024-05-01 | 31.25 | 2024-06-03
        """,
}
"""All fifteen tables, consistent; H1 with all its rows lies in county 990101, H2 in 990102."""


def table(text: str) -> pl.DataFrame:
    """A table drawn as text: cells between bars, an empty one is missing; a wide one goes on below an empty line."""
    blocks = [block for block in re.split(r"\n\s*\n", text) if block.strip()]
    return pl.concat([_block(block) for block in blocks], how="horizontal")


def _block(text: str) -> pl.DataFrame:
    header, *rows = [[cell.strip() or None for cell in line.split("|")] for line in text.strip().splitlines()]
    return pl.DataFrame(rows, schema=dict.fromkeys(map(str, header), pl.String), orient="row")


def drawn(*names: str) -> dict[str, str]:
    """Some of the county's tables, drawn."""
    return {name: DRAWN[name] for name in names}


def parents_of(name: str) -> dict[str, str]:
    """The tables that must have come before a table's rows can go in."""
    parent = TABLES[name].parent
    return {} if parent is None else parents_of(parent[0]) | drawn(parent[0])


def with_cell(row: pl.DataFrame, **cells: str | None) -> pl.DataFrame:
    """The same row with other cells."""
    return row.with_columns(pl.lit(value, pl.String).alias(name) for name, value in cells.items())


def typed(name: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows in the types the ledger keeps, columns and rows in a fixed order."""
    columns = [_typed(frame[column], dtype) for column, dtype in TABLES[name].schema.items()]
    return pl.DataFrame(columns).sort(pl.all())


def _typed(cells: pl.Series, dtype: pl.DataType) -> pl.Series:
    return cells.str.to_date() if cells.dtype == pl.String and dtype == pl.Date() else cells.cast(dtype)


def csv_text(frame: pl.DataFrame) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows([frame.columns, *frame.iter_rows()])
    return out.getvalue()


def write_xlsx(path: Path, rows: Iterable[Sequence[Any]]) -> None:
    """A sheet of typed cells, as a person's Excel would store them."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    book.close()


@dataclass
class Intake:
    """One installation in a folder of its own; deliveries go in by the real door."""

    folder: Path
    bad_share: float = MAX_WRONG_SHARE
    deliveries: int = 0

    @property
    def data(self) -> Path:
        return self.folder / "var"

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.data / "ledger")

    def inbox(self, **files: str | bytes | pl.DataFrame) -> Path:
        """A new inbox; a drawn table goes into <table>.csv, text and bytes with a file's name as they are."""
        self.deliveries += 1
        folder = self.folder / f"inbox-{self.deliveries}"
        for name, content in files.items():
            path = folder / (name if "." in name else f"{name}.csv")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(_as_bytes(content, as_table="." not in name))
        return folder

    def load(
        self, inbox: Path, on: str = DELIVERED_ON, columns: Path | None = None, corrections: bool = False
    ) -> LoadReport:
        mapped, known = read_column_map(columns), load_pseudonyms(self.data)
        loading = LoadOptions(
            date.fromisoformat(on),
            mapped,
            known,
            report_progress=lambda _: None,
            max_wrong_share=self.bad_share,
            corrections=corrections,
        )
        return load(inbox, self.ledger, loading)

    def deliver(self, on: str = DELIVERED_ON, /, **files: str | bytes | pl.DataFrame) -> LoadReport:
        return self.load(self.inbox(**files), on)

    def kept(self, name: str) -> pl.DataFrame:
        """A table's rows as kept, in the contract's columns, sorted."""
        return typed(name, self.ledger.scan(name).collect())

    def aside(self, *columns: str) -> list[tuple[Any, ...]]:
        """What lies in quarantine, in the order it came."""
        return self.ledger.quarantined_rows().select(columns or ("file", "line", "column", "value")).rows()


def _as_bytes(content: str | bytes | pl.DataFrame, as_table: bool) -> bytes:
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return (csv_text(table(content)) if as_table else content).encode()
    return csv_text(content).encode()


def identity_number(born: str = "19800307", serial: int = 1) -> str:
    """A well-formed resident number of a region that does not exist, its check digit by ISO 7064 MOD 11-2."""
    body, remainder = f"990101{born:>08}{serial:03}", 0
    for digit in body:
        remainder = (remainder + int(digit)) * 2 % 11
    return body + "0123456789X"[(12 - remainder) % 11]
