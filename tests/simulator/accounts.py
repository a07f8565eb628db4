# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/users, /user_activities, /tenants and /tenant_groups (vendor library 2025-07)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from . import query, shapes
from .change import refusal
from .errors import ApiError
from .people import TENANT_DEFAULTS, new_tenant
from .query import number
from .web import caller_of, check_tenant, data, json_body, listed, query_string, world_of

WEEK_MS = 7 * 24 * 3600 * 1000


def _guard(status: int) -> None:
    if status:
        raise ApiError(status, "Forbidden")


def _find_user(request: Request) -> dict[str, Any]:
    world = world_of(request)
    _guard(world.switches.users_status)
    user: dict[str, Any] | None = world.people.users.get(request.path_params["user_id"])
    if user is None:
        raise ApiError(404, "User not found")
    return user


async def list_users(request: Request) -> Response:
    """List the users."""
    world = world_of(request)
    _guard(world.switches.users_status)
    users = list(world.people.users.values()) * (2 if world.switches.users_twice else 1)
    return listed(world, users[: world.switches.users_page or None])


async def get_user(request: Request) -> Response:
    """Show a user."""
    return data(_find_user(request))


async def patch_user(request: Request) -> Response:
    """Change a user's profile."""
    user = _find_user(request)
    profile = (await json_body(request)).get("priv_profile_id")
    if not isinstance(profile, str):
        raise ApiError(refusal(world_of(request).switches), "priv_profile_id is required")
    user = user | {"priv_profile_id": profile}
    world_of(request).people.save_users([user])
    return data(user)


async def delete_user(request: Request) -> Response:
    """Delete a user."""
    user = _find_user(request)
    world_of(request).people.delete_user(user["user_id"])
    return data(user)


async def user_activities(request: Request) -> Response:
    """List what users did."""
    world = world_of(request)
    args = dict(query.pairs(query_string(request)))
    invalid = refusal(world.switches)
    start = number(args, "FROM~Timestamps", int, invalid) or 0
    end = number(args, "TO~Timestamps", int, invalid) or world.clock.now_ms()
    if start and end - start > WEEK_MS:
        raise ApiError(invalid, "at most seven days")
    found = [entry for entry in world.user_activities if start <= entry["Timestamps"] <= end]
    for name in ("Data", "Activity", "module"):
        if args.get(name):
            found = [entry for entry in found if args[name] in entry[name]]
    found.sort(key=lambda entry: entry["Timestamps"], reverse=args.get("order") == "desc")
    return JSONResponse(shapes.plain(found, world.switches, "activities"))


def _tenants_in_scope(request: Request) -> list[dict[str, Any]]:
    world, scope = world_of(request), caller_of(request).scope
    _guard(world.switches.tenants_status)
    return [tenant for tenant in world.people.tenants.values() if scope is None or tenant["cust_id"] in scope]


async def list_tenants(request: Request) -> Response:
    """List the tenants."""
    tenants = _tenants_in_scope(request)
    fields = request.query_params.get("fields")
    if fields and world_of(request).switches.tenant_fields:
        tenants = [{name: tenant[name] for name in fields.split(",") if name in tenant} for tenant in tenants]
    return listed(world_of(request), tenants)


def _find_tenant(request: Request) -> dict[str, Any]:
    world, cust_id = world_of(request), request.path_params["cust_id"]
    _guard(world.switches.tenants_status)
    check_tenant(request, cust_id)
    tenant: dict[str, Any] | None = world.people.tenants.get(cust_id)
    if tenant is None:
        raise ApiError(404, "Tenant not found")
    return tenant


async def get_tenant(request: Request) -> Response:
    """Show a tenant."""
    return data(_find_tenant(request))


async def _tenant_fields(request: Request) -> dict[str, Any]:
    body = await json_body(request)
    kinds = {"cust_name": str} | {name: type(default) for name, default in TENANT_DEFAULTS.items()}
    fields = {name: value for name, value in body.items() if name in kinds}
    for name, value in fields.items():
        # not isinstance(): a bool is an int as well
        if value.__class__ is not kinds[name] or (name == "cust_name" and not value):
            raise ApiError(refusal(world_of(request).switches), f"invalid {name}")
    return fields


async def post_tenant(request: Request) -> Response:
    """Create a tenant."""
    world = world_of(request)
    _guard(world.switches.tenants_status)
    fields = await _tenant_fields(request)
    if caller_of(request).scope is not None:
        raise ApiError(403, "Forbidden")
    if not fields.get("cust_name"):
        raise ApiError(refusal(world.switches), "cust_name is required")
    tenant = new_tenant(fields["cust_name"], created_at=int(world.clock.now())) | fields
    world.people.save_tenants([tenant])
    return data(tenant)


async def patch_tenant(request: Request) -> Response:
    """Change a tenant."""
    tenant = _find_tenant(request) | await _tenant_fields(request)
    world_of(request).people.save_tenants([tenant])
    return data(tenant)


async def tenant_groups(request: Request) -> Response:
    """List the groups of tenants."""
    groups: dict[str, list[str]] = {}
    for tenant in _tenants_in_scope(request):
        if tenant["tgrp_name"]:
            groups.setdefault(tenant["tgrp_name"], []).append(tenant["cust_id"])
    return listed(world_of(request), [{"tgrp_name": name, "tenants": members} for name, members in groups.items()])
