#!/usr/bin/env bash
# China's holidays of a year are set by a notice of the November before: it moves days off to join weekends and makes
# Saturdays and Sundays working days in exchange. The package holidays 0.108 answers for a year whose notice it does not
# have as for any other: the statutory days alone, no day moved, no weekend day worked, no warning and no mark. A count
# of working days is then off by the moved and the worked days without a sign. chinesecalendar 1.11.0 refuses such a year.
#
# Output seen (2026-11-29): year, weekdays off, weekend days worked, warnings
#   2026 19 6 0
#   2027 13 0 0
#   chinesecalendar 2026 known, 2027 refused
#
# Installs both packages in a temporary folder and fails if one of these statements changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check holidays==0.108 chinesecalendar==1.11.0
"$folder/env/bin/python" - <<'PYTHON'
import warnings
from datetime import date, timedelta

import chinese_calendar
import holidays

SEEN = {2026: (19, 6, 0), 2027: (13, 0, 0)}
for year, seen in SEEN.items():
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        china = holidays.country_holidays("CN", years=year)
        days = [date(year, 1, 1) + timedelta(days=number) for number in range(365)]
        off = sum(day.weekday() < 5 and not china.is_working_day(day) for day in days)
        worked = sum(day.weekday() >= 5 and china.is_working_day(day) for day in days)
    found = (off, worked, len(told))
    print(year, *found)
    assert found == seen, (year, found, seen)


def is_refused(year: int) -> bool:
    try:
        chinese_calendar.is_workday(date(year, 6, 1))
    except NotImplementedError:
        return True
    return False


assert (is_refused(2026), is_refused(2027)) == (False, True)
print("chinesecalendar 2026 known, 2027 refused")
PYTHON
