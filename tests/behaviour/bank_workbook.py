"""A bank's workbook as the clerk's manual supposes it: four sheets in the bank's own words, with what has to be asked.

Nothing names the bank or the unit of the loans' amounts, one word for the way of repayment is the bank's own, and one
payment has a day that is none.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from openpyxl import Workbook

NAME = "农商行2025年6月.xlsx"
_LOANS = 120
_VILLAGES = (
    ("640323101201", "城关镇", "东村"),
    ("640323101202", "城关镇", "西村"),
    ("640323102201", "河口乡", "河口村"),
)
_KNOWN_ON = date(2025, 6, 30)
_YEAR = timedelta(days=365)


def write_bank_workbook(folder: Path) -> Path:
    """Write the workbook into a folder; returns its path."""
    book = Workbook()
    book.remove(book.worksheets[0])
    households, loans = book.create_sheet("农户花名册"), book.create_sheet("贷款台账")
    schedule, payments = book.create_sheet("还款计划"), book.create_sheet("还款明细")
    households.append(["农户编号", "行政村代码", "县", "乡镇", "行政村", "户类型", "数据日期"])
    loans.append(["脱贫人口小额信贷台账"])
    loan_headings = ["序号", "贷款编号", "农户编号", "贷款金额", "年利率", "还款方式", "发放日期", "到期日期"]
    loans.append([*loan_headings, "贷款用途", "数据日期"])
    schedule.append(["贷款编号", "应还日期", "应还本金", "应还利息", "数据日期"])
    payments.append(["还款流水号", "贷款编号", "还款日期", "实还本金", "实还利息", "数据日期"])
    for number in range(1, _LOANS + 1):
        household, loan = f"H{number:04}", f"D{number:04}"
        code, township, village = _VILLAGES[number % len(_VILLAGES)]
        households.append([household, code, "示范县", township, village, "脱贫户", _KNOWN_ON])
        lent_on = date(2022, 7, 10) + timedelta(days=9 * number)
        due_on = lent_on + 2 * _YEAR
        yuan = 10_000 * (1 + number % 5)
        interest = round(yuan * 0.0345 * 2, 2)
        use = ("养羊", "养牛", "黄花菜")[number % 3]
        loans.append([number, loan, household, yuan // 10_000, "3.45%", "到期一次", lent_on, due_on, use, _KNOWN_ON])
        schedule.append([loan, due_on, yuan, interest, _KNOWN_ON])
        if due_on <= _KNOWN_ON and number % 6:
            paid_on = due_on if number > 1 else "年初"
            payments.append([f"P{number:04}", loan, paid_on, yuan, interest, _KNOWN_ON])
    loans.append(["合计", None, None, sum(1 + number % 5 for number in range(1, _LOANS + 1))])
    path = folder / NAME
    book.save(path)
    return path
