"""The ledger of one household: ratings line by line, why the grade moved, what is at risk, loans and history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any, Literal

import polars as pl

from features.delivered_tables import DeliveredTables
from features.household_ledger import HouseholdLedger
from features.messages import Bilingual, UserError
from features.months import month_end_after
from features.units import HOUSEHOLD_TYPE, PRODUCT, YEARS
from models.county_policy.policy_table import FILE as POLICY_FILE
from models.county_policy.sections import CountyPolicy
from models.rating.households import household_grades
from serving.concurrency.single_flight import single_flight
from serving.explain.entitlements import GRADE_WORDS, NO_GRADE, household_ratings_by_table
from serving.household_ledger.ledger_basis import LedgerBasis, ledger_basis
from serving.household_ledger.words import (
    AGE_WORDS,
    FINDING_NOT_RECORDED,
    LISTING_UNKNOWN,
    LOANS_ENDED,
    LOANS_OPEN,
    MOVED,
    NO_LOANS,
    NOT_LISTED,
    NOT_MOVED,
    SINCE_WORDS,
    STATE_WORDS,
)
from serving.months.data_folder import DataFolder
from serving.months.edition import PublishedMonth
from serving.months.repository import MonthRepository
from serving.schemas.ledger_answers import (
    AtRisk,
    GradeOnDay,
    HouseholdLedgerAnswer,
    LedgerLoan,
    LedgerMove,
    LedgerRating,
    MovedLine,
    WorseGrade,
)

_HISTORY_MONTHS = 12
_ANSWERS_IN_MEMORY = 256
"""Some 10 kB each."""
Row = dict[str, Any]


def unknown_in_ledger(household: str, as_of: date) -> UserError:
    """The error where the ledger has no such household on a day, or the reader may not see it."""
    return UserError(
        f"{as_of} 的农户台账中没有农户 {household}；请核对编号。",
        f"Household {household} is not in the ledger of {as_of}; check the identifier.",
    )


def month_household_ledger(month: PublishedMonth, store: DataFolder, household: str) -> HouseholdLedgerAnswer:
    """The ledger of a household at a published month, from memory where it was computed before.

    month and store carry the reader's scope. Raises UserError as `household_ledger` does.
    """
    path = store.folder / POLICY_FILE  # earlier days are rated by the policy table, and by the months published
    changed = path.stat().st_mtime_ns if path.exists() else None
    return _cached_answer(month, store, household, (changed, *MonthRepository(store).months()))


@single_flight(_ANSWERS_IN_MEMORY)
def _cached_answer(month: PublishedMonth, store: DataFolder, household: str, _: object) -> HouseholdLedgerAnswer:
    return household_ledger(ledger_basis(store, month=month), household)


def household_ledger(basis: LedgerBasis, household: str) -> HouseholdLedgerAnswer:
    """Everything the ledger says of one household, borrower or not.

    Args:
        basis: the day, the data and the policies; its store carries the reader's scope.
        household: the household's id as stored.

    Returns:
        Its ratings line by line, limit, drawings and headroom, why the grade moved, what is at risk, its loans, and the
        grades of the last 12 month ends, all computed by the same code from what was known on each day.

    Raises:
        UserError: where the ledger has no such household on the day, or the reader may not see it.

    Example:
        >>> from serving.household_ledger.ledger_basis import ledger_basis
        >>> from serving.household_ledger.county_ledger import LedgerQuery, ledger_page
        >>> from serving.household_ledger.one_household import household_ledger
        >>> from serving.months.data_folder import DataFolder
        >>> from serving.months.repository import MonthRepository
        >>> store = DataFolder(data)
        >>> query = LedgerQuery(borrowing=False, limit=1)
        >>> [never_borrowed] = ledger_page(MonthRepository(store).month(), store, query).items
        >>> answer = household_ledger(ledger_basis(store), never_borrowed.household_id)
        >>> (answer.points, answer.grade) == (never_borrowed.points, never_borrowed.grade)
        True
    """
    days = _HouseholdDays(basis, household)
    today = days.on(basis.as_of)
    if today is None or not _is_in_scope(basis.store, today.row):
        raise unknown_in_ledger(household, basis.as_of)
    row, policy = today.row, today.policy
    loans = _loans(today, basis)
    grade_words, type_words = _grade_words(row["grade"]), HOUSEHOLD_TYPE.text(row["household_type"])
    listed = LISTING_UNKNOWN if row["listed"] is None else FINDING_NOT_RECORDED if row["listed"] else NOT_LISTED
    loans_words = LOANS_OPEN if row["open_loans"] else LOANS_ENDED if row["loans_ever"] else NO_LOANS
    age_words = AGE_WORDS[row["age_band"]].format(
        years=YEARS.text(row["borrower_age"]).zh,
        years_en=YEARS.text(row["borrower_age"]).en,
        **policy.grants.model_dump(),
    )
    own = {name: row[name] for name in HouseholdLedgerAnswer.model_fields if name in row}
    return HouseholdLedgerAnswer(
        **basis.versions,
        **own,
        published=basis.month is not None,
        place=_place(days.tables, household, basis.as_of),
        type_zh=type_words.zh,
        type_en=type_words.en,
        grade_zh=grade_words.zh,
        grade_en=grade_words.en,
        loans_zh=loans_words.zh,
        loans_en=loans_words.en,
        age_zh=age_words.zh,
        age_en=age_words.en,
        listed_zh=listed.zh,
        listed_en=listed.en,
        ratings=today.ratings,
        moves=days.moves,
        at_risk=_at_risk(today, basis),
        history=days.history,
        loans=loans,
        loans_elsewhere=today.ledger.loans.height - len(loans),
    )


@dataclass(frozen=True)
class _HouseholdDay:
    """The household on one day. row: as `household_grades` has it."""

    as_of: date
    ledger: HouseholdLedger
    policy: CountyPolicy
    row: Row

    @cached_property
    def ratings(self) -> list[LedgerRating]:
        """Its ratings, the one that sets its grade first."""
        ratings = []
        for rating in household_ratings_by_table(self.ledger.facts, self.policy):
            products = next(covered for name, covered in self.policy.credit.products.items() if name == rating.table)
            words = [PRODUCT.text(product) for product in products]
            drawn = self.row[f"drawn_{rating.table}"]
            ratings.append(
                LedgerRating(
                    **rating.model_dump(),
                    products=list(products),
                    products_zh="、".join(each.zh for each in words),
                    products_en=", ".join(each.en for each in words),
                    drawn=drawn,
                    headroom=None if rating.limit is None else max(rating.limit - drawn, 0),
                    above_limit=None if rating.limit is None else max(drawn - rating.limit, 0),
                    sets_grade=rating.table == self.row["table"],
                )
            )
        return sorted(ratings, key=lambda each: not each.sets_grade)


@dataclass(frozen=True)
class _HouseholdDays:
    """A household on several days, computed from its rows in the data ledger, which are read once."""

    basis: LedgerBasis
    household: str

    @cached_property
    def tables(self) -> DeliveredTables:
        """Its rows in the data ledger."""
        return self.basis.tables(self.household)

    @cached_property
    def _computed(self) -> dict[date, _HouseholdDay | None]:
        return {}

    def on(self, day: date) -> _HouseholdDay | None:
        """The household on a day; None where the ledger did not have it then, or no policy held."""
        if day not in self._computed:
            self._computed[day] = self._compute(day)
        return self._computed[day]

    def _compute(self, day: date) -> _HouseholdDay | None:
        try:
            policy = self.basis.policy_on(day)
        except UserError:  # before the policy table begins
            return None
        ledger = self.basis.ledger_on(day, self.tables)
        rows = household_grades(ledger, policy, day)
        return _HouseholdDay(day, ledger, policy, rows.row(0, named=True)) if rows.height else None

    @cached_property
    def moves(self) -> list[LedgerMove]:
        """Against the month published before, and against one year before; days without the household are left out."""
        as_of = self.basis.as_of
        previous = MonthRepository(self.basis.store).previous_month(as_of) if self.basis.month else None
        year_before = month_end_after(as_of, -12)
        days: dict[Literal["previous_month", "year_before"], date] = {"year_before": year_before}
        if previous is not None:
            days = {"previous_month": previous.as_of, **days}
        after = self.on(as_of)
        befores = ((name, self.on(day)) for name, day in days.items())
        return [_move(name, before, after) for name, before in befores if before is not None and after is not None]

    @cached_property
    def history(self) -> list[GradeOnDay]:
        """The grade at the last month ends, the newest first."""
        month_ends = [month_end_after(self.basis.as_of, -back) for back in range(1, _HISTORY_MONTHS + 1)]
        days = [day for one in (self.basis.as_of, *month_ends) if (day := self.on(one)) is not None]
        fields = ("table", "points", "known", "grade", "limit", "drawn")
        return [
            GradeOnDay(
                as_of=day.as_of,
                grade_zh=_grade_words(day.row["grade"]).zh,
                grade_en=_grade_words(day.row["grade"]).en,
                **{name: day.row[name] for name in fields},
            )
            for day in days
        ]


def _grade_words(grade: str | None) -> Bilingual:
    return GRADE_WORDS[grade] if grade else NO_GRADE


def _is_in_scope(store: DataFolder, row: Row) -> bool:
    """Whether the reader may see the household."""
    if store.scope is None:
        return True
    schema = pl.Schema({"household_id": pl.String(), "village_code": pl.String(), "banks": pl.List(pl.String())})
    rows = pl.DataFrame([{name: row[name] for name in schema}], schema)
    return not store.scope.households_within(rows.lazy()).collect().is_empty()


def _place(tables: DeliveredTables, household: str, as_of: date) -> str | None:
    """The names of its township and village as last delivered; None where there are none."""
    versions = tables["households"].filter((pl.col("household_id") == household) & (pl.col("known_on") <= as_of))
    newest = versions.sort("known_on").select(pl.col("township_name", "village_name").drop_nulls().last()).collect()
    return " ".join(name for name in newest.row(0) if name) or None


def _move(
    compared_with: Literal["previous_month", "year_before"], before: _HouseholdDay, after: _HouseholdDay
) -> LedgerMove:
    """The points by item on both days, by the rating that sets the grade today."""
    by_table = [{rating.table: rating for rating in day.ratings} for day in (before, after)]
    old, new = (ratings.get(after.row["table"]) for ratings in by_table)
    points_of_old = {line.code: line.points for line in old.lines} if old else {}
    lines = [
        MovedLine(code=line.code, zh=line.zh, en=line.en, before=points_of_old.get(line.code), after=line.points)
        for line in (new.lines if new and old else [])
        if points_of_old.get(line.code) != line.points
    ]
    grades = [_grade_words(rating.grade if rating else None) for rating in (old, new)]
    has_moved = bool(lines) or (old and old.grade) != (new and new.grade) or (old and old.limit) != (new and new.limit)
    words = (MOVED if has_moved else NOT_MOVED).format(
        since=SINCE_WORDS[compared_with].zh,
        since_en=SINCE_WORDS[compared_with].en,
        day=before.as_of,
        before=grades[0].zh,
        after=grades[1].zh,
        before_en=grades[0].en,
        after_en=grades[1].en,
        points_before="–" if old is None or old.points is None else f"{old.points:g}",
        points="–" if new is None or new.points is None else f"{new.points:g}",
    )
    return LedgerMove(
        compared_with=compared_with,
        as_of=before.as_of,
        points_before=old.points if old else None,
        points=new.points if new else None,
        grade_before=old.grade if old else None,
        limit_before=old.limit if old else None,
        lines=lines,
        zh=words.zh,
        en=words.en,
    )


def _at_risk(today: _HouseholdDay, basis: LedgerBasis) -> AtRisk:
    """The subsidy to come, and what a diverted use or the lowest grade would cost, computed by the same ratings."""
    facts = today.ledger.facts.with_columns(pl.lit(1.0).alias("use_diverted"))
    if_diverted = household_grades(replace(today.ledger, facts=facts), today.policy, basis.as_of).row(0, named=True)
    table = today.policy.ratings[today.row["table"]] if today.row["table"] else None
    lowest = table.grades[-1] if table else None
    poor = {"grade": lowest and lowest.code, "points": None, "limit": lowest and lowest.limit}
    return AtRisk(
        subsidy_to_come=today.row["subsidy_to_come"],
        if_diverted=_worse_grade(today.row, if_diverted),
        if_poor=_worse_grade(today.row, poor),
    )


def _worse_grade(row: Row, then: Row) -> WorseGrade:
    words, limit = _grade_words(then["grade"]), then["limit"]
    lost = None
    if row["headroom"] is not None and limit is not None:
        lost = row["headroom"] - max(limit - row["drawn"], 0)
    return WorseGrade(
        grade=then["grade"],
        grade_zh=words.zh,
        grade_en=words.en,
        points=then["points"],
        limit=limit,
        headroom_lost=lost,
    )


def _loans(today: _HouseholdDay, basis: LedgerBasis) -> list[LedgerLoan]:
    """The loans of the reader's bank, the newest first."""
    loans = today.ledger.loans.lazy()
    if basis.store.scope is not None:
        loans = basis.store.scope.within(loans)
    rows = loans.sort("originated_on", "loan_id", descending=True).collect().to_dicts()
    return [ledger_loan(row) for row in rows]


def ledger_loan(row: Row) -> LedgerLoan:
    """A loan in the columns of LEDGER_LOANS_SCHEMA as it is told."""
    state: Literal["open", "repaid", "renewed", "lost"] = "open"
    if not row["is_open"]:
        state = "lost" if row["lost_on"] else "renewed" if row["is_settled"] else "repaid"
    is_line = row["product"] == "revolving" and state == "open"
    product, words = PRODUCT.text(row["product"]), STATE_WORDS[state]
    return LedgerLoan(
        **{name: row[name] for name in LedgerLoan.model_fields if name in row},
        product_zh=product.zh,
        product_en=product.en,
        headroom=max(row["principal"] - row["outstanding_principal"], 0) if is_line else None,
        state=state,
        state_zh=words.zh,
        state_en=words.en,
    )
