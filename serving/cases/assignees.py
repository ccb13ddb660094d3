"""The accounts that a case can be assigned to: those that work on cases and whose scope has the loan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.roles import RIGHTS, Right
from serving.access.scope import Scope
from serving.database.tables import Person

_CASE_ROLES = [role.value for role, rights in RIGHTS.items() if Right.CASES in rights]
_LOANS_NAMED = 5


class Loan(Protocol):
    """What decides who sees a loan: a case, or the loan as it was published."""

    @property
    def loan_id(self) -> str:
        """The loan."""

    @property
    def bank(self) -> str:
        """The bank."""

    @property
    def village_code(self) -> str | None:
        """The household's village."""


def case_workers(session: Session) -> Sequence[Person]:
    """The active accounts whose role works on cases, by name."""
    return session.scalars(
        select(Person).where(Person.active.is_(True), Person.role.in_(_CASE_ROLES)).order_by(Person.name)
    ).all()


def assignees_within(session: Session, scope: Scope) -> list[str]:
    """Names of the accounts that a reader with this scope may assign cases to: those that share loans with it."""
    return [
        person.name
        for person in case_workers(session)
        if (scope.bank is None or person.bank in (None, scope.bank)) and _areas_meet(scope.area, person.area)
    ]


def check_assignee(session: Session, name: str, loans: Iterable[Loan]) -> None:
    """Raises UserError where no active account of that name works on cases and sees all the loans.

    One sentence for both: it does not tell which accounts there are.
    """
    found = select(Person).where(Person.active.is_(True), Person.name == name, Person.role.in_(_CASE_ROLES))
    person = session.scalar(found)
    hidden = [loan.loan_id for loan in loans if person is None or not _sees(person, loan)]
    if hidden:
        first = "、".join(hidden[:_LOANS_NAMED])
        raise UserError(
            f"不能指派给 {name}（{len(hidden)} 笔：{first}）：没有此在用账号，或其银行、区域看不到这些贷款。",
            f"{len(hidden)} loans cannot be assigned to {name} ({first}): no active account of that name works on "
            "cases and sees them (its bank and area decide).",
        )


def _sees(person: Person, loan: Loan) -> bool:
    in_area = person.area is None or (loan.village_code or "").startswith(person.area)
    return person.bank in (None, loan.bank) and in_area


def _areas_meet(first: str | None, second: str | None) -> bool:
    if first is None or second is None:
        return True
    return first.startswith(second) or second.startswith(first)
