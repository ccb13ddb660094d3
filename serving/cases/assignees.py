"""The accounts that a case can be assigned to: those that work on cases and whose scope has the loan."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from features.messages import UserError
from serving.access.roles import RIGHTS, Right
from serving.access.scope import Scope
from serving.database.tables import Case, Person


def case_workers(session: Session) -> Sequence[Person]:
    """The active accounts whose role works on cases, by name."""
    roles = [role.value for role, rights in RIGHTS.items() if Right.CASES in rights]
    return session.scalars(
        select(Person).where(Person.active.is_(True), Person.role.in_(roles)).order_by(Person.name)
    ).all()


def assignees_within(session: Session, scope: Scope) -> list[str]:
    """Names of the accounts that a reader with this scope may assign cases to: those that share loans with it."""
    return [
        person.name
        for person in case_workers(session)
        if (scope.bank is None or person.bank in (None, scope.bank)) and _areas_meet(scope.area, person.area)
    ]


def check_assignee(session: Session, name: str, case: Case) -> None:
    """Raises UserError where no active account of that name works on cases and sees the case's loan.

    One sentence for both: it does not tell which accounts there are.
    """
    for person in case_workers(session):
        in_area = person.area is None or (case.village_code or "").startswith(person.area)
        if person.name == name and person.bank in (None, case.bank) and in_area:
            return
    raise UserError(
        f"不能把贷款 {case.loan_id} 指派给 {name}: 没有此在用账号, 或其银行、区域看不到该贷款。",
        f"Loan {case.loan_id} cannot be assigned to {name}: no active account of that name works on cases and sees it "
        "(its bank and area decide).",
    )


def _areas_meet(first: str | None, second: str | None) -> bool:
    if first is None or second is None:
        return True
    return first.startswith(second) or second.startswith(first)
