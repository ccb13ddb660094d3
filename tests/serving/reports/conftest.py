"""Ten loans with ten fates, lit by the rules at three month ends."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from serving.batch.run import score
from serving.months.data_folder import DataFolder
from tests.features.inboxes import Intake

JANUARY, FEBRUARY, MARCH = date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31)
HOUSEHOLDS = """
    household_id | village_code | township_name | village_name | known_on
    HA           | 990101100201 | 河畔镇        | 羊路村       | 2023-01-05
    HB           | 990101100201 | 河畔镇        | 羊路村       | 2023-01-05
    HC           | 990101100201 | 河畔镇        | 羊路村       | 2023-01-05
    HD           | 990101100201 | 河畔镇        | 羊路村       | 2023-01-05
    HE           | 990101100201 | 河畔镇        | 羊路村       | 2023-01-05
    HF           | 990101100202 | 河畔镇        | =1+1         | 2023-01-05
    HG           | 990101100202 | 河畔镇        | =1+1         | 2023-01-05
    HI           | 990101100202 | 河畔镇        | =1+1         | 2023-01-05
    HJ           | 990101100202 | 河畔镇        | =1+1         | 2023-01-05
    """
LOANS = """
    loan_id | household_id | bank | product   | principal | annual_rate | originated_on | matures_on | renews_loan_id
    A       | HA           | X    | microloan | 10000     | 0.0345      | 2023-06-01    | 2025-06-01 |
    B       | HB           | X    | microloan | 20000     | 0.0345      | 2023-06-01    | 2024-03-31 |
    C       | HC           | X    | microloan | 30000     | 0.0345      | 2024-03-01    | 2026-03-05 |
    D       | HD           | X    | microloan | 40000     | 0.0345      | 2023-06-01    | 2025-06-01 |
    E       | HE           | X    | microloan | 50000     | 0.0345      | 2023-06-01    | 2025-06-01 |
    F       | HF           | Y    | microloan | 10000     | 0.0345      | 2023-06-01    | 2025-06-01 |
    G       | HG           | Y    | microloan | 20000     | 0.0345      | 2023-06-01    | 2024-09-20 |
    H       | HG           | Y    | microloan | 20000     | 0.0345      | 2024-03-20    | 2025-03-20 | G
    I       | HI           | Y    | microloan | 30000     | 0.0345      | 2023-06-01    | 2025-06-01 |
    J       | HJ           | Y    | microloan | 40000     | 0.0345      | 2023-05-01    | 2024-05-30 |

    repayment_method | known_on
    bullet_all       | 2023-06-01
    bullet_all       | 2023-06-01
    bullet_all       | 2024-03-01
    bullet_all       | 2023-06-01
    bullet_all       | 2023-06-01
    bullet_all       | 2023-06-01
    bullet_all       | 2023-06-01
    bullet_all       | 2024-03-20
    bullet_all       | 2023-06-01
    bullet_all       | 2024-03-10
    """
INSTALMENTS = """
    loan_id | due_on     | principal_due | interest_due | known_on
    A       | 2025-06-01 | 10000         | 0            | 2023-06-01
    B       | 2024-03-31 | 20000         | 0            | 2023-06-01
    D       | 2024-01-15 | 0             | 100          | 2023-06-01
    D       | 2024-03-15 | 0             | 100          | 2023-06-01
    E       | 2024-02-10 | 0             | 100          | 2023-06-01
    F       | 2024-02-15 | 0             | 100          | 2023-06-01
    G       | 2024-09-20 | 20000         | 0            | 2023-06-01
    C       | 2026-03-05 | 30000         | 0            | 2024-03-01
    H       | 2025-03-20 | 20000         | 0            | 2024-03-20
    I       | 2025-06-01 | 30000         | 0            | 2023-06-01
    J       | 2024-05-30 | 40000         | 0            | 2024-03-10
    """
PAYMENTS = """
    payment_id | loan_id | paid_on    | principal_paid | interest_paid | payer    | known_on
    P1         | B       | 2024-03-10 | 20000          | 0             | borrower | 2024-03-10
    P2         | D       | 2024-02-05 | 0              | 100           | borrower | 2024-02-05
    P3         | E       | 2024-03-05 | 0              | 100           | borrower | 2024-03-05
    P4         | G       | 2024-03-20 | 20000          | 0             | borrower | 2024-03-20
    P5         | A       | 2024-02-29 | 500            | 0             | borrower | 2024-02-29
    P6         | A       | 2024-03-01 | 700            | 0             | borrower | 2024-03-01
    P7         | A       | 2024-03-31 | 0              | 1             | borrower | 2024-03-31
    """
EVENTS = """
    loan_id | occurred_on | kind        | amount | known_on
    I       | 2024-03-12  | compensated | 29000  | 2024-03-12
    """


@pytest.fixture(scope="session")
def ten(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """The store, with January, February and March published."""
    intake = Intake(tmp_path_factory.mktemp("ten"))
    tables = {"households": HOUSEHOLDS, "loans": LOANS, "instalments": INSTALMENTS, "payments": PAYMENTS}
    report = intake.deliver("2024-03-31", **tables, loan_events=EVENTS)
    assert not report.has_refused_files
    assert not any(file.quarantined for file in report.files)
    store = DataFolder(intake.data)
    for month in (JANUARY, FEBRUARY, MARCH):
        score(store, month, "tests", datetime(2024, 4, 1, tzinfo=UTC), lambda *_: None)
    return store
