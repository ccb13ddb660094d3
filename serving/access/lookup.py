"""The batched look-up of accounts: requests that arrive at the same moment are answered by one query."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from serving.access.credentials import Account, Credential, accounts_for
from serving.concurrency.batching import RequestBatcher
from serving.database.engine import Database

AccountLookup = RequestBatcher[Credential, Account | None]
"""Gives the account of a credential at this moment; None where it is invalid or expired."""


def account_lookup(database: Database, now: Callable[[], datetime]) -> AccountLookup:
    """The look-up of one process in its database; `now` gives the time in UTC."""

    def look_up(ways: Sequence[Credential]) -> list[Account | None]:
        with database.read_session() as session:
            return accounts_for(session, ways, now())

    return RequestBatcher(look_up)
