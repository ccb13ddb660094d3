"""Roles, what each may do, and what each address needs: declared, and the whole of it here."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from features.messages import Refused, Words


class Right(StrEnum):
    """What an address may need."""

    OWN = "own"
    GROUPS = "groups"
    LISTS = "lists"
    PERSONS = "persons"
    CASES = "cases"
    AUDIT = "audit"
    PEOPLE = "people"


class Role(StrEnum):
    """What somebody is in the county."""

    OFFICER = "officer"
    CADRE = "cadre"
    COUNTY_OFFICIAL = "county_official"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


_DESK = frozenset({Right.OWN, Right.GROUPS, Right.LISTS, Right.PERSONS, Right.CASES})
RIGHTS: Mapping[Role, frozenset[Right]] = {
    Role.OFFICER: _DESK,
    Role.CADRE: _DESK,
    Role.COUNTY_OFFICIAL: _DESK,
    Role.ANALYST: frozenset({Right.OWN, Right.GROUPS, Right.LISTS}),
    Role.AUDITOR: frozenset({Right.OWN, Right.AUDIT}),
    Role.ADMINISTRATOR: frozenset({Right.OWN, Right.PEOPLE}),
}
MASKED = frozenset({Role.ANALYST})
"""Who sees pseudonyms in the place of household and loan numbers."""
ROLE_WORDS: Mapping[Role, Words] = {
    Role.OFFICER: Words("信贷员", "bank officer"),
    Role.CADRE: Words("乡村干部", "township or village cadre"),
    Role.COUNTY_OFFICIAL: Words("县级部门", "county official"),
    Role.ANALYST: Words("分析员", "analyst"),
    Role.AUDITOR: Words("审计员", "auditor"),
    Role.ADMINISTRATOR: Words("管理员", "administrator"),
}
HOME: Mapping[Role, str] = {Role.AUDITOR: "/audit", Role.ADMINISTRATOR: "/people"}
"""Where a role's work begins, where it is not the work list."""

OPEN = frozenset(
    {
        *("/health/live", "/health/ready", "/metrics"),
        *("/sign-in", "/sign-in/link", "/sign-in/oidc", "/sign-in/oidc/answer"),
    }
)
"""Addresses that need no sign-in. /metrics asks for the machine or a token itself."""
NEEDS: Mapping[str, Right] = {
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
    "/people": Right.PEOPLE,
    "/people/{person_id}": Right.PEOPLE,
    "/audit": Right.AUDIT,
    "/groups": Right.GROUPS,
    "/model": Right.GROUPS,
    "/board": Right.GROUPS,
    "/cases": Right.CASES,
    "/households/{household_id}/cases": Right.CASES,
    "/cases/{case_id}": Right.CASES,
    "/api/v1/warnings": Right.LISTS,
    "/api/v1/summary": Right.GROUPS,
    "/api/v1/migration": Right.GROUPS,
    "/api/v1/model": Right.GROUPS,
    "/api/v1/cases": Right.CASES,
    "/api/v1/cases/{case_id}": Right.CASES,
    "/api/v1/audit": Right.AUDIT,
}
"""By the template of the address; one that is not here needs the right to see persons, the strictest of the desk's."""


def needed(template: str) -> Right:
    return NEEDS.get(template, Right.PERSONS)


def role_of(name: str) -> Role:
    """Raises Refused for a role that there is not."""
    try:
        return Role(name)
    except ValueError as error:
        known = ", ".join(Role)
        raise Refused(f"没有角色 {name}; 有: {known}。", f"There is no role {name}; there are: {known}.") from error
