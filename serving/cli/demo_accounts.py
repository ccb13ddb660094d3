"""The demo's people, one of each role, each with a sign-in that works once: there is no default password."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from serving.access import accounts as people
from serving.access.roles import ROLE_WORDS, Role, role_of
from serving.database.engine import opened
from serving.months.data_folder import Store
from serving.months.repository import Published
from serving.settings import Settings

_NAMES = {
    "official": Role.COUNTY_OFFICIAL,
    "officer": Role.OFFICER,
    "cadre": Role.CADRE,
    "analyst": Role.ANALYST,
    "auditor": Role.AUDITOR,
    "admin": Role.ADMINISTRATOR,
}


def one_of_each(store: Store, settings: Settings, at: datetime) -> dict[str, str]:
    """Name to token; the officer has the bank and the cadre the township of the riskiest loan."""
    month = Published(store).month()
    first = month.scan("warnings").sort("score_rank", nulls_last=True).select("bank", "township_code").head(1)
    bank, township = first.collect().row(0)
    narrowed = {"officer": {"bank": bank}, "cadre": {"area": township}}
    with opened(settings.database_address).writing() as session:
        added = {
            name: people.add(session, people.account(name, role.value, **narrowed.get(name, {})), at)
            for name, role in _NAMES.items()
        }
        return {name: people.link(session, person, at, settings.link_hours) for name, person in added.items()}


def sign_in_lines(tokens: Mapping[str, str], port: int) -> Iterator[str]:
    """An address a line, each good for one sign-in."""
    yield "一次性登录 (每个链接只能用一次) / sign in once with each:"
    for name, token in tokens.items():
        words = ROLE_WORDS[role_of(_NAMES[name].value)]
        yield f"  {words.zh} {words.en}: http://127.0.0.1:{port}/sign-in?token={token}"
