"""Ratings line by line, grant notes, routes of help and expected losses of a household, as the schemas have them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date

import polars as pl

from features.messages import Bilingual
from models.county_policy.contract_terms import ContractTerms
from models.county_policy.rating_sections import RatingTable
from models.county_policy.sections import CountyPolicy
from models.expected_loss import expected_loss
from models.grant_notes import grant_notes
from models.help_routes.route import Protection
from models.help_routes.sorting import help_routes
from models.rating.items import DEDUCTIONS, ITEMS
from models.rating.rate import household_ratings
from serving.explain.sentences import Row
from serving.months.edition import PublishedMonth
from serving.schemas.household_sheet import ExpectedLoss, GrantNote, HelpRoute, RatingLine, VillageRating

GRADE_WORDS = {
    "excellent": Bilingual("优秀", "excellent"),
    "good": Bilingual("良好", "good"),
    "fair": Bilingual("一般", "fair"),
    "poor": Bilingual("较差", "poor"),
}
NO_GRADE = Bilingual("资料不足，不评级", "too little is known for a grade")


def household_ratings_by_table(facts: pl.DataFrame, policy: CountyPolicy) -> list[VillageRating]:
    """The household's rating by each table for its type, or by every table where its type is missing.

    facts: features of all its open loans.
    """
    household_type = facts["household_type"][0]
    ratings = []
    for name, table in policy.ratings.items():
        if table.for_types and household_type is not None and household_type not in table.for_types:
            continue
        row = household_ratings(facts, table, policy.points).row(0, named=True)
        grade = next((each for each in table.grades if each.code == row["grade"]), None)
        grade_words = GRADE_WORDS[grade.code] if grade else NO_GRADE
        rating = VillageRating(
            table=name,
            zh=table.words.zh,
            en=table.words.en,
            points=row["points"],
            known=row["known"],
            grade=grade.code if grade else None,
            grade_zh=grade_words.zh,
            grade_en=grade_words.en,
            limit=grade.limit if grade else None,
            rate_discount=grade.rate_discount if grade else None,
            lines=list(_rating_lines(table, row, facts)),
        )
        ratings.append(rating)
    return ratings


def _rating_lines(table: RatingTable, row: Row, facts: pl.DataFrame) -> Iterator[RatingLine]:
    """Each item that has a weight, with its points; the deductions follow integrity."""
    weights = table.weights.model_dump()
    for item in ITEMS:
        if weights[item.code]:
            value = item.fact.unit.text(facts[item.fact.name][0])
            yield _rating_line(item.code, item.words, value, row[item.code], weights[item.code])
        if item.code == "integrity":
            for each in DEDUCTIONS:
                of_household = facts.select(each.combine_loans(pl.col(each.fact.name).cast(pl.Float64))).item()
                value = each.fact.unit.text(of_household)
                yield _rating_line(each.code, each.words, value, row[each.code], 0)


def _rating_line(code: str, words: Bilingual, value: Bilingual, points: float | None, of: float) -> RatingLine:
    return RatingLine(code=code, zh=words.zh, en=words.en, value_zh=value.zh, value_en=value.en, points=points, of=of)


def loan_grant_notes(facts: Row, policy: CountyPolicy, terms: ContractTerms) -> list[GrantNote]:
    """Notes on what the lending notices grant for a loan, by its features; amount, term, rate by those of its grant."""
    lending = terms.of(facts["originated_on"]).lending
    return [
        GrantNote(code=note.code, breach=note.breach, zh=note.words.zh, en=note.words.en)
        for note in grant_notes(facts, lending, policy.grants, policy.rates)
    ]


def loan_help_routes(facts: Row, protection: Protection, as_of: date, policy: CountyPolicy) -> list[HelpRoute]:
    """Routes of help for a loan, with their sentences, in the order of `models.help_routes.sorting.help_routes`."""
    return [
        HelpRoute(**{**asdict(route), "zh": route.words.zh, "en": route.words.en})
        for route in help_routes(facts, protection, as_of, policy)
    ]


def expected_losses(facts: pl.DataFrame, warnings: pl.DataFrame, month: PublishedMonth) -> dict[str, ExpectedLoss]:
    """The expected loss (yuan) by loan: whole, the fund's and the bank's.

    facts: features and `originated_on` of all open loans of one household, since the fund covers them together.
    """
    loans = facts.join(warnings.select("loan_id", "probability"), on="loan_id")
    losses = loans.select("loan_id").hstack(expected_loss(loans, month.contract_terms, month.fund_curves))
    return {
        loan: ExpectedLoss(whole=whole, fund=by_fund, bank=by_bank) for loan, whole, by_fund, by_bank in losses.rows()
    }
