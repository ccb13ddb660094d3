"""The columns of the snapshot's frames: each frame's schema, by the name of the frame.

Offsets count from as_of: negative is past. Amounts are in yuan, where they are not said to be in fen.
"""

from __future__ import annotations

import polars as pl

from features.contract.tables import TABLES
from features.frame_schema import FrameColumn, FrameSchema


def _contract_columns(table: str) -> dict[str, FrameColumn]:
    return {name: FrameColumn(dtype, f"As in table {table}.") for name, dtype in TABLES[table].schema.items()}


def _yuan(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Float64(), f"{meaning}, in yuan.")


def _fen(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Int64(), f"{meaning}, in fen.")


def _flag(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Int8(), f"1 where {meaning}, else 0.")


def _whether(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Boolean(), f"Whether {meaning}.")


def _day(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Date(), f"{meaning}.")


def _days(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Int64(), f"{meaning}, in days.")


def _months(meaning: str) -> FrameColumn:
    return FrameColumn(pl.Int32(), f"{meaning}, in whole months.")


def _text(meaning: str) -> FrameColumn:
    return FrameColumn(pl.String(), f"{meaning}.")


_LOAN = {"loan": FrameColumn(pl.Int32(), "Number of the loan in the snapshot.")}
_HOUSEHOLD = {"household": FrameColumn(pl.Int32(), "Number of the household in the snapshot.")}
_OFFSETS = {
    "day_offset": _days("From as_of to the fact"),
    "month_offset": FrameColumn(pl.Int32(), "Calendar months from as_of's month to the fact's."),
}

NUMBERED_HOUSEHOLDS_SCHEMA = FrameSchema({"household_id": _text("Identifier of the household"), **_HOUSEHOLD})
NUMBERED_LOANS_SCHEMA = FrameSchema({**_contract_columns("loans"), **_LOAN, **_HOUSEHOLD})
LOANS_SCHEMA = FrameSchema(
    {
        **NUMBERED_LOANS_SCHEMA.columns,
        "status": _text("performing, probation or bad"),
        "bad_since": _day("First day of its last time bad; null where it never was"),
        "arrears_ended_on": _day("Day on which its arrears ended then; null where they have not"),
        "bad_by": _text("What made it bad then: principal, interest or event; null where nothing did"),
        "bad_due_on": _day("Day on which the arrears that made it bad fell due; null by an event"),
        "probation_until": _day("First day on which probation may end; null unless on probation"),
        "probation_dues_left": FrameColumn(pl.Int64(), "Dues still to be paid on time; null unless on probation."),
        "times_bad": FrameColumn(pl.Int64(), "How often the loan has been bad."),
        "days_past_due": _days("From the oldest due that is not covered to as_of, 0 where all are"),
        "overdue_principal": _yuan("Principal due and not paid"),
        "overdue_interest": _yuan("The household's part of the interest due and not paid"),
        "subsidy_overdue": _yuan("The state's part of the interest due and not paid"),
        "ended_on": _day("Day the loan was repaid, settled or renewed; null where it was not"),
        "has_schedule": _flag("a schedule of the loan is known"),
        "lost_on": _day("Day the loan was compensated or written off; null where it was not"),
        "months_registered": _months("Since the household was registered"),
        "household_type": _text("As in table households"),
        "village_code": _text("Village of the household, twelve digits"),
        "township_code": _text("Township of the household, nine digits"),
        "county_code": _text("County of the household, six digits"),
        "days_since_bank_payments": FrameColumn(
            pl.Float64(), "Days since the newest payment of the bank became known."
        ),
        "outstanding_principal": _yuan("Principal not yet repaid"),
        "days_to_maturity": _days("From as_of to the maturity agreed last"),
        "maturity_month": _text("Calendar month of that maturity, 1 to 12"),
        "months_on_book": _months("Since the loan was paid out"),
        "months_since_arrears": _months("Since its arrears ended last"),
        "day_offset": _days("From as_of to the day the loan was paid out"),
        "month_offset": FrameColumn(pl.Int32(), "Calendar months from as_of's month to the month of paying out."),
        "term_days": _days("From paying out to the maturity first agreed"),
        "renews": _flag("the loan renews an earlier one"),
        "is_open": _whether("more than arrears.least is outstanding and the loan has not ended"),
    }
)
BANK_PAYMENTS_SCHEMA = FrameSchema(
    {
        "county_code": FrameColumn(pl.String(), "County of the households."),
        "bank": FrameColumn(pl.String(), "The bank."),
        "days_since_bank_payments": FrameColumn(pl.Float64(), "Days since its newest payment became known."),
    }
)
INSTALMENTS_SCHEMA = FrameSchema(
    {
        **_LOAN,
        **_HOUSEHOLD,
        **_OFFSETS,
        "principal_due": _yuan("Principal of the instalment"),
        "interest_due": _yuan("Interest asked of the household"),
        "state_interest": _yuan("Interest that the state pays the bank"),
        "days_late": _days("From the due day to the day of coverage, or to as_of; null before the due day"),
        "unpaid_days": _days("Past due while not covered, 0 where covered; null before the due day"),
        "principal_unpaid_days": _days("Past due while the principal is not covered; null before the due day"),
        "interest_unpaid_days": _days("Past due while the interest is not covered; null before the due day"),
        "days_before_due": _days("From the day of coverage to the due day; null where nothing had to be paid"),
        "covered": _whether("principal and interest are covered"),
    }
)
DUES_TO_MATURITY_SCHEMA = FrameSchema(
    {
        **_LOAN,
        **_HOUSEHOLD,
        "until": _days("From as_of to the loan's maturity, from 0 to 365"),
        "day_offset": _days("From as_of to the due day"),
        "due": _yuan("Principal and interest due on that day"),
    }
)
PAYMENTS_SCHEMA = FrameSchema(
    {
        **_LOAN,
        **_OFFSETS,
        "paid": _yuan("Principal and interest paid"),
        "counts": _whether("it counts against the schedule in force"),
        "by_borrower": _whether("the borrower paid"),
    }
)
PRICES_SCHEMA = FrameSchema(
    {
        "product": _text("As in table prices"),
        "price": _yuan("Newest price known"),
        "price_year_before": _yuan("Price twelve months before that one's month"),
    }
)
DECLARED_PRICES_SCHEMA = FrameSchema(
    {
        **_LOAN,
        "declared_use": _text("As in table loans"),
        "price": _yuan("Newest known price of the declared product"),
        "price_year_before": _yuan("Price twelve months before that one's month"),
    }
)
STATEMENTS_SCHEMA = FrameSchema(
    {
        **_HOUSEHOLD,
        "age_months": _months("Since the end of the statement's period"),
        **_OFFSETS,
        "net_income": _yuan("The four incomes less production cost, per year"),
        "gross_income": _yuan("Sum of the four incomes, per year"),
        "wage_income": _yuan("Wages, per year"),
        "business_income": _yuan("Income from business, per year"),
        "property_income": _yuan("Income from property, per year"),
        "transfer_income": _yuan("Transfers, per year"),
        "production_cost": _yuan("Production cost, per year"),
        "living_cost": _yuan("Cost of living, per year"),
        "medical_cost": _yuan("Cost of medicine, per year"),
        "education_cost": _yuan("Cost of education, per year"),
        "household_cost": _yuan("Cost of living, medicine and education, per year"),
        "covered_months": FrameColumn(
            pl.Float64(), "Months covered by it and by the statements that complete its year."
        ),
        "compared_net_income": _yuan("Net income, where it may be compared with the year told; else null"),
        "net_income_before": _yuan("Where it is told: net income of the like period before"),
        "is_told": _whether("it ends the year that is told of the household"),
    }
)
ASSETS_SCHEMA = FrameSchema(
    {
        **{name: column for name, column in _contract_columns("assets").items() if name != "household_id"},
        **_HOUSEHOLD,
        "herd_value": _yuan("Value of the animals that have a known price"),
        "herd_before": _yuan("Value of the animals counted at the observation before, at today's prices"),
        "outside_debt_before": _yuan("Outside debt at the observation before"),
        "age_months": _months("Since the observation"),
    }
)
MEMBERS_SCHEMA = FrameSchema(
    {
        **_HOUSEHOLD,
        "member_id": _text("As in table members"),
        "counts": _whether("the member is present or works away"),
        "works_away": _whether("the member works away"),
        "deceased": _whether("the member is recorded as deceased"),
        "labour": FrameColumn(pl.Float64(), "Capacity for work: 1 full, 0.5 part, 0 none."),
        "schooled": _whether("the member has senior or tertiary schooling"),
        "disabled": _whether("the member is recorded as disabled"),
        "healthy": _whether("the member is recorded as healthy"),
        "is_head": _whether("the member is the head of the household"),
        "sex": _text("As in table members"),
        "age": FrameColumn(pl.Int32(), "Age in whole years."),
        "known_offset": _days("From as_of back to the day this record became known; negative"),
    }
)
BORROWERS_SCHEMA = FrameSchema(
    {
        **_LOAN,
        **{
            name: MEMBERS_SCHEMA.columns[name]
            for name in ("member_id", "sex", "age", "deceased", "counts", "known_offset")
        },
    },
)
LOSSES_SCHEMA = FrameSchema(
    {**_LOAN, "of_borrower": _flag("the person lost is the borrower, or nobody says who it is")}
)
HARDSHIPS_SCHEMA = FrameSchema(
    {
        **_HOUSEHOLD,
        "member_id": _text("The member it befell; null where the office does not say"),
        **_OFFSETS,
        "loss": _yuan("Loss reported"),
        "unresolved": _flag("the hardship is not resolved"),
        "lost": _flag("its cause is death, going missing or custody"),
        "death": _flag("its cause is death"),
        "sudden": _flag("its cause is illness, disaster, accident, epidemic or a person lost (rule R205)"),
    }
)
CREDIT_EVENTS_SCHEMA = FrameSchema(
    {
        **_HOUSEHOLD,
        **_OFFSETS,
        "amount": _yuan("Amount of the event"),
        "open": _flag("the event is not closed"),
        "default": _flag("it is a default or an enforcement elsewhere"),
        "overdue": _flag("it is a loan overdue elsewhere"),
        "new_debt": _flag("it is new debt elsewhere"),
        "guarantee_called": _flag("it is a guarantee that was called"),
        "inquiry": _flag("it is a credit inquiry"),
    }
)
POLICIES_SCHEMA = FrameSchema(
    {
        **_HOUSEHOLD,
        "in_force": _flag("as_of lies between insured_from and insured_to, both included"),
        "industry": _flag("the policy insures the herd, the crop or its price"),
        "person": _flag("the policy insures against accident or serious illness"),
        "sum_insured": _yuan("Sum insured"),
    }
)
CLAIMS_SCHEMA = FrameSchema(
    {
        **_HOUSEHOLD,
        **_OFFSETS,
        "open": _flag("the claim is not settled"),
        "claimed": _yuan("Amount claimed"),
        "paid": _yuan("Amount paid, null until the claim is settled"),
    }
)
USE_CHECKS_SCHEMA = FrameSchema(
    {
        **_LOAN,
        "finding": _text("Finding of the newest check"),
        "months_since": _months("Since the newest check"),
        "right": _day("Last day on which the use was found to be as declared or put right"),
        "diverted": _flag("the money was found diverted and not put right since"),
        "ill_used": _flag("the money was found partly diverted or idle and not put right since"),
    }
)
REVIEWS_SCHEMA = FrameSchema(
    {
        **{name: column for name, column in _contract_columns("village_reviews").items() if name != "household_id"},
        **_HOUSEHOLD,
        "integrity_before": FrameColumn(pl.Float64(), "Integrity points of the review before."),
        "age_months": _months("Since the review"),
    }
)
LOAN_EVENTS_SCHEMA = FrameSchema({**_LOAN, **_OFFSETS})

_PAYMENT = {
    **_LOAN,
    "paid_on": _day("Day of the payment"),
    "principal_paid": _fen("Principal paid"),
    "interest_paid": _fen("Interest paid"),
}
_SCHEDULE_ROW = {
    **_LOAN,
    "schedule_no": FrameColumn(pl.Int64(), "As in table instalments."),
    "due_on": _day("Due day"),
    "principal_due": _fen("Principal of the instalment"),
    "interest_due": _fen("Interest of the instalment"),
}
BOOK_PAYMENTS_SCHEMA = FrameSchema(
    {
        **_PAYMENT,
        "by_borrower": _whether("the borrower paid"),
    }
)
NEWEST_PAYMENTS_SCHEMA = FrameSchema(
    {
        **_PAYMENT,
        "payer": _text("As in table payments"),
        "known_on": _day("Day on which the newest version of the payment became known"),
    }
)
SCHEDULES_SCHEMA = FrameSchema(
    {
        **_SCHEDULE_ROW,
        "first_known": _day("First day on which any version of the schedule was known"),
    }
)
BOOK_EVENTS_SCHEMA = FrameSchema(
    {
        **_LOAN,
        "occurred_on": _day("Day of the event"),
        "kind": _text("As in table loan_events"),
        "new_matures_on": _day("Maturity agreed, where the event is an agreement on one"),
        "known_on": _day("As in table loan_events"),
    }
)
SCHEDULE_ROWS_SCHEMA = FrameSchema(
    {
        **_SCHEDULE_ROW,
        "starts_on": _day("First day on which the schedule was in force; null for always"),
        "ends_on": _day("First day on which it was no longer in force; null for never"),
    }
)

HOUSEHOLD_POLICIES_SCHEMA = FrameSchema(
    {
        "policy_id": _text("As in table policies"),
        "kind": _text("As in table policies"),
        "insured_from": _day("First day insured"),
        "insured_to": _day("Last day insured"),
        "sum_insured": _yuan("Sum insured"),
    }
)
HOUSEHOLD_HARDSHIPS_SCHEMA = FrameSchema(
    {
        "occurred_on": _day("Day of the hardship"),
        "cause": _text("As in table hardships"),
        "resolved": _whether("the hardship was resolved by as_of"),
    }
)
HOUSEHOLD_CLAIMS_SCHEMA = FrameSchema(
    {
        "policy_id": _text("As in table claims"),
        "occurred_on": _day("Day of the damage"),
        "claimed_amount": _yuan("Amount claimed"),
        "settled": _whether("the claim was settled by as_of"),
    }
)
