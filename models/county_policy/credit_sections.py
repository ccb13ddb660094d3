"""The section of the policy table for the household ledger: what a grade's limit covers, and credit villages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from models.county_policy.section import Binding, Section
from models.toml_tables import Share, StrictModel

Product = Literal["microloan", "revolving", "other"]
GradeCode = Literal["excellent", "good", "fair", "poor"]


class CreditPlace(StrictModel):
    """From when a place is a credit village (信用村) or a credit township (信用乡镇)."""

    from_share: Share = Field(
        description="of a village's households that are credit households, or of a township's villages that are "
        "credit villages, from which it is one"
    )
    overdue_up_to: Share = Field(description="of its borrowing households that may be in arrears")


class Credit(Section):
    """What grades are used for beside the single household: limits by product, credit villages and townships."""

    binds: ClassVar[Binding] = "as_of"

    products: Mapping[Literal["631", "1531"], Annotated[tuple[Product, ...], Field(strict=False, min_length=1)]] = (
        Field(description="products that the limit of a grade covers, by rating")
    )
    credit_grades: tuple[GradeCode, ...] = Field(
        strict=False, min_length=1, description="grades of a credit household (信用户)"
    )
    least_households: Annotated[int, Field(ge=1, le=10_000)] = Field(
        description="households that it takes to judge a village, and to tell figures of it"
    )
    least_graded: Share = Field(description="of a village's households that need a grade for it to be judged")
    village: CreditPlace
    township: CreditPlace
