# Copyright (c) 2026 the stellarcyber.xdr contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each module and plugin does: run(params, check_mode) -> result. Knows nothing of AnsibleModule."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any, Callable, ContextManager, Iterable, Iterator, TypeVar

from .._api.answers import case_path
from .._api.comments import without_posted
from .._api.directory import Directory
from .._api.precondition import check_unmodified
from .._api.reader import Count, Reader
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
    OptionError,
    StellarError,
    TransportError,
    printable,
)
from .._http.client import Client
from .._http.connection import Connection
from .._http.request import GONE_STATUSES
from .._model.case import label
from .._model.comment import Comment
from .._model.plan import DesiredState, Plan, final_status, make_plan
from .decide import Decider

# By so many seconds the platform's clock and the one here may differ without a warning.
MAX_CLOCK_OFFSET_S = 60.0
CLOCK_REMEDY = "Synchronise both clocks with NTP."

Result = TypeVar("Result")

# Warnings about single cases that are shown; the rest is counted
_MAX_WARNINGS = 10

OnSecret = Callable[[str], Any]
# What makes the client of a run; a loop in one process hands over one that keeps session and token.
Connect = Callable[[Connection, OnSecret], ContextManager[Client]]


@contextmanager
def connected(params: dict[str, Any], on_secret: OnSecret, connect: Connect | None = None) -> Iterator[Reader]:
    """Read from the platform of the options in here. An error says then which platform and scope it is about."""
    with (connect or Client)(connection_of(params), on_secret) as client:
        reader = Reader(client)
        try:
            yield reader
        except StellarError as error:
            error.result = {**origin(reader), **error.result}
            raise


def at_platform_time(reader: Reader, read: Callable[[int], Result]) -> Result:
    """Return what read() returns for the time on the platform's clock in ms: ages, and the end of a listing, are by it.

    With a key, the exchange shows that clock. With an access token the first read does; if the clock here is far from
    it, all is read once more.
    """
    session = reader.client.session
    reader.client.authenticate()
    while True:
        offset, reader.now_ms = session.clock_offset_s, session.now_ms()
        try:
            result = read(reader.now_ms)
        except StellarError:
            if abs(session.clock_offset_s - offset) <= MAX_CLOCK_OFFSET_S:
                raise
        else:
            if abs(session.clock_offset_s - offset) <= MAX_CLOCK_OFFSET_S:
                return result


def clock_warnings(client: Client) -> list[str]:
    """Return a warning if the platform's clock is far from the one here."""
    difference = clock_difference(client)
    return [f"{difference} Ages are by the platform's clock. {CLOCK_REMEDY}"] if difference else []


def clock_difference(client: Client) -> str:
    """Return in words how far the platform's clock is from the one here; "" if it is near."""
    offset = client.session.clock_offset_s
    if abs(offset) <= MAX_CLOCK_OFFSET_S:
        return ""
    # In minutes, so that the items of a loop show the same warning
    far = timedelta(minutes=round(abs(offset) / 60))
    where = "ahead of" if offset > 0 else "behind"
    return f"The platform's clock is {far} (h:mm:ss) {where} the clock of this machine."


def origin(reader: Reader) -> dict[str, Any]:
    """Return what every result says of where it is from."""
    return {"platform": reader.client.connection.platform, "scope": reader.directory.scope()}


def run_case(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Bring one case to its desired state, for the module stellar_case."""
    desired = desired_state(params)
    unmodified_since = guard_time(params, clock_ms())
    if params.get("case_id") is not None:
        check_case_id(params["case_id"])
    with connected(params, on_secret, connect) as reader:
        client = reader.client
        case = named_case(reader, params)
        result: dict[str, Any] = {"case": case}
        try:
            retries = client.retries
            plan = plan_case(reader.directory, case, desired)
            if (unmodified_since is not None and client.retries > retries) or (
                params.get("case_id") is None and "comment" in plan.after
            ):
                # Reading the users took its time, or the list lags behind the writes: the case may be another by now.
                result["case"] = case = reader.case_by_id(case["_id"])
                plan = plan_case(reader.directory, case, desired)
            plan = without_posted(reader, case, plan)
            result.update(_report(case, plan))
            if desired.comments and "comment" not in plan.after:
                result["comment_not_posted"] = _why_not_posted(plan, desired.comments[0])
            result["warnings"] += reader.warnings
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


def named_case(reader: Reader, params: dict[str, Any]) -> dict[str, Any]:
    """Read the case of the options case_id or ticket_id."""
    if params.get("case_id") is not None:
        return reader.case_by_id(params["case_id"])
    return at_platform_time(reader, lambda now_ms: reader.case_by_ticket(params["ticket_id"]))


def plan_case(directory: Directory, case: dict[str, Any], desired: DesiredState) -> Plan:
    """Plan one case, its users looked up."""
    if desired.assignee is not None:
        desired = replace(desired, assignee=directory.new_assignee(desired.assignee.spelling, case))
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


def _why_not_posted(plan: Plan, comment: Comment) -> str:
    """Return why the comment of a task is not in its plan."""
    if not plan.changed:
        return "The case already has its desired state."
    if comment.marker and not plan.desired.comments:
        return f"The case has a comment with the marker {comment.marker}."
    return "Only fields that the platform does not show are written, so that each run would post it."


def _check_resolution(case: dict[str, Any], desired: DesiredState) -> None:
    status = final_status(case, desired)
    if desired.resolution is not None and status != "Resolved":
        raise OptionError(
            "resolution",
            f"belongs to status Resolved, and {label(case)} would be {status}",
            "Set status to Resolved.",
        )


def run_case_info(
    params: dict[str, Any], check_mode: bool, on_secret: OnSecret, connect: Connect | None = None
) -> dict[str, Any]:
    """Run stellar_case_info: read cases. check_mode is ignored."""
    options = QueryOptions(params, clock_ms())
    includes = list(dict.fromkeys(params.get("include") or []))
    if params.get("count_only") and (includes or options.limit is not None or options.has_ids):
        raise OptionError("count_only", "can't be combined with include, limit or ids", "Use it with filters.")
    with connected(params, on_secret, connect) as reader:
        client = reader.client
        missing: list[Any] = []
        warnings: list[str] = []
        unusable: list[dict[str, Any]] = []
        truncated = False
        if options.has_ids:
            cases, missing = at_platform_time(
                reader, lambda now_ms: _cases_by_id(reader, options.case_ids, params.get("ticket_id") or [])
            )
        else:
            found, decider = at_platform_time(
                reader, lambda now_ms: _found(reader, QueryOptions(params, now_ms), bool(params.get("count_only")))
            )
            warnings = _warnings_of_query(reader, decider)
            unusable = decider.unusable
            if isinstance(found, Count):
                return {
                    "changed": False,
                    **origin(reader),
                    "count": found.number,
                    "counted_by": found.counted_by,
                    "unusable": reader.unusable + unusable,
                    "requests": client.requests,
                    "warnings": shortened(warnings + reader.warnings),
                }
            cases, truncated = found
        errors = _include(reader, cases, includes)
        return {
            "changed": False,
            **origin(reader),
            "cases": cases,
            "count": len(cases),
            "truncated": truncated,
            "missing": missing,
            "unusable": reader.unusable + unusable,
            "include_errors": errors,
            "requests": client.requests,
            "warnings": shortened(warnings + reader.warnings) + [error["msg"] for error in errors],
        }


def run_lookup(params: dict[str, Any], on_secret: OnSecret = lambda secret: None) -> dict[str, Any]:
    """Run the lookup stellar_cases: the cases, their ids, or a count as found."""
    options = QueryOptions(params, clock_ms())
    wanted = params.get("result") or "cases"
    if wanted == "count" and options.limit is not None:
        raise OptionError("limit", "can't be combined with result=count", "Leave one of them out.")
    with connected(params, on_secret) as reader:
        found, decider = at_platform_time(
            reader, lambda now_ms: _found(reader, QueryOptions(params, now_ms), wanted == "count")
        )
        items: list[Any] = [found.number] if isinstance(found, Count) else found[0]
        if wanted == "ids":
            items = [case["_id"] for case in items]
        warnings = _warnings_of_query(reader, decider) + reader.warnings
        return {**origin(reader), "found": items, "warnings": shortened(warnings)}


def _found(
    reader: Reader, options: QueryOptions, counts: bool
) -> tuple[Count | tuple[list[dict[str, Any]], bool], Decider]:
    """Return the number of cases, or the cases and whether the limit cut any off; and what decided about them."""
    match = options.match(reader.directory)
    decider = Decider(match, reader)
    if counts:
        count = reader.count(match, decider.accepts)
        decider.check(count.number)
        return count, decider
    found = reader.find(match, options.sorting, options.limit, decider.accepts)
    decider.check(len(found[0]))
    return found, decider


def _warnings_of_query(reader: Reader, decider: Decider) -> list[str]:
    undecided = [str(error) for error in decider.undecided.values()]
    return unresolved_warnings(decider.match.unresolved) + clock_warnings(reader.client) + undecided


def shortened(warnings: list[str]) -> list[str]:
    """Return the first warnings, and how many more there are."""
    if len(warnings) <= _MAX_WARNINGS:
        return warnings
    return [*warnings[:_MAX_WARNINGS], f"... and {len(warnings) - _MAX_WARNINGS} more warnings of this kind."]


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
            if not error.is_answer_to(case_path(case_id), *GONE_STATUSES):
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
