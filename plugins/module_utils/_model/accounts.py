# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The records of the platform's lists of tenants and users, and the filters of them. Nothing here reads anything."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, Callable, Iterable

from .case import is_case_id, shown
from .directory import person_of

# The fields of a tenant in the platform's API that clients read (vendor's galaxy, tenant-fields.ts, 2026-09). Others
# are left out, since it is not known what they are.
TENANT_FIELDS = (
    *("cust_id", "cust_name", "tgrp_name", "created_at", "ds_num", "user_num", "contact", "contact_email"),
    *("contact_phone", "address", "info", "retention_group", "ingestion_limit", "session_timeout", "mfa_enabled"),
    "tenant_session_override",
)


def tenants_in(records: Iterable[Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the tenants of a list, by name, each once; and what is odd about each record that can't be used.

    Each has cust_id and cust_name, which are '' where the platform has none. tgrp_name is '' without a group, and
    absent where the platform does not show it.
    """
    tenants, problems = _usable(records, _why_not_tenant, _tenant, lambda tenant: str(tenant["cust_id"]))
    return sorted(tenants, key=lambda tenant: _by_name(tenant["cust_name"], tenant["cust_id"])), problems


def users_in(records: Iterable[Any]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the users of a list, by e-mail, each once; and what is odd about each record that can't be used."""
    users, problems = _usable(records, _why_not_user, _user, lambda user: user["user_id"] or user["email"])
    return sorted(users, key=lambda user: _by_name(user["email"] or user["name"], user["user_id"])), problems


def is_tenant_called(tenant: dict[str, Any], pattern: str) -> bool:
    """Return whether a pattern is for a tenant's name, or its id. Only the case of an id does not matter."""
    return _fits(tenant["cust_name"], pattern) or _fits(tenant["cust_id"].lower(), pattern.lower())


def is_in_group(tenant: dict[str, Any], pattern: str) -> bool:
    """Return whether a pattern is for the name of a tenant's group. That of a tenant without a group is ''."""
    return _fits(tenant.get("tgrp_name") or "", pattern)


def is_user_called(user: dict[str, Any], pattern: str) -> bool:
    """Return whether a pattern is for the id, e-mail or name of a user, without case as everywhere for users."""
    return any(_fits(user[name].casefold(), pattern.casefold()) for name in ("user_id", "email", "name"))


def chosen(
    records: list[dict[str, Any]], patterns: Iterable[str], is_for: Callable[[dict[str, Any], str], bool]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the records that a pattern is for, and the patterns that are for none."""
    found = {pattern: [record for record in records if is_for(record, pattern)] for pattern in patterns}
    any_of = {id(record) for matches in found.values() for record in matches}
    return [record for record in records if id(record) in any_of], [
        each for each, matches in found.items() if not matches
    ]


def _usable(
    records: Iterable[Any],
    why_not: Callable[[Any], str],
    taken: Callable[[dict[str, Any]], dict[str, Any]],
    identity: Callable[[dict[str, Any]], str],
) -> tuple[list[dict[str, Any]], list[str]]:
    found: dict[str, dict[str, Any]] = {}
    problems = []
    for record in records:
        problem = why_not(record)
        if problem:
            problems.append(problem)
        else:
            usable = taken(record)
            found.setdefault(identity(usable).casefold(), usable)
    return list(found.values()), problems


def _why_not_tenant(record: Any) -> str:
    if not isinstance(record, dict):
        return f"must be an object, got {shown(record)}"
    cust_id = record.get("cust_id")
    # Only the root tenant's is empty (vendor docs 5.0, of the field of a case).
    if not isinstance(cust_id, str) or (cust_id and not is_case_id(cust_id)):
        return f"cust_id must have only letters, digits, - and _, got {shown(cust_id)}"
    for name in ("cust_name", "tgrp_name"):
        if not isinstance(record.get(name), (str, type(None))):
            return f"{name} must be a string, got {shown(record[name])}"
    return ""


def _tenant(record: dict[str, Any]) -> dict[str, Any]:
    tenant = {name: record[name] for name in TENANT_FIELDS if name in record}
    return {**tenant, "cust_name": record.get("cust_name") or ""}


def _why_not_user(record: Any) -> str:
    if not isinstance(record, dict):
        return f"must be an object, got {shown(record)}"
    person = person_of(record)
    return "" if person.user_id or person.email else "must have user_id or email"


def _user(record: dict[str, Any]) -> dict[str, Any]:
    person = person_of(record)
    return {
        "user_id": person.user_id,
        "email": person.email,
        "name": person.name,
        "priv_profile_id": record.get("priv_profile_id"),
    }


def _by_name(name: str, id_: str) -> tuple[str, str, str]:
    return name.casefold(), name, id_


def _fits(value: str, pattern: str) -> bool:
    # A name may have the characters of a pattern in it.
    return value == pattern or (value != "" and fnmatchcase(value, pattern))
