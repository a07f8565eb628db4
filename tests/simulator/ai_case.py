# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/ai/cases/detail: a case by parts, nine of them, or all in one answer (SU26)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import Response

from .change import refusal
from .derived import ai_summary
from .errors import ApiError
from .store import Record
from .web import data, find_case, shown, world_of

if TYPE_CHECKING:
    from .world import World


def _assignees(world: World, record: Record) -> list[dict[str, Any]]:
    user = world.people.users.get(record["assignee"])
    return [user] if user else []


PARTS: dict[str, Callable[[World, Record], Any]] = {
    "details": lambda world, record: shown(world, record, world.switches.description_in_get),
    "summary": lambda world, record: world.details.get("summary", record),
    "alerts": lambda world, record: world.details.alerts(record),
    "comments": lambda world, record: world.details.get("comments", record),
    "observables": lambda world, record: world.details.get("observables", record),
    "activity": lambda world, record: world.details.get("activities", record),
    "scores": lambda world, record: world.details.get("scores", record),
    "assignees": _assignees,
    "aiSummary": lambda _world, record: ai_summary(record),
}


async def ai_case_detail(request: Request) -> Response:
    """Answer the part of a case that `include` names; without it, all parts (SU26)."""
    world = world_of(request)
    if not world.switches.ai_detail:
        raise ApiError(404, "Not found")
    record = find_case(request, request.query_params.get("id", ""))
    part = request.query_params.get("include", "")
    if part and part not in PARTS:
        raise ApiError(refusal(world.switches), f"no part {part!r}; there are {', '.join(PARTS)}")
    return data({name: make(world, record) for name, make in PARTS.items() if part in ("", name)})
