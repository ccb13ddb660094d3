"""What the application holds while it runs: store, database, settings, limits and clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from fastapi import Request

from features.contract.pseudonym import Pseudonyms, pseudonyms
from serving.access.lookup import Doorman, doorman
from serving.access.oidc import Directory, directory_of
from serving.access.rate_limit import Limits
from serving.audit.writer import Scribe, scribe
from serving.database.engine import Database, opened
from serving.months.data_folder import Store
from serving.settings import Settings

_COUNTY = ZoneInfo("Asia/Shanghai")
_SIGN_INS_A_MINUTE = 60


@dataclass(frozen=True)
class Desk:
    """One for each process. now: the moment, read at the edge. doorman, scribe: know who asks, and write the audit of
    requests. directory: the county's own; None without one.
    """

    store: Store
    database: Database
    settings: Settings
    now: Callable[[], datetime]
    limits: Limits
    sign_in_limits: Limits
    doorman: Doorman
    scribe: Scribe
    directory: Directory | None

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        return pseudonyms(self.store.folder)

    @cached_property
    def mask_key(self) -> bytes:
        """Of the pseudonyms that analysts see."""
        return self.pseudonyms.key_for("masked numbers")

    @property
    def today(self) -> date:
        """The county's own day."""
        return self.now().astimezone(_COUNTY).date()


def desk(store: Store, settings: Settings, now: Callable[[], datetime]) -> Desk:
    """Raises Refused where the database cannot be opened, or a directory is set that needs more than is installed."""
    limits, sign_ins = (Limits(each, time.monotonic) for each in (settings.requests_per_minute, _SIGN_INS_A_MINUTE))
    directory, database = directory_of(settings), opened(settings.database_address)
    hands = doorman(database, now), scribe(database)
    return Desk(store, database, settings, now, limits, sign_ins, *hands, directory)


def desk_of(request: Request) -> Desk:
    found = request.app.state.desk
    assert isinstance(found, Desk)  # noqa: S101 - put there by serving.app
    return found
