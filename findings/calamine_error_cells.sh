#!/usr/bin/env bash
# python-calamine 0.9.1 reads an error cell of a workbook (#N/A, #VALUE!, #REF!) as an empty string, as it reads a cell
# with nothing in it. Who loads a ledger with it cannot tell an amount whose formula broke from one nobody wrote down;
# openpyxl 3.1.5 gives the error's text.
#
# Output seen (2026-11-28):
#   openpyxl  ['#VALUE!', None, '#N/A', 50000]
#   calamine  ['', '', '', 50000.0]
#
# Installs both packages in a temporary folder, writes a workbook of one row, and fails if either answer changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check python-calamine==0.9.1 openpyxl==3.1.5 2>/dev/null
"$folder/env/bin/python" - "$folder/book.xlsx" <<'PYTHON'
import sys
from openpyxl import Workbook, load_workbook
from python_calamine import CalamineWorkbook

book = Workbook()
sheet = book.active
for column, error in ((1, "#VALUE!"), (3, "#N/A")):
    cell = sheet.cell(1, column, error)
    cell.data_type = "e"
sheet.cell(1, 4, 50000)
book.save(sys.argv[1])
by_openpyxl = [cell.value for cell in next(load_workbook(sys.argv[1], data_only=True).active.iter_rows())]
by_calamine = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python(skip_empty_area=False)[0]
print("openpyxl ", by_openpyxl)
print("calamine ", by_calamine)
assert by_openpyxl == ["#VALUE!", None, "#N/A", 50000], by_openpyxl
assert by_calamine == ["", "", "", 50000.0], by_calamine
PYTHON
