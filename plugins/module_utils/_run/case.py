# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module and plugin does: run(params, check_mode) -> result. Knows nothing of AnsibleModule."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Callable, ContextManager, Iterable, Iterator

from .._api.answers import case_path
from .._api.directory import Directory
from .._api.precondition import check_unmodified
from .._api.reader import Reader
from .._api.writer import apply_plan, as_results, write_only_warning
from .._argspec.case import (
    QueryOptions,
    check_case_id,
    desired_state,
    guard_time,
)
from .._argspec.connection import connection_of
from .._errors import (
    ApiError,
    InputError,
    StellarError,
    TransportError,
    printable,
)
from .._http.client import Client
from .._http.connection import Connection
from .._model.case import label
from .._model.plan import DesiredState, Plan, final_status, make_plan

OnSecret = Callable[[str], Any]
# What makes the client of a run; a loop in one process hands over one that keeps session and token.
Connect = Callable[[Connection, OnSecret], ContextManager[Client]]


@contextmanager
def connected(
    params: dict[str, Any], on_secret: OnSecret, now_ms: int, connect: Connect | None = None
) -> Iterator[Reader]:
    """Read from the platform of the options in here. An error says then which platform and scope it is about."""
    with (connect or Client)(connection_of(params), on_secret) as client:
        reader = Reader(client, now_ms)
        try:
            yield reader
        except StellarError as error:
            error.result = {**origin(reader), **error.result}
            raise


def origin(reader: Reader) -> dict[str, Any]:
    """Return what every result says of where it is from."""
    return {"platform": reader.client.connection.platform, "scope": reader.directory.scope()}


def run_case(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """stellar_case: bring one case to its desired state."""
    now_ms = clock_ms()
    desired = desired_state(params)
    unmodified_since = guard_time(params, now_ms)
    if params.get("case_id") is not None:
        check_case_id(params["case_id"])
    with connected(params, on_secret, now_ms, connect) as reader:
        client = reader.client
        if params.get("case_id") is not None:
            case = reader.case_by_id(params["case_id"])
        else:
            case = reader.case_by_ticket(params["ticket_id"])
        result: dict[str, Any] = {"case": case}
        try:
            retries = client.retries
            plan = plan_case(reader.directory, case, desired)
            if unmodified_since is not None and client.retries > retries:
                # Reading the users took its time: the case may be another by now.
                result["case"] = case = reader.case_by_id(case["_id"])
                plan = plan_case(reader.directory, case, desired)
            result.update(_report(case, plan))
            if plan.changed:
                check_unmodified(case, unmodified_since)
            if check_mode or not plan.changed:
                result.update(changed=plan.changed, case=plan.outcome(case))
            else:
                # Until it is known
                result["concurrent_changes"] = None
                done = apply_plan(
                    client, reader, case, plan, unmodified_since, reads_history=unmodified_since is not None
                )
                result.update(changed=True, case=done.case, concurrent_changes=as_results(done.concurrent_changes))
                result["warnings"] += done.warnings
        except StellarError as error:
            error.result = {**result, **error.result, "requests": client.requests}
            if error.outcome_unknown:
                error.result["changed"] = True
            raise
        return {**origin(reader), **result, "requests": client.requests}


def plan_case(directory: Directory, case: dict[str, Any], desired: DesiredState) -> Plan:
    """Plan one case, its users looked up."""
    if desired.assignee is not None:
        desired = replace(desired, assignee=directory.assignee(desired.assignee.spelling, case))
    _check_resolution(case, desired)
    return make_plan(case, desired)


def _report(case: dict[str, Any], plan: Plan) -> dict[str, Any]:
    """Return the result of a plan: the same in check mode, in a real run and in a failure."""
    return {
        "changes": [asdict(change) for change in plan.changes],
        "concurrent_changes": [],
        "diff": plan.diff(case),
        "warnings": [write_only_warning(name, case) for name in plan.write_only],
    }


def _check_resolution(case: dict[str, Any], desired: DesiredState) -> None:
    status = final_status(case, desired)
    if desired.resolution is not None and status != "Resolved":
        raise InputError(
            "Option resolution",
            f"belongs to status Resolved, and {label(case)} would be {status}.",
            "Set status to Resolved.",
        )


def run_case_info(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Run stellar_case_info: read cases. check_mode is ignored."""
    options = QueryOptions(params, clock_ms())
    includes = list(dict.fromkeys(params.get("include") or []))
    if params.get("count_only") and (includes or options.limit is not None or options.has_ids):
        raise InputError("Option count_only", "can't be combined with include, limit or ids.", "Use it with filters.")
    with connected(params, on_secret, options.now_ms, connect) as reader:
        client = reader.client
        missing: list[Any] = []
        warnings: list[str] = []
        truncated = False
        if options.has_ids:
            cases, missing = _cases_by_id(reader, options.case_ids, params.get("ticket_id") or [])
        else:
            query = options.query(reader.directory)
            warnings = unresolved_warnings(query.unresolved)
            if params.get("count_only"):
                count = reader.count(query)
                return {
                    "changed": False,
                    **origin(reader),
                    "count": count,
                    "requests": client.requests,
                    "warnings": warnings,
                }
            cases, truncated = reader.find(query, options.sorting, options.limit)
        errors = _include(reader, cases, includes)
        return {
            "changed": False,
            **origin(reader),
            "cases": cases,
            "count": len(cases),
            "truncated": truncated,
            "missing": missing,
            "include_errors": errors,
            "requests": client.requests,
            "warnings": warnings + [error["msg"] for error in errors],
        }


def run_lookup(params: dict[str, Any], on_secret: OnSecret = lambda secret: None) -> dict[str, Any]:
    """Run the lookup stellar_cases: the cases, their ids, or a count as found."""
    options = QueryOptions(params, clock_ms())
    wanted = params.get("result") or "cases"
    if wanted == "count" and options.limit is not None:
        raise InputError("Option limit", "can't be combined with result=count.", "Leave one of them out.")
    with connected(params, on_secret, options.now_ms) as reader:
        query = options.query(reader.directory)
        if wanted == "count":
            found: list[Any] = [reader.count(query)]
        else:
            found, _truncated = reader.find(query, options.sorting, options.limit)
        if wanted == "ids":
            found = [case["_id"] for case in found]
        return {**origin(reader), "found": found, "warnings": unresolved_warnings(query.unresolved)}


def unresolved_warnings(people: Iterable[str]) -> list[str]:
    """Return warnings about users that could not be looked up."""
    return [
        f"{printable(given, 60)} can't be looked up, because this key has no permission to read the users, and is "
        "compared with the names that cases show. Give the id (32 hex digits) to be sure."
        for given in people
    ]


def _cases_by_id(
    reader: Reader, case_ids: Iterable[str], ticket_ids: Iterable[int]
) -> tuple[list[dict[str, Any]], list[Any]]:
    """Return the cases of case_id and ticket_id, in that order, each once; and the ids without a case."""
    cases: dict[str, dict[str, Any]] = {}
    missing: list[Any] = []
    for case_id in case_ids:
        try:
            cases[case_id] = reader.case_by_id(case_id)
        except ApiError as error:
            if not error.is_answer_to(case_path(case_id), 404):
                raise
            missing.append(case_id)
    for ticket_id in ticket_ids:
        found = reader.cases_by_ticket(ticket_id)
        cases.update((case["_id"], case) for case in found)
        if not found:
            missing.append(ticket_id)
    return list(cases.values()), missing


def _include(reader: Reader, cases: list[dict[str, Any]], includes: list[str]) -> list[dict[str, Any]]:
    """Add the included parts to each case; one that can't be read is null and named in what is returned."""
    errors = []
    for case in cases:
        for part in includes:
            try:
                case[part] = reader.included(case, part)
            except (ApiError, TransportError) as error:
                case[part] = None
                errors.append({"case_id": case["_id"], "include": part, "msg": str(error)})
    return errors


def clock_ms() -> int:
    return int(time.time() * 1000)
