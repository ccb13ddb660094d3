"""The shared objects of one process: data folder, database, settings, rate limits, batchers and clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from fastapi import Request

from features.contract.pseudonym import Pseudonyms, load_pseudonyms
from features.months import COUNTY_ZONE
from serving.access.lookup import AccountLookup, account_lookup
from serving.access.oidc import OidcProvider, oidc_provider
from serving.access.rate_limit import RateLimit
from serving.access.scope import mask_key_of
from serving.audit.service_database import service_database
from serving.audit.writer import AuditWriter, audit_writer
from serving.contacts.address_book import AddressBook
from serving.database.engine import Database
from serving.months.data_folder import DataFolder
from serving.settings import Settings

_SIGN_INS_A_MINUTE = 60


@dataclass(frozen=True)
class AppContext:
    """The objects that all routes share; one for each process, kept in `app.state.context`.

    now: the clock, UTC. lookup: batched look-up of the account of a session or key. audit_writer: batched writer of
    audit entries. oidc_provider: the county's OpenID Connect provider; None where none is set.
    """

    store: DataFolder
    database: Database
    settings: Settings
    now: Callable[[], datetime]
    rate_limit: RateLimit
    sign_in_rate_limit: RateLimit
    lookup: AccountLookup
    audit_writer: AuditWriter
    oidc_provider: OidcProvider | None

    @cached_property
    def pseudonyms(self) -> Pseudonyms:
        """The keyed pseudonyms that stand for identity numbers in stored data."""
        return load_pseudonyms(self.store.folder)

    @cached_property
    def mask_key(self) -> bytes:
        """The key of the pseudonyms that analysts see in place of household and loan numbers."""
        return mask_key_of(self.pseudonyms)

    @cached_property
    def address_book(self) -> AddressBook:
        """Names and phones of households, joined where one is shown."""
        return AddressBook(self.pseudonyms)

    def base_url(self, request: Request) -> str:
        """The address that people and programs type, without a slash at its end."""
        return (self.settings.public_url or str(request.base_url)).rstrip("/")

    @property
    def today(self) -> date:
        """Today's date in the county's time zone."""
        return self.now().astimezone(COUNTY_ZONE).date()


def app_context(store: DataFolder, settings: Settings, now: Callable[[], datetime]) -> AppContext:
    """Open what the routes of one process share.

    Raises UserError where the database cannot be opened, or an OIDC provider is set whose extra is not installed.
    """
    provider, database = oidc_provider(settings), service_database(settings, now())
    return AppContext(
        store=store,
        database=database,
        settings=settings,
        now=now,
        rate_limit=RateLimit(settings.requests_per_minute, time.monotonic, "requests"),
        sign_in_rate_limit=RateLimit(_SIGN_INS_A_MINUTE, time.monotonic, "sign-ins"),
        lookup=account_lookup(database, now),
        audit_writer=audit_writer(database, settings.data),
        oidc_provider=provider,
    )


def context_of(request: Request) -> AppContext:
    """The context of the application that serves a request."""
    context = request.app.state.context
    assert isinstance(context, AppContext)  # noqa: S101 - set by serving.app.application
    return context
