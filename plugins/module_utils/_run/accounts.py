# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the modules stellar_tenant_info and stellar_user_info, and the inventory stellar_tenants do."""

from __future__ import annotations

from typing import Any, Callable, Iterable

from .._api.answers import shape_error
from .._api.directory import ALL_TENANTS, MAX_NAMED, TENANTS, USERS
from .._api.reader import Reader
from .._argspec.accounts import TenantFilter, patterns
from .._errors import InputError, printable
from .._http.connection import Connection
from .._model.accounts import chosen, is_user_called, tenants_in, users_in
from .case import Connect, OnSecret, connected, origin, shortened


def run_tenant_info(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Run stellar_tenant_info: read the tenants that the key can see. check_mode is ignored."""
    wanted = TenantFilter.of(params)
    with connected(params, on_secret, connect) as reader:
        tenants, unusable = _records(reader, TENANTS, tenants_in)
        selected, missing = wanted.select(_of_the_connection(reader, tenants))
        return _result(reader, TENANTS, selected, [name for names in missing.values() for name in names], unusable)


def run_user_info(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Run stellar_user_info: read the users that the key can see. check_mode is ignored."""
    wanted = patterns(params, "users", "user")
    with connected(params, on_secret, connect) as reader:
        tenant = reader.directory.tenant()
        selected, unusable = _records(reader, USERS, users_in)
        missing: list[str] = []
        if wanted:
            selected, missing = chosen(selected, wanted, is_user_called)
        result = {**_result(reader, USERS, selected, missing, unusable), "scope": ALL_TENANTS}
        if tenant is not None:
            result["warnings"].append(
                "tenant does not limit the users, since the platform does not show the tenants of a user. These are "
                "all users that the key can see."
            )
        return result


def run_inventory(
    params: dict[str, Any],
    cached: Callable[[Connection], list[dict[str, Any]] | None],
    on_secret: OnSecret = lambda secret: None,
) -> dict[str, Any]:
    """Run the inventory stellar_tenants: all tenants as read, to be cached, and those that are wanted.

    cached: returns all tenants that an earlier run read, or None. With them nothing is sent. Raises StellarError, also
    for a filter that no tenant matches: a mistyped name would make the inventory smaller or larger than was meant.
    """
    wanted = TenantFilter.of(params)
    with connected(params, on_secret) as reader:
        known = cached(reader.client.connection)
        if known is not None:
            reader.directory.preset(TENANTS, known)
        tenants, unusable = _records(reader, TENANTS, tenants_in)
        if unusable:
            raise InputError("", unusable[0]["msg"], "A host would not be in the inventory. Report the record.")
        selected, missing = wanted.select(_of_the_connection(reader, tenants))
        for option, names in missing.items():
            listed = ", ".join(printable(name, 60) for name in names)
            seen = ", ".join(printable(tenant["cust_name"], 60) for tenant in tenants[:MAX_NAMED])
            raise InputError(option, f"no tenant matches {listed}.", f"Correct it. Tenants are {printable(seen)}.")
        hosts = [tenant for tenant in selected if tenant["cust_id"]]
        warnings = _check_root(params, len(hosts) < len(selected))
        if not hosts and not params.get("allow_empty"):
            raise InputError(
                "The inventory would be empty",
                f"{'the filters match no tenant' if tenants else 'this key can see no tenant'}.",
                "Check the key and the filters. If an empty inventory is meant, set allow_empty to true.",
            )
        return {**origin(reader), "read": tenants, "tenants": hosts, "warnings": warnings}


def _check_root(params: dict[str, Any], has_root: bool) -> list[str]:
    """Return a warning about the root tenant, or raise. Its id is empty, which as the option tenant is not valid."""
    if not has_root:
        return []
    why = "The root tenant can't be a host, since its id is empty and can't limit a task to it"
    if params.get("root_tenant") == "fail":
        raise InputError("", f"{why}.", "Exclude it by name in exclude_tenants, or set root_tenant to skip.")
    return [f"{why}. It was skipped."]


def _records(
    reader: Reader, path: str, usable: Callable[[Iterable[Any]], tuple[list[dict[str, Any]], list[str]]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the records of a list that can be used, and the others as a result shows them."""
    listed = reader.directory.records(path)
    records, problems = usable(listed)
    if listed and not records:
        raise shape_error(reader.client, path, f"Could not read the {path}", f"one of the {path}: {problems[0]}")
    return records, [{"msg": f"Could not use a record of the platform's list of {path}: {why}."} for why in problems]


def _of_the_connection(reader: Reader, tenants: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the tenant that the connection is limited to, or all."""
    tenant = reader.directory.tenant()
    return tenants if tenant is None else [each for each in tenants if each["cust_id"] == tenant.cust_id]


def _result(
    reader: Reader, name: str, records: list[dict[str, Any]], missing: list[str], unusable: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "changed": False,
        **origin(reader),
        name: records,
        "count": len(records),
        "missing": missing,
        "unusable": unusable,
        "requests": reader.client.requests,
        "warnings": shortened([odd["msg"] for odd in unusable]),
    }
