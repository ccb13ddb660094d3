"""What a loan's life is told by: the dated numbers of late, bad and cured, and the columns of its frames.

Contract, section 2. `loan_life.py` computes lives; apart from this, since it loads a compiler that few commands need.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from features.frame_schema import FrameColumn, FrameSchema

BAD_AFTER_DAYS = 30
"""Days past due from which a loan is bad (contract, section 2)."""
STATUSES = ("performing", "probation", "bad")
CAUSES_OF_BAD = (None, "principal", "interest", "event")


@dataclass(frozen=True)
class LifeRules:
    """The dated numbers by which a loan is late, bad, on probation and performing again.

    bad_after_days: days past due. least: yuan of principal, or of interest, that are none. cure_instalments,
    cure_months: dues paid on time, and months without a late one, that end a probation.
    """

    bad_after_days: int = BAD_AFTER_DAYS
    least: float = 1.0
    cure_instalments: int = 2
    cure_months: int = 6


SHIPPED_RULES = LifeRules()
"""The rules of the policy table that ships."""
FROM_THE_START = date(1900, 1, 1)
"""The day that stands in frames for one before all others."""
LIVES_SCHEMA = FrameSchema(
    {
        "loan": FrameColumn(pl.Int32(), "Number of the loan in the snapshot."),
        "status": FrameColumn(pl.String(), "performing, probation or bad."),
        "bad_since": FrameColumn(pl.Date(), "First day of its last time bad; null where it never was."),
        "arrears_ended_on": FrameColumn(pl.Date(), "Day on which its arrears ended then; null where they have not."),
        "bad_by": FrameColumn(pl.String(), "What made it bad then: principal, interest or an event; null where never."),
        "bad_due_on": FrameColumn(pl.Date(), "Day on which the arrears that made it bad fell due; null by an event."),
        "probation_until": FrameColumn(pl.Date(), "First day on which probation may end; null unless on probation."),
        "probation_dues_left": FrameColumn(pl.Int64(), "Dues still to be paid on time until then; null likewise."),
        "times_bad": FrameColumn(pl.Int64(), "How often it has been bad."),
        "days_past_due": FrameColumn(pl.Int64(), "Days since the oldest due that is not covered; 0 where all are."),
        "overdue_principal": FrameColumn(pl.Float64(), "Principal due and not paid, in fen."),
        "overdue_interest": FrameColumn(pl.Float64(), "The household's interest due and not paid, in fen."),
        "subsidy_overdue": FrameColumn(pl.Float64(), "The state's part of the interest due and not paid, in fen."),
        "outstanding": FrameColumn(pl.Int64(), "Principal not yet repaid, in fen."),
        "ended_on": FrameColumn(pl.Date(), "Day on which it was repaid, settled or renewed; null where it was not."),
        "maturity": FrameColumn(pl.Date(), "The maturity in force."),
        "has_schedule": FrameColumn(pl.Int8(), "1 where a schedule of it is known, else 0."),
        "counts_after": FrameColumn(pl.Date(), "Day after which payments count against a rest; 1900-01-01 for all."),
    }
)
LIFE_DUES_SCHEMA = FrameSchema(
    {
        "loan": FrameColumn(pl.Int32(), "Number of the loan in the snapshot."),
        "due_on": FrameColumn(pl.Date(), "Day on which the instalment is due."),
        "principal_due": FrameColumn(pl.Int64(), "Principal asked, in fen."),
        "interest_due": FrameColumn(pl.Float64(), "Interest asked of the household, in fen."),
        "state_interest": FrameColumn(pl.Float64(), "Interest that the state pays the bank, in fen."),
        "principal_covered_on": FrameColumn(pl.Date(), "Day from which the principal is covered; null where not yet."),
        "interest_covered_on": FrameColumn(pl.Date(), "Day from which the interest is covered; null where not yet."),
        "asks": FrameColumn(pl.Boolean(), "Whether anything is asked of the household."),
    }
)
SPELLS_SCHEMA = FrameSchema(
    {
        "loan": FrameColumn(pl.Int32(), "Number of the loan in the snapshot."),
        "bad_on": FrameColumn(pl.Date(), "First day of a time that it was bad."),
        "arrears_ended_on": FrameColumn(pl.Date(), "Day on which the arrears ended; null where they have not."),
        "performing_on": FrameColumn(pl.Date(), "Day on which it was performing again; null where it was not."),
    }
)


@dataclass(frozen=True)
class LoanLives:
    """What the walk has found of all loans of a snapshot, to the evening of a day.

    loans, dues, spells: in the columns of LIVES_SCHEMA, LIFE_DUES_SCHEMA and SPELLS_SCHEMA.
    """

    loans: pl.DataFrame
    dues: pl.DataFrame
    spells: pl.DataFrame

    def of_loans(self, numbers: pl.Series) -> LoanLives:
        """Those of some of the loans; numbers: for each loan here the number that it has there, null for the others."""
        return LoanLives(*(renumbered(frame, numbers) for frame in (self.loans, self.dues, self.spells)))


def renumbered(rows: pl.DataFrame, numbers: pl.Series) -> pl.DataFrame:
    """Rows of loans under other numbers, those of loans without one left out; numbers: as in `LoanLives.of_loans`."""
    own = numbers.gather(rows["loan"])
    return rows.with_columns(own.alias("loan")).filter(own.is_not_null())
