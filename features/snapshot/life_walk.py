"""The compiled walk through the days of each loan: what was asked, what was covered, when it was bad and came back.

Days are whole numbers (since 1970-01-01), principal is in whole fen, interest in fen as floats (shares of it are not
rounded). Contract, section 2; `loan_life.py` makes the arrays and turns the results into frames.

All loops and the tuples that they read stand in this file: numba keeps machine code on disk and compiles a function
anew where its own file has changed, and not where a file that it imports has.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

NEVER = 2**30
"""A day that does not come."""
ALWAYS = -(2**30)
"""A day before all others: what asks for nothing was covered from the start."""
PERFORMING, PROBATION, BAD = 0, 1, 2
BY_NOTHING, BY_PRINCIPAL, BY_INTEREST, BY_EVENT = 0, 1, 2, 3
"""What made a loan bad the last time: arrears of principal, of interest alone, compensation or writing off."""
_ROUNDING = 1e-6
"""Fen that sums of floats may be off."""

Days = npt.NDArray[np.int64]
Fen = npt.NDArray[np.int64]
FenParts = npt.NDArray[np.float64]


class LoanArrays(NamedTuple):
    """Loans 0 to n - 1 with their rows, each kind sorted by loan; `x_of[i]:x_of[i + 1]` are those of loan i.

    originated_on, matures_on, principal: of the loans. state_share: the part of interest that the state pays the bank.
    settled_on, written_off_on: the first day of such an event, NEVER without one. schedules: in order of number, with
    the first day known and their rows by due day. extensions: in order of day. payments: in order of day.
    """

    originated_on: Days
    matures_on: Days
    principal: Fen
    state_share: FenParts
    settled_on: Days
    written_off_on: Days
    schedules_of: Days
    schedule_known_on: Days
    rows_of: Days
    due_on: Days
    principal_due: Fen
    interest_due: Fen
    extensions_of: Days
    extended_on: Days
    extended_to: Days
    payments_of: Days
    paid_on: Days
    principal_paid: Fen
    interest_paid: Fen
    subsidy_paid: Fen


class Rules(NamedTuple):
    """The numbers of the walk: days past due that make bad, fen that are none, what ends a probation."""

    bad_after_days: int
    least: int
    cure_instalments: int
    cure_months: int


class LoanResults(NamedTuple):
    """What the walk finds of each loan at its last evening; days are NEVER where there is none."""

    status: npt.NDArray[np.int8]
    bad_since: Days
    arrears_ended_on: Days
    bad_by: npt.NDArray[np.int8]
    bad_due_on: Days
    probation_until: Days
    dues_on_time: Days
    spells: Days
    days_past_due: Days
    overdue_principal: FenParts
    overdue_interest: FenParts
    subsidy_overdue: FenParts
    outstanding: Fen
    ended_on: Days
    maturity: Days
    counts_after: Days


class DueResults(NamedTuple):
    """The instalments of the schedule in force on the last evening; `count` of them, in the order of the loans."""

    loan: Days
    due_on: Days
    principal: Fen
    interest: FenParts
    state_interest: FenParts
    principal_covered_on: Days
    interest_covered_on: Days


class SpellResults(NamedTuple):
    """Each time that a loan was bad, in the order of loans and days."""

    loan: Days
    bad_on: Days
    arrears_ended_on: Days
    performing_on: Days


class _Dues(NamedTuple):
    """The instalments of one schedule as one evening sees them, in order of day."""

    due_on: Days
    principal: Fen
    raw_interest: FenParts
    interest: FenParts
    state_interest: FenParts


class _Covers(NamedTuple):
    """The days on which a loan's payments came, and the least principal and interest that is paid from each on."""

    day: Days
    principal: FenParts
    interest: FenParts


def read_only(arrays: LoanArrays) -> LoanArrays:
    """The same arrays, none of which can be written to.

    numba compiles `walk` anew, for half a minute, for each mixture of arrays that can and cannot be written to.
    """
    views: list[Any] = [array.view() for array in arrays]
    for view in views:
        view.flags.writeable = False
    return LoanArrays(*views)


def new_covers(payments: int) -> _Covers:
    """Room for the payments of one loan."""
    return _Covers(np.zeros(payments + 2, np.int64), np.zeros(payments + 1), np.zeros(payments + 1))


def new_dues(rows: int) -> _Dues:
    """Room for the instalments of one schedule."""
    return _Dues(np.zeros(rows, np.int64), np.zeros(rows, np.int64), np.zeros(rows), np.zeros(rows), np.zeros(rows))


@numba.njit(nogil=True, cache=True)
def _month_index_and_day(day):  # type: ignore[no-untyped-def]
    """Months since year 0 and day of the month of a day number (Gregorian calendar)."""
    shifted = day + 719468
    era = shifted // 146097
    of_era = shifted - era * 146097
    year = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    day_of_month = of_year - (153 * month + 2) // 5 + 1
    calendar_month = month + 3 if month < 10 else month - 9
    calendar_year = year + era * 400 + (1 if calendar_month <= 2 else 0)
    return calendar_year * 12 + calendar_month - 1, day_of_month


@numba.njit(nogil=True, cache=True)
def _day_number(month_index, day_of_month):  # type: ignore[no-untyped-def]
    """The day number of a day of a month; days beyond the month's end run into the next month."""
    calendar_year, calendar_month = month_index // 12, month_index % 12 + 1
    year = calendar_year - (1 if calendar_month <= 2 else 0)
    era = year // 400
    of_era_year = year - era * 400
    shifted_month = calendar_month - 3 if calendar_month > 2 else calendar_month + 9
    of_year = (153 * shifted_month + 2) // 5
    return (
        era * 146097 + of_era_year * 365 + of_era_year // 4 - of_era_year // 100 + of_year - 719468 + day_of_month - 1
    )


@numba.njit(nogil=True, cache=True)
def first_day_after_months(day, months):  # type: ignore[no-untyped-def]
    """The first day on which so many whole months have gone by since a day (as months_on_book counts them)."""
    month_index, day_of_month = _month_index_and_day(day)
    same_day = _day_number(month_index + months, day_of_month)
    first_of_next = _day_number(month_index + months + 1, 1)
    return min(same_day, first_of_next)


@numba.njit(nogil=True, cache=True, inline="always")
def _schedule_in_force(arrays, loan, evening):  # type: ignore[no-untyped-def]
    """The position of the schedule with the highest number that is known; the first holds from drawdown; -1 if none."""
    first, end = arrays.schedules_of[loan], arrays.schedules_of[loan + 1]
    found = -1
    for schedule in range(first, end):
        if schedule == first or arrays.schedule_known_on[schedule] <= evening:
            found = schedule
    return found


@numba.njit(nogil=True, cache=True, inline="always")
def _repaid_by(arrays, loan, day):  # type: ignore[no-untyped-def]
    repaid = 0
    for payment in range(arrays.payments_of[loan], arrays.payments_of[loan + 1]):
        if arrays.paid_on[payment] <= day:
            repaid += arrays.principal_paid[payment]
    return repaid


@numba.njit(nogil=True, cache=True)
def _asks_by(arrays, schedule, day):  # type: ignore[no-untyped-def]
    """Whether a schedule asks for anything by a day."""
    for row in range(arrays.rows_of[schedule], arrays.rows_of[schedule + 1]):
        if arrays.due_on[row] <= day and arrays.principal_due[row] + arrays.interest_due[row] > 0:
            return True
    return False


@numba.njit(nogil=True, cache=True, inline="always")
def _rest_since(arrays, loan, schedule, least):  # type: ignore[no-untyped-def]
    """The day a later schedule became known, where it asks for what was outstanding then alone; else ALWAYS."""
    if schedule <= arrays.schedules_of[loan]:
        return ALWAYS
    asked = 0
    for row in range(arrays.rows_of[schedule], arrays.rows_of[schedule + 1]):
        asked += arrays.principal_due[row]
    known_on, principal = arrays.schedule_known_on[schedule], arrays.principal[loan]
    is_rest = abs(asked - (principal - _repaid_by(arrays, loan, known_on))) <= least
    if is_rest and abs(asked - principal) <= least:
        is_rest = _asks_by(arrays, schedule - 1, known_on) and not _asks_by(arrays, schedule, known_on)
    return known_on if is_rest else ALWAYS


@numba.njit(nogil=True, cache=True, inline="always")
def _copy_rows(arrays, schedule, dues):  # type: ignore[no-untyped-def]
    """Copy a schedule's rows; returns how many there are."""
    if schedule < 0:
        return 0
    begin = arrays.rows_of[schedule]
    count = arrays.rows_of[schedule + 1] - begin
    for position in range(count):
        dues.due_on[position] = arrays.due_on[begin + position]
        dues.principal[position] = arrays.principal_due[begin + position]
        dues.raw_interest[position] = arrays.interest_due[begin + position]
    return count


@numba.njit(nogil=True, cache=True, inline="always")
def _extend(arrays, loan, schedule, evening, dues, count):  # type: ignore[no-untyped-def]
    """Move what was due on a maturity that was extended by the evening; returns the maturity in force.

    Rows stay where the schedule is newer than the extension: it became known on its day or later without being the
    first, or its last instalment falls after the old maturity.
    """
    maturity = arrays.matures_on[loan]
    for extension in range(arrays.extensions_of[loan], arrays.extensions_of[loan + 1]):
        if arrays.extended_on[extension] > evening:
            break
        is_newer = (
            schedule > arrays.schedules_of[loan] and arrays.schedule_known_on[schedule] >= arrays.extended_on[extension]
        )
        for position in range(count):
            is_newer = is_newer or dues.due_on[position] > maturity
        for position in range(count):
            if not is_newer and dues.due_on[position] == maturity:
                dues.due_on[position] = arrays.extended_to[extension]
        maturity = arrays.extended_to[extension]
    return maturity


@numba.njit(nogil=True, cache=True, inline="always")
def _in_order(dues, count):  # type: ignore[no-untyped-def]
    """Sort instalments by day and put those of one day together; returns how many there are."""
    for position in range(1, count):
        due_on, principal = dues.due_on[position], dues.principal[position]
        interest, state_interest = dues.interest[position], dues.state_interest[position]
        before = position - 1
        while before >= 0 and dues.due_on[before] > due_on:
            dues.due_on[before + 1], dues.principal[before + 1] = dues.due_on[before], dues.principal[before]
            dues.interest[before + 1], dues.state_interest[before + 1] = (
                dues.interest[before],
                dues.state_interest[before],
            )
            before -= 1
        dues.due_on[before + 1], dues.principal[before + 1] = due_on, principal
        dues.interest[before + 1], dues.state_interest[before + 1] = interest, state_interest
    kept = 0
    for position in range(count):
        if kept and dues.due_on[kept - 1] == dues.due_on[position]:
            dues.principal[kept - 1] += dues.principal[position]
            dues.interest[kept - 1] += dues.interest[position]
            dues.state_interest[kept - 1] += dues.state_interest[position]
            continue
        dues.due_on[kept], dues.principal[kept] = dues.due_on[position], dues.principal[position]
        dues.interest[kept], dues.state_interest[kept] = dues.interest[position], dues.state_interest[position]
        kept += 1
    return kept


@numba.njit(nogil=True, cache=True, inline="always")
def _ask_interest(arrays, loan, base, begin, dues, count):  # type: ignore[no-untyped-def]
    """Fill the household's and the state's part of the interest asked.

    Interest is asked in the share that the average outstanding principal, day by day over its period, has of what the
    schedule supposes: at most whole, and not below 0 where more was paid than was lent.
    """
    payment, end = arrays.payments_of[loan], arrays.payments_of[loan + 1]
    outstanding, supposed, day = arrays.principal[loan], base, begin
    share = arrays.state_share[loan]
    for position in range(count):
        due_on = dues.due_on[position]
        days, total = due_on - day, 0.0
        while day < due_on:
            while payment < end and arrays.paid_on[payment] <= day:
                outstanding -= arrays.principal_paid[payment]
                payment += 1
            until = due_on if payment == end else min(due_on, arrays.paid_on[payment])
            total += float(outstanding) * (until - day)
            day = until
        asked = dues.raw_interest[position]
        if days > 0 and supposed > 0:
            asked *= max(0.0, min(1.0, total / days / supposed))
        dues.interest[position] = asked * (1.0 - share)
        dues.state_interest[position] = asked * share
        supposed -= dues.principal[position]


@numba.njit(nogil=True, cache=True)
def _dues_of(arrays, loan, evening, least, dues):  # type: ignore[no-untyped-def]
    """Fill the instalments that an evening's schedule and events ask for.

    Returns their number, the day after which payments count against them (ALWAYS for all), and the maturity in force.
    """
    schedule = _schedule_in_force(arrays, loan, evening)
    rest_since = _rest_since(arrays, loan, schedule, least)
    base, begin = arrays.principal[loan], arrays.originated_on[loan]
    if rest_since != ALWAYS:
        base, begin = base - _repaid_by(arrays, loan, rest_since), max(begin, rest_since)
    count = _copy_rows(arrays, schedule, dues)
    _ask_interest(arrays, loan, base, begin, dues, count)
    maturity = _extend(arrays, loan, schedule, evening, dues, count)
    rest = base
    for position in range(count):
        rest -= dues.principal[position]
    if rest > 0:
        dues.due_on[count], dues.principal[count] = maturity, rest
        dues.interest[count], dues.state_interest[count] = 0.0, 0.0
        count += 1
    return _in_order(dues, count), rest_since, maturity


@numba.njit(nogil=True, cache=True)
def _oldest_open_due(dues, count, evening, principal, interest, least):  # type: ignore[no-untyped-def]
    """The day of the oldest instalment due by an evening that the sums paid do not cover; NEVER where all are."""
    principal_asked, interest_asked = 0, 0.0
    for position in range(count):
        if dues.due_on[position] > evening:
            break
        principal_asked += dues.principal[position]
        interest_asked += dues.interest[position]
        asks = dues.principal[position] > 0 or dues.interest[position] > _ROUNDING
        is_short = principal_asked - principal > least or interest_asked - interest > least + _ROUNDING
        if asks and is_short:
            return dues.due_on[position]
    return NEVER


@numba.njit(nogil=True, cache=True)
def _lacks_principal(dues, count, due_on, principal, least):  # type: ignore[no-untyped-def]
    """Whether the principal paid falls short of what was asked up to a due day."""
    asked = 0
    for position in range(count):
        if dues.due_on[position] <= due_on:
            asked += dues.principal[position]
    return asked - principal > least


@numba.njit(nogil=True, cache=True)
def _evenings(arrays, loan, last, bad_after_days, evenings):  # type: ignore[no-untyped-def]
    """Fill the days by the last one on which anything can change, sorted; returns how many there are."""
    count = 0
    for row in range(
        arrays.rows_of[arrays.schedules_of[loan]] if arrays.schedules_of[loan] < arrays.schedules_of[loan + 1] else 0,
        arrays.rows_of[arrays.schedules_of[loan + 1]]
        if arrays.schedules_of[loan] < arrays.schedules_of[loan + 1]
        else 0,
    ):
        evenings[count], evenings[count + 1] = arrays.due_on[row], arrays.due_on[row] + bad_after_days
        count += 2
    evenings[count], evenings[count + 1] = arrays.matures_on[loan], arrays.matures_on[loan] + bad_after_days
    evenings[count + 2], evenings[count + 3] = arrays.settled_on[loan], arrays.written_off_on[loan]
    evenings[count + 4], evenings[count + 5] = arrays.originated_on[loan], last
    count += 6
    for extension in range(arrays.extensions_of[loan], arrays.extensions_of[loan + 1]):
        evenings[count], evenings[count + 1] = arrays.extended_on[extension], arrays.extended_to[extension]
        evenings[count + 2] = arrays.extended_to[extension] + bad_after_days
        count += 3
    for schedule in range(arrays.schedules_of[loan] + 1, arrays.schedules_of[loan + 1]):
        evenings[count] = arrays.schedule_known_on[schedule]
        count += 1
    for payment in range(arrays.payments_of[loan], arrays.payments_of[loan + 1]):
        evenings[count] = arrays.paid_on[payment]
        count += 1
    kept = 0
    evenings[:count].sort()
    for position in range(count):
        day = evenings[position]
        if day <= last and day >= arrays.originated_on[loan] and (kept == 0 or evenings[kept - 1] != day):
            evenings[kept] = day
            kept += 1
    return kept


@numba.njit(nogil=True, cache=True)
def _fill_covers(arrays, loan, rest_since, last, covers):  # type: ignore[no-untyped-def]
    """Fill the days of payment up to the last one with the least that is paid from each on; returns how many.

    The first is ALWAYS, before any payment; after the last stands NEVER. What is paid back later was not covered: so it
    is the least of all days after.
    """
    covers.day[0], covers.principal[0], covers.interest[0] = ALWAYS, 0.0, 0.0
    count, principal, interest = 1, 0.0, 0.0
    payment, end = arrays.payments_of[loan], arrays.payments_of[loan + 1]
    while payment < end and arrays.paid_on[payment] <= last:
        day = arrays.paid_on[payment]
        while payment < end and arrays.paid_on[payment] == day:
            if day > rest_since:
                principal += arrays.principal_paid[payment]
                interest += arrays.interest_paid[payment]
            payment += 1
        covers.day[count], covers.principal[count], covers.interest[count] = day, principal, interest
        count += 1
    covers.day[count] = NEVER
    for position in range(count - 2, -1, -1):
        covers.principal[position] = min(covers.principal[position], covers.principal[position + 1])
        covers.interest[position] = min(covers.interest[position], covers.interest[position + 1])
    return count


@numba.njit(nogil=True, cache=True)
def _covered_from(least_paid, count, asked, allowed, position):  # type: ignore[no-untyped-def]
    """The first position from which on payments cover a sum but for what is allowed; `count` where they do not.

    position: where to begin to look, in either direction; sums that rise are found without looking twice.
    """
    while position > 0 and asked - least_paid[position - 1] <= allowed:
        position -= 1
    while position < count and asked - least_paid[position] > allowed:
        position += 1
    return position


@numba.njit(nogil=True, cache=True)
def _repaid_from(arrays, loan, last, least):  # type: ignore[no-untyped-def]
    """The first day from which on, to the last one, no more than `least` is outstanding; NEVER where more is."""
    outstanding, since = arrays.principal[loan], NEVER
    payment, end = arrays.payments_of[loan], arrays.payments_of[loan + 1]
    while payment < end and arrays.paid_on[payment] <= last:
        day = arrays.paid_on[payment]
        while payment < end and arrays.paid_on[payment] == day:
            outstanding -= arrays.principal_paid[payment]
            payment += 1
        if outstanding > least:
            since = NEVER
        elif since == NEVER:
            since = day
    return since


# one loop over a loan's evenings, which numba compiles as a whole
@numba.njit(nogil=True, cache=True)
def _walk_loan(arrays, rules, loan, last, dues, evenings, results, spells, spell):  # type: ignore[no-untyped-def]  # noqa: C901
    """Walk the evenings of one loan; fills its status and spells; returns the number of spells of all loans so far."""
    count, rest_since = 0, ALWAYS
    regime_ends = ALWAYS
    payment, end = arrays.payments_of[loan], arrays.payments_of[loan + 1]
    outstanding, principal, interest = arrays.principal[loan], 0, 0.0
    status, counted, since, cured_from = PERFORMING, 0, NEVER, NEVER
    was_open, was_closed, is_lost, first_spell = False, False, False, spell
    results.bad_by[loan], results.bad_due_on[loan] = BY_NOTHING, NEVER
    for position in range(_evenings(arrays, loan, last, rules.bad_after_days, evenings)):
        evening = evenings[position]
        if status == PROBATION and not was_open and counted >= rules.cure_instalments and cured_from < evening:
            status = PERFORMING
            spells.performing_on[spell - 1] = cured_from
        if evening >= regime_ends or position == 0:
            count, rest_since, _ = _dues_of(arrays, loan, evening, rules.least, dues)
            regime_ends = _next_regime(arrays, loan, evening)
            principal, interest = 0, 0.0
            for earlier in range(arrays.payments_of[loan], payment):
                if arrays.paid_on[earlier] > rest_since:
                    principal += arrays.principal_paid[earlier]
                    interest += arrays.interest_paid[earlier]
        while payment < end and arrays.paid_on[payment] <= evening:
            outstanding -= arrays.principal_paid[payment]
            if arrays.paid_on[payment] > rest_since:
                principal += arrays.principal_paid[payment]
                interest += arrays.interest_paid[payment]
            payment += 1
        is_closed = arrays.settled_on[loan] <= evening or outstanding <= rules.least
        oldest = NEVER
        if not is_closed:
            oldest = _oldest_open_due(dues, count, evening, principal, interest, rules.least)
        is_open, is_lost = oldest != NEVER, arrays.written_off_on[loan] == evening and not was_closed
        is_bad = is_lost or (is_open and evening - oldest >= rules.bad_after_days)
        if is_bad and status != BAD:
            status, counted = BAD, 0
            results.bad_due_on[loan] = NEVER if is_lost else oldest
            by_arrears = BY_PRINCIPAL if _lacks_principal(dues, count, oldest, principal, rules.least) else BY_INTEREST
            results.bad_by[loan] = BY_EVENT if is_lost else by_arrears
            spells.loan[spell], spells.bad_on[spell] = loan, evening
            spells.arrears_ended_on[spell], spells.performing_on[spell] = NEVER, NEVER
            spell += 1
        elif status == BAD and not is_open and not is_lost:
            status, counted, since = PROBATION, 0, evening
            spells.arrears_ended_on[spell - 1] = evening
            cured_from = first_day_after_months(since, rules.cure_months)
        elif status == PROBATION:
            if was_open and not is_open:
                counted, since = 0, evening
                cured_from = first_day_after_months(since, rules.cure_months)
            elif not is_open and evening > since and not is_closed:
                for each in range(count):
                    asks = dues.principal[each] > 0 or dues.interest[each] > _ROUNDING
                    if dues.due_on[each] == evening and asks:
                        counted += 1
            if not is_open and counted >= rules.cure_instalments and cured_from <= evening:
                status = PERFORMING
                spells.performing_on[spell - 1] = evening
        was_open, was_closed = is_open, is_closed
        if is_lost:
            break
    results.status[loan] = status
    results.dues_on_time[loan] = counted
    results.probation_until[loan] = cured_from if status == PROBATION else NEVER
    results.spells[loan] = spell - first_spell
    results.bad_since[loan], results.arrears_ended_on[loan] = NEVER, NEVER
    if spell > first_spell:
        results.bad_since[loan] = spells.bad_on[spell - 1]
        results.arrears_ended_on[loan] = spells.arrears_ended_on[spell - 1]
    return spell


@numba.njit(nogil=True, cache=True)
def _next_regime(arrays, loan, evening):  # type: ignore[no-untyped-def]
    """The next day on which another schedule or an extension takes effect."""
    following = NEVER
    for schedule in range(arrays.schedules_of[loan] + 1, arrays.schedules_of[loan + 1]):
        if arrays.schedule_known_on[schedule] > evening:
            following = min(following, arrays.schedule_known_on[schedule])
    for extension in range(arrays.extensions_of[loan], arrays.extensions_of[loan + 1]):
        if arrays.extended_on[extension] > evening:
            following = min(following, arrays.extended_on[extension])
    return following


@numba.njit(nogil=True, cache=True)
def _due_by(dues, count, day):  # type: ignore[no-untyped-def]
    """The principal and the interest that fall due by a day."""
    principal, interest = 0, 0.0
    for position in range(count):
        if dues.due_on[position] <= day:
            principal += dues.principal[position]
            interest += dues.interest[position]
    return principal, interest


@numba.njit(nogil=True, cache=True)
def _close_loan(arrays, rules, loan, last, dues, covers, results, found, first):  # type: ignore[no-untyped-def]
    """Fill what a loan owes on the last evening, and its instalments from position `first` on.

    Returns the next position, and whether an instalment of this schedule was not covered for good by the day on
    which it makes a loan bad.
    """
    least, was_late = rules.least, False
    count, rest_since, maturity = _dues_of(arrays, loan, last, least, dues)
    ended_on = min(_repaid_from(arrays, loan, last, least), arrays.settled_on[loan])
    if ended_on > last:
        ended_on = NEVER
    principal, interest, subsidy = 0, 0.0, 0.0
    for payment in range(arrays.payments_of[loan], arrays.payments_of[loan + 1]):
        if rest_since < arrays.paid_on[payment] <= last:
            principal += arrays.principal_paid[payment]
            interest += arrays.interest_paid[payment]
            subsidy += arrays.subsidy_paid[payment]
    days = _fill_covers(arrays, loan, rest_since, last, covers)
    paid_up, served = 0, 0
    principal_asked, interest_asked, subsidy_asked = 0, 0.0, 0.0
    oldest = NEVER
    for position in range(count):
        due_on = dues.due_on[position]
        if ended_on != NEVER and due_on > ended_on:
            break
        principal_asked += dues.principal[position]
        interest_asked += dues.interest[position]
        found.loan[first], found.due_on[first] = loan, due_on
        found.principal[first], found.interest[first] = dues.principal[position], dues.interest[position]
        found.state_interest[first] = dues.state_interest[position]
        asks_principal, asks_interest = dues.principal[position] > 0, dues.interest[position] > _ROUNDING
        asks = asks_principal or asks_interest
        principal_from, interest_from = ALWAYS, ALWAYS
        if asks:
            allowed = least + _ROUNDING
            paid_up = _covered_from(covers.principal, days, float(principal_asked), least, paid_up)
            served = _covered_from(covers.interest, days, interest_asked, allowed, served)
            principal_from, interest_from = covers.day[paid_up], covers.day[served]
        principal_from, interest_from = min(principal_from, ended_on), min(interest_from, ended_on)
        found.principal_covered_on[first], found.interest_covered_on[first] = principal_from, interest_from
        bad_on = due_on + rules.bad_after_days
        was_late |= bad_on <= last and max(principal_from, interest_from) > bad_on
        if due_on <= last:
            subsidy_asked += dues.state_interest[position]
            if oldest == NEVER and (principal_from == NEVER or interest_from == NEVER):
                oldest = due_on
        first += 1
    due_principal, due_interest = _due_by(dues, count, last)
    short_of_principal, short_of_interest = float(due_principal - principal), due_interest - interest
    is_over = ended_on != NEVER
    results.overdue_principal[loan] = short_of_principal if short_of_principal > least and not is_over else 0.0
    results.overdue_interest[loan] = short_of_interest if short_of_interest > least + _ROUNDING and not is_over else 0.0
    results.subsidy_overdue[loan] = 0.0 if is_over else max(subsidy_asked - subsidy, 0.0)
    results.days_past_due[loan] = last - oldest if oldest != NEVER and not is_over else 0
    results.outstanding[loan] = arrays.principal[loan] - _repaid_by(arrays, loan, last)
    results.ended_on[loan], results.maturity[loan], results.counts_after[loan] = ended_on, maturity, rest_since
    return first, was_late


@numba.njit(nogil=True, cache=True, inline="always")
def _has_one_schedule(arrays, loan, last):  # type: ignore[no-untyped-def]
    """Whether a loan has asked for the same from the start, and was not written off."""
    has_one = arrays.schedules_of[loan + 1] - arrays.schedules_of[loan] <= 1
    is_extended = arrays.extensions_of[loan + 1] > arrays.extensions_of[loan]
    return has_one and not is_extended and arrays.written_off_on[loan] > last


@numba.njit(nogil=True, cache=True, inline="always")
def _never_bad(loan, results):  # type: ignore[no-untyped-def]
    """Fill the status of a loan that was bad on no evening."""
    results.status[loan], results.bad_by[loan] = PERFORMING, BY_NOTHING
    results.bad_since[loan], results.bad_due_on[loan], results.arrears_ended_on[loan] = NEVER, NEVER, NEVER
    results.probation_until[loan], results.dues_on_time[loan], results.spells[loan] = NEVER, 0, 0


@numba.njit(nogil=True, cache=True)
def walk(arrays, rules, last, dues, covers, evenings, results, found, spells):  # type: ignore[no-untyped-def]
    """Walk all loans to the evening `last`; returns how many instalments and spells were filled.

    dues, covers, evenings: room for those of the largest loan. results, found, spells: room for those of all loans.
    """
    first, spell = 0, 0
    for loan in range(len(arrays.principal)):
        first, was_late = _close_loan(arrays, rules, loan, last, dues, covers, results, found, first)
        if not was_late and _has_one_schedule(arrays, loan, last):
            _never_bad(loan, results)
        else:
            spell = _walk_loan(arrays, rules, loan, last, dues, evenings, results, spells, spell)
    return first, spell
