"""Roles, the rights of each, and the right that each route needs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from features.messages import Bilingual, UserError


class Right(StrEnum):
    """A right that a route may need."""

    OWN = "own"
    GROUPS = "groups"
    LISTS = "lists"
    DELIVERIES = "deliveries"
    PERSONS = "persons"
    CASES = "cases"
    AUDIT = "audit"
    PEOPLE = "people"


class Role(StrEnum):
    """A user's role in the county."""

    OFFICER = "officer"
    CADRE = "cadre"
    CLERK = "clerk"
    COUNTY_OFFICIAL = "county_official"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_CASE_WORK = frozenset({Right.OWN, Right.GROUPS, Right.LISTS, Right.PERSONS, Right.CASES})
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OFFICER: _CASE_WORK,
    Role.CADRE: _CASE_WORK,
    Role.COUNTY_OFFICIAL: _CASE_WORK,
    Role.CLERK: frozenset({Right.OWN, Right.GROUPS, Right.DELIVERIES}),
    Role.ANALYST: frozenset({Right.OWN, Right.GROUPS, Right.LISTS}),
    Role.AUDITOR: frozenset({Right.OWN, Right.AUDIT}),
    Role.ADMINISTRATOR: frozenset({Right.OWN, Right.PEOPLE}),
}
MASKED_ROLES = frozenset({Role.ANALYST})
"""Roles that see pseudonyms in place of household and loan numbers."""
ROLE_WORDS: Mapping[Role, Bilingual] = {
    Role.OFFICER: Bilingual("信贷员", "bank officer"),
    Role.CADRE: Bilingual("乡村干部", "township or village cadre"),
    Role.CLERK: Bilingual("数据员", "data clerk"),
    Role.COUNTY_OFFICIAL: Bilingual("县级部门", "county official"),
    Role.ANALYST: Bilingual("分析员", "analyst"),
    Role.AUDITOR: Bilingual("审计员", "auditor"),
    Role.ADMINISTRATOR: Bilingual("管理员", "administrator"),
}
START_PAGES: Mapping[Role, str] = {
    Role.CLERK: "/deliveries",
    Role.AUDITOR: "/audit",
    Role.ADMINISTRATOR: "/people",
}
"""The page that a role sees after sign-in; the work list for the others."""

OPEN_ROUTES = frozenset(
    {
        *("/health/live", "/health/ready", "/metrics"),
        *("/sign-in", "/sign-in/link", "/sign-in/oidc", "/sign-in/oidc/answer"),
    }
)
"""Routes that need no sign-in. /metrics itself checks the client's address or a token."""
REQUIRED_RIGHTS: Mapping[str, Right] = {
    "/": Right.LISTS,
    "/worklist.csv": Right.LISTS,
    "/worklist.xlsx": Right.LISTS,
    "/sign-out": Right.OWN,
    "/account": Right.OWN,
    "/account/password": Right.OWN,
    "/account/keys": Right.OWN,
    "/account/keys/{prefix}/revoke": Right.OWN,
    "/docs": Right.OWN,
    "/openapi.json": Right.OWN,
    "/help": Right.OWN,
    "/help/{path}": Right.OWN,
    "/people": Right.PEOPLE,
    "/people/{person_id}": Right.PEOPLE,
    "/webhooks": Right.PEOPLE,
    "/audit": Right.AUDIT,
    "/deliveries": Right.DELIVERIES,
    "/uploads": Right.DELIVERIES,
    "/uploads/{number}": Right.DELIVERIES,
    "/uploads/{number}/table": Right.DELIVERIES,
    "/uploads/{number}/columns": Right.DELIVERIES,
    "/uploads/{number}/ask": Right.DELIVERIES,
    "/uploads/{number}/remove": Right.DELIVERIES,
    "/uploads/{number}/load": Right.DELIVERIES,
    "/uploads/{number}/discard": Right.DELIVERIES,
    "/quarantine": Right.DELIVERIES,
    "/quarantine.xlsx": Right.DELIVERIES,
    "/templates.zip": Right.DELIVERIES,
    "/jobs/{number}": Right.DELIVERIES,
    "/jobs/score": Right.DELIVERIES,
    "/jobs/monitor": Right.DELIVERIES,
    "/jobs/watch": Right.DELIVERIES,
    "/news": Right.LISTS,
    "/groups": Right.GROUPS,
    "/ledger": Right.LISTS,
    "/ledger.xlsx": Right.LISTS,
    "/ledger/villages": Right.GROUPS,
    "/ledger/villages.xlsx": Right.GROUPS,
    "/ledger/grants": Right.LISTS,
    "/ledger/grants.xlsx": Right.LISTS,
    "/model": Right.GROUPS,
    "/board": Right.GROUPS,
    "/board/moves": Right.LISTS,
    "/reports": Right.CASES,
    "/reports/statistics.xlsx": Right.CASES,
    "/cases": Right.CASES,
    "/worklist/print": Right.LISTS,
    "/worklist/assign": Right.CASES,
    "/households/{household_id}/cases": Right.CASES,
    "/cases/{case_id}": Right.CASES,
    "/api/v1/warnings": Right.LISTS,
    "/api/v1/news": Right.LISTS,
    "/api/v1/ledger": Right.LISTS,
    "/api/v1/news/feed": Right.LISTS,
    "/api/v1/news/feed.atom": Right.LISTS,
    "/api/v1/news/feed.json": Right.LISTS,
    "/api/v1/summary": Right.GROUPS,
    "/api/v1/migration": Right.GROUPS,
    "/api/v1/model": Right.GROUPS,
    "/api/v1/cases": Right.CASES,
    "/api/v1/cases/assign": Right.CASES,
    "/api/v1/cases/{case_id}": Right.CASES,
    "/api/v1/audit": Right.AUDIT,
}
"""The right that a route needs, by its path; a route that is not listed needs `Right.PERSONS`, the strictest read."""


def required_right(template: str) -> Right:
    """The right that a route needs, by its path."""
    return REQUIRED_RIGHTS.get(template, Right.PERSONS)


def role_named(name: str) -> Role:
    """The role of a name. Raises UserError where there is none."""
    try:
        return Role(name)
    except ValueError as error:
        names = ", ".join(Role)
        raise UserError(f"没有角色 {name}；有：{names}。", f"There is no role {name}; there are: {names}.") from error
