"""Names of accounts: compared one way everywhere, whatever case or width they are typed in."""

from __future__ import annotations

import unicodedata

from sqlalchemy import select
from sqlalchemy.orm import Session

from serving.database.tables import Person


def compared_name(name: str) -> str:
    """A name as it is compared: in one width and case, without spaces around it.

    Example:
        >>> from serving.access.names import compared_name
        >>> compared_name(" Ｌi.Wei ") == compared_name("li.wei")
        True
    """
    return unicodedata.normalize("NFKC", name).strip().casefold()


def account_called(session: Session, name: str) -> Person | None:
    """The account of a name, disabled ones too: the one spelt just so, else one that differs in case or width.

    Returns None where there is none.
    """
    exact = session.scalar(select(Person).where(Person.name == name))
    if exact is not None:
        return exact
    wanted = compared_name(name)
    ids = session.execute(select(Person.id, Person.name).order_by(Person.id)).all()
    found = next((number for number, called in ids if compared_name(called) == wanted), None)
    return None if found is None else session.get(Person, found)
