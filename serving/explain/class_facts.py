"""The facts that set a loan's class, from its household's rows in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

import polars as pl

from features.snapshot.latest_versions import LatestVersions
from features.snapshot.life_rules import LifeRules, LoanLives
from features.snapshot.loan_book import LoanBook
from models.five_classes.floors import ClassFacts, HeldClass, Restructured
from models.five_classes.watch_period import WatchedDue, WatchRules, watch_ended_on
from serving.explain.what_if.apply import HouseholdSnapshot
from serving.months.edition import PublishedMonth
from serving.schemas.loan_warning import LoanWarning

Row = Mapping[str, Any]
_REPAYMENT_UNKNOWN = "R303"
"""The rule that fires, or cannot be assessed, where no schedule or no payments are known."""
_ONE_DAY = timedelta(days=1)
_RIGHT, _CHANGED = ("put_right", "as_declared"), ("diverted", "partly_diverted")
_DEFAULTS = ("default_elsewhere", "court_enforcement")
_NOT_OWN_MONEY = ("subsidy", "compensation_fund")


@dataclass(frozen=True)
class HouseholdClasses:
    """The loans of a household at a month's end, with what each was on earlier days.

    household: its rows as the month was computed from them. life_rules: of late, bad and cured. watch_rules: how long
    a restructured loan is watched.
    """

    household: HouseholdSnapshot
    life_rules: LifeRules
    watch_rules: WatchRules

    @staticmethod
    def of_month(household: HouseholdSnapshot, month: PublishedMonth) -> HouseholdClasses:
        """By the county's policy as it was in force, and by what the month's model calls bad."""
        classes = month.policy.classes
        watch_rules = WatchRules(classes.watch_months, classes.watch_instalments)
        return HouseholdClasses(household, month.life_rules, watch_rules)

    def facts_of(self, warning: LoanWarning, features: Row) -> ClassFacts:
        """The facts about one loan. features: the loan's published features."""
        loan = self._loans[warning.loan_id]
        unknown = _REPAYMENT_UNKNOWN in (*(rule.id for rule in warning.rules), *warning.not_assessable)
        is_told = features["days_past_due"] is not None and features["principal_days_past_due"] is not None
        return ClassFacts(
            days_past_due=warning.days_past_due,
            is_assessable=is_told and not unknown,
            held=self.held_class(loan),
            use_changed=self.use_changed(loan),
            renews_unpaid=self.renews_unpaid(loan),
            restructured=self.restructured(loan, self._as_of, frozenset()),
        )

    @property
    def _as_of(self) -> date:
        return self.household.as_of

    @cached_property
    def _loans(self) -> Mapping[str, Row]:
        return {row["loan_id"]: row for row in self._versions.loans.collect().to_dicts()}

    @property
    def _versions(self) -> LatestVersions:
        return self.household.snapshot.versions

    def _lives(self, day: date) -> LoanLives:
        """The lives of all its loans to the evening of a day, by what is known at the month's end."""
        return LoanBook(self._versions, day, self.life_rules).lives

    def _life(self, loan: Row, day: date) -> Row:
        return self._lives(day).loans.row(loan["loan"], named=True)

    def _rows(self, table: str, by: str, number: int) -> Sequence[Row]:
        """The newest rows of a loan or household in a table. by: `loan` or `household`."""
        return self._versions.newest(table).filter(pl.col(by) == number).collect().to_dicts()

    def held_class(self, loan: Row) -> HeldClass | None:
        """Why the loan keeps the class it had when it was bad; None where it never was bad, or is upgraded."""
        spells = self._spells(loan)
        performing = [position for position, spell in enumerate(spells) if spell["performing_on"]]
        since = spells[performing[-1] + 1 :] if performing else spells
        if since:
            ended_on = since[-1]["arrears_ended_on"]
            return HeldClass("probation" if ended_on else "bad", self._worst_days_past_due(loan, since), ended_on)
        if performing and self._is_blocked(loan, spells[-1]["performing_on"]):
            first = performing[-2] + 1 if len(performing) > 1 else 0
            worst = self._worst_days_past_due(loan, spells[first:])
            return HeldClass("other_loan", worst, spells[-1]["arrears_ended_on"])
        return None

    def _spells(self, loan: Row) -> Sequence[Row]:
        """The times that a loan was bad, the oldest first."""
        spells = self._lives(self._as_of).spells
        return spells.filter(pl.col("loan") == loan["loan"]).sort("bad_on").to_dicts()

    def _worst_days_past_due(self, loan: Row, spells: Sequence[Row]) -> int:
        """The most days past due in some times that the loan was bad.

        Days past due grow from evening to evening but where a payment, an event or a schedule comes between.
        """
        book, of_loan = self.household.snapshot.book, pl.col("loan") == loan["loan"]
        dated = ((book.payments, "paid_on"), (book.events, "occurred_on"), (book.schedule_rows, "starts_on"))
        changes = {
            day for rows, name in dated for day in rows.filter(of_loan).select(name).drop_nulls().collect().to_series()
        }
        evenings: set[date] = set()
        for spell in spells:
            ended_on = spell["arrears_ended_on"]
            last = ended_on - _ONE_DAY if ended_on else self._as_of
            evenings |= {last} | {day - _ONE_DAY for day in changes if spell["bad_on"] < day <= last}
        return max(int(self._life(loan, evening)["days_past_due"]) for evening in evenings)

    def _is_blocked(self, loan: Row, performing_on: date) -> bool:
        """Whether, from the end of its probation to the month's end, another loan at the bank was bad or on probation.

        One that is repaid is none any more.
        """
        others: list[tuple[date, date]] = []
        for other in self._loans.values():
            same = other["household_id"] == loan["household_id"] and other["bank"] == loan["bank"]
            if same and other["loan"] != loan["loan"]:
                ended_on = self._life(other, self._as_of)["ended_on"] or date.max
                others += (
                    (spell["bad_on"], min(spell["performing_on"] or date.max, ended_on))
                    for spell in self._spells(other)
                )
        day = performing_on
        while day <= self._as_of:
            covering = [ends for begins, ends in others if begins <= day < ends]
            if not covering:
                return False
            day = max(covering)
        return True

    def use_changed(self, loan: Row) -> bool:
        """Whether the use was found diverted, in whole or in part, and not found right since."""
        checks = self._rows("use_checks", "loan", loan["loan"])
        right = max((row["checked_on"] for row in checks if row["finding"] in _RIGHT), default=date.min)
        return any(row["finding"] in _CHANGED and row["checked_on"] > right for row in checks)

    def renews_unpaid(self, loan: Row) -> bool:
        """Whether it renews a loan that was not repaid from own money up to that day.

        A loan that is not among the household's own is taken as not repaid.
        """
        if loan["renews_loan_id"] is None:
            return False
        renewed = self._loans.get(loan["renews_loan_id"])
        if renewed is None:
            return True
        payments = self._rows("payments", "loan", renewed["loan"])
        own = [row for row in payments if row["payer"] not in _NOT_OWN_MONEY]
        repaid = sum(row["principal_paid"] for row in own if row["paid_on"] <= loan["originated_on"])
        return bool(round(renewed["principal"] - repaid, 2) > self.life_rules.least)

    def restructured(self, loan: Row, day: date, renewing: frozenset[str]) -> Restructured | None:
        """The last restructuring of a loan up to a day, where its watch had not ended then.

        renewing: the loans that led here by what they renew.
        """
        current: Restructured | None = None
        renewed, chain = self._loans.get(loan["renews_loan_id"]), renewing | {loan["loan_id"]}
        for kind, step in self._steps(loan, day):
            was_watched = False
            if kind == "extended" and current:
                was_watched = self._is_watched(loan, current, step - _ONE_DAY)
            elif kind == "renewed" and renewed and renewed["loan_id"] not in chain:
                was_watched = self.restructured(renewed, step - _ONE_DAY, chain) is not None
            current = Restructured(kind, step, again=was_watched)
        return current if current and self._is_watched(loan, current, day) else None

    def _steps(self, loan: Row, until: date) -> Iterator[tuple[Literal["renewed", "extended"], date]]:
        """The restructurings of a loan up to a day: a renewal of an unpaid loan, extensions; each in difficulty."""
        began = loan["originated_on"]
        renewed = self._loans.get(loan["renews_loan_id"])
        if began <= until and self.renews_unpaid(loan) and self._in_difficulty_at(renewed, loan, began):
            yield "renewed", began
        events = self.household.snapshot.book.events.filter(
            (pl.col("loan") == loan["loan"]) & (pl.col("kind") == "extended") & (pl.col("occurred_on") <= until)
        )
        for day in events.collect()["occurred_on"].unique().sort():
            if self._in_difficulty_at(loan, loan, day):
                yield "extended", day

    def _in_difficulty_at(self, owed: Row | None, loan: Row, day: date) -> bool:
        """Whether a loan that was given more time on a day was overdue, bad or on probation, or its household in need.

        owed: the loan that was to be repaid; None where it is not known. Where hardships are not delivered, a need
        cannot be ruled out.
        """
        if owed is not None:
            life = self._life(owed, day - _ONE_DAY)
            if life["days_past_due"] > 0 or life["status"] != "performing":
                return True
        counties = self.household.tables.counties_with("hardships", self._as_of)
        return self.household.county not in counties or self._has_open_need(loan, day)

    def _has_open_need(self, loan: Row, day: date) -> bool:
        """Whether a hardship was unresolved, or a default elsewhere open, on a day."""
        hardships = self._rows("hardships", "household", loan["household"])
        events = self._rows("credit_events", "household", loan["household"])
        needs = [(row["occurred_on"], row["resolved_on"]) for row in hardships]
        needs += [(row["occurred_on"], row["closed_on"]) for row in events if row["kind"] in _DEFAULTS]
        return any(begins <= day and (ends is None or ends > day) for begins, ends in needs)

    def _is_watched(self, loan: Row, restructured: Restructured, day: date) -> bool:
        """Whether the watch of a restructuring had not ended by a day."""
        dues = self._lives(day).dues.filter((pl.col("loan") == loan["loan"]) & pl.col("asks")).sort("due_on")
        covered = ("principal_covered_on", "interest_covered_on")
        is_covered = pl.all_horizontal(pl.col(covered).is_not_null())
        watched = dues.select("due_on", pl.when(is_covered).then(pl.max_horizontal(covered)))
        ended_on = watch_ended_on(
            [WatchedDue(*row) for row in watched.rows()],
            restructured.day,
            day,
            self.watch_rules,
            lambda each: self._has_open_need(loan, each),
        )
        return ended_on is None
