"""What a household is granted and what can help it: ratings line by line, notes, routes of help, expected loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

import polars as pl

from features.messages import Words
from models.county_policy.rating_sections import RatingTable
from models.county_policy.sections import CountyPolicy
from models.expected_loss import expected_loss
from models.grant_notes import grant_notes
from models.help_routes.route import Protection
from models.help_routes.sorting import routes
from models.rating.items import DEDUCTIONS, ITEMS
from models.rating.rate import rated
from serving.explain.sentences import Row
from serving.schemas.household_sheet import ExpectedLoss, GrantNote, HelpRoute, Rating, RatingLine

GRADE_WORDS = {
    "excellent": Words("优秀", "excellent"),
    "good": Words("良好", "good"),
    "fair": Words("一般", "fair"),
    "poor": Words("较差", "poor"),
}
NO_GRADE = Words("资料不足, 不评级", "too little is known for a grade")


def ratings(facts: pl.DataFrame, policy: CountyPolicy) -> list[Rating]:
    """The ratings meant for the household, all where its type is not known; `facts`: all its open loans."""
    kind = facts["household_type"][0]
    return [
        _rating(name, table, facts, policy)
        for name, table in policy.ratings.items()
        if not table.for_types or kind is None or kind in table.for_types
    ]


def _rating(name: str, table: RatingTable, facts: pl.DataFrame, policy: CountyPolicy) -> Rating:
    row = rated(facts, table, policy.points).row(0, named=True)
    reached = next((grade for grade in table.grades if grade.code == row["grade"]), None)
    said = GRADE_WORDS[reached.code] if reached else NO_GRADE
    return Rating(
        table=name,
        zh=table.words.zh,
        en=table.words.en,
        points=row["points"],
        known=row["known"],
        grade=reached.code if reached else None,
        grade_zh=said.zh,
        grade_en=said.en,
        limit=reached.limit if reached else None,
        rate_discount=reached.rate_discount if reached else None,
        lines=list(_lines(table, row, facts)),
    )


def _lines(table: RatingTable, row: Row, facts: pl.DataFrame) -> Iterator[RatingLine]:
    """Each item with what it weighs; what is taken off follows integrity."""
    weights = table.weights.model_dump()
    for item in ITEMS:
        if weights[item.code]:
            value = item.fact.unit.words(facts[item.fact.name][0])
            yield _line(item.code, item.words, value, row[item.code], weights[item.code])
        if item.code == "integrity":
            for each in DEDUCTIONS:
                of_household = facts.select(each.of_household(pl.col(each.fact.name).cast(pl.Float64))).item()
                value = each.fact.unit.words(of_household)
                yield _line(each.code, each.words, value, row[each.code], 0)


def _line(code: str, words: Words, value: Words, points: float | None, of: float) -> RatingLine:
    return RatingLine(code=code, zh=words.zh, en=words.en, value_zh=value.zh, value_en=value.en, points=points, of=of)


def notes(facts: Row, policy: CountyPolicy) -> list[GrantNote]:
    return [
        GrantNote(code=note.code, breach=note.breach, zh=note.words.zh, en=note.words.en)
        for note in grant_notes(facts, policy.lending)
    ]


def help_routes(facts: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> list[HelpRoute]:
    return [
        HelpRoute(**{**asdict(route), "zh": route.words.zh, "en": route.words.en})
        for route in routes(facts, protection, as_of, policy)
    ]


def losses(facts: pl.DataFrame, warnings: pl.DataFrame, policy: CountyPolicy) -> dict[str, ExpectedLoss]:
    """The expected loss of each loan."""
    loans = facts.join(warnings.select("loan_id", "probability"), on="loan_id")
    found = loans.select("loan_id").hstack(expected_loss(loans, policy))
    return {
        loan: ExpectedLoss(whole=whole, fund=by_fund, bank=by_bank) for loan, whole, by_fund, by_bank in found.rows()
    }
