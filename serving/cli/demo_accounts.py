"""Accounts of the demo: one for each role, with a one-time link; there is no default password."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from serving.access import accounts as people
from serving.access.roles import ROLE_WORDS, Role, role_named
from serving.database.engine import open_database
from serving.months.data_folder import DataFolder
from serving.months.repository import MonthRepository
from serving.settings import Settings

_NAMES = {
    "official": Role.COUNTY_OFFICIAL,
    "officer": Role.OFFICER,
    "cadre": Role.CADRE,
    "clerk": Role.CLERK,
    "analyst": Role.ANALYST,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMINISTRATOR,
}


def one_of_each(store: DataFolder, settings: Settings, at: datetime) -> dict[str, str]:
    """Create an account for each role; returns the one-time link's token by name.

    The officer gets the bank, and the cadre the township, of the riskiest loan.
    """
    month = MonthRepository(store).month()
    first = month.scan("warnings").sort("score_rank", nulls_last=True).select("bank", "township_code").head(1)
    bank, township = first.collect().row(0)
    narrowed = {"officer": {"bank": bank}, "cadre": {"area": township}}
    with open_database(settings.database_address).write_session() as session:
        added = {
            name: people.create_account(session, people.account_details(name, role.value, **narrowed.get(name, {})), at)
            for name, role in _NAMES.items()
        }
        return {name: people.create_link(session, person, at, settings.link_hours) for name, person in added.items()}


def sign_in_lines(tokens: Mapping[str, str], port: int) -> Iterator[str]:
    """A line with the one-time link for each role."""
    yield "一次性登录 (每个链接只能用一次) / sign in once with each:"
    for name, token in tokens.items():
        words = ROLE_WORDS[role_named(_NAMES[name].value)]
        yield f"  {words.zh} {words.en}: http://127.0.0.1:{port}/sign-in?token={token}"
