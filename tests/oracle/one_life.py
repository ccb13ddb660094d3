"""A loan of 12,000 with quarterly interest of 100, and what happens to it, written as text in tests of its life."""

from datetime import date

from tests.oracle.drawing import drawn
from tests.oracle.knowledge import Tables

HOUSEHOLD = """
household_id village_code known_on
H1           990101101001 2023-01-10
"""
LOAN = """
loan_id household_id principal originated_on matures_on subsidy_share subsidy_manner renews_loan_id known_on
L1      H1           12000     2023-01-10    2025-01-10 -             -              -              2023-01-10
"""
SUBSIDISED = LOAN.replace(" -             -  ", " 0.6           direct ")
SCHEDULE = """
loan_id schedule_no due_on     principal_due interest_due known_on
L1      1           2023-04-10 0             100          2023-01-10
L1      1           2023-07-10 0             100          2023-01-10
L1      1           2023-10-10 0             100          2023-01-10
L1      1           2024-01-10 0             100          2023-01-10
L1      1           2024-04-10 0             100          2023-01-10
L1      1           2024-07-10 0             100          2023-01-10
L1      1           2024-10-10 0             100          2023-01-10
L1      1           2025-01-10 12000         100          2023-01-10
"""
WITHOUT_FINAL_PRINCIPAL = SCHEDULE.replace("12000", "0")
EVENTS = "loan_id occurred_on kind new_matures_on withdrawn known_on\n"
ALL_INTEREST = "2023-01-10 0 800"
FIRST_LATE = "2023-05-20 0 100"
DAYS_DUE = ("2023-07-10", "2023-10-10", "2024-01-10", "2024-04-10", "2024-07-10", "2024-10-10")
"""After the first due of 2023-04-10, before maturity."""


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def paying(*payments: str, **texts: str) -> Tables:
    """The loan with payments as `paid_on principal interest [payer [known_on]]`."""
    lines = ["loan_id payment_id paid_on principal_paid interest_paid payer known_on"]
    for number, payment in enumerate(payments):
        words = payment.split()
        payer, known_on = [*words[3:], *["borrower", words[0]][len(words[3:]) :]]
        lines.append(f"L1 P{number} {words[0]} {words[1]} {words[2]} {payer} {known_on}")
    return drawn(
        **{"households": HOUSEHOLD, "loans": LOAN, "instalments": SCHEDULE, "payments": "\n".join(lines)} | texts
    )


def events(*lines: str) -> str:
    """`occurred_on kind new_matures_on withdrawn known_on` each."""
    return EVENTS + "\n".join(f"L1 {line}" for line in lines)


def on_time(*days: str) -> list[str]:
    return [f"{due_on} 0 100" for due_on in days]
